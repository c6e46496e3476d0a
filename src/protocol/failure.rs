//! The kinds of an upstream's failure: which name and which status stands for which, and what
//! each becomes for the client.

use http::StatusCode;

use super::{ErrorKind, LocalError};
use crate::chat::{Failure, FailureKind};

/// The upstream's failure as the client's error. A refused credential is never a 401 or 403
/// for the client: Claude Code logs its user out on one, and the refused key is not the client's.
pub fn for_client(failure: &Failure) -> LocalError {
    let kind = match failure.kind {
        FailureKind::InvalidRequest => ErrorKind::InvalidRequest,
        FailureKind::Credential | FailureKind::Broken => ErrorKind::BadGateway,
        FailureKind::Billing | FailureKind::Forbidden | FailureKind::Overloaded => ErrorKind::Unavailable,
        FailureKind::NotFound => ErrorKind::ModelNotFound,
        FailureKind::TooLarge => ErrorKind::TooLarge,
        FailureKind::RateLimited => ErrorKind::RateLimited,
        FailureKind::Internal | FailureKind::Unnamed => ErrorKind::Internal,
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

/// The names of errors, in lower case, by what they mean: OpenAI's `type` and `code`,
/// Anthropic's `type`, Google's `status` and `reason`.
const NAMES: [(FailureKind, &[&str]); 10] = [
    (
        FailureKind::InvalidRequest,
        &[
            "invalid_request_error",
            "invalid_request",
            "invalid_prompt",
            "context_length_exceeded",
            "string_above_max_length",
            "content_policy_violation",
            "content_filter",
            "unsupported_parameter",
            "invalid_value",
            "invalid_argument",
            "failed_precondition",
            "out_of_range",
            // `openai.types.responses.ResponseError.code`, of an image in the request.
            "invalid_image",
            "invalid_image_format",
            "invalid_base64_image",
            "invalid_image_url",
            "invalid_image_mode",
            "image_too_large",
            "image_too_small",
            "image_parse_error",
            "image_content_policy_violation",
            "image_file_too_large",
            "unsupported_image_media_type",
            "empty_image_file",
            "failed_to_download_image",
            "image_file_not_found",
        ],
    ),
    (
        FailureKind::Credential,
        &[
            "authentication_error",
            "invalid_api_key",
            "account_deactivated",
            "unauthenticated",
            "api_key_invalid",
            "api_key_expired",
            "api_key_service_blocked",
            "service_disabled",
        ],
    ),
    (
        FailureKind::Billing,
        &[
            "insufficient_quota",
            "billing_hard_limit_reached",
            "billing_not_active",
            "billing_error",
            "billing_disabled",
        ],
    ),
    (FailureKind::Forbidden, &["permission_error", "permission_denied"]),
    (FailureKind::NotFound, &["not_found_error", "model_not_found", "not_found"]),
    (FailureKind::TooLarge, &["request_too_large"]),
    (
        FailureKind::RateLimited,
        &["rate_limit_error", "rate_limit_exceeded", "tokens", "requests", "resource_exhausted"],
    ),
    (FailureKind::Overloaded, &["overloaded_error", "server_is_overloaded", "slow_down", "unavailable"]),
    (FailureKind::Internal, &["api_error", "server_error", "internal", "unknown"]),
    (FailureKind::Timeout, &["timeout_error", "deadline_exceeded"]),
];

/// The kind that an upstream's name for an error stands for, in lower case; `None` for an unknown name.
pub fn kind_named(name: &str) -> Option<FailureKind> {
    NAMES.iter().find(|(_, names)| names.contains(&name)).map(|&(kind, _)| kind)
}

/// The kind that a status stands for.
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

/// The kind that a body names, or that of the status where it is the more exact of the two: an
/// invalid request may be too large, an internal error an overload.
pub fn closer_kind(named: FailureKind, status: StatusCode) -> FailureKind {
    match (named, kind_of_status(status)) {
        (FailureKind::InvalidRequest, closer) if status.is_client_error() => closer,
        (FailureKind::Internal, closer @ (FailureKind::Overloaded | FailureKind::Timeout)) => closer,
        _ => named,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn each_name_is_lower_case_and_stands_for_one_kind() {
        let mut seen = HashSet::new();
        for name in NAMES.iter().flat_map(|(_, names)| *names) {
            assert_eq!(*name, name.to_lowercase());
            assert!(seen.insert(name), "{name} is there twice");
        }
        assert_eq!(kind_named("of_a_new_kind"), None);
    }
}
