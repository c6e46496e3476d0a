//! The records of requests that were refused before the gateway, so that "why does my client
//! get a 401?" has an answer. A few each minute: every program can send more.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use http::header::USER_AGENT;
use salvo::prelude::Request;

use crate::monitor::{Outcome, Record, RecordGuard, Recorder};
use crate::protocol::{Family, LocalError, Operation};

/// Refusals recorded in one minute; more would only push better records out.
const PER_MINUTE: u64 = 60;

/// Counts the refusals recorded in this minute.
pub struct Refusals {
    started: Instant,
    /// Minutes since the start in the upper half, the count in the lower.
    counted: AtomicU64,
}

impl Default for Refusals {
    fn default() -> Self {
        Self { started: Instant::now(), counted: AtomicU64::new(0) }
    }
}

impl Refusals {
    pub fn record(
        &self,
        recorder: &Arc<Recorder>,
        request: &Request,
        id: &str,
        family: Family,
        asked: Option<Operation>,
        error: &LocalError,
    ) {
        if !recorder.is_enabled() || !self.has_room(self.started.elapsed().as_secs() / 60) {
            return;
        }
        let path = request.uri().path();
        let mut guard = RecordGuard::open(recorder, || match asked {
            Some(operation) => Record::of_call(id, operation, path),
            None => Record::new(id, family_name(family), path),
        });
        guard.note(|record| {
            let agent = request.headers().get(USER_AGENT).and_then(|agent| agent.to_str().ok());
            record.client = agent.map(Into::into);
            record.peer = request.remote_addr().clone().into_std();
            record.status = error.kind.status().as_u16();
            record.error = Some(error.message.clone());
            record.error_kind = Some(error.kind.name().into());
            record.outcome = Outcome::Failed;
        });
    }

    fn has_room(&self, minute: u64) -> bool {
        let counted = |counted: u64| match (counted >> 32 == minute, counted & u64::from(u32::MAX)) {
            (true, PER_MINUTE..) => None,
            (true, _) => Some(counted + 1),
            (false, _) => Some((minute << 32) + 1),
        };
        self.counted.try_update(Ordering::Relaxed, Ordering::Relaxed, counted).is_ok()
    }
}

/// The record's protocol where the path does not name one.
const fn family_name(family: Family) -> &'static str {
    match family {
        Family::OpenAi => "openai",
        Family::Anthropic => "anthropic",
        Family::Gemini => "gemini",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_minute_has_room_for_a_fixed_number() {
        let refusals = Refusals::default();
        for minute in [0, 1, 7] {
            let recorded = (0..1000).filter(|_| refusals.has_room(minute)).count();
            assert_eq!(recorded as u64, PER_MINUTE, "minute {minute}");
        }
    }
}
