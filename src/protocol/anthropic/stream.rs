//! `anthropic.types.RawMessageStreamEvent`, both ways.
//!
//! ```text
//! message_start (content_block_start content_block_delta* content_block_stop)*
//!     message_delta message_stop          `ping` anywhere, `error` instead of the rest
//! ```

use bytes::BytesMut;
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::error;
use super::terms::{citation, encode_citation, finish_reason, stop_reason};
use super::wire::{self, Block, StreamEvent, Usage};
use crate::chat::{self, Delta, Event, FinishReason, Maker, PartStart, Signature};
use crate::protocol::context::ResponseContext;
use crate::protocol::error_report::decode_error_event;
use crate::protocol::failure::for_client;
use crate::protocol::framing::Frame;
use crate::protocol::sse;

/// Reads an upstream's events.
#[derive(Debug, Default)]
pub struct Decoder {
    usage: Usage,
    finish: Option<FinishReason>,
}

impl Decoder {
    pub fn take(&mut self, data: &str, frame: &mut Frame) -> Result<(), serde_json::Error> {
        let event: StreamEvent<'_> = serde_json::from_str(data)?;
        match &*event.kind {
            "message_start" => self.start(event.message, frame),
            "content_block_start" => {
                if let Some(block) = event.content_block {
                    take_block(event.index, &block, frame);
                }
            }
            "content_block_delta" => {
                if let Some(delta) = event.delta {
                    take_delta(event.index, &delta, frame);
                }
            }
            "content_block_stop" => {
                frame.call_is_whole(event.index);
                frame.part_is_whole();
            }
            "message_delta" => {
                if let Some(usage) = event.usage {
                    self.usage.update(usage);
                    frame.usage(self.usage.to_chat());
                }
                if let Some(delta) = event.delta.filter(|delta| delta.stop_reason.some().is_some()) {
                    self.finish = Some(finish_reason(&delta.stop_reason, &delta.stop_sequence));
                }
            }
            "message_stop" => frame.finish(self.finish.take().unwrap_or_default()),
            "error" => frame.fail(decode_error_event(data.as_bytes())),
            // `ping`, and types that are not known yet.
            _ => {}
        }
        Ok(())
    }

    fn start(&mut self, message: Option<wire::Message<'_>>, frame: &mut Frame) {
        let Some(message) = message else { return };
        self.usage = message.usage.unwrap_or_default();
        let usage = message.usage.map(Usage::to_chat);
        frame.start(message.id.some(), message.model.some(), usage);
    }
}

/// Takes a whole block or, in a stream, the start of one.
pub fn take_block(key: u64, block: &Block<'_>, frame: &mut Frame) {
    match &*block.kind {
        "text" => {
            frame.text(&block.text);
            for found in block.citations.iter().filter_map(citation) {
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
            // In a stream the object is empty, and the arguments follow in pieces.
            if let Some(input) = block.input.map(RawValue::get).filter(|input| *input != "{}") {
                frame.arguments(key, input);
            }
        }
        // Work of Anthropic's own tools, in which the client has no part.
        _ => {}
    }
}

fn take_delta(key: u64, delta: &wire::Delta<'_>, frame: &mut Frame) {
    match &*delta.kind {
        "text_delta" => frame.text(&delta.text),
        "thinking_delta" => frame.thinking(&delta.thinking),
        "input_json_delta" => frame.arguments(key, &delta.partial_json),
        "signature_delta" => {
            if let Some(signature) = delta.signature.some() {
                frame.signature(Signature::new(Maker::Anthropic, signature));
            }
        }
        "citations_delta" => {
            if let Some(found) = delta.citation.as_ref().and_then(citation) {
                frame.citation(found);
            }
        }
        _ => {}
    }
}

/// Writes a client's events.
#[derive(Debug)]
pub struct Encoder {
    context: ResponseContext,
    /// The number of the open block, or of the next.
    index: usize,
    usage: chat::Usage,
    thinking: PendingThinking,
}

/// The thinking block that is not written yet. A signature without words is written only
/// before the part that it belongs to: clients take the last block of a message for its
/// answer, and that must not be an empty thought.
#[derive(Debug, Default)]
enum PendingThinking {
    #[default]
    None,
    /// Started, with nothing written.
    Wordless,
    /// A signature and no words.
    Signed(Signature),
}

#[derive(Serialize)]
struct BlockDelta<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    index: usize,
    delta: DeltaBody<'a>,
}

#[derive(Serialize)]
#[serde(tag = "type")]
enum DeltaBody<'a> {
    #[serde(rename = "text_delta")]
    Text { text: &'a str },
    #[serde(rename = "thinking_delta")]
    Thinking { thinking: &'a str },
    #[serde(rename = "signature_delta")]
    Signature { signature: String },
    #[serde(rename = "input_json_delta")]
    InputJson { partial_json: &'a str },
    #[serde(rename = "citations_delta")]
    Citations { citation: Value },
}

impl Encoder {
    pub fn new(context: ResponseContext) -> Self {
        Self { context, index: 0, usage: chat::Usage::default(), thinking: PendingThinking::None }
    }

    pub fn push(&mut self, event: &Event, out: &mut BytesMut) {
        match event {
            Event::Started { usage, .. } => self.start(usage.unwrap_or_default(), out),
            Event::PartStarted(PartStart::Thinking) => self.start_thinking(out),
            Event::PartStarted(start) => {
                self.write_signature(out);
                self.open(start, out);
            }
            Event::Delta(Delta::Signature(signature))
                if matches!(self.thinking, PendingThinking::Wordless) =>
            {
                self.thinking = PendingThinking::Signed(signature.clone());
            }
            Event::Delta(delta) => {
                if matches!(self.thinking, PendingThinking::Wordless) {
                    self.thinking = PendingThinking::None;
                    self.open(&PartStart::Thinking, out);
                }
                self.delta(delta, out);
            }
            Event::PartFinished => match self.thinking {
                PendingThinking::None => self.close(out),
                PendingThinking::Wordless => self.thinking = PendingThinking::None,
                PendingThinking::Signed(_) => {}
            },
            Event::Usage(usage) => self.usage = *usage,
            Event::Finished(reason) => self.end(reason, out),
            Event::Failed(failure) => {
                let body = error::body(&for_client(failure), &self.context.request_id);
                sse::write_event(out, "error", &body);
            }
        }
    }

    fn start(&mut self, usage: chat::Usage, out: &mut BytesMut) {
        self.usage = usage;
        let message = json!({
            "id": self.context.id("msg_"),
            "type": "message",
            "role": "assistant",
            "model": self.context.model,
            "content": [],
            "stop_reason": null,
            "stop_sequence": null,
            "usage": Usage::of_chat(usage),
        });
        sse::write_event(out, "message_start", &json!({"type": "message_start", "message": message}));
    }

    fn start_thinking(&mut self, out: &mut BytesMut) {
        self.write_signature(out);
        self.thinking = PendingThinking::Wordless;
    }

    /// Writes a pending signature as a block.
    fn write_signature(&mut self, out: &mut BytesMut) {
        if let PendingThinking::Signed(signature) = std::mem::take(&mut self.thinking) {
            self.open(&PartStart::Thinking, out);
            self.delta(&Delta::Signature(signature), out);
            self.close(out);
        }
    }

    fn close(&mut self, out: &mut BytesMut) {
        let stop = json!({"type": "content_block_stop", "index": self.index});
        sse::write_event(out, "content_block_stop", &stop);
        self.index += 1;
    }

    fn open(&self, start: &PartStart, out: &mut BytesMut) {
        let block = match start {
            PartStart::Text => json!({"type": "text", "text": ""}),
            PartStart::Thinking => json!({"type": "thinking", "thinking": "", "signature": ""}),
            PartStart::RedactedThinking(signature) => {
                json!({"type": "redacted_thinking", "data": signature.wrap(Maker::Anthropic)})
            }
            PartStart::ToolUse { id, name, .. } => json!({
                "type": "tool_use",
                "id": self.context.call_id(id, "toolu_", self.index),
                "name": self.context.tool_names.original(name),
                "input": {},
            }),
        };
        let event = json!({"type": "content_block_start", "index": self.index, "content_block": block});
        sse::write_event(out, "content_block_start", &event);
    }

    fn delta(&self, delta: &Delta, out: &mut BytesMut) {
        let delta = match delta {
            Delta::Text(text) => DeltaBody::Text { text },
            Delta::Thinking(thinking) => DeltaBody::Thinking { thinking },
            Delta::Signature(signature) => {
                DeltaBody::Signature { signature: signature.wrap(Maker::Anthropic) }
            }
            Delta::Arguments(partial_json) => DeltaBody::InputJson { partial_json },
            Delta::Citation(found) => DeltaBody::Citations { citation: encode_citation(found) },
        };
        let event = BlockDelta { kind: "content_block_delta", index: self.index, delta };
        sse::write_event(out, "content_block_delta", &event);
    }

    fn end(&self, reason: &FinishReason, out: &mut BytesMut) {
        let (stop_reason, stop_sequence) = stop_reason(reason);
        let event = json!({
            "type": "message_delta",
            "delta": {"stop_reason": stop_reason, "stop_sequence": stop_sequence},
            "usage": Usage::of_chat(self.usage),
        });
        sse::write_event(out, "message_delta", &event);
        sse::write_event(out, "message_stop", &json!({"type": "message_stop"}));
    }
}
