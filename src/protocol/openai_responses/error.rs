//! How a Responses stream reports its failure (`openai.types.responses.ResponseErrorEvent` and
//! `ResponseFailedEvent`).

use serde_json::{Value, json};

use super::response::{Ending, encode_envelope};
use crate::chat::Failure;
use crate::protocol::context::ResponseContext;
use crate::protocol::error::LocalError;

/// The two events alone: SDKs raise at the first, Codex reads the second. The sequence numbers
/// and the id, which the types require, are not those of the stream that broke.
pub fn stream_events(error: &LocalError, request_id: &str) -> [Value; 2] {
    let mut event = event_body("server_error", &error.message);
    event["type"] = json!("error");
    event["sequence_number"] = json!(0);
    let failure = Failure::broken(&error.message);
    let context = ResponseContext::new(request_id, 0, "");
    let response = encode_envelope(&context, &[], &Ending::Failed(&failure), None);
    [event, json!({"type": "response.failed", "sequence_number": 1, "response": response})]
}

/// `error` is not in the type, but OpenAI sends it, and the SDKs raise only where it is
/// (`openai._streaming.Stream`): without it a broken answer passes for a whole one.
pub fn event_body(code: &str, message: &str) -> Value {
    json!({
        "code": code,
        "message": message,
        "param": null,
        "error": {"type": code, "code": code, "message": message, "param": null},
    })
}
