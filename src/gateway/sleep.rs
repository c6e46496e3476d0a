//! Notices that the machine has slept: the time since its start went on, the clock that
//! this program counts by did not.
//!
//! Connections that were idle before are dead without knowing it, and rests count a clock
//! that stood still. The wall clock is not asked where the system counts its own time: it
//! is set and corrected, which is no sleep.

use std::sync::Mutex;
use std::time::{Duration, Instant};

/// A shorter gap is two clocks read one after the other, or one being slewed.
const GAP: Duration = Duration::from_secs(30);

#[derive(Debug)]
pub struct SleepWatch {
    last: Mutex<(Instant, Duration)>,
}

impl SleepWatch {
    pub fn new(now: Instant, since_boot: Duration) -> Self {
        Self { last: Mutex::new((now, since_boot)) }
    }

    /// How long the machine has slept since this was last asked.
    pub fn has_slept(&self, now: Instant, since_boot: Duration) -> Option<Duration> {
        let mut last = self.last.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let (then, since_boot_then) = std::mem::replace(&mut *last, (now, since_boot));
        let awake = now.saturating_duration_since(then);
        let slept = since_boot.saturating_sub(since_boot_then).saturating_sub(awake);
        Some(slept).filter(|slept| *slept > GAP)
    }
}

/// A clock that goes on while the machine sleeps.
#[cfg(unix)]
pub fn time_since_boot() -> Duration {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    const CLOCK: rustix::time::ClockId = rustix::time::ClockId::Boottime;
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    const CLOCK: rustix::time::ClockId = rustix::time::ClockId::Monotonic;
    Duration::try_from(rustix::time::clock_gettime(CLOCK)).unwrap_or_default()
}

/// Windows has one clock that goes on, and nothing that is safe to ask it by.
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
        assert_eq!(at(100, 101), None, "an idle minute is no sleep");
        assert_eq!(at(101, 3000), Some(Duration::from_secs(2898)), "the other clock ran ahead");
        assert_eq!(at(102, 3001), None, "and that is noticed once");
        assert_eq!(at(103, 10), None, "a clock set back is no sleep");
    }

    #[test]
    fn the_clock_that_never_sleeps_goes_on_as_the_other_does() {
        let watch = SleepWatch::new(Instant::now(), time_since_boot());
        assert!(time_since_boot() > Duration::ZERO);
        assert_eq!(watch.has_slept(Instant::now(), time_since_boot()), None);
    }
}
