//! Translates a stream from the upstream's protocol to the client's.

use bytes::{Bytes, BytesMut};

use super::event_writer::EventWriter;
use crate::chat::{self, Event, Usage};
use crate::protocol::{Protocol, StreamDecoder};

pub struct Translator {
    decoder: StreamDecoder,
    writer: EventWriter,
    /// Decoded events that are not encoded yet; empty between two calls.
    events: Vec<Event>,
}

impl Translator {
    pub fn new(upstream: Protocol, writer: EventWriter) -> Self {
        Self { decoder: StreamDecoder::new(upstream), writer, events: Vec::new() }
    }

    /// Returns the client's bytes for these of the upstream; often none.
    pub fn push(&mut self, bytes: &[u8]) -> Bytes {
        self.decoder.push(bytes, &mut self.events);
        self.write()
    }

    /// Returns the client's last bytes. An incomplete answer ends with an error event, which
    /// gives the reason of the `interruption` if there was one.
    pub fn finish(&mut self, interruption: Option<&str>) -> Bytes {
        self.decoder.finish(&mut self.events);
        if let (Some(reason), Some(Event::Failed(failure))) = (interruption, self.events.last_mut()) {
            *failure = chat::Failure::broken(reason);
        }
        self.write()
    }

    /// Whether the upstream's answer has ended, well or not.
    pub fn is_over(&self) -> bool {
        self.decoder.is_over()
    }

    /// Why the answer failed, if it has.
    pub const fn failure(&self) -> Option<&chat::Failure> {
        self.writer.failure.as_ref()
    }

    pub const fn usage(&self) -> Option<Usage> {
        self.writer.usage
    }

    fn write(&mut self) -> Bytes {
        let mut out = BytesMut::new();
        for event in self.events.drain(..) {
            self.writer.write(event, &mut out);
        }
        out.freeze()
    }
}
