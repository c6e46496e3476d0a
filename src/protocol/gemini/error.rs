//! `{"error":{"code","message","status"}}`, as google-genai reads it
//! (`google.genai.errors.APIError`: `code`, `status`, `message`).

use serde_json::{Value, json};

use crate::protocol::error::{ErrorKind, LocalError};

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

/// Google's canonical `status` for a kind.
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
