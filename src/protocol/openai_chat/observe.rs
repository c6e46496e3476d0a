//! The usage and the end of a chat answer, read without decoding the rest.

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::wire::Usage;
use crate::chat;
use crate::protocol::json::or_default;
use crate::protocol::progress::Progress;
use crate::protocol::scan::has;

#[derive(Deserialize)]
struct Chunk {
    #[serde(default)]
    usage: Option<Usage>,
    #[serde(default, deserialize_with = "or_default")]
    choices: Vec<Choice>,
}

#[derive(Deserialize)]
struct Choice {
    #[serde(default)]
    finish_reason: Option<IgnoredAny>,
}

/// Reads the data of one event. Usage comes in a chunk of its own, after the finish reason.
pub fn read(data: &[u8], progress: &mut Progress) {
    if data == b"[DONE]" {
        progress.is_finished = true;
        progress.is_over = true;
    } else if has(data, b"\"usage\"") || (!progress.is_finished && has(data, b"\"finish_reason\"")) {
        let Ok(chunk) = serde_json::from_slice::<Chunk>(data) else { return };
        progress.is_finished |= chunk.choices.iter().any(|choice| choice.finish_reason.is_some());
        progress.usage = chunk.usage.map(Usage::to_chat).or(progress.usage);
    }
}

/// The `usage` object of a whole answer.
pub fn usage(json: &[u8]) -> Option<chat::Usage> {
    serde_json::from_slice(json).ok().map(Usage::to_chat)
}
