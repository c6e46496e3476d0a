//! The usage and the end of a Responses answer, read without decoding the rest.

use serde::Deserialize;

use super::wire::Usage;
use crate::chat;
use crate::protocol::progress::Progress;
use crate::protocol::scan::has;

/// The events that carry a finished response.
const LAST_EVENTS: [&[u8]; 3] =
    [b"\"response.completed\"", b"\"response.incomplete\"", b"\"response.failed\""];

#[derive(Deserialize)]
struct Event {
    #[serde(default)]
    response: Option<Response>,
}

#[derive(Deserialize)]
struct Response {
    #[serde(default)]
    usage: Option<Usage>,
    #[serde(default)]
    status: Option<String>,
}

/// Reads the data of one event.
pub fn read(data: &[u8], progress: &mut Progress) {
    if !LAST_EVENTS.iter().any(|name| has(data, name)) {
        return;
    }
    let Ok(Event { response: Some(response) }) = serde_json::from_slice(data) else { return };
    match response.status.as_deref() {
        Some("in_progress") => {}
        Some("failed") => progress.has_failed = true,
        _ => {
            progress.is_finished = true;
            progress.is_over = true;
        }
    }
    progress.usage = response.usage.map(Usage::to_chat).or(progress.usage);
}

/// The `usage` object of a whole answer.
pub fn usage(json: &[u8]) -> Option<chat::Usage> {
    serde_json::from_slice(json).ok().map(Usage::to_chat)
}
