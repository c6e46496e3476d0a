//! What a refusal says of the account: by its status, by a label of the provider's, or by
//! a sentence.
//!
//! A sentence is the weakest witness, because upstreams repeat what they were sent. Only
//! how the message begins counts, up to the first quotation; whoever acts on it makes sure
//! that the request does not say the same ([`super::Fault::AccountBySentence`]).

use http::StatusCode;

use self::Kind::{Dead, Spent};
use super::refusal::{self, LONGEST_REASON, before_quotation, first_sentence, mask_keys, shorten};
use crate::language::Message;
use crate::language::printable::one_line;
use crate::message;
use crate::protocol::Provider;

/// Error codes that speak of the account in any 4xx, and the key of what to tell the user.
const LABELS: [(&str, Kind, &str); 16] = [
    // OpenAI and servers that copy it. The image endpoints say the second one with a 400.
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
const ZAI_LABELS: [(&str, Kind, &str); 6] = [
    ("1110", Dead, "reason-account-inactive"),
    ("1111", Dead, "reason-no-such-account"),
    ("1112", Dead, "reason-account-locked"),
    ("1113", Spent, "reason-no-credit"),
    ("1121", Dead, "reason-account-locked"),
    ("1309", Dead, "reason-plan-expired"),
];

/// Where only a sentence tells: status, the providers that say it, how it begins, what it
/// means, the key.
const SENTENCES: [(u16, &[Provider], &str, Kind, &str); 11] = [
    (400, GOOGLE, "api key not valid", Dead, "reason-invalid-key"),
    (400, GOOGLE, "api key expired", Dead, "reason-expired-key"),
    (400, ANTHROPIC, "your credit balance is too low", Spent, "reason-no-credit"),
    (400, ANTHROPIC, "credit balance is too low", Spent, "reason-no-credit"),
    (400, ANTHROPIC, "this organization has been disabled", Dead, "reason-organization-disabled"),
    (400, ANTHROPIC, "your organization has been disabled", Dead, "reason-organization-disabled"),
    (403, &Provider::ALL, "your api key was reported as leaked", Dead, "reason-leaked-key"),
    (403, &Provider::ALL, "consumer has been suspended", Dead, "reason-suspended-key"),
    (403, &Provider::ALL, "permission denied: consumer has been suspended", Dead, "reason-suspended-key"),
    (403, &Provider::ALL, "your account has been suspended", Dead, "reason-suspended-key"),
    (403, &Provider::ALL, "you have insufficient permissions", Dead, "reason-key-lacks-permissions"),
];

/// Google's own API and its OpenAI-compatible endpoint.
const GOOGLE: &[Provider] = &[Provider::Gemini, Provider::OpenAiCompatible];
const ANTHROPIC: &[Provider] = &[Provider::Anthropic, Provider::Zai, Provider::OpenAiCompatible];

/// Anthropic answers 400 when a monthly limit the user set is used up; it ends by itself.
const SPENDING_LIMIT: &str = "you have reached your specified api usage limits";

/// Words by which a 403 speaks of what was asked for, not of who asked.
const REQUEST_WORDS: [&str; 9] =
    ["model", "models", "resource", "region", "location", "country", "territory", "file", "moderation"];

/// The same as error codes, for bodies whose sentence does not say it.
const REQUEST_LABELS: [&str; 3] =
    ["model_not_found", "unsupported_country_region_territory", "content_policy_violation"];

/// What can be learned from a refusal, whatever its dialect.
pub struct Refusal {
    provider: Provider,
    status: StatusCode,
    /// The upstream's own words, cleaned; empty when it has none.
    message: String,
    /// How they begin, up to the first quotation.
    sentence: String,
    /// The first sentence without its quotations: good enough to say why, where the status
    /// decides.
    unquoted: String,
    /// Error codes, in lower case.
    labels: Vec<String>,
    pub is_web_page: bool,
}

/// Whether time or money brings it back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Only an edit does.
    Dead,
    /// It can pay no more before somebody adds credit, which nobody tells us of.
    Spent,
}

/// Why an account cannot be used.
pub struct Verdict {
    pub kind: Kind,
    /// The key of what to tell the user.
    pub reason: &'static str,
    /// The sentence this stands on, where nothing else says it.
    pub sentence: Option<&'static str>,
}

impl Refusal {
    pub fn read(provider: Provider, status: StatusCode, is_web_page: bool, body: &[u8]) -> Self {
        let (message, labels) = if is_web_page { Default::default() } else { refusal::read(body) };
        let (sentence, unquoted) = (before_quotation(&message), first_sentence(&message));
        let message = shorten(mask_keys(&one_line(&message)), LONGEST_REASON);
        Self { provider, status, message, sentence, unquoted, labels, is_web_page }
    }

    pub fn verdict(&self) -> Option<Verdict> {
        let by_status = match self.status.as_u16() {
            401 => Some((Dead, "reason-invalid-key")),
            402 => Some((Spent, "reason-payment-required")),
            403 if !self.is_about_the_request() => Some((Dead, "reason-access-denied")),
            _ => None,
        };
        let surely = |(kind, reason)| Verdict { kind, reason, sentence: None };
        self.known_label().map(surely).or_else(|| {
            let Some(by_status) = by_status else { return self.known_sentence(&self.sentence) };
            let said = self.known_sentence(&self.unquoted);
            Some(surely(said.map_or(by_status, |said| (said.kind, said.reason))))
        })
    }

    /// The sentence that says so.
    pub fn spending_limit(&self) -> Option<&'static str> {
        let is_said = self.status == StatusCode::BAD_REQUEST
            && self.provider == Provider::Anthropic
            && begins_with(&self.sentence, SPENDING_LIMIT);
        is_said.then_some(SPENDING_LIMIT)
    }

    fn known_label(&self) -> Option<(Kind, &'static str)> {
        let zai: &[_] = if self.provider == Provider::Zai { &ZAI_LABELS } else { &[] };
        let mut known = LABELS.iter().chain(zai);
        known.find(|(label, ..)| self.has_label(label)).map(|&(_, kind, reason)| (kind, reason))
    }

    fn known_sentence(&self, words: &str) -> Option<Verdict> {
        let said = |&&(status, providers, sentence, ..): &&(u16, &[Provider], &str, Kind, &str)| {
            self.status == status && providers.contains(&self.provider) && begins_with(words, sentence)
        };
        let &(_, _, sentence, kind, reason) = SENTENCES.iter().find(said)?;
        Some(Verdict { kind, reason, sentence: Some(sentence) })
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

    /// The headline by its key, then the upstream's own words; without either, the status.
    pub fn reason(self, headline: Option<&'static str>) -> Message {
        match (headline, self.message.is_empty()) {
            (Some(headline), true) => message!(headline),
            (Some(headline), false) => {
                let headline = message!(headline);
                let taken = headline.to_string().chars().count() + ": ".len();
                let words = shorten(self.message, LONGEST_REASON.saturating_sub(taken));
                message!("reason-quoted", reason = headline, words = words)
            }
            (None, false) => self.message.into(),
            (None, true) => message!("reason-status", status = self.status.to_string()),
        }
    }
}

/// Whether it says that its account can pay no more, so that adding credit is the cure.
pub fn is_about_credit(reason: &Message) -> bool {
    let by_label = LABELS.iter().chain(&ZAI_LABELS).map(|&(_, kind, key)| (kind, key));
    let mut keys = by_label.chain([(Spent, "reason-payment-required")]);
    keys.any(|(kind, key)| kind == Spent && reason.mentions(key))
}

/// A sentence goes on with a blank or not at all: a colon or a slash would make it the
/// name of a field.
fn begins_with(sentence: &str, beginning: &str) -> bool {
    sentence.strip_prefix(beginning).is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
}
