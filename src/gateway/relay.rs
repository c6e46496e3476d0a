//! Hands an upstream's answer to the client as it comes.
//!
//! The upstream is polled only when the client has taken what came before, so a slow client
//! slows the upstream, and dropping the relay cancels the upstream at once. Frames that
//! arrive together are sent together: a burst of 200 events is a few writes instead of 200.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use super::codec::Codec;
use super::exchange::Exchange;
use super::outbox::Outbox;
use super::passage::JOIN_LIMIT;
use super::patience::{Silence, Turns};
use super::shape::{Ending, Shape};
use crate::accounts::Lease;
use crate::upstream::cause::innermost;
use crate::upstream::{Failure, Fault, ReplyBody};

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Bytes taken in before the relay checks its time limit and yields.
const TURN: usize = 1 << 20;
/// How long the upstream may take to close a stream after its last event.
const LAST_PATIENCE: Duration = Duration::from_secs(1);

pub struct Relay {
    upstream: ReplyBody,
    codec: Codec,
    shape: Shape,
    held: Outbox,
    turns: Turns,
    /// Bytes of the answer, if the upstream stated them.
    length: Option<u64>,
    silence: Silence,
    state: State,
    bytes_in: u64,
    bytes_out: u64,
    exchange: Exchange,
    lease: Lease,
}

enum State {
    Open,
    /// Everything has been taken in; the rest is held.
    Ended,
    /// The answer broke, and its shape has no error event: the connection is to be cut.
    Torn(String),
    Closed,
}

/// An upstream's answer that has begun, and what becomes of it.
pub struct Source {
    /// When this account was asked; earlier accounts may have taken time before.
    pub begun: Instant,
    pub first: Bytes,
    pub rest: ReplyBody,
    pub codec: Codec,
    pub shape: Shape,
    pub length: Option<u64>,
    pub limit: Duration,
}

impl Relay {
    pub fn new(source: Source, mut exchange: Exchange, lease: Lease) -> Self {
        let Source { begun, first, rest, codec, shape, length, limit } = source;
        let is_stream = shape != Shape::Whole;
        let elapsed = if is_stream { Duration::ZERO } else { begun.elapsed() };
        exchange.first_byte();
        let mut relay = Self {
            upstream: rest,
            codec,
            shape,
            held: Outbox::default(),
            turns: Turns::default(),
            length,
            silence: Silence::new(limit, elapsed, is_stream),
            state: State::Open,
            bytes_in: 0,
            bytes_out: 0,
            exchange,
            lease,
        };
        relay.take_in(first);
        relay
    }

    fn take_in(&mut self, bytes: Bytes) {
        self.bytes_in += bytes.len() as u64;
        self.codec.push(bytes, &mut self.held);
        if self.codec.is_closed() {
            self.upstream = ReplyBody::from("");
            return self.end(None);
        }
        if self.codec.is_over() {
            self.silence.end_within(LAST_PATIENCE);
        }
        // With a known length the last byte is the end.
        if self.length == Some(self.bytes_in) {
            self.complete();
        }
    }

    /// Takes in what the upstream has. Pending when there is nothing more at present, or when
    /// the turn is over and held nothing for the client.
    fn poll_upstream(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let mut taken = 0;
        while self.is_open() && self.held.len() < JOIN_LIMIT {
            if taken >= TURN {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            match std::task::ready!(Pin::new(&mut self.upstream).poll_frame(cx)) {
                Some(Ok(frame)) => {
                    self.silence.heard();
                    if let Ok(bytes) = frame.into_data() {
                        taken += bytes.len();
                        self.take_in(bytes);
                    }
                }
                Some(Err(error)) => {
                    self.end(Some(&format!("the upstream's answer broke off: {}", innermost(&error))));
                }
                None => self.end(None),
            }
        }
        Poll::Ready(())
    }

    /// Ends the answer. `interruption`: why, unless the upstream ended it.
    fn end(&mut self, interruption: Option<&str>) {
        match self.codec.finish(interruption, &mut self.held, &self.exchange.id) {
            Ending::Complete => self.complete(),
            Ending::Reported(reason) => {
                self.blame(&reason);
                self.state = State::Ended;
            }
            Ending::Torn(reason) => {
                self.blame(&reason);
                self.state = State::Torn(reason);
            }
        }
    }

    fn complete(&mut self) {
        self.state = State::Ended;
        self.lease.succeed();
    }

    const fn is_open(&self) -> bool {
        matches!(self.state, State::Open)
    }

    /// Reports a broken answer to the account and the record. The account is not at fault where
    /// the upstream's own error says that the request is.
    fn blame(&mut self, reason: &str) {
        let fault = self.codec.fault(self.lease.account().provider).unwrap_or(Fault::Unreachable);
        self.lease.fail(&Failure { fault, status: None, reason: reason.into() });
        self.exchange.cut(self.codec.usage(), self.bytes_out, reason);
    }

    /// Sends a sign of life when it is due.
    fn poll_pulse(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let beat = std::task::ready!(self.codec.poll_pulse(cx));
        self.send(Bytes::from_static(beat))
    }

    fn send(&mut self, bytes: Bytes) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        self.turns = Turns::default();
        self.codec.sent();
        self.bytes_out += bytes.len() as u64;
        self.exchange.sent(&bytes);
        Poll::Ready(Some(Ok(Frame::data(bytes))))
    }
}

impl Body for Relay {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let this = self.get_mut();
        loop {
            let is_waiting = this.poll_upstream(cx).is_pending();
            // More of a burst may be about to come. A whole answer is sent as it comes.
            if is_waiting
                && this.shape == Shape::Events
                && this.held.len() > 0
                && this.turns.poll(cx).is_pending()
            {
                return Poll::Pending;
            }
            // The time of an upstream that sends a lot may be over, too.
            if this.is_open() && this.silence.poll(cx).is_ready() {
                let seconds = this.silence.limit().as_secs_f32();
                this.end(Some(&format!("the upstream sent nothing for {seconds} s")));
                continue;
            }
            let is_open = this.is_open();
            let ready = this.codec.release(&mut this.held, is_open);
            if !ready.is_empty() {
                return this.send(ready);
            }
            if let State::Torn(reason) = &this.state {
                // The server drops bytes it has not written when a body fails: let it write.
                std::task::ready!(this.turns.poll(cx));
                let error = Box::new(RelayError(reason.clone()));
                this.state = State::Closed;
                return Poll::Ready(Some(Err(error)));
            }
            match this.state {
                State::Open => return this.poll_pulse(cx),
                State::Ended => {
                    this.state = State::Closed;
                    this.exchange.complete();
                }
                State::Torn(_) | State::Closed => {}
            }
            return Poll::Ready(None);
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self.state, State::Closed)
    }

    fn size_hint(&self) -> SizeHint {
        self.length.map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        // With a known length the server reads the last byte and never polls for the end.
        let is_complete =
            self.length == Some(self.bytes_out) && matches!(self.state, State::Open | State::Ended);
        if is_complete {
            self.lease.succeed();
            self.exchange.complete();
        }
        self.exchange.left(self.codec.usage(), self.bytes_out);
    }
}

/// The answer could not be finished. The server cuts the connection, so that the client
/// notices.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct RelayError(String);
