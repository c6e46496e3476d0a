//! Reads an upstream's stream: bytes in, framed events out.

use super::framing::Frame;
use super::sse::{Message, Parser};
use super::{Protocol, anthropic, gemini, json, openai_chat, openai_responses};
use crate::chat::{Event, Failure, crowd};

/// Decodes one stream: push bytes as they come, then finish. Its events are well framed (see
/// [`crate::chat`]) whatever the bytes are.
#[derive(Debug)]
pub struct StreamDecoder {
    parser: Parser,
    frame: Frame,
    decoder: ProtocolDecoder,
}

#[derive(Debug)]
enum ProtocolDecoder {
    Chat(openai_chat::stream::Decoder),
    Responses(openai_responses::stream::Decoder),
    Anthropic(anthropic::stream::Decoder),
    Gemini(gemini::stream::Decoder),
}

impl StreamDecoder {
    pub fn new(from: Protocol) -> Self {
        let decoder = match from {
            Protocol::OpenAiChat => ProtocolDecoder::Chat(openai_chat::stream::Decoder::default()),
            Protocol::OpenAiResponses => {
                ProtocolDecoder::Responses(openai_responses::stream::Decoder::default())
            }
            Protocol::Anthropic => ProtocolDecoder::Anthropic(anthropic::stream::Decoder::default()),
            Protocol::Gemini => ProtocolDecoder::Gemini(gemini::stream::Decoder::default()),
        };
        Self { parser: Parser::default(), frame: Frame::default(), decoder }
    }

    /// Takes the next bytes and adds the events they complete to `out`.
    pub fn push(&mut self, bytes: &[u8], out: &mut Vec<Event>) {
        if self.is_over() {
            return;
        }
        let Self { parser, frame, decoder } = self;
        if let Err(error) = parser.push(bytes, |mut message| decoder.take(&mut message, frame)) {
            frame.fail(Failure::broken(error.to_string()));
        }
        out.append(&mut frame.events);
    }

    /// Takes the end of the bytes. The last event is `Finished` if the stream had all that its
    /// protocol requires at the end, else `Failed`.
    pub fn finish(&mut self, out: &mut Vec<Event>) {
        let Self { parser, frame, decoder } = self;
        if let Err(error) = parser.finish(|mut message| decoder.take(&mut message, frame)) {
            frame.fail(Failure::broken(error.to_string()));
        }
        decoder.end(frame);
        frame.fail(Failure::broken("the upstream's stream broke off before its end"));
        out.append(&mut frame.events);
    }

    /// Whether the answer has finished or failed. More bytes change nothing.
    pub fn is_over(&self) -> bool {
        self.frame.is_over()
    }
}

impl ProtocolDecoder {
    fn take(&mut self, message: &mut Message<'_>, frame: &mut Frame) {
        if frame.is_over() {
            return;
        }
        if crowd::is_crowded(message.data) {
            return frame
                .fail(Failure::broken("an event of the stream holds more JSON values than any answer"));
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
            frame.fail(Failure::broken(format!("the upstream sent an invalid event: {error}")));
        }
    }

    /// Finishes the answer in the protocols whose streams may end without a terminator.
    fn end(&mut self, frame: &mut Frame) {
        match self {
            Self::Chat(decoder) => decoder.end(frame),
            Self::Gemini(decoder) => decoder.end(frame),
            Self::Responses(_) | Self::Anthropic(_) => {}
        }
    }
}
