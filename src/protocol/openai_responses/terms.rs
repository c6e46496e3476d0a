//! Terms of Responses and their neutral counterparts, both ways: how an answer ended, error
//! codes and citations.

use serde_json::{Value, json};

use super::wire;
use crate::chat::{Citation, Failure, FailureKind, FinishReason};

/// From `status` and `incomplete_details.reason`; neither mentions a refusal.
pub fn finish_reason(status: &str, incomplete_reason: &str, has_refused: bool) -> FinishReason {
    match (status, incomplete_reason) {
        ("incomplete", "content_filter") => FinishReason::ContentFilter,
        ("incomplete", _) => FinishReason::Length,
        _ if has_refused => FinishReason::Refusal,
        _ => FinishReason::Stop,
    }
}

/// `incomplete_details.reason`; `None` for an answer that is complete.
pub fn incomplete_reason(finish: &FinishReason) -> Option<&'static str> {
    match finish {
        FinishReason::Length | FinishReason::ContextWindow => Some("max_output_tokens"),
        FinishReason::ContentFilter => Some("content_filter"),
        _ => None,
    }
}

/// `ResponseError.code`, one of a closed list.
pub const fn error_code(failure: &Failure) -> &'static str {
    match failure.kind {
        FailureKind::RateLimited => "rate_limit_exceeded",
        FailureKind::InvalidRequest | FailureKind::TooLarge => "invalid_prompt",
        _ => "server_error",
    }
}

/// `None` for an annotation without a URL.
pub fn citation(found: &wire::Annotation<'_>) -> Option<Citation> {
    Some(Citation {
        url: found.url.owned()?,
        title: found.title.owned().unwrap_or_default(),
        cited_text: String::new(),
        span: found.start_index.zip(found.end_index),
    })
}

/// `AnnotationURLCitation`.
pub fn annotation(citation: &Citation) -> Value {
    let (start, end) = citation.span.unwrap_or_default();
    json!({
        "type": "url_citation",
        "url": citation.url,
        "title": citation.title,
        "start_index": start,
        "end_index": end,
    })
}
