//! Whether an account, or one model of it, may be tried now. Pure: time is a parameter.
//!
//! ```text
//!   ┌───────┐  failure   ┌─────────┐  the cooldown ends: one lease takes the probe ┌─────────┐
//!   │ Ready │───────────▶│ Cooling │──────────────────────────────────────────────▶│ Probing │
//!   └───────┘            └─────────┘◀──────────────────────────────────────────────└─────────┘
//!       ▲                             the probe fails: cools twice as long            │
//!       │                             dropped without outcome: the next may probe     │
//!       └─────────────────────────────────────────────────────────────────────────────┘
//!                                     the probe succeeds
//!
//!   any ── credential refused ──▶ Disabled ── edited, or enabled by hand ──▶ Ready
//! ```
//!
//! While an account cools, only its probe decides. Requests that began before the failure
//! still end: their successes prove nothing, and their failures neither count nor double the
//! wait.
//!
//! A rest that the provider requested is kept. A rest that we guessed only puts the account
//! last: a request that finds no other account is sent all the same, as a probe, and the first
//! success ends the rest.

use std::time::{Duration, Instant};

use crate::language::Message;
use crate::protocol::wait::LONGEST;
use crate::upstream::Fault;

/// Identifies a lease, so that a probe decides only for itself. Counted up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeaseId(pub u64);

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Health {
    #[default]
    Ready,
    Cooling(Cooldown),
    /// The cooldown has ended, and this lease finds out whether the trouble has.
    Probing(Cooldown, LeaseId),
    Disabled {
        reason: Message,
    },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cooldown {
    pub until: Instant,
    /// The number of failures in a row, at least 1.
    pub failures: u32,
    pub reason: Message,
    /// Whether the provider requested it; otherwise we guessed it.
    pub is_requested: bool,
}

/// What a new request may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Access {
    Open,
    /// One request, as a probe.
    Probe,
    /// When no other account is left: that it would fail is only a guess.
    LastChoice,
    /// Closed for about this long.
    Closed(Duration),
    /// Closed until the account is edited.
    Dead,
}

/// How long an account rests after a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rest {
    /// 429: as long as the hint says, else 1 s, 2 s, 4 s …
    Limit { retry_after: Option<Duration> },
    /// Out of credit: as long as the hint says, else as long as any rest may last.
    Credit { retry_after: Option<Duration> },
    /// The provider is in trouble and says when to come back.
    Requested(Duration),
    /// The provider is in trouble, or unreachable: 1 s, 2 s, 4 s … 60 s.
    BackOff,
}

/// The wait while the probe of another request is about to decide.
const PROBE_WAIT: Duration = Duration::from_secs(1);

const LONGEST_BACK_OFF: Duration = Duration::from_mins(1);

/// The longest cooldown, whatever the config allows: an `Instant` this far ahead still exists.
pub const LONGEST_COOLDOWN: Duration = LONGEST;

impl Health {
    pub fn access(&self, now: Instant) -> Access {
        match self {
            Self::Ready => Access::Open,
            Self::Cooling(cooldown) if cooldown.until <= now => Access::Probe,
            Self::Cooling(cooldown) | Self::Probing(cooldown, _) if !cooldown.is_requested => {
                Access::LastChoice
            }
            Self::Cooling(cooldown) => Access::Closed(cooldown.until - now),
            Self::Probing(..) => Access::Closed(PROBE_WAIT),
            Self::Disabled { .. } => Access::Dead,
        }
    }

    /// Lets the lease through; at the end of a cooldown it is the probe.
    pub fn admit(&mut self, lease: LeaseId) {
        if let Self::Cooling(cooldown) = self {
            *self = Self::Probing(cooldown.clone(), lease);
        }
    }

    /// Ends a lease without an outcome: if it was the probe, the next lease may probe.
    pub fn give_back(&mut self, lease: LeaseId) {
        if let Self::Probing(cooldown, probe) = self
            && *probe == lease
        {
            *self = Self::Cooling(cooldown.clone());
        }
    }

    /// Returns whether the lease was a probe, which ends the trouble.
    pub fn succeed(&mut self, lease: LeaseId) -> bool {
        let is_probe = self.is_probed_by(lease);
        if is_probe {
            *self = Self::Ready;
        }
        is_probe
    }

    /// Rests after a failure that time may cure. A disabled account stays disabled.
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
            is_requested: rest.is_requested(),
        };
        let is_probe = self.is_probed_by(lease);
        match self {
            Self::Ready => *self = Self::Cooling(cooldown(1)),
            Self::Probing(before, _) if is_probe => {
                *self = Self::Cooling(cooldown(before.failures.saturating_add(1)));
            }
            Self::Cooling(current) | Self::Probing(current, _) => {
                let straggler = cooldown(current.failures);
                // A requested rest comes before a guessed one, whichever is longer.
                if (straggler.is_requested, straggler.until) > (current.is_requested, current.until) {
                    *current = straggler;
                }
            }
            Self::Disabled { .. } => {}
        }
    }

    /// After a guessed rest, every lease since the first probe is a probe.
    fn is_probed_by(&self, lease: LeaseId) -> bool {
        match self {
            Self::Probing(cooldown, probe) if !cooldown.is_requested => lease.0 >= probe.0,
            Self::Probing(_, probe) => *probe == lease,
            _ => false,
        }
    }

    /// Returns whether this changes anything.
    pub fn disable(&mut self, reason: &Message) -> bool {
        let is_new = !matches!(self, Self::Disabled { .. });
        if is_new {
            *self = Self::Disabled { reason: reason.clone() };
        }
        is_new
    }

    /// Ends the cooldown by hand. Returns whether there was one.
    pub fn clear_cooldown(&mut self) -> bool {
        let cools = self.cooldown().is_some();
        if cools {
            *self = Self::Ready;
        }
        cools
    }

    /// Makes up for a sleep of the machine, during which the clock of cooldowns stood still. A
    /// guessed rest is void. Returns whether anything changed.
    pub fn slept(&mut self, passed: Duration) -> bool {
        let (Self::Cooling(cooldown) | Self::Probing(cooldown, _)) = self else { return false };
        if cooldown.is_requested {
            cooldown.until = cooldown.until.checked_sub(passed).unwrap_or(cooldown.until);
        } else {
            *self = Self::Ready;
        }
        true
    }

    /// The current cooldown, also while it is probed.
    pub const fn cooldown(&self) -> Option<&Cooldown> {
        match self {
            Self::Cooling(cooldown) | Self::Probing(cooldown, _) => Some(cooldown),
            Self::Ready | Self::Disabled { .. } => None,
        }
    }

    /// Applies a smaller `max_cooldown` to the current cooldown.
    pub fn shorten(&mut self, max_cooldown: Duration, now: Instant) {
        if let Self::Cooling(cooldown) | Self::Probing(cooldown, _) = self {
            cooldown.until = cooldown.until.min(now + max_cooldown.min(LONGEST_COOLDOWN));
        }
    }
}

impl Rest {
    /// `None` for a failure that no rest cures, or that is the request's own.
    pub const fn after(fault: &Fault) -> Option<Self> {
        match *fault {
            Fault::RateLimited { retry_after, .. } => Some(Self::Limit { retry_after }),
            Fault::Spent { retry_after } => Some(Self::Credit { retry_after }),
            Fault::Overloaded { retry_after: Some(hint) } if !hint.is_zero() => Some(Self::Requested(hint)),
            // A refusal that only its wording blames on the account is a guess.
            Fault::Overloaded { .. } | Fault::Unreachable | Fault::TimedOut | Fault::AccountBySentence(_) => {
                Some(Self::BackOff)
            }
            Fault::Request | Fault::Account => None,
        }
    }

    /// Whether the provider requested it; otherwise we guessed it.
    const fn is_requested(self) -> bool {
        !matches!(self, Self::BackOff)
    }

    fn duration(self, failures: u32, max_cooldown: Duration) -> Duration {
        let doubled = Duration::from_secs(1 << failures.saturating_sub(1).min(31));
        let rest = match self {
            // A hint of zero seconds is as good as none.
            Self::Limit { retry_after: Some(hint) } | Self::Credit { retry_after: Some(hint) }
                if !hint.is_zero() =>
            {
                hint
            }
            Self::Limit { .. } => doubled,
            Self::Credit { .. } => LONGEST_COOLDOWN,
            Self::Requested(hint) => hint,
            Self::BackOff => doubled.min(LONGEST_BACK_OFF),
        };
        rest.min(max_cooldown).min(LONGEST_COOLDOWN)
    }
}

#[cfg(test)]
mod tests;
