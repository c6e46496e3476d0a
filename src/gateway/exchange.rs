//! One client request with all its attempts: its id, its clock, its record.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use http::HeaderMap;
use http::header::USER_AGENT;

use super::query;
use crate::chat::Usage;
use crate::monitor::record::millis;
use crate::monitor::{AttemptRecord, Outcome, Record, RecordGuard, Recorder};
use crate::protocol::{LocalError, Operation};
use crate::upstream::Failure;

/// What the server knows of a request before its body is read.
#[derive(Clone, Debug)]
pub struct Incoming {
    pub id: String,
    pub operation: Operation,
    /// Where the path names the model, as Gemini's do.
    pub model_in_path: Option<String>,
    /// `v1`, `v1beta`, `v1alpha`, where the client named one.
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
    _in_flight: InFlight,
}

/// Who reads an error: names of accounts are for whoever shares the computer with them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    Local,
    Network,
}

impl Incoming {
    /// Gemini: server-sent events instead of a JSON array.
    pub fn wants_events(&self) -> bool {
        self.query.as_deref().is_some_and(|query| query::has(query, "alt", "sse"))
    }

    pub fn audience(&self) -> Audience {
        let is_local = self.peer.is_some_and(|peer| peer.ip().to_canonical().is_loopback());
        if is_local { Audience::Local } else { Audience::Network }
    }
}

impl Exchange {
    pub fn open(incoming: &Incoming, recorder: &Arc<Recorder>, in_flight: &Arc<AtomicUsize>) -> Self {
        let record = RecordGuard::open(recorder, || {
            let mut record = Record::of_call(&incoming.id, incoming.operation, &incoming.path);
            record.hint = incoming.hint.map(Into::into);
            record.peer = incoming.peer;
            let agent = incoming.headers.get(USER_AGENT).and_then(|agent| agent.to_str().ok());
            record.client = agent.map(Into::into);
            record
        });
        Self { id: incoming.id.clone(), record, _in_flight: InFlight::enter(in_flight) }
    }

    pub fn elapsed(&self) -> Duration {
        self.record.elapsed()
    }

    pub fn note(&mut self, write: impl FnOnce(&mut Record)) {
        self.record.note(write);
    }

    /// One try has ended just now; `failure` is `None` where it answered.
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

    pub fn failed(&mut self, error: &LocalError) {
        self.record.note(|record| {
            record.status = error.kind.status().as_u16();
            record.error = Some(error.message.clone());
            record.error_kind = Some(error.kind.name().into());
            record.outcome = Outcome::Failed;
        });
    }

    /// The whole answer is ready.
    pub fn answered(&mut self, usage: Option<Usage>, body: &[u8]) {
        self.record.note(|record| {
            record.outcome = Outcome::Done;
            record.usage = usage;
            record.bytes_out = body.len() as u64;
            record.keep_response(body);
        });
    }

    /// The answer broke after its first byte.
    pub fn cut(&mut self, usage: Option<Usage>, bytes_out: u64, reason: &str) {
        self.record.note(|record| {
            record.outcome = Outcome::Cut;
            record.usage = usage;
            record.bytes_out = bytes_out;
            record.error = Some(reason.to_owned());
            record.error_kind = Some("cut".into());
        });
    }
}

/// Counts requests under way for as long as it lives.
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
