//! What a refusal says of the account: by its status, by a label of the provider's, or by
//! a sentence.
//!
//! A sentence is the weakest witness, because upstreams repeat what they were sent. Only
//! how the message begins counts, up to the first quotation; whoever acts on it makes sure
//! that the request does not say the same ([`super::Fault::AccountBySentence`]).

use http::StatusCode;

use super::refusal::{self, LONGEST_REASON, before_quotation, first_sentence, mask_keys, one_line, shorten};
use crate::language::Message;
use crate::message;
use crate::protocol::Provider;

/// Error codes that no waiting cures, in any 4xx, and the key of what to tell the user.
const DEAD_LABELS: [(&str, &str); 16] = [
    // OpenAI and servers that copy it. The image endpoints say the second one with a 400.
    ("insufficient_quota", "reason-no-quota"),
    ("billing_hard_limit_reached", "reason-billing-limit"),
    ("billing_not_active", "reason-billing-inactive"),
    ("account_deactivated", "reason-account-deactivated"),
    ("exceeded_current_quota_error", "reason-no-quota"),
    // https://cloud.google.com/apis/design/errors and google.api.ErrorReason
    ("api_key_invalid", "reason-invalid-key"),
    ("api_key_expired", "reason-expired-key"),
    ("api_key_service_blocked", "reason-key-not-for-api"),
    ("api_key_http_referrer_blocked", "reason-key-for-pages"),
    ("api_key_ip_address_blocked", "reason-key-for-addresses"),
    ("api_key_android_app_blocked", "reason-key-for-app"),
    ("api_key_ios_app_blocked", "reason-key-for-app"),
    ("consumer_suspended", "reason-suspended-key"),
    ("consumer_invalid", "reason-invalid-project"),
    ("service_disabled", "reason-api-not-enabled"),
    ("billing_disabled", "reason-billing-disabled"),
];

/// z.ai's numbers for the same (<https://docs.z.ai/api-reference/api-code>).
const DEAD_ZAI_LABELS: [(&str, &str); 6] = [
    ("1110", "reason-account-inactive"),
    ("1111", "reason-no-such-account"),
    ("1112", "reason-account-locked"),
    ("1113", "reason-no-credit"),
    ("1121", "reason-account-locked"),
    ("1309", "reason-plan-expired"),
];

/// Where only a sentence tells: status, the providers that say it, how it begins, the key.
const DEAD_SENTENCES: [(u16, &[Provider], &str, &str); 11] = [
    (400, GOOGLE, "api key not valid", "reason-invalid-key"),
    (400, GOOGLE, "api key expired", "reason-expired-key"),
    (400, ANTHROPIC, "your credit balance is too low", "reason-no-credit"),
    (400, ANTHROPIC, "credit balance is too low", "reason-no-credit"),
    (400, ANTHROPIC, "this organization has been disabled", "reason-organization-disabled"),
    (400, ANTHROPIC, "your organization has been disabled", "reason-organization-disabled"),
    (403, &Provider::ALL, "your api key was reported as leaked", "reason-leaked-key"),
    (403, &Provider::ALL, "consumer has been suspended", "reason-suspended-key"),
    (403, &Provider::ALL, "permission denied: consumer has been suspended", "reason-suspended-key"),
    (403, &Provider::ALL, "your account has been suspended", "reason-suspended-key"),
    (403, &Provider::ALL, "you have insufficient permissions", "reason-key-lacks-permissions"),
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

/// Why an account cannot be used until somebody edits it.
pub struct Dead {
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

    pub fn dead_account(&self) -> Option<Dead> {
        let by_status = match self.status.as_u16() {
            401 => Some("reason-invalid-key"),
            402 => Some("reason-payment-required"),
            403 if !self.is_about_the_request() => Some("reason-access-denied"),
            _ => None,
        };
        let surely = |reason| Dead { reason, sentence: None };
        self.dead_label().map(surely).or_else(|| {
            if let Some(by_status) = by_status {
                return Some(surely(
                    self.dead_sentence(&self.unquoted).map_or(by_status, |(_, reason)| reason),
                ));
            }
            let (sentence, reason) = self.dead_sentence(&self.sentence)?;
            Some(Dead { reason, sentence: Some(sentence) })
        })
    }

    /// The sentence that says so.
    pub fn spending_limit(&self) -> Option<&'static str> {
        let is_said = self.status == StatusCode::BAD_REQUEST
            && self.provider == Provider::Anthropic
            && begins_with(&self.sentence, SPENDING_LIMIT);
        is_said.then_some(SPENDING_LIMIT)
    }

    fn dead_label(&self) -> Option<&'static str> {
        let zai: &[_] = if self.provider == Provider::Zai { &DEAD_ZAI_LABELS } else { &[] };
        let mut known = DEAD_LABELS.iter().chain(zai);
        known.find(|(label, _)| self.has_label(label)).map(|&(_, reason)| reason)
    }

    fn dead_sentence(&self, words: &str) -> Option<(&'static str, &'static str)> {
        let said = |&&(status, providers, sentence, _): &&(u16, &[Provider], &str, _)| {
            self.status == status && providers.contains(&self.provider) && begins_with(words, sentence)
        };
        DEAD_SENTENCES.iter().find(said).map(|&(_, _, sentence, reason)| (sentence, reason))
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

/// A sentence goes on with a blank or not at all: a colon or a slash would make it the
/// name of a field.
fn begins_with(sentence: &str, beginning: &str) -> bool {
    sentence.strip_prefix(beginning).is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
}
