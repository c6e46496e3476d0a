//! What an upstream's error says, whatever its dialect: its words, its names for the error, and
//! how long to wait.
//!
//! Servers mix the dialects, so all are read alike. Only the structure counts, because upstreams
//! quote what they were sent: a name is read where a provider puts one, never where a
//! request could.

use http::StatusCode;
use serde_json::Value;

use super::cut_off;
use super::failure::{closer_kind, kind_named, kind_of_status};
use super::scan::has;
use super::wait::{self, Wait};
use crate::chat::{Failure, FailureKind};

/// A longer body is read up to here: an error says early what it means.
const LARGEST_BODY: usize = 256 * 1024;

/// Characters that are kept of a body as it is.
const LONGEST_TEXT: usize = 500;

const NAME_FIELDS: [&str; 3] = ["code", "status", "type"];

/// The one member of Google's `details` whose `reason` is a code of theirs
/// (<https://cloud.google.com/apis/design/errors>).
const ERROR_INFO: &str = "type.googleapis.com/google.rpc.ErrorInfo";

/// The message for an error without words.
pub const WORDLESS: &str = "the upstream failed without saying why";

/// An error as an upstream reported it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ErrorReport {
    /// The upstream's own words; empty if it has none.
    pub message: String,
    /// Its names for the error, in lower case.
    pub labels: Vec<String>,
    /// The most exact of them, as it is spelled.
    pub code: Option<String>,
    /// How long it asks to wait.
    pub wait: Option<Wait>,
    /// By its names; `None` if none is known.
    pub kind: Option<FailureKind>,
    /// The HTTP status that it holds as its `code`.
    status: Option<StatusCode>,
    pub form: Form,
    /// How the body begins, for want of better words.
    text: String,
}

/// What the bytes of an error are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Form {
    Json,
    /// JSON that ends in the middle.
    CutOffJson,
    /// A web page: not the API answered, but something in front of it.
    Page,
    #[default]
    Text,
}

impl ErrorReport {
    /// Reads the body of an error response: JSON of any known shape, a page, or a plain text.
    pub fn of_body(body: &[u8]) -> Self {
        let body = &body[..body.len().min(LARGEST_BODY)];
        let text: String = String::from_utf8_lossy(body).trim().chars().take(LONGEST_TEXT).collect();
        let whole = serde_json::from_slice::<Value>(body).ok().map(|value| (value, Form::Json));
        let cut_off = || cut_off::read(body).map(|value| (value, Form::CutOffJson));
        let Some((value, form)) = whole.or_else(cut_off) else { return Self::of_text(text) };
        // Gemini wraps the error of a streamed answer in a list.
        let outer = value.get(0).unwrap_or(&value);
        Self { form, text, ..Self::of_value(outer, outer.get("error").unwrap_or(outer)) }
    }

    /// Reads the error that an event, or an answer with a status of success, reports: in an
    /// `error` member; in the event itself (`ResponseErrorEvent`); or in the response that has
    /// failed (`ResponseFailedEvent`). `None` if it reports none.
    pub fn of_event(data: &[u8]) -> Option<Self> {
        if !has(data, b"\"error\"") {
            return None;
        }
        let event: Value = serde_json::from_slice(data).ok()?;
        let event = event.get(0).unwrap_or(&event);
        let places = [&event["error"], &event["response"]["error"]];
        let is_error = event["type"] == "error";
        let error = places.into_iter().find(|place| place.is_object() || place.is_string());
        let error = error.or_else(|| is_error.then_some(event))?;
        Some(Self::of_value(error, error))
    }

    fn of_text(text: String) -> Self {
        let form = if text.starts_with('<') { Form::Page } else { Form::Text };
        Self { message: text.clone(), form, text, ..Self::default() }
    }

    /// `outer` is what holds the error, or the error itself.
    fn of_value(outer: &Value, error: &Value) -> Self {
        let message = [&error["message"], error, &outer["message"], &outer["detail"]];
        let message = message.into_iter().find_map(Value::as_str).unwrap_or_default().to_owned();
        let reasons = reasons(error);
        let names =
            || reasons.iter().copied().chain(NAME_FIELDS.iter().filter_map(|field| error[field].as_str()));
        let number =
            error["code"].as_u64().and_then(|code| StatusCode::from_u16(u16::try_from(code).ok()?).ok());
        let kind = names().find_map(|name| kind_named(&name.to_lowercase()));
        Self {
            labels: labels(outer, error, &reasons),
            code: names().find(|name| !matches!(*name, "" | "error")).map(str::to_owned),
            wait: wait::of_error(error),
            kind,
            status: number,
            message,
            form: Form::Json,
            text: String::new(),
        }
    }

    /// The failure of an answer with this status.
    pub fn with_status(self, status: StatusCode) -> Failure {
        let kind = self.kind.map_or_else(|| kind_of_status(status), |kind| closer_kind(kind, status));
        let kind = if self.is_google_key() { FailureKind::Credential } else { kind };
        if self.message.is_empty() || matches!(self.form, Form::Page | Form::Text) {
            return Failure::new(kind, self.stranger_words(status));
        }
        self.into_failure(kind)
    }

    /// The failure of an event, or of an answer with a status of success.
    pub fn without_status(mut self) -> Failure {
        if self.message.is_empty() {
            WORDLESS.clone_into(&mut self.message);
        }
        let kind = self.kind.or_else(|| self.status.map(kind_of_status)).unwrap_or(FailureKind::Unnamed);
        self.into_failure(kind)
    }

    /// For a body that is not the protocol's own error: a gateway's page, a plain line, nothing.
    fn stranger_words(&self, status: StatusCode) -> String {
        let (number, reason) = (status.as_u16(), status.canonical_reason().unwrap_or("no reason given"));
        if self.text.is_empty() || self.form == Form::Page {
            return format!("the upstream answered {number} ({reason})");
        }
        format!("the upstream answered {number}: {}", self.text)
    }

    fn into_failure(self, kind: FailureKind) -> Failure {
        Failure {
            kind,
            message: self.message,
            code: self.code,
            retry_after: self.wait.and_then(Wait::duration),
        }
    }

    /// Google answers 400 `INVALID_ARGUMENT` for a bad key, too, and may leave out the reason. Good
    /// enough for the words a client gets: whose fault it is, is not decided by this.
    fn is_google_key(&self) -> bool {
        self.kind == Some(FailureKind::InvalidRequest)
            && self.labels.iter().any(|label| label == "invalid_argument")
            && self.message.contains("API key")
    }

    /// Whether it speaks of the model that was asked for.
    pub fn is_about_a_model(&self) -> bool {
        self.message.contains("model") || self.labels.iter().any(|label| label == "model_not_found")
    }
}

/// Reads what an upstream sent instead of an answer.
pub fn decode_error(status: StatusCode, body: &[u8]) -> Failure {
    ErrorReport::of_body(body).with_status(status)
}

/// Reads the failure that an event, or an answer with a status of success, reports.
pub fn decode_error_event(data: &[u8]) -> Failure {
    ErrorReport::of_event(data).unwrap_or_default().without_status()
}

fn reasons(error: &Value) -> Vec<&str> {
    let details = error["details"].as_array().into_iter().flatten();
    details
        .filter(|detail| detail["@type"] == ERROR_INFO)
        .filter_map(|detail| detail["reason"].as_str())
        .collect()
}

fn labels(outer: &Value, error: &Value, reasons: &[&str]) -> Vec<String> {
    [outer, error]
        .into_iter()
        .flat_map(|object| NAME_FIELDS.map(|field| &object[field]))
        .filter_map(|value| match value {
            Value::String(text) => Some(text.to_lowercase()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        })
        .chain(reasons.iter().map(|reason| reason.to_lowercase()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_that_is_cut_off_keeps_its_whole_members() {
        let whole = r#"{"error":{"code":"insufficient_quota","message":"a \"b\" A","n":[1,{"x":true}]}}"#;
        let quota_ends = whole.find(",\"message").expect("a member");
        for end in 0..=whole.len() {
            let report = ErrorReport::of_body(&whole.as_bytes()[..end]);
            let has_quota = report.labels.iter().any(|label| label == "insufficient_quota");
            assert_eq!(has_quota, end >= quota_ends - 1, "{}", &whole[..end]);
            assert!(!has_quota || "a \"b\" A".starts_with(&report.message), "{end}: {report:?}");
        }
    }

    #[test]
    fn no_label_is_read_from_where_a_request_can_stand() {
        for body in [
            r#"{"error":{"message":"\"code\":\"insufficient_quota\""}}"#,
            r#"{"error":{"message":"\"code\":\"insufficient_quota\""#,
            r#"{"error":{"message":"x","details":[{"reason":"API_KEY_INVALID"}]}}"#,
            r#"{"error":{"message":"x","errors":[{"code":"insufficient_quota"}]}}"#,
            r#"{"detail":[{"type":"insufficient_quota","input":{"code":"insufficient_quota"}}]}"#,
            r#"bad input: {"code":"insufficient_quota"}"#,
            r#"{"error":"bad "code":"insufficient_quota""#,
        ] {
            let report = ErrorReport::of_body(body.as_bytes());
            assert!(report.labels.is_empty() && report.kind.is_none(), "{body}: {report:?}");
        }
    }

    #[test]
    fn an_event_reports_its_error_wherever_it_stands() {
        use FailureKind::{Billing, Overloaded, RateLimited, Unnamed};
        for (data, kind, code, message) in [
            (r#"{"error":{"code":503,"message":"m"}}"#, Overloaded, None, "m"),
            (r#"{"error":{"type":"overloaded_error"}}"#, Overloaded, Some("overloaded_error"), WORDLESS),
            (
                r#"{"type":"error","code":"server_error","message":"m"}"#,
                FailureKind::Internal,
                Some("server_error"),
                "m",
            ),
            (
                r#"{"response":{"error":{"code":"rate_limit_exceeded"}}}"#,
                RateLimited,
                Some("rate_limit_exceeded"),
                WORDLESS,
            ),
            (
                r#"{"error":{"type":"server_error","code":"insufficient_quota"}}"#,
                Billing,
                Some("insufficient_quota"),
                WORDLESS,
            ),
            (r#"{"error":"model runner has stopped"}"#, Unnamed, None, "model runner has stopped"),
            (r#"{"error":{"type":"of_a_new_kind"}}"#, Unnamed, Some("of_a_new_kind"), WORDLESS),
            ("\"error\"", Unnamed, None, WORDLESS),
        ] {
            let failure = decode_error_event(data.as_bytes());
            assert_eq!(
                (failure.kind, failure.code.as_deref(), &*failure.message),
                (kind, code, message),
                "{data}"
            );
        }
    }
}
