//! Which notices become a notification now: none twice, and no more than a few.
//! Time is a parameter.

use std::collections::HashMap;
use std::mem::Discriminant;
use std::time::{Duration, Instant};

use crate::control::{AccountState, AuthMode, Notice, Status};

/// A lasting problem may be shown again after this time, if it is reported again.
const REPEAT: Duration = Duration::from_mins(30);
/// An act of the user is answered every time; this only absorbs a bouncing key.
const REPEAT_ANSWER: Duration = Duration::from_secs(2);
/// At most this many …
const MOST: usize = 6;
/// … in this time.
const WINDOW: Duration = Duration::from_mins(1);

/// What a notice is about. A later one on the same subject replaces it on the screen.
pub type Subject = (Discriminant<Notice>, String);

#[derive(Debug, Default)]
pub struct Throttle {
    told: HashMap<Subject, (Notice, Instant)>,
    latest: Vec<Instant>,
}

impl Throttle {
    /// Whether to show it; if so, notes that it was shown.
    pub fn lets_through(&mut self, notice: &Notice, now: Instant) -> bool {
        let subject = subject(notice);
        let is_repeated = self
            .told
            .get(&subject)
            .is_some_and(|(told, at)| is_same(told, notice) && now.duration_since(*at) < patience(notice));
        self.latest.retain(|at| now.duration_since(*at) < WINDOW);
        if is_repeated || self.latest.len() >= MOST {
            return false;
        }
        self.latest.push(now);
        self.told.insert(subject, (notice.clone(), now));
        true
    }

    /// A problem that is over may be shown at once when it returns.
    pub fn forget(&mut self, is_over: impl Fn(&Notice) -> bool) {
        self.told.retain(|_, (notice, _)| !is_over(notice));
    }
}

pub fn subject(notice: &Notice) -> Subject {
    let name = match notice {
        Notice::AccountDisabled { name, .. } => name.clone(),
        Notice::UpstreamUnreachable { host, .. } => host.clone(),
        _ => String::new(),
    };
    (std::mem::discriminant(notice), name)
}

/// Whether the status says that the cause of a notice is gone.
pub fn is_over(notice: &Notice, status: &Status) -> bool {
    match notice {
        Notice::BindFailure(_) => status.failure.is_none(),
        Notice::ConfigProblem { .. } => status.problem.is_none(),
        Notice::AccountDisabled { name, .. } => !status
            .accounts
            .iter()
            .any(|account| account.name == *name && account.state == AccountState::Disabled),
        Notice::AllCooling { .. } => status.cooling_accounts < status.active_accounts,
        Notice::LanWithoutKey => !status.allow_lan_access || status.auth_mode != AuthMode::Off,
        Notice::UpstreamUnreachable { host, .. } => !status.unreachable.contains(host),
        Notice::Moved { .. }
        | Notice::UpdateAvailable { .. }
        | Notice::TicketUsedTwice
        | Notice::NoBrowser { .. }
        | Notice::Refused { .. } => false,
    }
}

/// Whether two notices report the same thing in different words: the length of a rest varies.
fn is_same(one: &Notice, another: &Notice) -> bool {
    match (one, another) {
        (Notice::AllCooling { .. }, Notice::AllCooling { .. })
        | (Notice::UpstreamUnreachable { .. }, Notice::UpstreamUnreachable { .. }) => true,
        (one, another) => one == another,
    }
}

const fn patience(notice: &Notice) -> Duration {
    match notice {
        Notice::Moved { .. } | Notice::NoBrowser { .. } | Notice::Refused { .. } => REPEAT_ANSWER,
        _ => REPEAT,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn disabled(name: &str) -> Notice {
        Notice::AccountDisabled { name: name.to_owned(), reason: "invalid key".into() }
    }

    #[test]
    fn the_same_is_not_told_twice_until_it_is_old_news() {
        let (mut throttle, start) = (Throttle::default(), Instant::now());
        let cooling = |seconds| Notice::AllCooling { seconds };
        let cases = [
            (disabled("a"), 0, true),
            (disabled("a"), 1, false),
            (disabled("b"), 2, true),
            (cooling(60), 3, true),
            (cooling(57), 4, false),
            (disabled("a"), 29 * 60, false),
            (disabled("a"), 31 * 60, true),
        ];
        for (notice, seconds, expected) in cases {
            let now = start + Duration::from_secs(seconds);
            assert_eq!(throttle.lets_through(&notice, now), expected, "{notice:?} after {seconds} s");
        }
    }

    #[test]
    fn other_words_about_the_same_are_news() {
        let (mut throttle, now) = (Throttle::default(), Instant::now());
        let problem = |text: &str| Notice::ConfigProblem { text: text.into(), count: 1, is_first: false };
        assert!(throttle.lets_through(&problem("line 1"), now));
        assert!(throttle.lets_through(&problem("line 2"), now));
        assert!(!throttle.lets_through(&problem("line 2"), now));
        assert_eq!(subject(&problem("line 1")), subject(&problem("line 2")));
    }

    #[test]
    fn what_is_over_may_come_again_at_once() {
        let (mut throttle, now) = (Throttle::default(), Instant::now());
        assert!(throttle.lets_through(&disabled("a"), now));
        throttle.forget(|_| false);
        assert!(!throttle.lets_through(&disabled("a"), now));
        throttle.forget(|notice| *notice == disabled("a"));
        assert!(throttle.lets_through(&disabled("a"), now));
    }

    #[test]
    fn a_flood_is_cut_off_and_ends() {
        let (mut throttle, now) = (Throttle::default(), Instant::now());
        let shown =
            (0..50).filter(|number| throttle.lets_through(&disabled(&number.to_string()), now)).count();
        assert_eq!(shown, MOST);
        assert!(throttle.lets_through(&disabled("later"), now + WINDOW));
    }
}
