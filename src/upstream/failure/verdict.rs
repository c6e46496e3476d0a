//! What a refusal says about the account: by its kind, by a label of the provider's, or by a
//! sentence.
//!
//! A sentence is the weakest evidence, because upstreams repeat what they were sent. Only the
//! beginning of the message counts, up to the first quotation, and only if the request does
//! not say the same ([`super::Fault::AccountBySentence`]).

use self::Ending::{Dead, Spent};
use super::words::{LONGEST_REASON, before_quotation, first_sentence, shorten};
use crate::chat::FailureKind::{self, Forbidden, InvalidRequest};
use crate::config::without_keys;
use crate::language::Message;
use crate::language::printable::one_line;
use crate::message;
use crate::protocol::Provider;

/// Error codes that concern the account in any 4xx, and the key of the reason for the user.
const LABELS: [(&str, Ending, &str); 16] = [
    // OpenAI and servers that copy it. The image endpoints send the second with a 400.
    ("insufficient_quota", Spent, "reason-no-quota"),
    ("billing_hard_limit_reached", Spent, "reason-billing-limit"),
    ("billing_not_active", Dead, "reason-billing-inactive"),
    ("account_deactivated", Dead, "reason-account-deactivated"),
    ("exceeded_current_quota_error", Spent, "reason-no-quota"),
    // https://cloud.google.com/apis/design/errors and google.api.ErrorReason
    ("api_key_invalid", Dead, "reason-invalid-key"),
    ("api_key_expired", Dead, "reason-expired-key"),
    ("api_key_service_blocked", Dead, "reason-key-not-for-api"),
    ("api_key_http_referrer_blocked", Dead, "reason-key-for-pages"),
    ("api_key_ip_address_blocked", Dead, "reason-key-for-addresses"),
    ("api_key_android_app_blocked", Dead, "reason-key-for-app"),
    ("api_key_ios_app_blocked", Dead, "reason-key-for-app"),
    ("consumer_suspended", Dead, "reason-suspended-key"),
    ("consumer_invalid", Dead, "reason-invalid-project"),
    ("service_disabled", Dead, "reason-api-not-enabled"),
    ("billing_disabled", Dead, "reason-billing-disabled"),
];

/// z.ai's numbers for the same (<https://docs.z.ai/api-reference/api-code>).
const ZAI_LABELS: [(&str, Ending, &str); 6] = [
    ("1110", Dead, "reason-account-inactive"),
    ("1111", Dead, "reason-no-such-account"),
    ("1112", Dead, "reason-account-locked"),
    ("1113", Spent, "reason-no-credit"),
    ("1121", Dead, "reason-account-locked"),
    ("1309", Dead, "reason-plan-expired"),
];

/// A sentence that is the only evidence: the kind of the refusal, the providers that write it,
/// its beginning, its meaning, the key of the reason.
type SentenceRow = (FailureKind, &'static [Provider], &'static str, Ending, &'static str);

const SENTENCES: [SentenceRow; 11] = [
    (InvalidRequest, GOOGLE, "api key not valid", Dead, "reason-invalid-key"),
    (InvalidRequest, GOOGLE, "api key expired", Dead, "reason-expired-key"),
    (InvalidRequest, ANTHROPIC, "your credit balance is too low", Spent, "reason-no-credit"),
    (InvalidRequest, ANTHROPIC, "credit balance is too low", Spent, "reason-no-credit"),
    (InvalidRequest, ANTHROPIC, "this organization has been disabled", Dead, "reason-organization-disabled"),
    (InvalidRequest, ANTHROPIC, "your organization has been disabled", Dead, "reason-organization-disabled"),
    (Forbidden, &Provider::ALL, "your api key was reported as leaked", Dead, "reason-leaked-key"),
    (Forbidden, &Provider::ALL, "consumer has been suspended", Dead, "reason-suspended-key"),
    (
        Forbidden,
        &Provider::ALL,
        "permission denied: consumer has been suspended",
        Dead,
        "reason-suspended-key",
    ),
    (Forbidden, &Provider::ALL, "your account has been suspended", Dead, "reason-suspended-key"),
    (Forbidden, &Provider::ALL, "you have insufficient permissions", Dead, "reason-key-lacks-permissions"),
];

/// Google's own API and its OpenAI-compatible endpoint.
const GOOGLE: &[Provider] = &[Provider::Gemini, Provider::OpenAiCompatible];
const ANTHROPIC: &[Provider] = &[Provider::Anthropic, Provider::Zai, Provider::OpenAiCompatible];

/// Anthropic answers 400 when a monthly limit that the user set is used up; it ends by itself.
const SPENDING_LIMIT: &str = "you have reached your specified api usage limits";

/// Words by which a 403 refuses what was asked for, not the account that asked.
const REQUEST_WORDS: [&str; 9] =
    ["model", "models", "resource", "region", "location", "country", "territory", "file", "moderation"];

/// The same as error codes, for bodies without such a word.
const REQUEST_LABELS: [&str; 3] =
    ["model_not_found", "unsupported_country_region_territory", "content_policy_violation"];

/// A refusal, whatever its dialect.
pub struct Refusal {
    pub provider: Provider,
    pub kind: FailureKind,
    /// The upstream's own words, cleaned; empty when it has none.
    message: String,
    /// Their beginning, up to the first quotation.
    sentence: String,
    /// The first sentence without its quotations: reliable enough to name the reason where
    /// the status decides.
    unquoted: String,
    /// Error codes, in lower case.
    labels: Vec<String>,
}

/// How an account comes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Only by an edit.
    Dead,
    /// With credit, which no provider reports.
    Spent,
}

/// Why an account cannot be used.
pub struct Verdict {
    pub ending: Ending,
    /// The key of the reason that the user is shown.
    pub reason: &'static str,
    /// The sentence that is the only evidence, if it is.
    pub sentence: Option<&'static str>,
}

impl Refusal {
    pub fn new(provider: Provider, kind: FailureKind, message: &str, labels: Vec<String>) -> Self {
        let (sentence, unquoted) = (before_quotation(message), first_sentence(message));
        // Google names the whole key in `Consumer 'api_key:AIza…' has been suspended`, and some
        // servers quote a wrong one.
        let message = shorten(without_keys(&one_line(message)), LONGEST_REASON);
        Self { provider, kind, message, sentence, unquoted, labels }
    }

    /// A refusal without words of its own.
    pub fn wordless(provider: Provider, kind: FailureKind) -> Self {
        Self::new(provider, kind, "", Vec::new())
    }

    /// What it says about the account; `None` if nothing.
    pub fn verdict(&self) -> Option<Verdict> {
        let by_kind = match self.kind {
            FailureKind::Credential => Some((Dead, "reason-invalid-key")),
            FailureKind::Billing => Some((Spent, "reason-payment-required")),
            Forbidden if !self.is_about_the_request() => Some((Dead, "reason-access-denied")),
            _ => None,
        };
        let certain = |(ending, reason)| Verdict { ending, reason, sentence: None };
        self.known_label().map(certain).or_else(|| {
            let Some(by_kind) = by_kind else { return self.known_sentence(&self.sentence) };
            let by_sentence = self.known_sentence(&self.unquoted);
            Some(certain(by_sentence.map_or(by_kind, |verdict| (verdict.ending, verdict.reason))))
        })
    }

    /// The sentence that reports a limit the user set, if it does.
    pub fn spending_limit(&self) -> Option<&'static str> {
        let is_reached = self.kind == InvalidRequest
            && self.provider == Provider::Anthropic
            && begins_with(&self.sentence, SPENDING_LIMIT);
        is_reached.then_some(SPENDING_LIMIT)
    }

    fn known_label(&self) -> Option<(Ending, &'static str)> {
        let zai: &[_] = if self.provider == Provider::Zai { &ZAI_LABELS } else { &[] };
        let mut known = LABELS.iter().chain(zai);
        known.find(|(label, ..)| self.has_label(label)).map(|&(_, ending, reason)| (ending, reason))
    }

    fn known_sentence(&self, words: &str) -> Option<Verdict> {
        let fits = |row: &&SentenceRow| {
            let (kind, providers, sentence, ..) = **row;
            self.kind == kind && providers.contains(&self.provider) && begins_with(words, sentence)
        };
        let &(_, _, sentence, ending, reason) = SENTENCES.iter().find(fits)?;
        Some(Verdict { ending, reason, sentence: Some(sentence) })
    }

    fn is_about_the_request(&self) -> bool {
        let lowercase = self.message.to_lowercase();
        let mut words = lowercase.split(|c: char| !c.is_alphanumeric());
        REQUEST_LABELS.iter().any(|label| self.has_label(label))
            || words.any(|word| REQUEST_WORDS.contains(&word))
            || lowercase.contains("cached content")
    }

    fn has_label(&self, label: &str) -> bool {
        self.labels.iter().any(|found| found == label)
    }

    /// The headline by its key, then the upstream's own words; without either, `wordless`.
    pub fn reason(self, headline: Option<&'static str>, wordless: impl FnOnce() -> Message) -> Message {
        match (headline, self.message.is_empty()) {
            (Some(headline), true) => message!(headline),
            (Some(headline), false) => {
                let headline = message!(headline);
                let taken = headline.to_string().chars().count() + ": ".len();
                let words = shorten(self.message, LONGEST_REASON.saturating_sub(taken));
                message!("reason-quoted", reason = headline, words = words)
            }
            (None, false) => self.message.into(),
            (None, true) => wordless(),
        }
    }
}

/// Whether the reason is that the account cannot pay, so that adding credit is the cure.
pub fn is_about_credit(reason: &Message) -> bool {
    let by_label = LABELS.iter().chain(&ZAI_LABELS).map(|&(_, ending, key)| (ending, key));
    let mut keys = by_label.chain([(Spent, "reason-payment-required")]);
    keys.any(|(ending, key)| ending == Spent && reason.mentions(key))
}

/// Whether a sentence begins so, and goes on with a space or not at all: a colon or a slash would
/// make the beginning the name of a field.
fn begins_with(sentence: &str, beginning: &str) -> bool {
    sentence.strip_prefix(beginning).is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
}
