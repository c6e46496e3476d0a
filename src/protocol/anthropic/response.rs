//! `anthropic.types.Message`, both ways.

use serde_json::{Value, json};

use super::stream::take_block;
use super::terms::{encode_citation, finish_reason, stop_reason};
use super::wire::{Message, Usage};
use crate::chat::{Failure, FinishReason, Maker, Part, Response, Thinking};
use crate::protocol::context::ResponseContext;
use crate::protocol::error::{LocalError, unusable_arguments};
use crate::protocol::error_report::decode_error_event;
use crate::protocol::framing::Frame;
use crate::protocol::json::nonsense;

pub fn decode(body: &str) -> Result<Response, Failure> {
    let message: Message<'_> = serde_json::from_str(body).map_err(|error| nonsense(&error))?;
    if message.error.is_some() {
        return Err(decode_error_event(body.as_bytes()));
    }
    if message.kind.some().is_some_and(|kind| kind != "message") {
        return Err(Failure::broken("the upstream's answer is not a message"));
    }
    let mut frame = Frame::default();
    frame.start(message.id.some(), message.model.some(), None);
    for (key, block) in (0..).zip(&message.content) {
        take_block(key, block, &mut frame);
        frame.call_is_whole(key);
        frame.part_is_whole();
    }
    if let Some(usage) = message.usage {
        frame.usage(usage.to_chat());
    }
    frame.finish(finish_reason(&message.stop_reason, &message.stop_sequence));
    frame.into_response()
}

/// Fails if arguments are not a JSON object, unless a token limit cut them off.
pub fn encode(response: &Response, context: &ResponseContext) -> Result<Value, LocalError> {
    let mut blocks = Vec::new();
    let length = response.parts.iter().rposition(|part| !is_wordless(part)).map_or(0, |last| last + 1);
    for (number, part) in response.parts[..length].iter().enumerate() {
        match encode_part(part, number, context) {
            Some(block) => blocks.push(block),
            None if response.finish == FinishReason::Length => {}
            None => return Err(unusable_arguments(part)),
        }
    }
    let (stop_reason, stop_sequence) = stop_reason(&response.finish);
    Ok(json!({
        "id": context.id("msg_"),
        "type": "message",
        "role": "assistant",
        "model": context.model,
        "content": blocks,
        "stop_reason": stop_reason,
        "stop_sequence": stop_sequence,
        "usage": Usage::of_chat(response.usage.unwrap_or_default()),
    }))
}

/// A signature without words. At the end it is left out: clients take the last block for the
/// answer.
fn is_wordless(part: &Part) -> bool {
    matches!(part, Part::Thinking(Thinking { text, .. }) if text.is_empty())
}

fn encode_part(part: &Part, number: usize, context: &ResponseContext) -> Option<Value> {
    Some(match part {
        Part::Text { text, citations } if citations.is_empty() => json!({"type": "text", "text": text}),
        Part::Text { text, citations } => {
            let citations: Vec<Value> = citations.iter().map(encode_citation).collect();
            json!({"type": "text", "text": text, "citations": citations})
        }
        Part::Thinking(Thinking { text, signature }) => {
            let signature = signature.as_ref().map(|s| s.wrap(Maker::Anthropic)).unwrap_or_default();
            json!({"type": "thinking", "thinking": text, "signature": signature})
        }
        Part::RedactedThinking(signature) => {
            json!({"type": "redacted_thinking", "data": signature.wrap(Maker::Anthropic)})
        }
        Part::ToolUse(call) => json!({
            "type": "tool_use",
            "id": context.call_id(&call.id, "toolu_", number),
            "name": context.tool_names.original(&call.name),
            "input": call.arguments_object()?,
        }),
        _ => return None,
    })
}
