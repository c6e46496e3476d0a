//! An upstream's stream, read: bytes in, framed events out.

use super::framing::Frame;
use super::sse::{Message, Parser};
use super::{Protocol, anthropic, gemini, json, openai_chat, openai_responses};
use crate::chat::{Event, Failure, crowd};

/// A value: push bytes as they come, then finish. The events it gives are always well
/// framed (see [`crate::chat`]), whatever the bytes are.
#[derive(Debug)]
pub struct StreamDecoder {
    parser: Parser,
    frame: Frame,
    dialect: Dialect,
}

#[derive(Debug)]
enum Dialect {
    Chat(openai_chat::stream::Decoder),
    Responses(openai_responses::stream::Decoder),
    Anthropic(anthropic::stream::Decoder),
    Gemini(gemini::stream::Decoder),
}

impl StreamDecoder {
    pub fn new(from: Protocol) -> Self {
        let dialect = match from {
            Protocol::OpenAiChat => Dialect::Chat(openai_chat::stream::Decoder::default()),
            Protocol::OpenAiResponses => Dialect::Responses(openai_responses::stream::Decoder::default()),
            Protocol::Anthropic => Dialect::Anthropic(anthropic::stream::Decoder::default()),
            Protocol::Gemini => Dialect::Gemini(gemini::stream::Decoder::default()),
        };
        Self { parser: Parser::default(), frame: Frame::default(), dialect }
    }

    /// Takes the next bytes and adds the events they complete to `out`.
    pub fn push(&mut self, bytes: &[u8], out: &mut Vec<Event>) {
        if self.is_over() {
            return;
        }
        let Self { parser, frame, dialect } = self;
        if let Err(error) = parser.push(bytes, |mut message| dialect.take(&mut message, frame)) {
            frame.fail(Failure::broken(error.to_string()));
        }
        out.append(&mut frame.events);
    }

    /// Takes the end of the bytes: `Finished` if the upstream had said all that its
    /// protocol wants said at the end, else `Failed`.
    pub fn finish(&mut self, out: &mut Vec<Event>) {
        let Self { parser, frame, dialect } = self;
        if let Err(error) = parser.finish(|mut message| dialect.take(&mut message, frame)) {
            frame.fail(Failure::broken(error.to_string()));
        }
        dialect.end(frame);
        frame.fail(Failure::broken("the upstream's stream broke off before its end"));
        out.append(&mut frame.events);
    }

    /// Whether the answer has ended, well or not; more bytes change nothing.
    pub fn is_over(&self) -> bool {
        self.frame.is_over()
    }
}

impl Dialect {
    fn take(&mut self, message: &mut Message<'_>, frame: &mut Frame) {
        if frame.is_over() {
            return;
        }
        if crowd::is_crowded(message.data) {
            return frame
                .fail(Failure::broken("an event of the stream is made of more pieces than an answer has"));
        }
        json::mend_surrogates(message.data);
        let data = json::text(message.data);
        let taken = match self {
            Self::Chat(decoder) => decoder.take(&data, frame),
            Self::Responses(decoder) => decoder.take(&data, frame),
            Self::Anthropic(decoder) => decoder.take(&data, frame),
            Self::Gemini(decoder) => decoder.take(&data, frame),
        };
        if let Err(error) = taken {
            frame.fail(Failure::broken(format!("the upstream sent an event that makes no sense: {error}")));
        }
    }

    /// Protocols whose last word may be the end itself say it here.
    fn end(&mut self, frame: &mut Frame) {
        match self {
            Self::Chat(decoder) => decoder.end(frame),
            Self::Gemini(decoder) => decoder.end(frame),
            Self::Responses(_) | Self::Anthropic(_) => {}
        }
    }
}
