//! What happened: one record an exchange, kept so that recording never delays one.

pub mod record;

use std::collections::VecDeque;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

pub use record::{AttemptRecord, Outcome, Record, RecordGuard};

/// How many of the latest exchanges are remembered.
const CAPACITY: usize = 256;

/// Takes finished records. Bounded: the oldest makes room for the newest.
#[derive(Debug, Default)]
pub struct Recorder {
    enabled: AtomicBool,
    latest: Mutex<VecDeque<Record>>,
}

impl Recorder {
    pub fn set_enabled(&self, enabled: bool) {
        self.enabled.store(enabled, Ordering::Relaxed);
    }

    pub fn is_enabled(&self) -> bool {
        self.enabled.load(Ordering::Relaxed)
    }

    pub fn push(&self, record: Record) {
        record.log();
        let mut latest = self.latest.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if latest.len() == CAPACITY {
            latest.pop_front();
        }
        latest.push_back(record);
    }

    /// The latest exchanges, newest first.
    pub fn latest(&self, limit: usize) -> Vec<Record> {
        let latest = self.latest.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        latest.iter().rev().take(limit).cloned().collect()
    }
}
