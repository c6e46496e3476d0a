//! One client request with all its attempts: its id, its clock, its record.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::header::USER_AGENT;
use http::{HeaderMap, StatusCode};

use super::query;
use crate::accounts::Lease;
use crate::chat::Usage;
use crate::monitor::record::millis;
use crate::monitor::{AttemptRecord, Outcome, Record, RecordGuard, Recorder};
use crate::protocol::{LocalError, Operation};
use crate::upstream::{Failure, Frames};

/// A request as the server knows it before its body is read.
#[derive(Clone, Debug)]
pub struct IncomingRequest {
    pub id: String,
    pub operation: Operation,
    /// The model in the path, as Gemini's paths have it.
    pub model_in_path: Option<String>,
    /// `v1`, `v1beta` or `v1alpha`, if the client named one.
    pub version: Option<&'static str>,
    pub path: String,
    /// Without the client's key.
    pub query: Option<String>,
    pub hint: Option<&'static str>,
    pub headers: HeaderMap,
    pub peer: Option<SocketAddr>,
}

#[derive(Debug)]
pub struct Exchange {
    pub id: String,
    record: RecordGuard,
    /// Whether its outcome is noted. One that is dropped before that was cancelled.
    is_settled: bool,
    _in_flight: InFlight,
}

/// Where an error is read. Names of accounts are shown on this computer only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    Local,
    Network,
}

impl IncomingRequest {
    /// Gemini: whether the client asked for server-sent events instead of a JSON array.
    pub fn wants_events(&self) -> bool {
        self.query.as_deref().is_some_and(|query| query::has(query, "alt", "sse"))
    }

    pub fn audience(&self) -> Audience {
        let is_local = self.peer.is_some_and(|peer| peer.ip().to_canonical().is_loopback());
        if is_local { Audience::Local } else { Audience::Network }
    }
}

impl Exchange {
    pub fn open(incoming: &IncomingRequest, recorder: &Arc<Recorder>, in_flight: &Arc<AtomicUsize>) -> Self {
        let record = RecordGuard::open(recorder, || {
            let mut record = Record::of_call(&incoming.id, incoming.operation, &incoming.path);
            record.hint = incoming.hint.map(Into::into);
            record.peer = incoming.peer;
            let agent = incoming.headers.get(USER_AGENT).and_then(|agent| agent.to_str().ok());
            record.client = agent.map(Into::into);
            record
        });
        Self { id: incoming.id.clone(), record, is_settled: false, _in_flight: InFlight::enter(in_flight) }
    }

    /// The request has been read.
    pub fn read(&mut self, model: &str, streamed: bool, frames: &Frames) {
        self.record.note(|record| {
            record.bytes_in = frames.len() as u64;
            record.model_asked = Some(model.into());
            record.streamed = streamed;
            record.keep_request(frames.iter());
        });
    }

    /// An account is about to be asked.
    pub fn leased(&mut self, lease: &Lease) {
        self.record.note(|record| {
            record.account = Some(lease.account().name.as_str().into());
            record.provider = Some(lease.account().provider.name().into());
            record.model_used = Some(lease.model().into());
        });
    }

    /// One attempt has just ended; `failure` is `None` if it succeeded.
    pub fn attempted(&mut self, account: &str, duration: Duration, failure: Option<&Failure>) {
        let elapsed = self.record.elapsed();
        self.record.note(|record| {
            record.attempts.push(AttemptRecord {
                account: account.into(),
                started_ms: millis(elapsed.saturating_sub(duration)),
                duration_ms: millis(duration),
                status: failure.and_then(|failure| failure.status),
                fault: failure.map(|failure| failure.fault.name().into()),
                failure: failure.map(|failure| failure.reason.to_string()),
            });
        });
    }

    /// The client gets an error of ours.
    pub fn failed(&mut self, error: &LocalError) {
        self.settle(Outcome::Failed, |record| {
            record.status = error.kind.status().as_u16();
            record.error = Some(error.message.clone());
            record.error_kind = Some(error.kind.name().into());
        });
    }

    /// The client gets the upstream's own refusal.
    pub fn refused(&mut self, status: StatusCode, failure: &Failure, body: &Bytes) {
        self.settle(Outcome::Failed, |record| {
            record.status = status.as_u16();
            record.error = Some(failure.reason.to_string());
            record.error_kind = Some(failure.fault.name().into());
            record.bytes_out = body.len() as u64;
            record.keep_response(body);
        });
    }

    /// The client gets an answer. `dropped`: what the upstream could not be asked.
    pub fn begins_to_answer(&mut self, status: StatusCode, dropped: String) {
        self.record.note(|record| {
            record.status = status.as_u16();
            record.dropped = dropped;
        });
    }

    /// The whole answer is ready.
    pub fn answered(&mut self, usage: Option<Usage>, body: &[u8]) {
        self.settle(Outcome::Done, |record| {
            record.usage = usage;
            record.bytes_out = body.len() as u64;
            record.keep_response(body);
        });
    }

    /// The first byte of the answer is ready for the client.
    pub fn first_byte(&mut self) {
        let elapsed = self.record.elapsed();
        self.record.note(|record| record.first_byte_ms = Some(millis(elapsed)));
    }

    /// These bytes of a relayed answer leave for the client.
    pub fn sent(&mut self, bytes: &Bytes) {
        self.record.note(|record| record.keep_response(bytes));
    }

    /// A relayed answer broke after its first byte.
    pub fn cut(&mut self, usage: Option<Usage>, bytes_out: u64, reason: &str) {
        self.settle(Outcome::Cut, |record| {
            record.usage = usage;
            record.bytes_out = bytes_out;
            record.error = Some(reason.to_owned());
            record.error_kind = Some("cut".into());
        });
    }

    /// A relayed answer is complete, unless it was cut.
    pub fn complete(&mut self) {
        if !self.is_settled {
            self.settle(Outcome::Done, |_| {});
        }
    }

    /// A relayed answer leaves the relay, complete or not.
    pub fn left(&mut self, usage: Option<Usage>, bytes_out: u64) {
        self.record.note(|record| {
            record.usage = record.usage.or(usage);
            record.bytes_out = bytes_out;
        });
    }

    fn settle(&mut self, outcome: Outcome, write: impl FnOnce(&mut Record)) {
        self.is_settled = true;
        self.record.note(|record| {
            record.outcome = outcome;
            write(record);
        });
    }
}

/// Counts a request as under way until it is dropped.
#[derive(Debug)]
struct InFlight(Arc<AtomicUsize>);

impl InFlight {
    fn enter(count: &Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(count))
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
