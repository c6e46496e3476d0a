//! Notices that the machine has slept: the time since its start has gone on, while the clock
//! of this program stood still.
//!
//! After a sleep, idle connections are dead without a sign, and rests are too long by the
//! time slept. The wall clock is used only where the system has no other: it can be set and
//! corrected.

use std::time::{Duration, Instant};

use parking_lot::Mutex;

/// A shorter gap comes from reading two clocks in turn, or from one being slewed.
const GAP: Duration = Duration::from_secs(30);

#[derive(Debug)]
pub struct SleepWatch {
    last: Mutex<(Instant, Duration)>,
}

impl SleepWatch {
    pub fn new(now: Instant, since_boot: Duration) -> Self {
        Self { last: Mutex::new((now, since_boot)) }
    }

    /// How long the machine has slept since the last call.
    pub fn has_slept(&self, now: Instant, since_boot: Duration) -> Option<Duration> {
        let mut last = self.last.lock();
        let (then, since_boot_then) = std::mem::replace(&mut *last, (now, since_boot));
        let awake = now.saturating_duration_since(then);
        let slept = since_boot.saturating_sub(since_boot_then).saturating_sub(awake);
        Some(slept).filter(|slept| *slept > GAP)
    }
}

/// The time since the machine started, including sleep.
#[cfg(unix)]
pub fn time_since_boot() -> Duration {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    const CLOCK: rustix::time::ClockId = rustix::time::ClockId::Boottime;
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    const CLOCK: rustix::time::ClockId = rustix::time::ClockId::Monotonic;
    Duration::try_from(rustix::time::clock_gettime(CLOCK)).unwrap_or_default()
}

/// The wall clock: Windows has a clock that includes sleep, but no safe call that reads it.
#[cfg(not(unix))]
pub fn time_since_boot() -> Duration {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_sleep_from_time_passing() {
        let start = Instant::now();
        let watch = SleepWatch::new(start, Duration::from_hours(1));
        let at = |awake: u64, passed: u64| {
            let since_boot = Duration::from_hours(1) + Duration::from_secs(passed);
            watch.has_slept(start + Duration::from_secs(awake), since_boot)
        };
        assert_eq!(at(100, 101), None, "an idle minute is not a sleep");
        assert_eq!(at(101, 3000), Some(Duration::from_secs(2898)), "the other clock ran ahead");
        assert_eq!(at(102, 3001), None, "and that is noticed once");
        assert_eq!(at(103, 10), None, "a clock set back is not a sleep");
    }

    #[test]
    fn the_clock_that_never_sleeps_goes_on_as_the_other_does() {
        let watch = SleepWatch::new(Instant::now(), time_since_boot());
        assert!(time_since_boot() > Duration::ZERO);
        assert_eq!(watch.has_slept(Instant::now(), time_since_boot()), None);
    }
}
