//! What an upstream's failure becomes for the client.

use http::StatusCode;

use super::{ErrorKind, LocalError};
use crate::chat::{Failure, FailureKind};

/// The upstream's failure as an error of ours. A refused credential is never a 401 or 403
/// for the client: Claude Code logs its user out on one, and the key it concerns is ours.
pub fn for_client(failure: &Failure) -> LocalError {
    let kind = match failure.kind {
        FailureKind::InvalidRequest => ErrorKind::InvalidRequest,
        FailureKind::Credential | FailureKind::Broken => ErrorKind::BadGateway,
        FailureKind::Billing | FailureKind::Forbidden | FailureKind::Overloaded => ErrorKind::Unavailable,
        FailureKind::NotFound => ErrorKind::ModelNotFound,
        FailureKind::TooLarge => ErrorKind::TooLarge,
        FailureKind::RateLimited => ErrorKind::RateLimited,
        FailureKind::Internal => ErrorKind::Internal,
        FailureKind::Timeout => ErrorKind::GatewayTimeout,
    };
    let message = match failure.kind {
        FailureKind::Credential => {
            format!("the upstream refused its account's credential: {}", failure.message)
        }
        FailureKind::Billing => format!("the upstream account cannot pay: {}", failure.message),
        _ => failure.message.clone(),
    };
    LocalError { kind, message, retry_after: failure.retry_after }
}

/// What a status says where the body says nothing better.
pub fn kind_of_status(status: StatusCode) -> FailureKind {
    match status.as_u16() {
        401 => FailureKind::Credential,
        402 => FailureKind::Billing,
        403 => FailureKind::Forbidden,
        404 | 410 => FailureKind::NotFound,
        408 | 504 => FailureKind::Timeout,
        413 => FailureKind::TooLarge,
        429 => FailureKind::RateLimited,
        502 | 503 | 529 => FailureKind::Overloaded,
        400..=499 => FailureKind::InvalidRequest,
        _ => FailureKind::Internal,
    }
}

/// What a body tells of, or the status where that is the more exact of the two: what is
/// invalid may be too large, and what is internal overloaded.
pub fn closer_kind(told: FailureKind, status: StatusCode) -> FailureKind {
    match (told, kind_of_status(status)) {
        (FailureKind::InvalidRequest, closer @ FailureKind::TooLarge)
        | (FailureKind::Internal, closer @ (FailureKind::Overloaded | FailureKind::Timeout)) => closer,
        _ => told,
    }
}

/// A body that is not the protocol's own error: a gateway's page, a plain line, nothing.
pub fn of_stranger(status: StatusCode, body: &[u8]) -> Failure {
    let text = String::from_utf8_lossy(body);
    let text = text.trim();
    let is_page = text.starts_with('<');
    let reason = status.canonical_reason().unwrap_or("no reason given");
    let message = if text.is_empty() || is_page {
        format!("the upstream answered {} ({reason})", status.as_u16())
    } else {
        format!("the upstream answered {}: {}", status.as_u16(), text.chars().take(500).collect::<String>())
    };
    Failure::new(kind_of_status(status), message)
}
