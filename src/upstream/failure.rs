//! Whose fault an upstream's error is, and when to come back.
//!
//! The status decides almost everything, or in an event the kind that the error names. The body
//! counts only where providers use one status for two meanings, and there its labels (`code`,
//! `type`, `status`, and Google's `reason`) come before its prose.

use std::time::{Duration, SystemTime};

use http::header::CONTENT_TYPE;
use http::{HeaderMap, StatusCode};

pub use self::verdict::is_about_credit;
use self::verdict::{Ending, Refusal, Verdict};
use super::retry_hint::RetryHint;
use crate::chat::{self, FailureKind};
use crate::language::Message;
use crate::message;
use crate::protocol::Provider;
use crate::protocol::error_report::{ErrorReport, Form, WORDLESS};
use crate::protocol::failure::kind_of_status;
use crate::protocol::wait::Wait;

mod verdict;
mod words;

/// One failed attempt, classified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    pub fault: Fault,
    /// The HTTP status that refused; `None` when there was no response, or a success came first.
    pub status: Option<u16>,
    /// One line for the user, without secrets.
    pub reason: Message,
}

/// Whose fault a failed attempt is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The request's own: the account is untouched, the response goes back as it is.
    Request,
    /// The credential is dead (401, 403, `API_KEY_INVALID`) or the account is closed: refused
    /// until it is edited.
    Account,
    /// The account cannot pay (402, `insufficient_quota`): it rests for all models, since no
    /// provider reports when credit was added.
    Spent { retry_after: Option<Duration> },
    /// One of the two above, or a limit, but only a sentence says so. The account is untouched
    /// until the sentence is known not to be the request's own.
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

/// What an upstream says about an account in prose alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sentence {
    /// Its beginning, in lower case.
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
    /// The fault, once the sentence is believed.
    pub const fn fault(self) -> Fault {
        match self {
            Self::Dead => Fault::Account,
            Self::Spent { retry_after } => Fault::Spent { retry_after },
            Self::Limited { retry_after } => Fault::RateLimited { retry_after, per_model: false },
        }
    }
}

impl Fault {
    /// Its name in records.
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

/// Whose fault a response without success is; `report` is its body.
pub fn classify(
    provider: Provider,
    status: StatusCode,
    headers: &HeaderMap,
    report: &ErrorReport,
) -> Failure {
    classify_at(provider, status, headers, report, SystemTime::now())
}

/// [`classify`] with the clock as a parameter: hints may be dates.
fn classify_at(
    provider: Provider,
    status: StatusCode,
    headers: &HeaderMap,
    report: &ErrorReport,
    now: SystemTime,
) -> Failure {
    let is_page = is_web_page(headers, report);
    let kind = kind_of_status(status);
    let refusal = if is_page {
        Refusal::wordless(provider, kind)
    } else {
        Refusal::new(provider, kind, &report.message, report.labels.clone())
    };
    let (fault, headline) = match status.as_u16() {
        300..=399 => (Fault::Unreachable, Some("reason-redirect")),
        403 if is_page => (Fault::Unreachable, Some("reason-web-page")),
        400..=599 => fault_of(&refusal, RetryHint { headers, body: report.wait, now }),
        // Not a final response of HTTP: another account may do better.
        _ => (Fault::Unreachable, Some("reason-unexpected-status")),
    };
    let wordless = || message!("reason-status", status = status.to_string());
    Failure { fault, status: Some(status.as_u16()), reason: refusal.reason(headline, wordless) }
}

/// Whose fault an error is that came after a status of success, in an event or in place of an
/// answer; `None` if the upstream did not name its kind.
pub fn classify_event(provider: Provider, headers: &HeaderMap, failure: &chat::Failure) -> Option<Failure> {
    if matches!(failure.kind, FailureKind::Unnamed | FailureKind::Broken) {
        return None;
    }
    let labels = failure.code.iter().map(|code| code.to_lowercase()).collect();
    let words = if failure.message == WORDLESS { "" } else { &failure.message };
    let refusal = Refusal::new(provider, failure.kind, words, labels);
    let body = failure.retry_after.map(Wait::For);
    let (fault, headline) = fault_of(&refusal, RetryHint { headers, body, now: SystemTime::now() });
    Some(Failure { fault, status: None, reason: refusal.reason(headline, || message!("reason-wordless")) })
}

/// The fault, and the key of its reason where that is more than the upstream's own words.
fn fault_of(refusal: &Refusal, hint: RetryHint<'_>) -> (Fault, Option<&'static str>) {
    match refusal.kind {
        FailureKind::Unnamed | FailureKind::Broken => (Fault::Unreachable, None),
        FailureKind::Timeout | FailureKind::Overloaded | FailureKind::Internal => {
            (Fault::Overloaded { retry_after: hint.asked_wait() }, None)
        }
        FailureKind::InvalidRequest
        | FailureKind::Credential
        | FailureKind::Billing
        | FailureKind::Forbidden
        | FailureKind::NotFound
        | FailureKind::TooLarge
        | FailureKind::RateLimited => refused(refusal, hint),
    }
}

fn refused(refusal: &Refusal, hint: RetryHint<'_>) -> (Fault, Option<&'static str>) {
    if let Some(Verdict { ending, reason, sentence }) = refusal.verdict() {
        let means = match ending {
            Ending::Dead => Means::Dead,
            Ending::Spent => Means::Spent { retry_after: hint.asked_wait() },
        };
        let by_sentence = |text| Fault::AccountBySentence(Sentence { text, means });
        return (sentence.map_or_else(|| means.fault(), by_sentence), Some(reason));
    }
    if refusal.kind == FailureKind::RateLimited {
        let per_model = limits_per_model(refusal.provider);
        return (Fault::RateLimited { retry_after: hint.retry_after(), per_model }, None);
    }
    let Some(text) = refusal.spending_limit() else { return (Fault::Request, None) };
    let means = Means::Limited { retry_after: hint.retry_after() };
    (Fault::AccountBySentence(Sentence { text, means }), None)
}

/// Whether not the API answered but something in front of it: a firewall, a captive portal.
fn is_web_page(headers: &HeaderMap, report: &ErrorReport) -> bool {
    let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    content_type.is_some_and(|value| value.starts_with("text/html")) || report.form == Form::Page
}

/// Whether a 429 limits one model and leaves the account's others alone.
const fn limits_per_model(provider: Provider) -> bool {
    match provider {
        Provider::Gemini | Provider::Anthropic | Provider::OpenAi => true,
        Provider::Zai | Provider::OpenAiCompatible | Provider::Demo => false,
    }
}

#[cfg(test)]
mod tests;
