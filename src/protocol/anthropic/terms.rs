//! Terms of Anthropic messages and their neutral counterparts, both ways: stop reasons and
//! citations.

use serde_json::{Value, json};

use super::wire;
use crate::chat::{Citation, FinishReason};

/// `sequence`: `stop_sequence`, empty for the other reasons.
pub fn finish_reason(reason: &str, sequence: &str) -> FinishReason {
    match reason {
        "" | "end_turn" => FinishReason::Stop,
        "max_tokens" => FinishReason::Length,
        "stop_sequence" => FinishReason::StopSequence(sequence.to_owned()),
        "tool_use" => FinishReason::ToolUse,
        "refusal" => FinishReason::Refusal,
        "pause_turn" => FinishReason::Pause,
        "model_context_window_exceeded" => FinishReason::ContextWindow,
        other => FinishReason::Other(other.to_owned()),
    }
}

/// `stop_reason` and `stop_sequence`.
pub fn stop_reason(finish: &FinishReason) -> (&'static str, Option<&str>) {
    match finish {
        FinishReason::Stop | FinishReason::Other(_) => ("end_turn", None),
        FinishReason::StopSequence(sequence) => ("stop_sequence", Some(sequence)),
        FinishReason::Length => ("max_tokens", None),
        FinishReason::ContextWindow => ("model_context_window_exceeded", None),
        FinishReason::ToolUse => ("tool_use", None),
        FinishReason::ContentFilter | FinishReason::Refusal => ("refusal", None),
        FinishReason::Pause => ("pause_turn", None),
    }
}

/// `None` for a citation without a URL.
pub fn citation(found: &wire::Citation<'_>) -> Option<Citation> {
    Some(Citation {
        url: found.url.owned()?,
        title: found.title.owned().unwrap_or_default(),
        cited_text: found.cited_text.owned().unwrap_or_default(),
        span: None,
    })
}

/// `CitationsWebSearchResultLocation`. Only Anthropic can make its index, so that is empty.
pub fn encode_citation(citation: &Citation) -> Value {
    json!({
        "type": "web_search_result_location",
        "url": citation.url,
        "title": citation.title,
        "cited_text": citation.cited_text,
        "encrypted_index": "",
    })
}
