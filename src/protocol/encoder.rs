//! Writes a client's stream: framed events in, bytes out.

use bytes::BytesMut;
use serde_json::Value;

use super::context::ResponseContext;
use super::{Protocol, anthropic, gemini, openai_chat, openai_completions, openai_responses};
use crate::chat::Event;

/// Encodes one stream: push events as they come, in the order that [`crate::chat`] states.
#[derive(Debug)]
pub struct StreamEncoder {
    encoder: ProtocolEncoder,
    is_over: bool,
}

#[derive(Debug)]
enum ProtocolEncoder {
    Chat(openai_chat::stream::Encoder),
    Completions(openai_completions::stream::Encoder),
    Responses(Box<openai_responses::stream::Encoder>),
    Anthropic(anthropic::stream::Encoder),
    Gemini(Box<gemini::stream::Encoder>),
}

impl StreamEncoder {
    pub fn new(to: Protocol, context: ResponseContext) -> Self {
        let encoder = match to {
            Protocol::OpenAiChat if context.text_completion => {
                ProtocolEncoder::Completions(openai_completions::stream::Encoder::new(&context))
            }
            Protocol::OpenAiChat => ProtocolEncoder::Chat(openai_chat::stream::Encoder::new(context)),
            Protocol::OpenAiResponses => {
                ProtocolEncoder::Responses(Box::new(openai_responses::stream::Encoder::new(context)))
            }
            Protocol::Anthropic => ProtocolEncoder::Anthropic(anthropic::stream::Encoder::new(context)),
            Protocol::Gemini => ProtocolEncoder::Gemini(Box::new(gemini::stream::Encoder::new(context))),
        };
        Self { encoder, is_over: false }
    }

    /// Adds to `out` what the client's protocol sends for this event, which may be nothing.
    pub fn push(&mut self, event: &Event, out: &mut BytesMut) {
        if self.is_over {
            return;
        }
        self.is_over = matches!(event, Event::Finished(_) | Event::Failed(_));
        match &mut self.encoder {
            ProtocolEncoder::Chat(encoder) => encoder.push(event, out),
            ProtocolEncoder::Completions(encoder) => encoder.push(event, out),
            ProtocolEncoder::Responses(encoder) => encoder.push(event, out),
            ProtocolEncoder::Anthropic(encoder) => encoder.push(event, out),
            ProtocolEncoder::Gemini(encoder) => encoder.push(event, out),
        }
    }

    /// OpenAI Responses: the items that are whole, which later requests may refer to. Empty in
    /// the other protocols.
    pub fn output(&self) -> &[Value] {
        match &self.encoder {
            ProtocolEncoder::Responses(encoder) => encoder.output(),
            _ => &[],
        }
    }
}
