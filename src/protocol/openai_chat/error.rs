//! `{"error":{"message","type","param","code"}}`, as the `openai` SDKs read it
//! (`openai._exceptions.APIError`: `message`, `type`, `param`, `code`).

use std::time::Duration;

use http::StatusCode;
use serde_json::{Value, json};

use crate::chat::{Failure, FailureKind};
use crate::protocol::error::{ErrorKind, LocalError};
use crate::protocol::failure::kind_of_status;

pub fn body(error: &LocalError) -> Value {
    let (kind, code) = names(error.kind);
    json!({"error": {"message": error.message, "type": kind, "param": null, "code": code}})
}

/// OpenAI's `type` and `code` for one of our kinds.
const fn names(kind: ErrorKind) -> (&'static str, Option<&'static str>) {
    match kind {
        ErrorKind::InvalidRequest
        | ErrorKind::MethodNotAllowed
        | ErrorKind::UnsupportedMediaType
        | ErrorKind::HeadTooLarge => ("invalid_request_error", None),
        ErrorKind::Unauthenticated => ("authentication_error", Some("invalid_api_key")),
        ErrorKind::Forbidden => ("permission_error", None),
        ErrorKind::NotFound => ("invalid_request_error", Some("unknown_url")),
        ErrorKind::ModelNotFound => ("invalid_request_error", Some("model_not_found")),
        ErrorKind::TooLarge => ("request_too_large", None),
        ErrorKind::RateLimited => ("rate_limit_error", Some("rate_limit_exceeded")),
        ErrorKind::RequestTimeout | ErrorKind::GatewayTimeout => ("server_error", Some("timeout")),
        ErrorKind::Internal | ErrorKind::BadGateway | ErrorKind::Unavailable => ("server_error", None),
    }
}

/// Reads an error body; `None` if it is not one of OpenAI's.
pub fn decode(status: StatusCode, body: &[u8]) -> Option<Failure> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let error = body.get("error")?;
    // Ollama and some others put the text right here.
    let message = error.as_str().or_else(|| error.get("message")?.as_str())?;
    let text = |key: &str| error.get(key).and_then(Value::as_str);
    let (told, code) = (text("type").unwrap_or_default(), text("code"));
    let kind = failure_kind(told, code.unwrap_or_default()).unwrap_or_else(|| kind_of_status(status));
    Some(Failure {
        code: code.or(text("type")).map(str::to_owned),
        retry_after: retry_after(message),
        ..Failure::new(kind, message)
    })
}

/// What OpenAI's `type` and `code` say is at fault; `None` where only the status can tell.
pub fn failure_kind(kind: &str, code: &str) -> Option<FailureKind> {
    Some(match (kind, code) {
        (_, "insufficient_quota" | "billing_hard_limit_reached" | "billing_not_active")
        | ("insufficient_quota", _) => FailureKind::Billing,
        (_, "invalid_api_key" | "account_deactivated") | ("authentication_error", _) => {
            FailureKind::Credential
        }
        (_, "model_not_found") => FailureKind::NotFound,
        (_, "rate_limit_exceeded") | ("rate_limit_error" | "tokens" | "requests", _) => {
            FailureKind::RateLimited
        }
        (_, "context_length_exceeded" | "invalid_prompt") => FailureKind::InvalidRequest,
        (_, "server_is_overloaded" | "slow_down") | ("overloaded_error", _) => FailureKind::Overloaded,
        (_, "server_error") | ("server_error" | "api_error", _) => FailureKind::Internal,
        _ => return None,
    })
}

/// `Please try again in 20s`, `in 6ms`, `in 1m2.5s`: OpenAI says it in the message too.
fn retry_after(message: &str) -> Option<Duration> {
    let (_, wait) = message.split_once("try again in ")?;
    let wait = wait.split_whitespace().next()?.trim_end_matches('.');
    let (minutes, seconds) = match wait.split_once('m') {
        Some((millis, "s")) => return Duration::try_from_secs_f64(millis.parse::<f64>().ok()? / 1000.0).ok(),
        Some((minutes, rest)) => (minutes.parse::<f64>().ok()?, rest),
        None => (0.0, wait),
    };
    let seconds = match seconds.strip_suffix('s') {
        Some(seconds) => seconds.parse::<f64>().ok()?,
        None if seconds.is_empty() => 0.0,
        None => return None,
    };
    Duration::try_from_secs_f64(minutes * 60.0 + seconds).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_is_read_out_of_the_message() {
        for (message, millis) in [
            ("Rate limit. Please try again in 20s. Visit", Some(20_000)),
            ("Please try again in 6ms.", Some(6)),
            ("Please try again in 1m2.5s.", Some(62_500)),
            ("Please try again in 3m.", Some(180_000)),
            ("Please try again in a while", None),
            ("no hint", None),
        ] {
            assert_eq!(retry_after(message), millis.map(Duration::from_millis), "{message}");
        }
    }
}
