//! How slow an upload may be. It may pause, but not crawl: a body that holds memory has to
//! make progress, or give it back.

use std::time::{Duration, Instant};

/// How long an upload may fall behind.
const GRACE: Duration = Duration::from_secs(10);
/// Bytes per second that are fast enough.
const LEAST_RATE: u32 = 16 << 10;

/// The time by which more bytes have to come. Bytes that arrive extend it, to at most the
/// grace from now.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    grace: Duration,
    due: Instant,
}

impl Pace {
    pub fn new(now: Instant) -> Self {
        Self::with_grace(GRACE, now)
    }

    pub fn with_grace(grace: Duration, now: Instant) -> Self {
        Self { grace, due: now + grace }
    }

    pub fn arrived(&mut self, bytes: usize, now: Instant) {
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
        let bought = Duration::from_secs(1) * bytes / LEAST_RATE;
        self.due = (self.due + bought).min(now + self.grace);
    }

    pub const fn due(&self) -> Instant {
        self.due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// After how many seconds an upload of `bytes` every `gap` seconds is late.
    fn late_after(bytes: usize, gap: u64, seconds: u64) -> Option<u64> {
        let start = Instant::now();
        let mut pace = Pace::new(start);
        pace.arrived(100 << 20, start);
        (1..=seconds / gap).map(|step| step * gap).find(|elapsed| {
            let now = start + Duration::from_secs(*elapsed);
            let is_late = now > pace.due();
            pace.arrived(bytes, now);
            is_late
        })
    }

    #[test]
    fn a_fast_beginning_does_not_pay_for_a_slow_end() {
        assert_eq!(late_after(1, 5, 3_600), Some(15));
        assert_eq!(late_after(1_000, 1, 3_600), Some(11));
    }

    #[test]
    fn an_upload_that_makes_progress_may_take_any_time() {
        assert_eq!(late_after(64 << 10, 4, 3_600), None);
        assert_eq!(late_after(1 << 20, 9, 3_600), None, "it pauses, it does not crawl");
    }
}
