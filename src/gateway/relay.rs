//! Hands an upstream's answer to the client as it comes.
//!
//! The body is polled only when the client has taken what came before, so a slow reader
//! slows the upstream, and dropping it cancels the upstream at once. Frames that arrive
//! together leave together: a burst of 200 events is a few writes instead of 200. Events
//! are passed on whole lines at a time, so that an answer which breaks can still end
//! with an event that says so.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use super::error_keys;
use super::exchange::Exchange;
use super::opening;
use super::outbox::Outbox;
use super::patience::{Pulse, Silence, Turns};
use super::translate::Translator;
use crate::accounts::Lease;
use crate::monitor::{Outcome, record::millis};
use crate::protocol::{ErrorKind, LocalError, Observer, Protocol, decode_error_event, stream_keep_alive};
use crate::upstream::client::describe;
use crate::upstream::{Failure, Fault, ReplyBody, Scrubber};

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// As much as is joined before it leaves.
const JOIN_LIMIT: usize = 64 << 10;
/// As much is taken in at a time; then it is asked how late it is, and others have a turn.
const TURN: usize = 1 << 20;
/// How long a stream that has said its last word may take to end.
const LAST_PATIENCE: Duration = Duration::from_secs(1);

/// How an answer is framed, which decides how it may end badly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Server-sent events: a broken answer ends with the protocol's error event.
    Events,
    /// A stream of another kind: a broken answer ends by cutting the connection.
    Stream,
    /// One object: the same, and the time for all of it is limited.
    Whole,
}

pub struct Relay {
    upstream: ReplyBody,
    codec: Codec,
    shape: Shape,
    protocol: Protocol,
    held: Outbox,
    turns: Turns,
    /// Bytes the client can expect, where the upstream said so.
    length: Option<u64>,
    silence: Silence,
    observer: Observer,
    state: State,
    bytes_in: u64,
    bytes_out: u64,
    exchange: Exchange,
    lease: Lease,
    scrubber: Scrubber,
}

/// What becomes of the upstream's bytes on their way.
pub enum Codec {
    /// Nothing: both sides speak the same protocol.
    Pass,
    Translate(Box<Translator>, Pulse),
}

enum State {
    Open,
    /// Everything has been taken in; what is held is the rest.
    Ended,
    /// The answer broke and has no event to say so with.
    Broken(String),
    Closed,
}

pub struct Source {
    /// When the account was asked: others may have kept the request waiting before.
    pub begun: Instant,
    pub first: Bytes,
    pub rest: ReplyBody,
    pub codec: Codec,
    pub shape: Shape,
    pub protocol: Protocol,
    pub observer: Observer,
    pub length: Option<u64>,
    pub limit: Duration,
    /// For what the upstream says of a failure.
    pub scrubber: Scrubber,
}

impl Relay {
    pub fn new(source: Source, exchange: Exchange, lease: Lease) -> Self {
        let is_stream = source.shape != Shape::Whole;
        let elapsed = if is_stream { Duration::ZERO } else { source.begun.elapsed() };
        let mut relay = Self {
            upstream: source.rest,
            codec: source.codec,
            shape: source.shape,
            protocol: source.protocol,
            held: Outbox::default(),
            turns: Turns::default(),
            length: source.length,
            silence: Silence::new(source.limit, elapsed, is_stream),
            observer: source.observer,
            state: State::Open,
            bytes_in: 0,
            bytes_out: 0,
            exchange,
            lease,
            scrubber: source.scrubber,
        };
        let first_byte = millis(relay.exchange.elapsed());
        relay.exchange.note(|record| record.first_byte_ms = Some(first_byte));
        relay.take_in(source.first);
        relay
    }

    fn take_in(&mut self, bytes: Bytes) {
        self.observer.push(&bytes);
        self.bytes_in += bytes.len() as u64;
        let bytes = match &mut self.codec {
            Codec::Pass => bytes,
            // What comes after the last word changes nothing.
            Codec::Translate(translator, _) if translator.is_over() => Bytes::new(),
            Codec::Translate(translator, _) => translator.push(&bytes),
        };
        self.held.add(bytes);
        if self.is_over() {
            if self.has_failed() {
                return self.gave_up();
            }
            self.silence.end_within(LAST_PATIENCE);
        }
        // Whoever said how long the answer is need not be asked whether it has ended.
        if self.length == Some(self.bytes_in) {
            self.ended();
        }
    }

    /// Takes in what the upstream has; pending when it has nothing more now, or has had its
    /// turn without saying anything that the client is to hear.
    fn poll_upstream(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let mut taken = 0;
        while matches!(self.state, State::Open) && self.held.len() < JOIN_LIMIT {
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
                // After the last word it is only an end without manners.
                Some(Err(_)) if self.observer.has_ended() => self.upstream_ended(),
                Some(Err(error)) => {
                    self.broke(&format!("the upstream's answer broke off: {}", describe(&error)));
                }
                None => self.upstream_ended(),
            }
        }
        Poll::Ready(())
    }

    fn upstream_ended(&mut self) {
        self.observer.finish();
        let Codec::Translate(translator, _) = &mut self.codec else {
            return if self.observer.is_complete() {
                self.ended();
            } else if self.observer.has_failed() {
                self.broke("the upstream's answer ended with an error");
            } else {
                self.broke("the upstream's answer ended too early");
            };
        };
        let rest = translator.finish();
        let failure = translator.failure().map(str::to_owned);
        self.held.add(rest);
        match failure {
            None => self.ended(),
            Some(reason) => {
                self.blame(&reason);
                self.state = State::Ended;
            }
        }
    }

    fn ended(&mut self) {
        self.state = State::Ended;
        self.lease.succeed();
    }

    fn has_failed(&self) -> bool {
        matches!(&self.codec, Codec::Translate(translator, _) if translator.failure().is_some())
    }

    /// The client has been told of the failure: the upstream need say no more, and is not
    /// listened to.
    fn gave_up(&mut self) {
        self.upstream = ReplyBody::from("");
        self.upstream_ended();
    }

    /// The answer cannot be finished: say so in the client's protocol, or cut it off.
    fn broke(&mut self, reason: &str) {
        self.blame(reason);
        if let Codec::Translate(translator, _) = &mut self.codec {
            let last_words = translator.fail(reason);
            self.held.add(last_words);
            self.state = State::Ended;
            return;
        }
        if self.shape != Shape::Events {
            self.state = State::Broken(reason.to_owned());
            return;
        }
        self.state = State::Ended;
        if self.observer.has_failed() {
            return;
        }
        self.held.drop_open_line();
        let error = LocalError::new(ErrorKind::BadGateway, reason);
        let event = self.protocol.stream_error(&error, &self.exchange.id);
        // Ends whatever line and event the client is in, also between CR and LF.
        self.held.add(Bytes::from_static(b"\n\n"));
        self.held.add(Bytes::from(event));
    }

    /// Nothing that the client wants to hear can follow.
    fn is_over(&self) -> bool {
        match &self.codec {
            Codec::Pass => self.observer.is_over(),
            Codec::Translate(translator, _) => translator.is_over(),
        }
    }

    const fn is_open(&self) -> bool {
        matches!(self.state, State::Open)
    }

    fn fell_silent(&mut self) {
        if self.is_over() || self.observer.has_ended() {
            return self.upstream_ended();
        }
        self.broke(&format!("the upstream sent nothing for {} s", self.silence.limit().as_secs_f32()));
    }

    /// The upstream did not do its part: for the account, unless it told of the request's
    /// own fault, and for the record.
    fn blame(&mut self, reason: &str) {
        let failure = self.observer.failure().map(decode_error_event);
        let provider = self.lease.account().provider;
        let fault = failure.and_then(|failure| opening::fault(provider, &failure));
        let fault = fault.unwrap_or(Fault::Unreachable);
        self.lease.fail(&Failure { fault, status: None, reason: reason.into() });
        let (usage, bytes_out) = (self.observer.usage(), self.bytes_out);
        self.exchange.cut(usage, bytes_out, reason);
    }

    /// What may leave now: everything, but of an open stream only whole events or elements.
    fn ready_bytes(&mut self) -> Option<Bytes> {
        let passes = matches!(self.codec, Codec::Pass);
        let may_wait = passes && self.is_open() && self.held.len() < JOIN_LIMIT;
        let ready = match self.shape {
            Shape::Events if may_wait => self.held.take_events(),
            Shape::Stream if may_wait => self.held.take_before(error_keys::ERROR),
            _ => self.held.take(),
        };
        let may_tell = passes && self.shape != Shape::Whole;
        let is_error = may_tell && (self.observer.has_failed() || error_keys::is_error_in(&ready));
        // Of an array nothing tells where an element ends; an error is its last one.
        if is_error && self.shape == Shape::Stream && self.is_open() && ready.len() < JOIN_LIMIT {
            self.held.put_back(ready);
            return None;
        }
        let clean = is_error.then(|| error_keys::without_keys(&ready, self.shape, &self.scrubber)).flatten();
        Some(clean.unwrap_or(ready)).filter(|ready| !ready.is_empty())
    }

    /// Nothing to send: wait, and now and then say that we still do.
    fn poll_pulse(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let Codec::Translate(translator, pulse) = &mut self.codec else { return Poll::Pending };
        if translator.is_over() {
            return Poll::Pending;
        }
        let beat = std::task::ready!(pulse.poll(cx));
        self.send(Bytes::from_static(beat))
    }

    fn send(&mut self, bytes: Bytes) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        self.turns = Turns::default();
        if let Codec::Translate(_, pulse) = &mut self.codec {
            pulse.heard();
        }
        self.bytes_out += bytes.len() as u64;
        self.exchange.note(|record| record.keep_response(&bytes));
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
            // More of a burst may be on its way; a whole answer leaves as it comes.
            if is_waiting
                && this.shape == Shape::Events
                && this.held.len() > 0
                && this.turns.poll(cx).is_pending()
            {
                return Poll::Pending;
            }
            // However much the upstream has to say: its time may be over.
            if matches!(this.state, State::Open) && this.silence.poll(cx).is_ready() {
                this.fell_silent();
                continue;
            }
            if let Some(bytes) = this.ready_bytes() {
                return this.send(bytes);
            }
            if let State::Broken(reason) = &this.state {
                // The server drops what it has not written yet when a body fails.
                std::task::ready!(this.turns.poll(cx));
                let error = Box::new(RelayError(reason.clone()));
                this.state = State::Closed;
                return Poll::Ready(Some(Err(error)));
            }
            match this.state {
                State::Open => return this.poll_pulse(cx),
                State::Ended => {
                    this.state = State::Closed;
                    this.exchange.note(|record| {
                        if record.outcome == Outcome::Cancelled {
                            record.outcome = Outcome::Done;
                        }
                    });
                }
                State::Broken(_) | State::Closed => {}
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
        let (usage, bytes_out) = (self.observer.usage(), self.bytes_out);
        // With a length the server stops reading at the last byte and never asks for the end.
        let complete = self.length == Some(bytes_out) && matches!(self.state, State::Open | State::Ended);
        if complete {
            self.lease.succeed();
        }
        self.exchange.note(|record| {
            record.usage = record.usage.or(usage);
            record.bytes_out = bytes_out;
            if complete && record.outcome == Outcome::Cancelled {
                record.outcome = Outcome::Done;
            }
        });
    }
}

impl Codec {
    pub fn translate(translator: Translator, client: Protocol) -> Self {
        Self::Translate(Box::new(translator), Pulse::new(stream_keep_alive(client)))
    }
}

/// The answer could not be finished; the connection is cut so that nobody takes it for whole.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct RelayError(String);
