//! An error that portcullis itself answers with, in no dialect yet.

use std::time::Duration;

use http::StatusCode;
use strum::IntoStaticStr;

use crate::chat::{Part, ToolUse};

/// What went wrong, in the few classes that every family's SDK distinguishes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum ErrorKind {
    /// 400: the request is not valid for its own protocol.
    InvalidRequest,
    /// 401: no credential, or not one of ours.
    Unauthenticated,
    /// 403: refused, whatever the credential.
    Forbidden,
    /// 404: no such path.
    NotFound,
    /// 404: no account serves this model.
    ModelNotFound,
    /// 405: the path exists, the method does not.
    MethodNotAllowed,
    /// 408: the client was too slow to send its request.
    RequestTimeout,
    /// 413: the body is over the configured limit.
    TooLarge,
    /// 415: this path does not take the body's media type.
    UnsupportedMediaType,
    /// 431: path and headers are over their limit.
    HeadTooLarge,
    /// 429: every account that could answer is cooling.
    RateLimited,
    /// 500: a fault of portcullis.
    Internal,
    /// 502: the upstream's answer is unusable, or there is none.
    BadGateway,
    /// 503: no account is usable.
    Unavailable,
    /// 504: the upstream did not answer in time.
    GatewayTimeout,
}

impl ErrorKind {
    /// Its name in records.
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// Its HTTP status, the same in every family.
    pub const fn status(self) -> StatusCode {
        match self {
            Self::InvalidRequest => StatusCode::BAD_REQUEST,
            Self::Unauthenticated => StatusCode::UNAUTHORIZED,
            Self::Forbidden => StatusCode::FORBIDDEN,
            Self::NotFound | Self::ModelNotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::RequestTimeout => StatusCode::REQUEST_TIMEOUT,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::HeadTooLarge => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            Self::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::RateLimited => StatusCode::TOO_MANY_REQUESTS,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
            Self::BadGateway => StatusCode::BAD_GATEWAY,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::GatewayTimeout => StatusCode::GATEWAY_TIMEOUT,
        }
    }
}

/// An error of portcullis on its way to a client: its kind, one sentence that the user can act
/// on, and when to come back.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct LocalError {
    pub kind: ErrorKind,
    pub message: String,
    /// Sent as `Retry-After`, rounded up to whole seconds.
    pub retry_after: Option<Duration>,
}

impl LocalError {
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), retry_after: None }
    }

    #[must_use]
    pub const fn retry_after(mut self, wait: Duration) -> Self {
        self.retry_after = Some(wait);
        self
    }
}

/// A 502: the client's protocol has room for arguments that are a JSON object alone, and the
/// model wrote others for this call.
pub fn unusable_arguments(call: &Part) -> LocalError {
    let name = match call {
        Part::ToolUse(ToolUse { name, .. }) => name.as_str(),
        _ => "",
    };
    let message = format!("the model's arguments for the tool `{name}` are not a JSON object");
    LocalError::new(ErrorKind::BadGateway, message)
}
