//! `openai.types.chat.ChatCompletionChunk`, both ways.
//!
//! ```text
//! chunk with the role, chunks, chunk with finish_reason, (chunk with usage,) [DONE]
//! ```

use bytes::{BufMut, BytesMut};
use serde::Serialize;
use serde_json::{Value, json};

use super::error;
use super::terms::{annotation, citation, finish_name, finish_reason};
use super::wire::{self, Completion, Usage};
use crate::chat::{self, Delta, Event, FinishReason, Maker, PartStart, Signature, ToolUse};
use crate::protocol::context::ResponseContext;
use crate::protocol::error_report::decode_error_event;
use crate::protocol::failure::for_client;
use crate::protocol::framing::Frame;
use crate::protocol::sse;

/// Reads an upstream's chunks.
#[derive(Debug, Default)]
pub struct Decoder {
    finish: Option<FinishReason>,
    has_refused: bool,
}

impl Decoder {
    pub fn take(&mut self, data: &str, frame: &mut Frame) -> Result<(), serde_json::Error> {
        if data.trim() == "[DONE]" {
            self.done(frame);
            return Ok(());
        }
        let chunk: Completion<'_> = serde_json::from_str(data)?;
        if chunk.error.is_some() {
            frame.fail(decode_error_event(data.as_bytes()));
            return Ok(());
        }
        frame.start(chunk.id.some(), chunk.model.some(), None);
        for choice in chunk.choices.iter().filter(|choice| choice.index == 0) {
            if let Some(delta) = choice.message() {
                self.has_refused |= delta.refusal.some().is_some();
                take_delta(delta, frame);
            }
            if let Some(reason) = choice.finish_reason.some() {
                self.finish = Some(finish_reason(reason, self.has_refused));
            }
        }
        if let Some(usage) = chunk.usage {
            frame.usage(usage.to_chat());
        }
        Ok(())
    }

    /// Some servers send `[DONE]` and never a reason.
    fn done(&mut self, frame: &mut Frame) {
        if frame.has_started() {
            frame.finish(self.finish.take().unwrap_or_default());
        }
    }

    /// Finishes an answer that has a reason. The totals come after it, and not every server
    /// sends `[DONE]` after them.
    pub fn end(&mut self, frame: &mut Frame) {
        if let Some(reason) = self.finish.take() {
            frame.finish(reason);
        }
    }
}

/// Takes a piece of an answer, or a whole one.
pub fn take_delta(delta: &wire::Delta<'_>, frame: &mut Frame) {
    frame.thinking(delta.reasoning_content.some().unwrap_or(&delta.reasoning));
    frame.text(&delta.content);
    frame.text(&delta.refusal);
    for citation in delta.annotations.iter().filter_map(citation) {
        frame.citation(citation);
    }
    for (position, call) in (0..).zip(&delta.tool_calls) {
        take_call(call, position, frame);
    }
}

fn take_call(call: &wire::ToolCall<'_>, position: u64, frame: &mut Frame) {
    let key = call.index.unwrap_or(position);
    let is_freeform = call.custom.is_some();
    let (name, arguments) = match &call.custom {
        Some(custom) => (&custom.name, &custom.input),
        None => (&call.function.name, &call.function.arguments),
    };
    if !frame.knows(key) {
        let google = call.extra_content.as_ref().and_then(|extra| extra.google.as_ref());
        if let Some(signature) = google.and_then(|google| google.thought_signature.some()) {
            frame.signature(Signature::new(Maker::Gemini, signature));
        }
        frame.call(key, &call.id, name, is_freeform);
    }
    frame.arguments(key, arguments);
}

/// Writes a client's chunks.
#[derive(Debug)]
pub struct Encoder {
    context: ResponseContext,
    /// What every chunk begins with, up to the choices. Copying it takes 50 ns a chunk;
    /// serializing the same fields takes 400 ns.
    head: Vec<u8>,
    usage: Option<chat::Usage>,
    parts: usize,
    calls: usize,
    /// The arguments of a freeform tool: JSON that is text only when it is whole.
    freeform: Option<String>,
    is_native_freeform: bool,
    signature: Option<Value>,
}

/// `ChoiceDelta` with the one field that a chunk adds.
#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum DeltaBody<'a> {
    Content(&'a str),
    ReasoningContent(&'a str),
    ToolCalls([CallPiece<'a>; 1]),
    Annotations([Value; 1]),
}

/// The index of a call and a piece of its arguments.
#[derive(Serialize)]
struct CallPiece<'a> {
    index: usize,
    function: FunctionPiece<'a>,
}

#[derive(Serialize)]
struct FunctionPiece<'a> {
    arguments: &'a str,
}

impl Encoder {
    pub fn new(context: ResponseContext) -> Self {
        let (id, model) = (json!(context.id("chatcmpl-")), json!(context.model));
        let head = format!(
            "data: {{\"id\":{id},\"object\":\"chat.completion.chunk\",\"created\":{},\"model\":{model},\"choices\":[",
            context.created
        );
        Self {
            context,
            head: head.into_bytes(),
            usage: None,
            parts: 0,
            calls: 0,
            freeform: None,
            is_native_freeform: false,
            signature: None,
        }
    }

    pub fn push(&mut self, event: &Event, out: &mut BytesMut) {
        match event {
            Event::Started { usage, .. } => {
                self.usage = *usage;
                self.chunk(&json!({"role": "assistant", "content": ""}), None, out);
            }
            Event::PartStarted(start) => self.open(start, out),
            Event::Delta(delta) => self.delta(delta, out),
            Event::PartFinished => self.close(out),
            Event::Usage(usage) => self.usage = Some(*usage),
            Event::Finished(reason) => self.end(reason, out),
            Event::Failed(failure) => sse::write_data(out, &error::body(&for_client(failure))),
        }
    }

    fn open(&mut self, start: &PartStart, out: &mut BytesMut) {
        self.parts += 1;
        let PartStart::ToolUse { id, name, freeform } = start else { return };
        let id = self.context.call_id(id, "call_", self.parts - 1);
        let name = self.context.tool_names.original(name);
        let index = self.calls;
        self.calls += 1;
        let is_freeform = self.context.is_freeform(name);
        let mut call = if is_freeform {
            json!({"index": index, "id": id, "type": "custom", "custom": {"name": name, "input": ""}})
        } else {
            json!({"index": index, "id": id, "type": "function", "function": {"name": name, "arguments": ""}})
        };
        if let Some(signature) = self.signature.take() {
            call["extra_content"] = signature;
        }
        self.chunk(&json!({"tool_calls": [call]}), None, out);
        self.is_native_freeform = *freeform;
        self.freeform = is_freeform.then(String::new);
    }

    fn delta(&mut self, delta: &Delta, out: &mut BytesMut) {
        match delta {
            Delta::Text(text) => self.chunk(&DeltaBody::Content(text), None, out),
            Delta::Thinking(text) => self.chunk(&DeltaBody::ReasoningContent(text), None, out),
            Delta::Arguments(piece) => {
                if let Some(whole) = &mut self.freeform {
                    whole.push_str(piece);
                } else {
                    let function = FunctionPiece { arguments: piece };
                    let piece = CallPiece { index: self.calls - 1, function };
                    self.chunk(&DeltaBody::ToolCalls([piece]), None, out);
                }
            }
            Delta::Citation(found) => {
                self.chunk(&DeltaBody::Annotations([annotation(found, 0)]), None, out);
            }
            // The protocol has a place for Google's alone: on the call that follows.
            Delta::Signature(signature) if signature.maker == Maker::Gemini => {
                self.signature = Some(super::content::extra_content(signature));
            }
            Delta::Signature(_) => {}
        }
    }

    fn close(&mut self, out: &mut BytesMut) {
        let Some(whole) = self.freeform.take() else { return };
        let input = if self.is_native_freeform { whole } else { ToolUse::freeform_text(&whole) };
        let call = json!({"index": self.calls - 1, "custom": {"input": input}});
        self.chunk(&json!({"tool_calls": [call]}), None, out);
    }

    fn end(&self, reason: &FinishReason, out: &mut BytesMut) {
        self.chunk(&json!({}), Some(finish_name(reason)), out);
        if self.context.include_usage {
            out.put_slice(&self.head);
            out.put_slice(b"],\"usage\":");
            sse::write_json(out, &Usage::of_chat(self.usage.unwrap_or_default()));
            out.put_slice(b"}\n\n");
        }
        out.put_slice(b"data: [DONE]\n\n");
    }

    /// With `include_usage`, OpenAI writes `"usage":null` in every chunk but the last.
    fn chunk(&self, delta: &impl Serialize, finish_reason: Option<&str>, out: &mut BytesMut) {
        out.put_slice(&self.head);
        out.put_slice(b"{\"index\":0,\"delta\":");
        sse::write_json(out, delta);
        out.put_slice(b",\"logprobs\":null,\"finish_reason\":");
        sse::write_json(out, &finish_reason);
        let tail: &[u8] = if self.context.include_usage { b"}],\"usage\":null}\n\n" } else { b"}]}\n\n" };
        out.put_slice(tail);
    }
}
