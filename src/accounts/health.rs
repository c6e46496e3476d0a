//! Whether an account, or one model of it, may be tried now. Pure: time is a parameter.
//!
//! ```text
//!   ┌───────┐  failure   ┌─────────┐  its end has come: one lease takes the probe  ┌─────────┐
//!   │ Ready │───────────▶│ Cooling │──────────────────────────────────────────────▶│ Probing │
//!   └───────┘            └─────────┘◀──────────────────────────────────────────────└─────────┘
//!       ▲                             the probe fails: cools twice as long            │
//!       │                             dropped without verdict: the next may probe     │
//!       └─────────────────────────────────────────────────────────────────────────────┘
//!                                     the probe succeeds
//!
//!   any ── dead credential ──▶ Disabled ── edited, or enabled by hand ──▶ Ready
//! ```
//!
//! While an account cools only its probe can decide. Requests that began before the
//! trouble still end: their successes prove nothing, and their failures neither count as
//! further ones nor double the wait.
//!
//! A rest that the provider asked for is kept. One that only we decided on says who is
//! asked last, and refuses nobody: every request that comes all the same is a probe, and
//! the first success ends it.

use std::time::{Duration, Instant};

use crate::language::Message;
use crate::protocol::wait::LONGEST;
use crate::upstream::Fault;

/// One lease, told apart from all others, so that a probe answers only for itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeaseId(pub u64);

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Health {
    #[default]
    Ready,
    Cooling(Cooldown),
    /// The cooldown has ended and this lease finds out whether the trouble has, too.
    Probing(Cooldown, LeaseId),
    Disabled {
        reason: Message,
    },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cooldown {
    pub until: Instant,
    /// In a row, at least 1.
    pub failures: u32,
    pub reason: Message,
    /// By the provider; else it is our own guess.
    pub is_asked: bool,
}

/// What a new request may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Access {
    Open,
    /// One request, to find out.
    Probe,
    /// Where nobody better is there: we only guess that it would fail.
    LastChoice,
    /// For about this long.
    Closed(Duration),
    /// Until somebody edits the account.
    Dead,
}

/// How long a failure is given, by what the upstream said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rest {
    /// 429: until the hint, else 1 s, 2 s, 4 s …
    Limit { retry_after: Option<Duration> },
    /// The account can pay no more: until the hint, else as long as any rest may last.
    Credit { retry_after: Option<Duration> },
    /// Trouble of the provider that says when to come back.
    Asked(Duration),
    /// Trouble of the provider or on the way: 1 s, 2 s, 4 s … 60 s.
    BackOff,
}

/// How long to wait when somebody else's probe is about to decide.
const PROBE_WAIT: Duration = Duration::from_secs(1);

const LONGEST_BACK_OFF: Duration = Duration::from_mins(1);

/// No cooldown is longer, whatever the config allows: a moment this far ahead still is one.
pub const LONGEST_COOLDOWN: Duration = LONGEST;

impl Health {
    pub fn access(&self, now: Instant) -> Access {
        match self {
            Self::Ready => Access::Open,
            Self::Cooling(cooldown) if cooldown.until <= now => Access::Probe,
            Self::Cooling(cooldown) | Self::Probing(cooldown, _) if !cooldown.is_asked => Access::LastChoice,
            Self::Cooling(cooldown) => Access::Closed(cooldown.until - now),
            Self::Probing(..) => Access::Closed(PROBE_WAIT),
            Self::Disabled { .. } => Access::Dead,
        }
    }

    /// The lease goes ahead; at the end of a cooldown it is the probe.
    pub fn admit(&mut self, lease: LeaseId) {
        if let Self::Cooling(cooldown) = self {
            *self = Self::Probing(cooldown.clone(), lease);
        }
    }

    /// The lease ended without a verdict: its probe, if it had one, is free again.
    pub fn give_back(&mut self, lease: LeaseId) {
        if let Self::Probing(cooldown, probe) = self
            && *probe == lease
        {
            *self = Self::Cooling(cooldown.clone());
        }
    }

    /// Returns whether the lease was a probe, so that the trouble is over.
    pub fn succeed(&mut self, lease: LeaseId) -> bool {
        let is_probe = self.is_probed_by(lease);
        if is_probe {
            *self = Self::Ready;
        }
        is_probe
    }

    /// The lease met a failure that time may cure. A disabled account stays disabled.
    pub fn fail(
        &mut self,
        lease: LeaseId,
        rest: Rest,
        reason: &Message,
        max_cooldown: Duration,
        now: Instant,
    ) {
        let cooldown = |failures| Cooldown {
            until: now + rest.duration(failures, max_cooldown),
            failures,
            reason: reason.clone(),
            is_asked: rest.is_asked(),
        };
        let is_probe = self.is_probed_by(lease);
        match self {
            Self::Ready => *self = Self::Cooling(cooldown(1)),
            Self::Probing(before, _) if is_probe => {
                *self = Self::Cooling(cooldown(before.failures.saturating_add(1)));
            }
            Self::Cooling(current) | Self::Probing(current, _) => {
                let straggler = cooldown(current.failures);
                // What the provider asks for counts before what we guess, whichever is longer.
                if (straggler.is_asked, straggler.until) > (current.is_asked, current.until) {
                    *current = straggler;
                }
            }
            Self::Disabled { .. } => {}
        }
    }

    /// Leases are counted up: where several may find out, each that began since the first
    /// of them does.
    fn is_probed_by(&self, lease: LeaseId) -> bool {
        match self {
            Self::Probing(cooldown, probe) if !cooldown.is_asked => lease.0 >= probe.0,
            Self::Probing(_, probe) => *probe == lease,
            _ => false,
        }
    }

    /// Returns whether it was not disabled before.
    pub fn disable(&mut self, reason: &Message) -> bool {
        let is_new = !matches!(self, Self::Disabled { .. });
        if is_new {
            *self = Self::Disabled { reason: reason.clone() };
        }
        is_new
    }

    /// By hand; returns whether there was a cooldown.
    pub fn clear_cooldown(&mut self) -> bool {
        let cools = self.cooldown().is_some();
        if cools {
            *self = Self::Ready;
        }
        cools
    }

    /// The machine slept so long, and the clock that rests are counted by stood still. What
    /// we guessed of the way upstream is void. Returns whether anything changed.
    pub fn slept(&mut self, passed: Duration) -> bool {
        let (Self::Cooling(cooldown) | Self::Probing(cooldown, _)) = self else { return false };
        if cooldown.is_asked {
            cooldown.until = cooldown.until.checked_sub(passed).unwrap_or(cooldown.until);
        } else {
            *self = Self::Ready;
        }
        true
    }

    /// The current cooldown, also while its end is being probed.
    pub const fn cooldown(&self) -> Option<&Cooldown> {
        match self {
            Self::Cooling(cooldown) | Self::Probing(cooldown, _) => Some(cooldown),
            Self::Ready | Self::Disabled { .. } => None,
        }
    }

    /// A smaller `max_cooldown` holds for the cooldowns there are, too.
    pub fn shorten(&mut self, max_cooldown: Duration, now: Instant) {
        if let Self::Cooling(cooldown) | Self::Probing(cooldown, _) = self {
            cooldown.until = cooldown.until.min(now + max_cooldown.min(LONGEST_COOLDOWN));
        }
    }
}

impl Rest {
    /// `None` for a failure that no rest cures, or that is not the account's.
    pub const fn after(fault: &Fault) -> Option<Self> {
        match *fault {
            Fault::RateLimited { retry_after, .. } => Some(Self::Limit { retry_after }),
            Fault::Spent { retry_after } => Some(Self::Credit { retry_after }),
            Fault::Overloaded { retry_after: Some(hint) } if !hint.is_zero() => Some(Self::Asked(hint)),
            // An accusation that nobody has confirmed is no more than a guess.
            Fault::Overloaded { .. } | Fault::Unreachable | Fault::TimedOut | Fault::AccountBySentence(_) => {
                Some(Self::BackOff)
            }
            Fault::Request | Fault::Account => None,
        }
    }

    /// Whether the provider wants it, and not only we.
    const fn is_asked(self) -> bool {
        !matches!(self, Self::BackOff)
    }

    fn duration(self, failures: u32, max_cooldown: Duration) -> Duration {
        let doubled = Duration::from_secs(1 << failures.saturating_sub(1).min(31));
        let rest = match self {
            // "Now" is no answer to a refusal.
            Self::Limit { retry_after: Some(hint) } | Self::Credit { retry_after: Some(hint) }
                if !hint.is_zero() =>
            {
                hint
            }
            Self::Limit { .. } => doubled,
            Self::Credit { .. } => LONGEST_COOLDOWN,
            Self::Asked(hint) => hint,
            Self::BackOff => doubled.min(LONGEST_BACK_OFF),
        };
        rest.min(max_cooldown).min(LONGEST_COOLDOWN)
    }
}

#[cfg(test)]
mod tests;
