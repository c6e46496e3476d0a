//! How a Responses stream says that it failed (`openai.types.responses.ResponseErrorEvent`
//! and `ResponseFailedEvent`).

use serde_json::{Value, json};

use super::response::{Ending, encode_envelope};
use crate::chat::Failure;
use crate::protocol::context::ResponseContext;
use crate::protocol::error::LocalError;

/// The events by themselves: SDKs raise at the first, Codex goes by the second. A torn
/// stream has lost its count and its id, but the types ask for them.
pub fn stream_events(error: &LocalError, request_id: &str) -> [Value; 2] {
    let mut told = event_body("server_error", &error.message);
    told["type"] = json!("error");
    told["sequence_number"] = json!(0);
    let failure = Failure::broken(&error.message);
    let context = ResponseContext::new(request_id, 0, "");
    let response = encode_envelope(&context, &[], &Ending::Failed(&failure), None);
    [told, json!({"type": "response.failed", "sequence_number": 1, "response": response})]
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
