//! `{"type":"error","error":{"type","message"},"request_id"}`, as the `anthropic`
//! SDKs read it (`anthropic.types.ErrorResponse`).

use serde_json::{Value, json};

use crate::protocol::error::{ErrorKind, LocalError};

pub fn body(error: &LocalError, request_id: &str) -> Value {
    json!({
        "type": "error",
        "error": {"type": kind(error.kind), "message": error.message},
        "request_id": request_id,
    })
}

/// Anthropic's `error.type` for a kind.
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
