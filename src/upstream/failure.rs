//! What an upstream's refusal means: whose fault it is, and when to come back.
//!
//! The status decides almost everything. The body is asked only where providers use one
//! status for two meanings, and there its fields (`code`, `type`, `status`, `reason`)
//! speak before its prose does. Bodies are hostile until read: any bytes are fine.

use std::time::{Duration, SystemTime};

use http::{HeaderMap, StatusCode, header};
use serde_json::Value;

use super::retry_hint::retry_after;
use crate::language::Message;
use crate::message;
use crate::protocol::Provider;

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
    /// The credential is dead (401, 403, `API_KEY_INVALID`) or the account can pay no
    /// more (`insufficient_quota`, closed billing): out until it is edited.
    Account,
    /// 429: this account cools, for this model only where the provider limits per model.
    RateLimited { retry_after: Option<Duration>, per_model: bool },
    /// 500, 502, 503, 529: the provider is in trouble.
    Overloaded { retry_after: Option<Duration> },
    /// No connection, a connection that broke, a redirect, or not HTTP.
    Unreachable,
    /// Nothing came before the deadline.
    TimedOut,
}

impl Fault {
    /// The name used in records, to count by.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::Account => "account",
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
    let refusal = Refusal::read(provider, status, headers, body);
    let retry_after = || retry_after(headers, body, now_wall);
    let (fault, headline) = match status.as_u16() {
        300..=399 => (Fault::Unreachable, Some("reason-redirect")),
        403 if refusal.is_web_page => (Fault::Unreachable, Some("reason-web-page")),
        408 | 500..=599 => (Fault::Overloaded { retry_after: retry_after() }, None),
        400..=499 => match refusal.dead_account() {
            Some(reason) => (Fault::Account, Some(reason)),
            None if status == StatusCode::TOO_MANY_REQUESTS || refusal.is_spending_limit() => {
                let per_model = limits_per_model(provider) && !refusal.is_spending_limit();
                (Fault::RateLimited { retry_after: retry_after(), per_model }, None)
            }
            None => (Fault::Request, None),
        },
        // Nobody calls this with a success; whatever else it is, another account may do better.
        _ => (Fault::Overloaded { retry_after: None }, Some("reason-unexpected-status")),
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

/// Where only the sentence tells: status, the providers that say it, the words, the key.
const DEAD_PHRASES: [(u16, &[Provider], &str, &str); 7] = [
    (400, GOOGLE, "api key not valid", "reason-invalid-key"),
    (400, GOOGLE, "api key expired", "reason-expired-key"),
    (400, ANTHROPIC, "credit balance is too low", "reason-no-credit"),
    (400, ANTHROPIC, "organization has been disabled", "reason-organization-disabled"),
    (403, &Provider::ALL, "leaked", "reason-leaked-key"),
    (403, &Provider::ALL, "suspended", "reason-suspended-key"),
    (403, &Provider::ALL, "missing scopes", "reason-key-lacks-permissions"),
];

/// Google's own API and its OpenAI-compatible endpoint.
const GOOGLE: &[Provider] = &[Provider::Gemini, Provider::OpenAiCompatible];
const ANTHROPIC: &[Provider] = &[Provider::Anthropic, Provider::Zai, Provider::OpenAiCompatible];

/// Words by which a 403 speaks of what was asked for, not of who asked.
const REQUEST_WORDS: [&str; 9] =
    ["model", "models", "resource", "region", "location", "country", "territory", "file", "moderation"];

/// The same as error codes, for bodies whose sentence does not say it.
const REQUEST_LABELS: [&str; 3] =
    ["model_not_found", "unsupported_country_region_territory", "content_policy_violation"];

/// What can be learned from a refusal's body, whatever its dialect.
struct Refusal {
    provider: Provider,
    status: StatusCode,
    /// The upstream's own sentence, cleaned; empty when it has none.
    message: String,
    /// The message in lower case, to look for phrases.
    lowercase: String,
    /// The values of `code`, `type`, `status` and `reason`, in lower case.
    labels: Vec<String>,
    /// Not the API but something in front of it: a firewall, a captive portal.
    is_web_page: bool,
}

impl Refusal {
    fn read(provider: Provider, status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Self {
        let is_web_page = is_web_page(headers, body);
        let (message, labels) = if is_web_page { Default::default() } else { read_body(body) };
        let message = mask_keys(&one_line(&message));
        Self { provider, status, lowercase: message.to_lowercase(), message, labels, is_web_page }
    }

    /// The key of why this account cannot be used until somebody edits it; `None` when it can.
    fn dead_account(&self) -> Option<&'static str> {
        self.dead_label().or_else(|| self.dead_phrase()).or_else(|| match self.status.as_u16() {
            401 => Some("reason-invalid-key"),
            402 => Some("reason-payment-required"),
            403 if !self.is_about_the_request() => Some("reason-access-denied"),
            _ => None,
        })
    }

    fn dead_label(&self) -> Option<&'static str> {
        let zai: &[_] = if self.provider == Provider::Zai { &DEAD_ZAI_LABELS } else { &[] };
        let mut known = DEAD_LABELS.iter().chain(zai);
        known.find(|(label, _)| self.has_label(label)).map(|&(_, reason)| reason)
    }

    fn dead_phrase(&self) -> Option<&'static str> {
        let said = |&&(status, providers, phrase, _): &&(u16, &[Provider], &str, _)| {
            self.status == status && providers.contains(&self.provider) && self.lowercase.contains(phrase)
        };
        DEAD_PHRASES.iter().find(said).map(|&(.., reason)| reason)
    }

    fn is_about_the_request(&self) -> bool {
        let mut words = self.lowercase.split(|c: char| !c.is_alphanumeric());
        REQUEST_LABELS.iter().any(|label| self.has_label(label))
            || words.any(|word| REQUEST_WORDS.contains(&word))
            || self.lowercase.contains("cached content")
    }

    /// Anthropic answers 400 when a monthly limit the user set is used up; it ends by itself.
    fn is_spending_limit(&self) -> bool {
        self.status == StatusCode::BAD_REQUEST
            && self.provider == Provider::Anthropic
            && self.lowercase.contains("reached your specified api usage limits")
    }

    fn has_label(&self, label: &str) -> bool {
        self.labels.iter().any(|found| found == label)
    }

    /// The headline by its key, then the upstream's own words; without either, the status.
    fn reason(self, headline: Option<&'static str>) -> Message {
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

/// Bodies beyond this are read as far as this: an error says what it means early.
const LARGEST_BODY: usize = 256 * 1024;

/// Characters of a reason.
const LONGEST_REASON: usize = 300;

const LABEL_FIELDS: [&str; 4] = ["code", "type", "status", "reason"];

fn is_web_page(headers: &HeaderMap, body: &[u8]) -> bool {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    content_type.is_some_and(|value| value.starts_with("text/html"))
        || body.trim_ascii_start().starts_with(b"<")
}

/// The message and the labels of an error body: JSON in any known shape, else what a
/// broken one still shows, else the text itself.
fn read_body(body: &[u8]) -> (String, Vec<String>) {
    let body = &body[..body.len().min(LARGEST_BODY)];
    let Ok(parsed) = serde_json::from_slice::<Value>(body) else {
        return read_loosely(&String::from_utf8_lossy(body));
    };
    // Gemini wraps the error of a streamed answer in a list.
    let outer = parsed.get(0).unwrap_or(&parsed);
    let error = outer.get("error").unwrap_or(outer);
    let message = [&error["message"], error, &outer["message"], &outer["detail"]];
    let message = message.into_iter().find_map(Value::as_str).unwrap_or_default();
    (message.to_owned(), labels(outer, error))
}

fn labels(outer: &Value, error: &Value) -> Vec<String> {
    let nested = ["details", "errors"].into_iter().filter_map(|list| error[list].as_array()).flatten();
    [outer, error]
        .into_iter()
        .chain(nested)
        .flat_map(|object| LABEL_FIELDS.map(|field| &object[field]))
        .filter_map(|value| match value {
            Value::String(text) => Some(text.to_lowercase()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        })
        .collect()
}

/// For JSON cut off in the middle, and for plain text.
fn read_loosely(text: &str) -> (String, Vec<String>) {
    let labels = LABEL_FIELDS.iter().filter_map(|field| string_field(text, field));
    let labels = labels.map(|label| label.to_lowercase()).collect();
    let message =
        string_field(text, "message").unwrap_or_else(|| text.chars().take(LONGEST_REASON).collect());
    (message, labels)
}

/// The first string called `field`, up to its closing quote or the end of the text.
fn string_field(text: &str, field: &str) -> Option<String> {
    let after = text.split_once(&format!("\"{field}\""))?.1;
    let value = after.trim_start().strip_prefix(':')?.trim_start().strip_prefix('"')?;
    let mut escaped = false;
    let end = value.find(|c| {
        let closes = c == '"' && !escaped;
        escaped = c == '\\' && !escaped;
        closes
    });
    let value = &value[..end.unwrap_or(value.len())];
    Some(serde_json::from_str(&format!("\"{value}\"")).unwrap_or_else(|_| value.to_owned()))
}

/// White space of any kind becomes one space; controls and invisible direction marks,
/// which could forge a log line or a menu entry, go.
fn one_line(text: &str) -> String {
    let visible = |c: &char| !crate::language::printable::is_unprintable(*c);
    let words = text.split_whitespace().map(|word| word.chars().filter(visible).collect::<String>());
    let words: Vec<_> = words.filter(|word| !word.is_empty()).take(LONGEST_REASON).collect();
    shorten(words.join(" "), LONGEST_REASON)
}

/// Google names the whole key in `Consumer 'api_key:AIza…' has been suspended`, and some
/// servers quote a wrong one: what looks like a key is not repeated.
fn mask_keys(text: &str) -> String {
    let is_key_character = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '*');
    let looks_like_key = |word: &str| {
        word.len() >= 12 && ["sk-", "AIza", "AQ.", "gsk_"].iter().any(|prefix| word.starts_with(prefix))
    };
    text.split_inclusive(|c| !is_key_character(c))
        .map(|piece| {
            let word = piece.trim_end_matches(|c| !is_key_character(c));
            if looks_like_key(word) { piece.replacen(word, "***", 1) } else { piece.to_owned() }
        })
        .collect()
}

fn shorten(mut text: String, longest: usize) -> String {
    if let Some((cut, _)) = text.char_indices().nth(longest) {
        let keep = text[..cut].char_indices().next_back().map_or(0, |(last, _)| last);
        text.truncate(keep);
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests;
