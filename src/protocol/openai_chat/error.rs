//! `{"error":{"message","type","param","code"}}`, as the `openai` SDKs read it
//! (`openai._exceptions.APIError`: `message`, `type`, `param`, `code`).

use serde_json::{Value, json};

use crate::protocol::error::{ErrorKind, LocalError};

pub fn body(error: &LocalError) -> Value {
    let (kind, code) = names(error.kind);
    json!({"error": {"message": error.message, "type": kind, "param": null, "code": code}})
}

/// OpenAI's `type` and `code` for a kind.
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
