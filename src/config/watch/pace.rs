//! When the file is to be looked at. Pure: time is a parameter.

use std::time::{Duration, Instant};

/// A save is several events; after this long without one it has finished.
const QUIET: Duration = Duration::from_millis(60);
/// A file that is rewritten without a pause is read at least this often.
const LONGEST_UNREST: Duration = Duration::from_millis(900);
/// How often a file without events is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    NotYet,
    /// A second has passed: look, and report only what a second look confirms.
    Look,
    /// Events have stopped, or do not stop: report what a look finds.
    Settled,
}

#[derive(Debug)]
pub struct Pace {
    state: State,
}

#[derive(Debug)]
enum State {
    Idle { since: Instant },
    Settling { first: Instant, last: Instant, by_event: bool },
}

impl Pace {
    pub fn new(now: Instant) -> Self {
        Self { state: State::Idle { since: now } }
    }

    /// The system reported a change.
    pub fn event(&mut self, now: Instant) {
        self.touched(now, true);
    }

    /// A look has found another content than the one before.
    pub fn difference(&mut self, now: Instant) {
        self.touched(now, false);
    }

    fn touched(&mut self, now: Instant, event: bool) {
        self.state = match self.state {
            State::Idle { .. } => State::Settling { first: now, last: now, by_event: event },
            State::Settling { first, by_event, .. } => {
                State::Settling { first, last: now, by_event: by_event || event }
            }
        };
    }

    pub fn looked(&mut self, now: Instant) {
        self.state = State::Idle { since: now };
    }

    pub fn due(&self, now: Instant) -> Due {
        match self.state {
            _ if now < self.next() => Due::NotYet,
            State::Settling { by_event: true, .. } => Due::Settled,
            State::Settling { .. } | State::Idle { .. } => Due::Look,
        }
    }

    pub fn wait(&self, now: Instant) -> Duration {
        self.next().saturating_duration_since(now)
    }

    fn next(&self) -> Instant {
        match self.state {
            State::Idle { since } => since + LOOK_EVERY,
            State::Settling { first, last, .. } => (last + QUIET).min(first + LONGEST_UNREST),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Milliseconds after the start at which a look is due, given when events came.
    fn looks_after_events(events: &[u64], until: u64) -> Vec<(u64, Due)> {
        let start = Instant::now();
        let mut pace = Pace::new(start);
        let mut looks = Vec::new();
        for elapsed in 0..=until {
            let now = start + Duration::from_millis(elapsed);
            if events.contains(&elapsed) {
                pace.event(now);
            }
            let due = pace.due(now);
            if due != Due::NotYet {
                looks.push((elapsed, due));
                pace.looked(now);
            }
        }
        looks
    }

    #[test]
    fn a_burst_of_events_is_one_look_after_it_has_ended() {
        assert_eq!(looks_after_events(&[10, 30, 50], 500), [(110, Due::Settled)]);
    }

    #[test]
    fn endless_events_are_looked_at_within_every_second() {
        let events: Vec<u64> = (0..3_000).step_by(20).collect();
        let looks = looks_after_events(&events, 2_500);
        assert_eq!(looks, [(900, Due::Settled), (1_820, Due::Settled)]);
    }

    #[test]
    fn silence_is_looked_at_every_second() {
        assert_eq!(looks_after_events(&[], 2_500), [(1_000, Due::Look), (2_000, Due::Look)]);
    }

    #[test]
    fn a_difference_without_an_event_wants_a_second_look_soon() {
        let start = Instant::now();
        let mut pace = Pace::new(start);
        pace.difference(start);
        assert_eq!(pace.due(start + Duration::from_millis(59)), Due::NotYet);
        assert_eq!(pace.due(start + Duration::from_millis(60)), Due::Look);
        assert_eq!(pace.wait(start), QUIET);
    }
}
