//! `openai.types.chat.ChatCompletion`, both ways.

use serde_json::{Value, json};

use super::content::extra_content;
use super::stream;
use super::terms::{annotation, finish_name, finish_reason};
use super::wire::{Completion, Usage};
use crate::chat::{Failure, Maker, Part, Response, Thinking, ToolUse};
use crate::protocol::context::ResponseContext;
use crate::protocol::error_report::decode_error_event;
use crate::protocol::framing::Frame;
use crate::protocol::json::nonsense;

pub fn decode(body: &str) -> Result<Response, Failure> {
    let completion: Completion<'_> = serde_json::from_str(body).map_err(|error| nonsense(&error))?;
    if completion.error.is_some() {
        return Err(decode_error_event(body.as_bytes()));
    }
    let first = completion.choices.first();
    let Some((choice, message)) = first.and_then(|choice| Some((choice, choice.message()?))) else {
        return Err(Failure::broken("the upstream's answer has no message"));
    };
    let mut frame = Frame::default();
    frame.start(completion.id.some(), completion.model.some(), None);
    stream::take_delta(message, &mut frame);
    if let Some(usage) = completion.usage {
        frame.usage(usage.to_chat());
    }
    let has_refused = message.refusal.some().is_some();
    frame.finish(finish_reason(&choice.finish_reason, has_refused));
    frame.into_response()
}

pub fn encode(response: &Response, context: &ResponseContext) -> Value {
    let mut body = json!({
        "id": context.id("chatcmpl-"),
        "object": "chat.completion",
        "created": context.created,
        "model": context.model,
        "choices": [{
            "index": 0,
            "message": encode_message(response, context),
            "logprobs": null,
            "finish_reason": finish_name(&response.finish),
        }],
    });
    if let Some(usage) = response.usage {
        body["usage"] = json!(Usage::of_chat(usage));
    }
    body
}

fn encode_message(response: &Response, context: &ResponseContext) -> Value {
    let (mut text, mut thoughts, mut calls, mut annotations) = (String::new(), String::new(), vec![], vec![]);
    let (mut signature, mut offset) = (None, 0);
    for (number, part) in response.parts.iter().enumerate() {
        match part {
            Part::Text { text: more, citations } => {
                annotations.extend(citations.iter().map(|citation| annotation(citation, offset)));
                text.push_str(more);
                offset += more.chars().count();
            }
            Part::Thinking(Thinking { text: more, signature: own }) => {
                thoughts.push_str(more);
                signature = own.as_ref().filter(|own| own.maker == Maker::Gemini);
            }
            Part::ToolUse(call) => {
                let mut call = encode_call(call, number, context);
                if let Some(signature) = signature.take() {
                    call["extra_content"] = extra_content(signature);
                }
                calls.push(call);
            }
            // The protocol has no field for thoughts that only their maker can read.
            _ => {}
        }
    }
    let content = if text.is_empty() && !calls.is_empty() { Value::Null } else { json!(text) };
    let mut message = json!({"role": "assistant", "content": content, "refusal": null});
    if !thoughts.is_empty() {
        message["reasoning_content"] = json!(thoughts);
    }
    if !annotations.is_empty() {
        message["annotations"] = Value::Array(annotations);
    }
    if !calls.is_empty() {
        message["tool_calls"] = Value::Array(calls);
    }
    message
}

fn encode_call(call: &ToolUse, number: usize, context: &ResponseContext) -> Value {
    let id = context.call_id(&call.id, "call_", number);
    let name = context.tool_names.original(&call.name);
    if context.is_freeform(name) {
        let input =
            if call.freeform { call.arguments.clone() } else { ToolUse::freeform_text(&call.arguments) };
        return json!({"id": id, "type": "custom", "custom": {"name": name, "input": input}});
    }
    json!({"id": id, "type": "function", "function": {"name": name, "arguments": call.arguments_json()}})
}
