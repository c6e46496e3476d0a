//! The `error` event of a Responses stream (`openai.types.responses.ResponseErrorEvent`).

use serde_json::{Value, json};

use crate::protocol::error::LocalError;

/// `sequence_number` is what the type asks for; a torn stream has lost its count. `error`
/// is not in the type, but OpenAI sends it, and the SDKs raise only where it is
/// (`openai._streaming.Stream`): without it a torn answer passes for a whole one.
pub fn stream_event(error: &LocalError) -> Value {
    json!({
        "type": "error",
        "code": "server_error",
        "message": error.message,
        "param": null,
        "sequence_number": 0,
        "error": {"type": "server_error", "code": "server_error", "message": error.message, "param": null},
    })
}
