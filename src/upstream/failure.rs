//! What an upstream's refusal means: whose fault it is, and when to come back.
//!
//! The status decides almost everything. The body is asked only where providers use one
//! status for two meanings, and there its labels (`code`, `type`, `status`, and Google's
//! `reason`) speak before its prose does. Bodies are hostile until read: any bytes are fine.

use std::time::{Duration, SystemTime};

use http::{HeaderMap, StatusCode};

use self::refusal::is_web_page;
pub use self::verdict::is_about_credit;
use self::verdict::{Kind, Refusal, Verdict};
use super::retry_hint::{asked_wait, retry_after};
use crate::language::Message;
use crate::protocol::Provider;

mod refusal;
mod verdict;

/// One failed attempt, classified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    pub fault: Fault,
    /// The upstream's HTTP status; `None` when there was no answer at all.
    pub status: Option<u16>,
    /// One line for people, with no secret in it.
    pub reason: Message,
}

/// Whose fault a failed attempt is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The request's own: the account is untouched, the answer goes back as it is.
    Request,
    /// The credential is dead (401, 403, `API_KEY_INVALID`) or the account is closed: out
    /// until it is edited.
    Account,
    /// The account can pay no more (402, `insufficient_quota`): it rests as a whole, since
    /// nobody tells when credit was added.
    Spent { retry_after: Option<Duration> },
    /// The same, or a limit, but only a sentence says so. It takes out nobody before somebody
    /// has made sure that the sentence is not the request's own.
    AccountBySentence(Sentence),
    /// 429: this account cools, for this model only where the provider limits per model.
    RateLimited { retry_after: Option<Duration>, per_model: bool },
    /// 500, 502, 503, 529: the provider is in trouble.
    Overloaded { retry_after: Option<Duration> },
    /// No connection, a connection that broke, a redirect, or not HTTP.
    Unreachable,
    /// Nothing came before the deadline.
    TimedOut,
}

/// What an upstream says of an account in words alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sentence {
    /// How it begins, in lower case.
    pub text: &'static str,
    pub means: Means,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Means {
    /// [`Fault::Account`]
    Dead,
    /// [`Fault::Spent`]
    Spent { retry_after: Option<Duration> },
    /// A limit that ends by itself.
    Limited { retry_after: Option<Duration> },
}

impl Means {
    /// What it is once it is believed.
    pub const fn fault(self) -> Fault {
        match self {
            Self::Dead => Fault::Account,
            Self::Spent { retry_after } => Fault::Spent { retry_after },
            Self::Limited { retry_after } => Fault::RateLimited { retry_after, per_model: false },
        }
    }
}

impl Fault {
    /// The name used in records, to count by.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::Account | Self::Spent { .. } | Self::AccountBySentence(_) => "account",
            Self::RateLimited { .. } => "rate_limited",
            Self::Overloaded { .. } => "overloaded",
            Self::Unreachable => "unreachable",
            Self::TimedOut => "timed_out",
        }
    }
}

/// What an answer other than success means for the account and for the request.
pub fn classify(provider: Provider, status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Failure {
    classify_at(provider, status, headers, body, SystemTime::now())
}

/// [`classify`] with the clock as a parameter: hints may be dates.
fn classify_at(
    provider: Provider,
    status: StatusCode,
    headers: &HeaderMap,
    body: &[u8],
    now_wall: SystemTime,
) -> Failure {
    let refusal = Refusal::read(provider, status, is_web_page(headers, body), body);
    let (fault, headline) = match status.as_u16() {
        300..=399 => (Fault::Unreachable, Some("reason-redirect")),
        403 if refusal.is_web_page => (Fault::Unreachable, Some("reason-web-page")),
        408 | 500..=599 => (Fault::Overloaded { retry_after: asked_wait(headers, body, now_wall) }, None),
        400..=499 => match refusal.verdict() {
            Some(Verdict { kind, reason, sentence }) => {
                let means = match kind {
                    Kind::Dead => Means::Dead,
                    Kind::Spent => Means::Spent { retry_after: asked_wait(headers, body, now_wall) },
                };
                let by_sentence = |text| Fault::AccountBySentence(Sentence { text, means });
                (sentence.map_or_else(|| means.fault(), by_sentence), Some(reason))
            }
            None if status == StatusCode::TOO_MANY_REQUESTS => {
                let retry_after = retry_after(headers, body, now_wall);
                (Fault::RateLimited { retry_after, per_model: limits_per_model(provider) }, None)
            }
            None => match refusal.spending_limit() {
                Some(text) => {
                    let means = Means::Limited { retry_after: retry_after(headers, body, now_wall) };
                    (Fault::AccountBySentence(Sentence { text, means }), None)
                }
                None => (Fault::Request, None),
            },
        },
        // No final answer of HTTP: another account may do better.
        _ => (Fault::Unreachable, Some("reason-unexpected-status")),
    };
    Failure { fault, status: Some(status.as_u16()), reason: refusal.reason(headline) }
}

/// Whether a 429 speaks of one model and leaves the account's others alone.
const fn limits_per_model(provider: Provider) -> bool {
    match provider {
        Provider::Gemini | Provider::Anthropic | Provider::OpenAi => true,
        Provider::Zai | Provider::OpenAiCompatible | Provider::Demo => false,
    }
}

#[cfg(test)]
mod tests;
