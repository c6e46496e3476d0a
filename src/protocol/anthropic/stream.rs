//! `anthropic.types.RawMessageStreamEvent`, both ways.
//!
//! ```text
//! message_start (content_block_start content_block_delta* content_block_stop)*
//!     message_delta message_stop          `ping` anywhere, `error` instead of the rest
//! ```

use bytes::BytesMut;
use serde::Serialize;
use serde_json::{Value, json};

use super::error;
use super::response::{encode_citation, stop_reason, take_block};
use super::wire::{self, StreamEvent, Usage};
use crate::chat::{self, Citation, Delta, Event, FinishReason, Maker, PartStart, Signature};
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
            "message_start" => self.begin(event.message, frame),
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
            // `ping`, and whatever comes to be.
            _ => {}
        }
        Ok(())
    }

    fn begin(&mut self, message: Option<wire::Message<'_>>, frame: &mut Frame) {
        let Some(message) = message else { return };
        self.usage = message.usage.unwrap_or_default();
        let usage = message.usage.map(Usage::to_chat);
        frame.start(message.id.some(), message.model.some(), usage);
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

pub fn citation(found: &wire::Citation<'_>) -> Option<Citation> {
    Some(Citation {
        url: found.url.owned()?,
        title: found.title.owned().unwrap_or_default(),
        cited_text: found.cited_text.owned().unwrap_or_default(),
        span: None,
    })
}

pub fn finish_reason(reason: &str, sequence: &str) -> FinishReason {
    match reason {
        "" | "end_turn" => FinishReason::Stop,
        "max_tokens" => FinishReason::Length,
        "stop_sequence" => FinishReason::StopSequence(sequence.to_owned()),
        "tool_use" => FinishReason::ToolUse,
        "refusal" => FinishReason::Refusal,
        "pause_turn" => FinishReason::Pause,
        "model_context_window_exceeded" => FinishReason::ContextWindow,
        other => FinishReason::Other(other.to_owned()),
    }
}

/// Writes a client's events.
#[derive(Debug)]
pub struct Encoder {
    context: ResponseContext,
    /// The number of the open block, or of the next one.
    index: usize,
    usage: chat::Usage,
    thinking: Thinking,
}

/// A signature without words is written only before the part it belongs to: clients take
/// the last block of a message for its answer, and that must not be an empty thought.
#[derive(Debug, Default)]
enum Thinking {
    #[default]
    None,
    /// Begun, and nothing written of it yet.
    Wordless,
    /// Nothing but this.
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
        Self { context, index: 0, usage: chat::Usage::default(), thinking: Thinking::None }
    }

    pub fn push(&mut self, event: &Event, out: &mut BytesMut) {
        match event {
            Event::Started { usage, .. } => self.begin(usage.unwrap_or_default(), out),
            Event::PartStarted(PartStart::Thinking) => self.begin_thinking(out),
            Event::PartStarted(start) => {
                self.write_signature(out);
                self.open(start, out);
            }
            Event::Delta(Delta::Signature(signature)) if matches!(self.thinking, Thinking::Wordless) => {
                self.thinking = Thinking::Signed(signature.clone());
            }
            Event::Delta(delta) => {
                if matches!(self.thinking, Thinking::Wordless) {
                    self.thinking = Thinking::None;
                    self.open(&PartStart::Thinking, out);
                }
                self.delta(delta, out);
            }
            Event::PartFinished => match self.thinking {
                Thinking::None => self.close(out),
                Thinking::Wordless => self.thinking = Thinking::None,
                Thinking::Signed(_) => {}
            },
            Event::Usage(usage) => self.usage = *usage,
            Event::Finished(reason) => self.end(reason, out),
            Event::Failed(failure) => {
                let body = error::body(&for_client(failure), &self.context.request_id);
                sse::write_event(out, "error", &body);
            }
        }
    }

    fn begin(&mut self, usage: chat::Usage, out: &mut BytesMut) {
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

    fn begin_thinking(&mut self, out: &mut BytesMut) {
        self.write_signature(out);
        self.thinking = Thinking::Wordless;
    }

    fn write_signature(&mut self, out: &mut BytesMut) {
        if let Thinking::Signed(signature) = std::mem::take(&mut self.thinking) {
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
