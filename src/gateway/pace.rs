//! How slow an upload may be. A pause is forgiven, crawling is not: a body that holds
//! memory has to get on, or give it back.

use std::time::{Duration, Instant};

/// How long an upload may be behind.
const GRACE: Duration = Duration::from_secs(10);
/// Bytes a second that are enough.
const LEAST_RATE: u32 = 16 << 10;

/// The time by which more has to come. What arrives buys time, never more than the grace.
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

    /// When an upload of so many bytes every `gap` seconds is late.
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
    fn a_fast_beginning_buys_no_slow_end() {
        assert_eq!(late_after(1, 5, 3_600), Some(15));
        assert_eq!(late_after(1_000, 1, 3_600), Some(11));
    }

    #[test]
    fn whoever_gets_on_has_all_the_time() {
        assert_eq!(late_after(64 << 10, 4, 3_600), None);
        assert_eq!(late_after(1 << 20, 9, 3_600), None, "a pause is no crawl");
    }
}
