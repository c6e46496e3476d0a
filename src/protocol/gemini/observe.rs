//! The usage and the end of Gemini's answers, read without decoding the rest.

use memchr::{memchr, memmem};
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::wire::Usage;
use crate::chat;
use crate::protocol::json::or_default;
use crate::protocol::progress::Progress;
use crate::protocol::scan::has;

const USAGE: &[u8] = b"\"usageMetadata\"";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Chunk {
    #[serde(default)]
    usage_metadata: Option<Usage>,
    #[serde(default, deserialize_with = "or_default")]
    candidates: Vec<Candidate>,
    #[serde(default)]
    prompt_feedback: Option<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Candidate {
    #[serde(default)]
    finish_reason: Option<IgnoredAny>,
}

/// Reads the data of one event. No event says that the stream is over.
pub fn read(data: &[u8], progress: &mut Progress) {
    if !has(data, USAGE) && !has(data, b"\"finishReason\"") && !has(data, b"\"promptFeedback\"") {
        return;
    }
    let Ok(chunk) = serde_json::from_slice::<Chunk>(data) else { return };
    progress.is_finished |= chunk.prompt_feedback.is_some()
        || chunk.candidates.iter().any(|candidate| candidate.finish_reason.is_some());
    progress.usage = chunk.usage_metadata.map(Usage::to_chat).or(progress.usage);
}

/// The `usageMetadata` object of a whole answer.
pub fn usage(json: &[u8]) -> Option<chat::Usage> {
    serde_json::from_slice(json).ok().map(Usage::to_chat)
}

/// The last `usageMetadata` in the end of a JSON array.
pub fn last_usage(tail: &[u8]) -> Option<chat::Usage> {
    let at = memmem::rfind(tail, USAGE)?;
    let colon = at + memchr(b':', &tail[at..])?;
    let mut values = serde_json::Deserializer::from_slice(&tail[colon + 1..]).into_iter::<Usage>();
    values.next()?.ok().map(Usage::to_chat)
}
