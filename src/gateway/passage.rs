//! An answer that passes as it is. It is watched for its usage and its end, and released in
//! whole events, so that a broken answer can still end with an error event.

use bytes::Bytes;

use super::error_keys;
use super::outbox::Outbox;
use super::shape::{Ending, Shape};
use crate::chat::{Failure, Usage};
use crate::protocol::{ErrorKind, LocalError, Observer, Protocol, decode_error_event};
use crate::upstream::Scrubber;

/// Bytes that are joined at most before they are sent.
pub const JOIN_LIMIT: usize = 64 << 10;

pub struct Passage {
    observer: Observer,
    shape: Shape,
    protocol: Protocol,
    /// Cleans the upstream's errors: some repeat the key they were sent.
    scrubber: Scrubber,
}

impl Passage {
    pub const fn new(observer: Observer, shape: Shape, protocol: Protocol, scrubber: Scrubber) -> Self {
        Self { observer, shape, protocol, scrubber }
    }

    pub fn push(&mut self, bytes: Bytes) -> Bytes {
        self.observer.push(&bytes);
        bytes
    }

    pub const fn is_over(&self) -> bool {
        self.observer.is_over()
    }

    pub fn usage(&self) -> Option<Usage> {
        self.observer.usage()
    }

    /// The error that the upstream has sent, if it has.
    pub fn failure(&self) -> Option<Failure> {
        self.observer.failure().map(decode_error_event)
    }

    pub fn finish(&mut self, interruption: Option<&str>, held: &mut Outbox, request_id: &str) -> Ending {
        // After the event that ends the answer, an interruption is harmless.
        if let Some(reason) = interruption.filter(|_| !self.observer.has_ended()) {
            return self.broken(reason, held, request_id);
        }
        self.observer.finish();
        if self.observer.is_complete() {
            Ending::Complete
        } else if self.observer.has_failed() {
            self.broken("the upstream's answer ended with an error", held, request_id)
        } else {
            self.broken("the upstream's answer ended too early", held, request_id)
        }
    }

    /// Ends an incomplete answer with an error event, where its shape has one and the upstream
    /// has not sent it.
    fn broken(&self, reason: &str, held: &mut Outbox, request_id: &str) -> Ending {
        if self.shape != Shape::Events {
            return Ending::Torn(reason.to_owned());
        }
        if !self.observer.has_failed() {
            held.drop_open_line();
            let error = LocalError::new(ErrorKind::BadGateway, reason);
            // Ends the open line and event, also between CR and LF.
            held.add(Bytes::from_static(b"\n\n"));
            held.add(Bytes::from(self.protocol.stream_error(&error, request_id)));
        }
        Ending::Reported(reason.to_owned())
    }

    /// The bytes that may be sent now: of an open stream only whole events or elements.
    pub fn release(&self, held: &mut Outbox, is_open: bool) -> Bytes {
        let may_wait = is_open && held.len() < JOIN_LIMIT;
        let ready = match self.shape {
            Shape::Events if may_wait => held.take_events(),
            Shape::Stream if may_wait => held.take_before(error_keys::ERROR),
            _ => held.take(),
        };
        let is_error =
            self.shape != Shape::Whole && (self.observer.has_failed() || error_keys::is_error_in(&ready));
        if !is_error {
            return ready;
        }
        // The end of an array element is not marked; an error is the last one.
        if self.shape == Shape::Stream && is_open && ready.len() < JOIN_LIMIT {
            held.put_back(ready);
            return Bytes::new();
        }
        error_keys::without_keys(&ready, self.shape, &self.scrubber).unwrap_or(ready)
    }
}
