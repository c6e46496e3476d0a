//! `{"type":"error","error":{"type","message"},"request_id"}`, as the `anthropic`
//! SDKs read it (`anthropic.types.ErrorResponse`).

use http::StatusCode;
use serde_json::{Value, json};

use crate::chat::{Failure, FailureKind};
use crate::protocol::error::{ErrorKind, LocalError};
use crate::protocol::failure::kind_of_status;

pub fn body(error: &LocalError, request_id: &str) -> Value {
    json!({
        "type": "error",
        "error": {"type": kind(error.kind), "message": error.message},
        "request_id": request_id,
    })
}

/// Anthropic's `error.type` for one of our kinds.
const fn kind(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::InvalidRequest
        | ErrorKind::MethodNotAllowed
        | ErrorKind::UnsupportedMediaType
        | ErrorKind::HeadTooLarge => "invalid_request_error",
        ErrorKind::Unauthenticated => "authentication_error",
        ErrorKind::Forbidden => "permission_error",
        ErrorKind::NotFound | ErrorKind::ModelNotFound => "not_found_error",
        ErrorKind::TooLarge => "request_too_large",
        ErrorKind::RateLimited => "rate_limit_error",
        ErrorKind::RequestTimeout | ErrorKind::GatewayTimeout => "timeout_error",
        ErrorKind::Unavailable => "overloaded_error",
        ErrorKind::Internal | ErrorKind::BadGateway => "api_error",
    }
}

/// Reads an error body; `None` if it is not one of Anthropic's.
pub fn decode(status: StatusCode, body: &[u8]) -> Option<Failure> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let error = body.get("error")?;
    let message = error.get("message")?.as_str()?;
    let code = error.get("type").and_then(Value::as_str);
    let kind = code.and_then(failure_kind).unwrap_or_else(|| kind_of_status(status));
    Some(Failure { code: code.map(str::to_owned), ..Failure::new(kind, message) })
}

/// What Anthropic's `error.type` says is at fault; `None` for one we do not know.
pub fn failure_kind(kind: &str) -> Option<FailureKind> {
    Some(match kind {
        "invalid_request_error" => FailureKind::InvalidRequest,
        "authentication_error" => FailureKind::Credential,
        "billing_error" => FailureKind::Billing,
        "permission_error" => FailureKind::Forbidden,
        "not_found_error" => FailureKind::NotFound,
        "request_too_large" => FailureKind::TooLarge,
        "rate_limit_error" => FailureKind::RateLimited,
        "timeout_error" => FailureKind::Timeout,
        "overloaded_error" => FailureKind::Overloaded,
        "api_error" => FailureKind::Internal,
        _ => return None,
    })
}
