//! The usage and the end of a message, read without decoding the rest.

use serde::Deserialize;

use super::wire::Usage;
use crate::chat;
use crate::protocol::progress::Progress;
use crate::protocol::scan::has;

#[derive(Deserialize)]
struct Event {
    r#type: String,
    #[serde(default)]
    message: Option<Message>,
    #[serde(default)]
    usage: Option<Usage>,
}

#[derive(Deserialize)]
struct Message {
    #[serde(default)]
    usage: Option<Usage>,
}

/// Reads the data of one event. `message_start` counts the input, `message_delta` the output.
pub fn read(data: &[u8], progress: &mut Progress) {
    if !has(data, b"message_start") && !has(data, b"message_delta") && !has(data, b"message_stop") {
        return;
    }
    let Ok(event) = serde_json::from_slice::<Event>(data) else { return };
    progress.is_over |= event.r#type == "message_stop";
    progress.is_finished |= progress.is_over;
    for later in event.message.and_then(|message| message.usage).into_iter().chain(event.usage) {
        let mut usage = progress.usage.map(Usage::of_chat).unwrap_or_default();
        usage.update(later);
        progress.usage = Some(usage.to_chat());
    }
}

/// The `usage` object of a whole answer.
pub fn usage(json: &[u8]) -> Option<chat::Usage> {
    serde_json::from_slice(json).ok().map(Usage::to_chat)
}
