//! Files the record of an exchange on every way out of it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Recorder;
use super::record::{Record, millis};

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
        let record = recorder.is_enabled().then(|| {
            let mut record = Box::new(build());
            record.bodies = recorder.bodies();
            record
        });
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
            self.recorder.file(record);
        }
    }
}
