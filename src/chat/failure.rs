//! What an upstream says when it does not answer.

use std::time::Duration;

/// An upstream's error in its own words, sorted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    pub kind: FailureKind,
    pub message: String,
    /// The upstream's own name for it: `context_length_exceeded`, `RESOURCE_EXHAUSTED`.
    pub code: Option<String>,
    /// How long the body says to wait. Headers are the caller's to read.
    pub retry_after: Option<Duration>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureKind {
    /// The request is at fault: 400, 409, 422.
    InvalidRequest,
    /// Our credential is at fault: 401, most of 403, a key Google calls invalid.
    Credential,
    /// The account cannot pay: 402, `insufficient_quota`. Waiting does not help.
    Billing,
    /// The credential is good, this use of it is not allowed.
    Forbidden,
    /// No such model.
    NotFound,
    TooLarge,
    RateLimited,
    /// 503, 529: come back later.
    Overloaded,
    /// 500 and its kin.
    Internal,
    Timeout,
    /// Not an error the upstream told: its answer broke off or made no sense.
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
