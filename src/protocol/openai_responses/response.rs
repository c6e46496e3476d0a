//! `openai.types.responses.Response`, both ways.

use serde_json::{Value, json};

use super::namespace;
use super::stream;
use super::wire::{self, Usage};
use crate::chat::{
    self, Citation, Collector, Failure, FailureKind, FinishReason, Maker, Part, Response, Signature,
    Thinking, ToolUse,
};
use crate::protocol::context::ResponseContext;
use crate::protocol::error_report::decode_error_event;
use crate::protocol::framing::Frame;

pub fn decode(body: &str) -> Result<Response, Failure> {
    let response: wire::Response<'_> = serde_json::from_str(body)
        .map_err(|error| Failure::broken(format!("the upstream's answer makes no sense: {error}")))?;
    if response.error.is_some() {
        return Err(decode_error_event(body.as_bytes()));
    }
    if !matches!(&*response.status, "" | "completed" | "incomplete") {
        return Err(Failure::broken(format!("the upstream's answer is {}", &*response.status)));
    }
    let mut frame = Frame::default();
    frame.start(response.id.some(), response.model.some(), None);
    let mut has_refused = false;
    for (key, item) in (0..).zip(&response.output) {
        has_refused |= take_item(key, item, &mut frame);
    }
    stream::end(&response, has_refused, &mut frame);
    let mut collector = Collector::default();
    frame.events.into_iter().for_each(|event| collector.push(event));
    collector.finish()
}

/// A whole item; says whether it is a refusal.
pub fn take_item(key: u64, item: &wire::Item<'_>, frame: &mut Frame) -> bool {
    match &*item.kind {
        "message" => {
            for content in &item.content {
                frame.text(&content.text);
                frame.text(&content.refusal);
                for found in content.annotations.iter().filter_map(stream::citation) {
                    frame.citation(found);
                }
            }
            frame.part_is_whole();
        }
        "reasoning" => {
            let texts: Vec<&str> = item.summary.iter().chain(&item.content).map(|c| &*c.text).collect();
            frame.thinking(&texts.join("\n\n"));
            take_signature(item, frame);
        }
        "function_call" | "custom_tool_call" => {
            let is_freeform = &*item.kind == "custom_tool_call";
            frame.call(key, &item.call_id, &item.name, is_freeform);
            frame.arguments(key, if is_freeform { &item.input } else { &item.arguments });
            frame.call_is_whole(key);
        }
        // What OpenAI's own tools did on its own side.
        _ => {}
    }
    item.content.iter().any(|content| content.refusal.some().is_some())
}

/// The proof at the end of a reasoning item, with the id that must return with it.
pub fn take_signature(item: &wire::Item<'_>, frame: &mut Frame) {
    if let Some(value) = item.encrypted_content.some() {
        frame.signature(Signature { maker: Maker::OpenAi, id: item.id.owned(), value: value.to_owned() });
    }
    frame.part_is_whole();
}

pub fn encode(response: &Response, context: &ResponseContext) -> Value {
    let items = response.parts.iter().enumerate();
    let output: Vec<Value> = items.filter_map(|(number, part)| encode_item(part, number, context)).collect();
    encode_envelope(context, &output, &Ending::Finished(&response.finish), response.usage)
}

/// How far the answer has come.
pub enum Ending<'a> {
    InProgress,
    Finished(&'a FinishReason),
    Failed(&'a Failure),
}

/// `Response` around its items; used whole and, in a stream, in its first and last events.
pub fn encode_envelope(
    context: &ResponseContext,
    output: &[Value],
    ending: &Ending<'_>,
    usage: Option<chat::Usage>,
) -> Value {
    let (status, reason) = match ending {
        Ending::InProgress => ("in_progress", None),
        Ending::Failed(_) => ("failed", None),
        Ending::Finished(finish) => match incomplete_reason(finish) {
            Some(reason) => ("incomplete", Some(json!({"reason": reason}))),
            None => ("completed", None),
        },
    };
    let error = match ending {
        Ending::Failed(failure) => Some(encode_error(failure)),
        _ => None,
    };
    json!({
        "id": context.id("resp_"),
        "object": "response",
        "created_at": context.created,
        "status": status,
        "error": error,
        "incomplete_details": reason,
        "instructions": null,
        "metadata": {},
        "model": context.model,
        "output": output,
        "parallel_tool_calls": true,
        "temperature": null,
        "tool_choice": "auto",
        "tools": [],
        "top_p": null,
        "usage": usage.map(Usage::of_chat),
    })
}

pub fn incomplete_reason(finish: &FinishReason) -> Option<&'static str> {
    match finish {
        FinishReason::Length | FinishReason::ContextWindow => Some("max_output_tokens"),
        FinishReason::ContentFilter => Some("content_filter"),
        _ => None,
    }
}

fn encode_error(failure: &Failure) -> Value {
    json!({"code": error_code(failure), "message": failure.message})
}

/// `ResponseError.code`, which is a closed list.
pub const fn error_code(failure: &Failure) -> &'static str {
    match failure.kind {
        FailureKind::RateLimited => "rate_limit_exceeded",
        FailureKind::InvalidRequest | FailureKind::TooLarge => "invalid_prompt",
        _ => "server_error",
    }
}

/// One part as one item, whole.
pub fn encode_item(part: &Part, number: usize, context: &ResponseContext) -> Option<Value> {
    Some(match part {
        Part::Text { text, citations } => json!({
            "type": "message",
            "id": context.item_id("msg_", number),
            "status": "completed",
            "role": "assistant",
            "content": [encode_text(text, citations)],
        }),
        Part::Thinking(Thinking { text, signature }) => {
            let slot = signature.as_ref().map(|signature| signature.wrap(Maker::OpenAi));
            encode_reasoning(&reasoning_id(signature.as_ref(), number, context), text, slot)
        }
        Part::RedactedThinking(signature) => encode_reasoning(
            &context.item_id("rs_", number),
            "",
            Some(signature.wrap_redacted(Maker::OpenAi)),
        ),
        Part::ToolUse(call) => encode_call(call, number, context),
        _ => return None,
    })
}

pub fn encode_text(text: &str, citations: &[Citation]) -> Value {
    let annotations: Vec<Value> = citations.iter().map(annotation).collect();
    json!({"type": "output_text", "text": text, "annotations": annotations, "logprobs": []})
}

/// `AnnotationURLCitation`.
pub fn annotation(citation: &Citation) -> Value {
    let (start, end) = citation.span.unwrap_or_default();
    json!({
        "type": "url_citation",
        "url": citation.url,
        "title": citation.title,
        "start_index": start,
        "end_index": end,
    })
}

/// OpenAI's own id where there is one: it must return with what it signed.
fn reasoning_id(signature: Option<&Signature>, number: usize, context: &ResponseContext) -> String {
    let own = signature.filter(|own| own.maker == Maker::OpenAi).and_then(|own| own.id.clone());
    own.unwrap_or_else(|| context.item_id("rs_", number))
}

pub fn encode_reasoning(id: &str, text: &str, slot: Option<String>) -> Value {
    let summary =
        if text.is_empty() { Vec::new() } else { vec![json!({"type": "summary_text", "text": text})] };
    let mut item = json!({"type": "reasoning", "id": id, "summary": summary});
    if let Some(slot) = slot {
        item["encrypted_content"] = json!(slot);
    }
    item
}

pub fn encode_call(call: &ToolUse, number: usize, context: &ResponseContext) -> Value {
    let call_id = context.call_id(&call.id, "call_", number);
    let joined = context.tool_names.original(&call.name);
    let (namespace, name) = namespace::split(joined);
    let mut item = if context.is_freeform(joined) {
        let input =
            if call.freeform { call.arguments.clone() } else { ToolUse::freeform_text(&call.arguments) };
        json!({
            "type": "custom_tool_call",
            "id": context.item_id("ctc_", number),
            "call_id": call_id,
            "name": name,
            "input": input,
            "status": "completed",
        })
    } else {
        json!({
            "type": "function_call",
            "id": context.item_id("fc_", number),
            "call_id": call_id,
            "name": name,
            "arguments": call.arguments_json(),
            "status": "completed",
        })
    };
    if let Some(namespace) = namespace {
        item["namespace"] = json!(namespace);
    }
    item
}
