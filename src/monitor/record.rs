//! One exchange as it will be remembered, and the guard that finishes it on every exit.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde::Serialize;

use super::Recorder;
use crate::protocol::{Protocol, Usage};

/// Whichever way an exchange ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Done,
    /// Answered with an error.
    Failed,
    /// The client went away first.
    Cancelled,
    /// The answer broke after its first byte.
    Cut,
}

#[derive(Clone, Debug, Serialize)]
pub struct Record {
    pub id: String,
    pub at: Timestamp,
    pub protocol: &'static str,
    /// As the client sent it, without its query.
    pub path: String,
    /// What is wrong with the path, when it was understood all the same.
    pub hint: Option<&'static str>,
    pub client: Option<String>,
    pub peer: Option<SocketAddr>,
    pub model_asked: Option<String>,
    pub model_used: Option<String>,
    pub provider: Option<&'static str>,
    pub account: Option<String>,
    pub attempts: Vec<AttemptRecord>,
    pub streamed: bool,
    /// What a translation between protocols could not carry over.
    pub dropped: String,
    pub status: u16,
    pub error: Option<String>,
    pub usage: Option<Usage>,
    pub bytes_in: u64,
    pub bytes_out: u64,
    pub first_byte_ms: Option<u64>,
    pub duration_ms: u64,
    pub outcome: Outcome,
}

/// One try with one account. `failure` is `None` for the try that answered.
#[derive(Clone, Debug, Serialize)]
pub struct AttemptRecord {
    pub account: String,
    pub duration_ms: u64,
    pub failure: Option<String>,
}

impl Record {
    pub fn new(id: String, protocol: Protocol, path: &str) -> Self {
        Self {
            id,
            at: Timestamp::now(),
            protocol: protocol.name(),
            path: path.to_owned(),
            hint: None,
            client: None,
            peer: None,
            model_asked: None,
            model_used: None,
            provider: None,
            account: None,
            attempts: Vec::new(),
            streamed: false,
            dropped: String::new(),
            status: 0,
            error: None,
            usage: None,
            bytes_in: 0,
            bytes_out: 0,
            first_byte_ms: None,
            duration_ms: 0,
            outcome: Outcome::Cancelled,
        }
    }

    /// One line: `info` for what a user would want to see, `debug` for the rest.
    pub(super) fn log(&self) {
        let model = self.model_asked.as_deref().unwrap_or("-");
        let account = self.account.as_deref().unwrap_or("-");
        let Self { id, status, protocol, path, outcome, duration_ms: ms, .. } = self;
        if let Some(error) = &self.error {
            tracing::info!(id, status, model, account, ms, "{protocol} {path} failed: {error}");
        } else {
            tracing::debug!(id, status, model, account, ms, "{protocol} {path} {outcome:?}");
        }
    }
}

/// Holds the record of an exchange under way; dropping it files the record. Empty when
/// recording is off, and then nothing is built.
#[derive(Debug)]
pub struct RecordGuard {
    record: Option<Box<Record>>,
    recorder: Arc<Recorder>,
    started: Instant,
}

impl RecordGuard {
    pub fn open(recorder: &Arc<Recorder>, build: impl FnOnce() -> Record) -> Self {
        let record = recorder.is_enabled().then(|| Box::new(build()));
        Self { record, recorder: Arc::clone(recorder), started: Instant::now() }
    }

    /// Notes something, if anybody is taking notes.
    pub fn note(&mut self, write: impl FnOnce(&mut Record)) {
        if let Some(record) = &mut self.record {
            write(record);
        }
    }

    pub fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }
}

impl Drop for RecordGuard {
    fn drop(&mut self) {
        if let Some(mut record) = self.record.take() {
            record.duration_ms = millis(self.started.elapsed());
            self.recorder.push(*record);
        }
    }
}

pub fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
