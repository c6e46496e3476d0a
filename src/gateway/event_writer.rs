//! Writes the events of an answer for its client, and keeps what is to be known of them
//! afterwards: the usage, the failure, and what later requests may refer to.

use bytes::BytesMut;

use super::conversations::Remembering;
use super::signatures::CallWatch;
use crate::chat::{self, Event, Usage};
use crate::protocol::StreamEncoder;
use crate::upstream::Scrubber;

pub struct EventWriter {
    pub encoder: StreamEncoder,
    /// `None` where both sides speak the same protocol: the calls keep their own ids.
    pub calls: Option<CallWatch>,
    pub remembering: Option<Remembering>,
    /// For the upstream's words about a failure: some repeat the key they were sent.
    pub scrubber: Scrubber,
    pub usage: Option<Usage>,
    pub failure: Option<chat::Failure>,
}

impl EventWriter {
    pub const fn new(
        encoder: StreamEncoder,
        calls: Option<CallWatch>,
        remembering: Option<Remembering>,
        scrubber: Scrubber,
    ) -> Self {
        Self { encoder, calls, remembering, scrubber, usage: None, failure: None }
    }

    /// Adds to `out` what the client is to read for this event; often nothing.
    pub fn write(&mut self, mut event: Event, out: &mut BytesMut) {
        if let Some(calls) = &mut self.calls {
            calls.see(&mut event);
        }
        match &mut event {
            Event::Started { usage, .. } => self.usage = *usage,
            Event::Usage(usage) => self.usage = Some(*usage),
            Event::Failed(failure) => {
                failure.message = self.scrubber.scrub_text(std::mem::take(&mut failure.message));
                self.failure.get_or_insert_with(|| failure.clone());
            }
            _ => {}
        }
        self.encoder.push(&event, out);
        if let Some(remembering) = &mut self.remembering {
            remembering.given(self.encoder.output());
            if matches!(event, Event::Finished(_)) {
                remembering.ended();
            }
        }
    }
}
