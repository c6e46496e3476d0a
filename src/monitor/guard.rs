//! The guard that files an exchange's record, however the exchange ends.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Recorder;
use super::record::{Record, millis};

/// Holds the record of an exchange under way; dropping it files the record. Empty while
/// recording is off.
#[derive(Debug)]
pub struct RecordGuard {
    record: Option<Box<Record>>,
    recorder: Arc<Recorder>,
    started: Instant,
}

impl RecordGuard {
    /// Builds a record, if recording is on.
    pub fn open(recorder: &Arc<Recorder>, build: impl FnOnce() -> Record) -> Self {
        let record = recorder.is_enabled().then(|| {
            let mut record = Box::new(build());
            record.bodies = recorder.bodies();
            record
        });
        Self { record, recorder: Arc::clone(recorder), started: Instant::now() }
    }

    /// Changes the record, if recording is on.
    pub fn note(&mut self, write: impl FnOnce(&mut Record)) {
        if let Some(record) = &mut self.record {
            write(record);
        }
    }

    /// The time since the exchange began.
    pub fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }
}

impl Drop for RecordGuard {
    fn drop(&mut self) {
        if let Some(mut record) = self.record.take() {
            record.duration_ms = millis(self.started.elapsed());
            self.recorder.file(record);
        }
    }
}
