//! A client's stream, written: framed events in, bytes out.

use bytes::BytesMut;
use serde_json::Value;

use super::context::ResponseContext;
use super::{Protocol, anthropic, gemini, openai_chat, openai_completions, openai_responses};
use crate::chat::{Event, Failure};

/// A value: push events as they come, then finish. Expects the order that
/// [`crate::chat`] promises, and writes the one that the client's protocol promises.
#[derive(Debug)]
pub struct StreamEncoder {
    dialect: Dialect,
    is_over: bool,
}

#[derive(Debug)]
enum Dialect {
    Chat(openai_chat::stream::Encoder),
    Completions(openai_completions::stream::Encoder),
    Responses(Box<openai_responses::stream::Encoder>),
    Anthropic(anthropic::stream::Encoder),
    Gemini(Box<gemini::stream::Encoder>),
}

impl StreamEncoder {
    pub fn new(to: Protocol, context: ResponseContext) -> Self {
        let dialect = match to {
            Protocol::OpenAiChat if context.text_completion => {
                Dialect::Completions(openai_completions::stream::Encoder::new(&context))
            }
            Protocol::OpenAiChat => Dialect::Chat(openai_chat::stream::Encoder::new(context)),
            Protocol::OpenAiResponses => {
                Dialect::Responses(Box::new(openai_responses::stream::Encoder::new(context)))
            }
            Protocol::Anthropic => Dialect::Anthropic(anthropic::stream::Encoder::new(context)),
            Protocol::Gemini => Dialect::Gemini(Box::new(gemini::stream::Encoder::new(context))),
        };
        Self { dialect, is_over: false }
    }

    /// Adds to `out` what the client is to read for this event; often nothing.
    pub fn push(&mut self, event: &Event, out: &mut BytesMut) {
        if self.is_over {
            return;
        }
        self.is_over = matches!(event, Event::Finished(_) | Event::Failed(_));
        match &mut self.dialect {
            Dialect::Chat(encoder) => encoder.push(event, out),
            Dialect::Completions(encoder) => encoder.push(event, out),
            Dialect::Responses(encoder) => encoder.push(event, out),
            Dialect::Anthropic(encoder) => encoder.push(event, out),
            Dialect::Gemini(encoder) => encoder.push(event, out),
        }
    }

    /// OpenAI Responses: the items that are whole. Clients refer to them later.
    pub fn output(&self) -> &[Value] {
        match &self.dialect {
            Dialect::Responses(encoder) => encoder.output(),
            _ => &[],
        }
    }

    /// Ends the stream: as a failure, unless the events have ended it already.
    pub fn finish(&mut self, out: &mut BytesMut) {
        self.push(&Event::Failed(Failure::broken("the answer broke off before its end")), out);
    }
}
