//! The failure that an upstream reports instead of an answer.

use std::time::Duration;

/// An upstream's failure: its kind, in the upstream's own words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    pub kind: FailureKind,
    pub message: String,
    /// The upstream's own name for it: `context_length_exceeded`, `RESOURCE_EXHAUSTED`.
    pub code: Option<String>,
    /// How long the error itself says to wait. The headers are not read here.
    pub retry_after: Option<Duration>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureKind {
    /// The request is at fault: 400, 409, 422.
    InvalidRequest,
    /// The account's credential is at fault: 401, or a key that Google calls invalid.
    Credential,
    /// The account cannot pay: 402, `insufficient_quota`. Waiting does not help.
    Billing,
    /// The credential is valid, and this use of it is not allowed: 403.
    Forbidden,
    /// There is no such model: 404.
    NotFound,
    TooLarge,
    RateLimited,
    /// The upstream has no room now: 503, 529.
    Overloaded,
    /// The upstream is at fault: 500.
    Internal,
    Timeout,
    /// The upstream reported an error and did not name its kind.
    Unnamed,
    /// The upstream reported no error: its answer broke off or made no sense.
    Broken,
}

impl Failure {
    pub fn new(kind: FailureKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), code: None, retry_after: None }
    }

    pub fn broken(message: impl Into<String>) -> Self {
        Self::new(FailureKind::Broken, message)
    }
}
