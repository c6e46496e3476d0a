//! `openai.types.responses.ResponseStreamEvent`, both ways.
//!
//! ```text
//! response.created response.in_progress
//!     (output_item.added (its own events) output_item.done)*
//!     response.completed | response.incomplete | error response.failed
//! ```

use std::collections::HashSet;

use bytes::BytesMut;
use serde::Serialize;
use serde_json::{Value, json};

use super::error;
use super::item::{encode_item, encode_text, take_item, take_signature};
use super::response::{Ending, encode_envelope, take_end};
use super::terms::{annotation, citation, error_code, incomplete_reason};
use super::wire::{self, StreamEvent};
use crate::chat::{self, Delta, Event, Part, PartStart, Thinking, ToolUse, work};
use crate::protocol::context::ResponseContext;
use crate::protocol::error_report::decode_error_event;
use crate::protocol::framing::Frame;
use crate::protocol::limits::MOST_ANSWER_PARTS;
use crate::protocol::sse;

/// Reads an upstream's events.
#[derive(Debug, Default)]
pub struct Decoder {
    /// Items of which a piece has come: the whole item at their end repeats it.
    started: HashSet<u64>,
    /// The item of the last piece, which nearly always is that of the next one too.
    last: Option<u64>,
    has_refused: bool,
}

impl Decoder {
    pub fn take(&mut self, data: &str, frame: &mut Frame) -> Result<(), serde_json::Error> {
        if data.trim() == "[DONE]" {
            return Ok(());
        }
        let event: StreamEvent<'_> = serde_json::from_str(data)?;
        let key = event.output_index;
        match &*event.kind {
            "response.created" | "response.in_progress" => {
                if let Some(response) = &event.response {
                    frame.start(response.id.some(), response.model.some(), None);
                }
            }
            "response.output_item.added" => {
                if let Some(item) = &event.item {
                    add_item(key, item, frame);
                }
            }
            "response.output_text.delta" => self.piece(key, || frame.text(&event.delta)),
            "response.refusal.delta" => {
                self.has_refused = true;
                self.piece(key, || frame.text(&event.delta));
            }
            "response.reasoning_summary_part.added" if event.summary_index > 0 => frame.thinking("\n\n"),
            "response.reasoning_summary_text.delta" | "response.reasoning_text.delta" => {
                self.piece(key, || frame.thinking(&event.delta));
            }
            "response.function_call_arguments.delta" | "response.custom_tool_call_input.delta" => {
                self.piece(key, || frame.arguments(key, &event.delta));
            }
            "response.output_text.annotation.added" => {
                if let Some(citation) = event.annotation.as_ref().and_then(citation) {
                    frame.citation(citation);
                }
            }
            "response.output_item.done" => {
                if let Some(item) = &event.item {
                    self.item_is_whole(key, item, frame);
                }
            }
            "response.completed" | "response.incomplete" => {
                if let Some(response) = &event.response {
                    take_end(response, self.has_refused, frame);
                }
            }
            "response.failed" | "response.cancelled" | "error" => {
                frame.fail(decode_error_event(data.as_bytes()));
            }
            _ => {}
        }
        Ok(())
    }

    fn piece(&mut self, key: u64, take: impl FnOnce()) {
        if self.last.replace(key) != Some(key) && self.started.len() < MOST_ANSWER_PARTS {
            work::step();
            self.started.insert(key);
        }
        take();
    }

    fn item_is_whole(&mut self, key: u64, item: &wire::Item<'_>, frame: &mut Frame) {
        if !self.started.contains(&key) {
            self.has_refused |= take_item(key, item, frame);
            return;
        }
        match &*item.kind {
            "reasoning" => take_signature(item, frame),
            "function_call" | "custom_tool_call" => frame.call_is_whole(key),
            _ => frame.part_is_whole(),
        }
    }
}

fn add_item(key: u64, item: &wire::Item<'_>, frame: &mut Frame) {
    match &*item.kind {
        "function_call" => frame.call(key, &item.call_id, &item.name, false),
        "custom_tool_call" => frame.call(key, &item.call_id, &item.name, true),
        _ => frame.part_is_whole(),
    }
}

/// Writes a client's events. Keeps the items, because the last event repeats them all.
#[derive(Debug)]
pub struct Encoder {
    context: ResponseContext,
    sequence: u64,
    has_started: bool,
    usage: Option<chat::Usage>,
    output: Vec<Value>,
    open: Option<OpenItem>,
}

/// The item that is being written.
#[derive(Debug)]
struct OpenItem {
    part: Part,
    id: String,
    /// Its text is a part that opens and closes by events of its own.
    has_part: bool,
    /// It calls a tool that the client offered as one of free text.
    is_freeform: bool,
}

/// An event that adds a piece to an item.
#[derive(Serialize)]
struct Piece<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    item_id: &'a str,
    output_index: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    content_index: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    summary_index: Option<usize>,
    delta: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    logprobs: Option<[(); 0]>,
    sequence_number: u64,
}

impl Encoder {
    pub fn new(context: ResponseContext) -> Self {
        Self { context, sequence: 0, has_started: false, usage: None, output: Vec::new(), open: None }
    }

    pub fn push(&mut self, event: &Event, out: &mut BytesMut) {
        match event {
            Event::Started { usage, .. } => {
                self.usage = *usage;
                self.start(out);
            }
            Event::PartStarted(start) => self.open(start, out),
            Event::Delta(delta) => self.delta(delta, out),
            Event::PartFinished => self.close(out),
            Event::Usage(usage) => self.usage = Some(*usage),
            Event::Finished(finish) => {
                let kind = if incomplete_reason(finish).is_some() {
                    "response.incomplete"
                } else {
                    "response.completed"
                };
                self.envelope(kind, &Ending::Finished(finish), out);
            }
            Event::Failed(failure) => {
                self.start(out);
                // SDKs raise at this event; Codex reads the next.
                self.event("error", error::event_body(error_code(failure), &failure.message), out);
                self.envelope("response.failed", &Ending::Failed(failure), out);
            }
        }
    }

    /// The items that are whole.
    pub fn output(&self) -> &[Value] {
        &self.output
    }

    fn start(&mut self, out: &mut BytesMut) {
        if !std::mem::replace(&mut self.has_started, true) {
            self.envelope("response.created", &Ending::InProgress, out);
            self.envelope("response.in_progress", &Ending::InProgress, out);
        }
    }

    fn envelope(&mut self, kind: &'static str, ending: &Ending<'_>, out: &mut BytesMut) {
        let usage = if matches!(ending, Ending::InProgress) { None } else { self.usage };
        let response = encode_envelope(&self.context, &self.output, ending, usage);
        self.event(kind, json!({"response": response}), out);
    }

    fn open(&mut self, start: &PartStart, out: &mut BytesMut) {
        let part = match start {
            PartStart::Text => Part::text(""),
            PartStart::Thinking => Part::Thinking(Thinking::default()),
            PartStart::RedactedThinking(signature) => Part::RedactedThinking(signature.clone()),
            PartStart::ToolUse { id, name, freeform } => Part::ToolUse(ToolUse {
                id: id.clone(),
                name: name.clone(),
                arguments: String::new(),
                freeform: *freeform,
            }),
        };
        let Some(mut item) = encode_item(&part, self.output.len(), &self.context) else { return };
        let is_text = matches!(part, Part::Text { .. });
        for (key, empty) in
            [("content", json!([])), ("arguments", json!("")), ("status", json!("in_progress"))]
        {
            if item.get(key).is_some() {
                item[key] = empty;
            }
        }
        let id = item["id"].as_str().unwrap_or_default().to_owned();
        self.event(
            "response.output_item.added",
            json!({"output_index": self.output.len(), "item": item}),
            out,
        );
        let is_freeform = item["type"] == "custom_tool_call";
        self.open = Some(OpenItem { part, id, has_part: is_text, is_freeform });
        if is_text {
            let part = encode_text("", &[]);
            self.item_event("response.content_part.added", json!({"content_index": 0, "part": part}), out);
        }
    }

    fn delta(&mut self, delta: &Delta, out: &mut BytesMut) {
        let Some(item) = &mut self.open else { return };
        match (&mut item.part, delta) {
            (Part::Text { text, .. }, Delta::Text(piece)) => {
                text.push_str(piece);
                self.piece("response.output_text.delta", piece, out);
            }
            (Part::Text { citations, .. }, Delta::Citation(found)) => {
                citations.push(found.clone());
                let body = json!({
                    "content_index": 0,
                    "annotation_index": citations.len() - 1,
                    "annotation": annotation(found),
                });
                self.item_event("response.output_text.annotation.added", body, out);
            }
            (Part::Thinking(thinking), Delta::Thinking(piece)) => {
                thinking.text.push_str(piece);
                if !std::mem::replace(&mut item.has_part, true) {
                    let body = json!({"summary_index": 0, "part": {"type": "summary_text", "text": ""}});
                    self.item_event("response.reasoning_summary_part.added", body, out);
                }
                self.piece("response.reasoning_summary_text.delta", piece, out);
            }
            (Part::Thinking(thinking), Delta::Signature(signature)) => {
                thinking.signature = Some(signature.clone());
            }
            (Part::ToolUse(call), Delta::Arguments(piece)) => {
                call.arguments.push_str(piece);
                if !item.is_freeform {
                    self.piece("response.function_call_arguments.delta", piece, out);
                } else if call.freeform {
                    self.piece("response.custom_tool_call_input.delta", piece, out);
                }
            }
            _ => {}
        }
    }

    fn piece(&mut self, kind: &'static str, delta: &str, out: &mut BytesMut) {
        let Some(item) = &self.open else { return };
        let index = |applies: bool| applies.then_some(0);
        let piece = Piece {
            kind,
            item_id: &item.id,
            output_index: self.output.len(),
            content_index: index(matches!(item.part, Part::Text { .. })),
            summary_index: index(matches!(item.part, Part::Thinking(_))),
            delta,
            logprobs: matches!(item.part, Part::Text { .. }).then_some([]),
            sequence_number: self.sequence,
        };
        self.sequence += 1;
        sse::write_event(out, kind, &piece);
    }

    fn close(&mut self, out: &mut BytesMut) {
        let Some(open) = &self.open else { return };
        let Some(mut item) = encode_item(&open.part, self.output.len(), &self.context) else { return };
        if !matches!(open.part, Part::ToolUse(_)) {
            item["id"] = json!(open.id);
        }
        self.close_part(&item, open.has_part, out);
        self.open = None;
        let done = json!({"output_index": self.output.len(), "item": item});
        self.event("response.output_item.done", done, out);
        self.output.push(item);
    }

    /// The events that repeat an item's content before the item itself is repeated.
    fn close_part(&mut self, item: &Value, has_part: bool, out: &mut BytesMut) {
        match item["type"].as_str().unwrap_or_default() {
            "message" => {
                let part = &item["content"][0];
                let text = json!({"content_index": 0, "text": part["text"], "logprobs": []});
                self.item_event("response.output_text.done", text, out);
                let done = json!({"content_index": 0, "part": part});
                self.item_event("response.content_part.done", done, out);
            }
            "reasoning" if has_part => {
                let part = &item["summary"][0];
                let text = json!({"summary_index": 0, "text": part["text"]});
                self.item_event("response.reasoning_summary_text.done", text, out);
                let done = json!({"summary_index": 0, "part": part});
                self.item_event("response.reasoning_summary_part.done", done, out);
            }
            "function_call" => {
                let done = json!({"name": item["name"], "arguments": item["arguments"]});
                self.item_event("response.function_call_arguments.done", done, out);
            }
            "custom_tool_call" => {
                let done = json!({"input": item["input"]});
                self.item_event("response.custom_tool_call_input.done", done, out);
            }
            _ => {}
        }
    }

    /// An event inside the open item.
    fn item_event(&mut self, kind: &'static str, mut body: Value, out: &mut BytesMut) {
        if let Some(item) = &self.open {
            body["item_id"] = json!(item.id);
        }
        body["output_index"] = json!(self.output.len());
        self.event(kind, body, out);
    }

    fn event(&mut self, kind: &'static str, mut body: Value, out: &mut BytesMut) {
        body["type"] = json!(kind);
        body["sequence_number"] = json!(self.sequence);
        self.sequence += 1;
        sse::write_event(out, kind, &body);
    }
}
