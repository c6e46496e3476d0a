//! `{"error":{"code","message","status"}}`, as google-genai reads it
//! (`google.genai.errors.APIError`: `code`, `status`, `message`).

use std::time::Duration;

use http::StatusCode;
use serde_json::{Value, json};

use crate::chat::{Failure, FailureKind};
use crate::protocol::error::{ErrorKind, LocalError};
use crate::protocol::failure::kind_of_status;

pub fn body(error: &LocalError) -> Value {
    let mut body = json!({"error": {
        "code": error.kind.status().as_u16(),
        "message": error.message,
        "status": status(error.kind),
    }});
    if let Some(wait) = error.retry_after {
        body["error"]["details"] = json!([{
            "@type": "type.googleapis.com/google.rpc.RetryInfo",
            "retryDelay": format!("{}s", wait.as_secs_f64().ceil()),
        }]);
    }
    body
}

/// Google's canonical `status` for one of our kinds.
const fn status(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::InvalidRequest
        | ErrorKind::MethodNotAllowed
        | ErrorKind::UnsupportedMediaType
        | ErrorKind::TooLarge
        | ErrorKind::HeadTooLarge => "INVALID_ARGUMENT",
        ErrorKind::Unauthenticated => "UNAUTHENTICATED",
        ErrorKind::Forbidden => "PERMISSION_DENIED",
        ErrorKind::NotFound | ErrorKind::ModelNotFound => "NOT_FOUND",
        ErrorKind::RateLimited => "RESOURCE_EXHAUSTED",
        ErrorKind::Internal => "INTERNAL",
        ErrorKind::BadGateway | ErrorKind::Unavailable => "UNAVAILABLE",
        ErrorKind::RequestTimeout | ErrorKind::GatewayTimeout => "DEADLINE_EXCEEDED",
    }
}

/// Reads an error body; `None` if it is not one of Google's. Without `alt=sse` a stream's
/// error comes inside a list.
pub fn decode(status: StatusCode, body: &[u8]) -> Option<Failure> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let error = body.get("error").or_else(|| body.get(0)?.get("error"))?;
    read(error, kind_of_status(status))
}

/// The `error` of a chunk that is one.
pub fn of_value(error: &str) -> Failure {
    let told: Option<Value> = serde_json::from_str(error).ok();
    let known = told.as_ref().and_then(|told| read(told, FailureKind::Internal));
    known.unwrap_or_else(|| Failure::new(FailureKind::Internal, "the upstream failed without saying why"))
}

fn read(error: &Value, otherwise: FailureKind) -> Option<Failure> {
    let message = error.get("message")?.as_str()?;
    let status = error.get("status").and_then(Value::as_str).unwrap_or_default();
    let details = error.get("details").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let reason = details.iter().find_map(|detail| detail.get("reason")?.as_str());
    let kind = match (status, reason) {
        // Google answers a bad key with 400.
        (_, Some("API_KEY_INVALID" | "API_KEY_SERVICE_BLOCKED" | "API_KEY_EXPIRED" | "SERVICE_DISABLED"))
        | ("UNAUTHENTICATED", _) => FailureKind::Credential,
        (_, Some("BILLING_DISABLED")) => FailureKind::Billing,
        ("INVALID_ARGUMENT", _) if message.contains("API key") => FailureKind::Credential,
        ("INVALID_ARGUMENT" | "FAILED_PRECONDITION" | "OUT_OF_RANGE", _) => FailureKind::InvalidRequest,
        ("PERMISSION_DENIED", _) => FailureKind::Forbidden,
        ("NOT_FOUND", _) => FailureKind::NotFound,
        ("RESOURCE_EXHAUSTED", _) => FailureKind::RateLimited,
        ("UNAVAILABLE", _) => FailureKind::Overloaded,
        ("DEADLINE_EXCEEDED", _) => FailureKind::Timeout,
        ("INTERNAL" | "UNKNOWN", _) => FailureKind::Internal,
        _ => otherwise,
    };
    Some(Failure {
        code: Some(reason.unwrap_or(status)).filter(|code| !code.is_empty()).map(str::to_owned),
        retry_after: details.iter().find_map(retry_delay),
        ..Failure::new(kind, message)
    })
}

/// `google.rpc.RetryInfo`: `"34.5s"`.
fn retry_delay(detail: &Value) -> Option<Duration> {
    let seconds = detail.get("retryDelay")?.as_str()?.strip_suffix('s')?.parse::<f64>().ok()?;
    Duration::try_from_secs_f64(seconds).ok()
}
