//! The `error` event of a Responses stream (`openai.types.responses.ResponseErrorEvent`).

use serde_json::{Value, json};

use crate::protocol::error::LocalError;

/// The event by itself. A torn stream has lost its count, but the type asks for a number.
pub fn stream_event(error: &LocalError) -> Value {
    let mut event = event_body("server_error", &error.message);
    event["type"] = json!("error");
    event["sequence_number"] = json!(0);
    event
}

/// `error` is not in the type, but OpenAI sends it, and the SDKs raise only where it is
/// (`openai._streaming.Stream`): without it a torn answer passes for a whole one.
pub fn event_body(code: &str, message: &str) -> Value {
    json!({
        "code": code,
        "message": message,
        "param": null,
        "error": {"type": code, "code": code, "message": message, "param": null},
    })
}
