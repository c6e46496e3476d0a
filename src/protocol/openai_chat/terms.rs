//! Terms of chat completions and their neutral counterparts, both ways: finish reasons and
//! citations.

use serde_json::{Value, json};

use super::wire;
use crate::chat::{Citation, FinishReason};

/// `has_refused`: the answer has a `refusal`, which the reason does not mention.
pub fn finish_reason(reason: &str, has_refused: bool) -> FinishReason {
    match reason {
        "" | "stop" if has_refused => FinishReason::Refusal,
        "" | "stop" => FinishReason::Stop,
        "length" => FinishReason::Length,
        "tool_calls" | "function_call" => FinishReason::ToolUse,
        "content_filter" => FinishReason::ContentFilter,
        other => FinishReason::Other(other.to_owned()),
    }
}

/// `finish_reason`.
pub const fn finish_name(finish: &FinishReason) -> &'static str {
    match finish {
        FinishReason::Stop | FinishReason::StopSequence(_) | FinishReason::Pause | FinishReason::Other(_) => {
            "stop"
        }
        FinishReason::Length | FinishReason::ContextWindow => "length",
        FinishReason::ToolUse => "tool_calls",
        FinishReason::ContentFilter | FinishReason::Refusal => "content_filter",
    }
}

/// `None` for an annotation without a URL.
pub fn citation(annotation: &wire::Annotation<'_>) -> Option<Citation> {
    let found = annotation.url_citation.as_ref()?;
    Some(Citation {
        url: found.url.owned()?,
        title: found.title.owned().unwrap_or_default(),
        cited_text: String::new(),
        span: found.start_index.zip(found.end_index),
    })
}

/// `AnnotationURLCitation`. `offset`: where the cited text begins in the answer, in characters.
pub fn annotation(citation: &Citation, offset: usize) -> Value {
    let (start, end) = citation.span.unwrap_or_default();
    json!({"type": "url_citation", "url_citation": {
        "url": citation.url,
        "title": citation.title,
        "start_index": offset + start,
        "end_index": offset + end,
    }})
}
