//! The `error` event of a Responses stream (`openai.types.responses.ResponseErrorEvent`).

use serde_json::{Value, json};

use crate::protocol::error::LocalError;

/// `sequence_number` is what the type asks for; a torn stream has lost its count.
pub fn stream_event(error: &LocalError) -> Value {
    json!({
        "type": "error",
        "code": "server_error",
        "message": error.message,
        "param": null,
        "sequence_number": 0,
    })
}
