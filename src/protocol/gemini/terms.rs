//! Terms of Gemini and their neutral counterparts, both ways: finish reasons and the sources of an
//! answer.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::wire::Grounding;
use crate::chat::{Citation, FinishReason, work};

/// Finish reasons of a failed attempt, not of an answer. Clients retry a failure, but would
/// take a stop for an empty answer.
pub const UNUSABLE: [&str; 5] = [
    "MALFORMED_FUNCTION_CALL",
    "UNEXPECTED_TOOL_CALL",
    "TOO_MANY_TOOL_CALLS",
    "MISSING_THOUGHT_SIGNATURE",
    "MALFORMED_RESPONSE",
];

/// `google.genai.types.FinishReason`, except those that are [`UNUSABLE`].
pub fn finish_reason(reason: &str) -> FinishReason {
    match reason {
        "STOP" | "FINISH_REASON_UNSPECIFIED" => FinishReason::Stop,
        "MAX_TOKENS" => FinishReason::Length,
        "SAFETY"
        | "RECITATION"
        | "BLOCKLIST"
        | "PROHIBITED_CONTENT"
        | "SPII"
        | "MODEL_ARMOR"
        | "IMAGE_SAFETY"
        | "IMAGE_PROHIBITED_CONTENT"
        | "IMAGE_RECITATION" => FinishReason::ContentFilter,
        other => FinishReason::Other(other.to_owned()),
    }
}

/// `finishReason`.
pub const fn finish_name(finish: &FinishReason) -> &'static str {
    match finish {
        FinishReason::Stop
        | FinishReason::StopSequence(_)
        | FinishReason::ToolUse
        | FinishReason::Pause
        | FinishReason::Other(_) => "STOP",
        FinishReason::Length | FinishReason::ContextWindow => "MAX_TOKENS",
        FinishReason::ContentFilter | FinishReason::Refusal => "SAFETY",
    }
}

/// Calls `take` with each source, until it returns false.
pub fn citations(grounding: &Grounding<'_>, mut take: impl FnMut(Citation) -> bool) {
    // The first text that each source supports.
    let mut cited: HashMap<usize, &str> = HashMap::new();
    for support in &grounding.grounding_supports {
        for index in &support.grounding_chunk_indices {
            work::step();
            cited.entry(*index).or_insert(&support.segment.text);
        }
    }
    for (index, chunk) in grounding.grounding_chunks.iter().enumerate() {
        let Some(web) = &chunk.web else { continue };
        let Some(url) = web.uri.owned() else { continue };
        let citation = Citation {
            url,
            title: web.title.owned().unwrap_or_default(),
            cited_text: cited.get(&index).copied().unwrap_or_default().to_owned(),
            span: None,
        };
        if !take(citation) {
            return;
        }
    }
}

/// `GroundingMetadata`: the sources, and the text that each supports.
pub fn grounding<'a>(citations: impl IntoIterator<Item = &'a Citation>) -> Value {
    let (mut chunks, mut supports) = (Vec::new(), Vec::new());
    for (index, citation) in citations.into_iter().enumerate() {
        chunks.push(json!({"web": {"uri": citation.url, "title": citation.title}}));
        if !citation.cited_text.is_empty() {
            supports.push(json!({
                "segment": {"text": citation.cited_text},
                "groundingChunkIndices": [index],
            }));
        }
    }
    json!({"groundingChunks": chunks, "groundingSupports": supports})
}
