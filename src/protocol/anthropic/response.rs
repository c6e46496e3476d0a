//! `anthropic.types.Message`, both ways.

use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::stream;
use super::wire::{Block, Message, Usage};
use crate::chat::{
    Citation, Collector, Failure, FinishReason, Maker, Part, Response, Signature, Thinking, ToolUse,
};
use crate::protocol::context::ResponseContext;
use crate::protocol::error_report::decode_error_event;
use crate::protocol::framing::Frame;
use crate::protocol::{ErrorKind, LocalError};

pub fn decode(body: &str) -> Result<Response, Failure> {
    let message: Message<'_> = serde_json::from_str(body)
        .map_err(|error| Failure::broken(format!("the upstream's answer makes no sense: {error}")))?;
    if message.error.is_some() {
        return Err(decode_error_event(body.as_bytes()));
    }
    if message.kind.some().is_some_and(|kind| kind != "message") {
        return Err(Failure::broken("the upstream's answer is no message"));
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
    frame.finish(stream::finish_reason(&message.stop_reason, &message.stop_sequence));
    let mut collector = Collector::default();
    frame.events.into_iter().for_each(|event| collector.push(event));
    collector.finish()
}

/// A block, whole or (in a stream) as it starts.
pub fn take_block(key: u64, block: &Block<'_>, frame: &mut Frame) {
    match &*block.kind {
        "text" => {
            frame.text(&block.text);
            for found in block.citations.iter().filter_map(stream::citation) {
                frame.citation(found);
            }
        }
        "thinking" => {
            frame.thinking(&block.thinking);
            if let Some(signature) = block.signature.some() {
                frame.signature(Signature::new(Maker::Anthropic, signature));
            }
        }
        "redacted_thinking" => frame.redacted(Signature::new(Maker::Anthropic, &*block.data)),
        "tool_use" => {
            frame.call(key, &block.id, &block.name, false);
            // In a stream this is an empty object, and the arguments follow in pieces.
            if let Some(input) = block.input.map(RawValue::get).filter(|input| *input != "{}") {
                frame.arguments(key, input);
            }
        }
        // What Anthropic's own tools did on its own side: nothing the client has a part in.
        _ => {}
    }
}

/// Fails if arguments are no JSON object, unless a token limit explains it.
pub fn encode(response: &Response, context: &ResponseContext) -> Result<Value, LocalError> {
    let mut blocks = Vec::new();
    let told = response.parts.iter().rposition(|part| !is_wordless(part)).map_or(0, |last| last + 1);
    for (number, part) in response.parts[..told].iter().enumerate() {
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

/// A signature without words at the end: clients take the last block for the answer.
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

pub fn unusable_arguments(part: &Part) -> LocalError {
    let name = match part {
        Part::ToolUse(ToolUse { name, .. }) => name.as_str(),
        _ => "",
    };
    let message = format!("the model's arguments for the tool `{name}` are not a JSON object");
    LocalError::new(ErrorKind::BadGateway, message)
}

/// `CitationsWebSearchResultLocation`, whose index only Anthropic itself could make.
pub fn encode_citation(citation: &Citation) -> Value {
    json!({
        "type": "web_search_result_location",
        "url": citation.url,
        "title": citation.title,
        "cited_text": citation.cited_text,
        "encrypted_index": "",
    })
}

/// `stop_reason` and `stop_sequence`.
pub fn stop_reason(finish: &FinishReason) -> (&'static str, Option<&str>) {
    match finish {
        FinishReason::Stop | FinishReason::Other(_) => ("end_turn", None),
        FinishReason::StopSequence(sequence) => ("stop_sequence", Some(sequence)),
        FinishReason::Length => ("max_tokens", None),
        FinishReason::ContextWindow => ("model_context_window_exceeded", None),
        FinishReason::ToolUse => ("tool_use", None),
        FinishReason::ContentFilter | FinishReason::Refusal => ("refusal", None),
        FinishReason::Pause => ("pause_turn", None),
    }
}
