//! Notices that the machine has slept: the wall clock went on, the monotonic one did not.
//!
//! Connections that were idle before are dead without knowing it, and cooldowns count a
//! clock that stood still. A clock that was merely set looks the same, and costs the same:
//! new connections, and one early try for an account that was resting.

use std::sync::Mutex;
use std::time::{Duration, Instant, SystemTime};

/// A shorter gap is a clock being corrected.
const GAP: Duration = Duration::from_secs(30);

#[derive(Debug)]
pub struct SleepWatch {
    last: Mutex<(Instant, SystemTime)>,
}

impl SleepWatch {
    pub fn new(now: Instant, now_wall: SystemTime) -> Self {
        Self { last: Mutex::new((now, now_wall)) }
    }

    /// Whether the machine has slept since this was last asked.
    pub fn has_slept(&self, now: Instant, now_wall: SystemTime) -> bool {
        let mut last = self.last.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let (then, then_wall) = std::mem::replace(&mut *last, (now, now_wall));
        let awake = now.saturating_duration_since(then);
        now_wall.duration_since(then_wall).is_ok_and(|passed| passed.saturating_sub(awake) > GAP)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_sleep_from_time_passing() {
        let (start, wall) = (Instant::now(), SystemTime::UNIX_EPOCH + Duration::from_hours(1));
        let watch = SleepWatch::new(start, wall);
        let at = |awake: u64, passed: u64| {
            watch.has_slept(start + Duration::from_secs(awake), wall + Duration::from_secs(passed))
        };
        assert!(!at(100, 101), "an idle minute is no sleep");
        assert!(at(101, 3000), "the wall clock ran ahead");
        assert!(!at(102, 3001), "and that is noticed once");
        assert!(!at(103, 10), "a clock set back is no sleep");
    }
}
