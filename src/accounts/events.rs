//! What happened in the pool that is worth telling a person, each thing once.

use std::collections::HashSet;
use std::mem;
use std::time::{Duration, Instant, SystemTime};

use super::account::Account;
use crate::language::Message;
use crate::protocol::Provider;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PoolEvent {
    /// A dead credential took the account out until it is edited.
    AccountDisabled { name: String, reason: Message },
    /// A request found every account that could take it cooling, and not just for a moment.
    AllCooling { until: SystemTime, reason: String },
    /// No connection; not repeated until something there has answered.
    UpstreamUnreachable { provider: Provider, upstream: String, reason: Message },
}

#[derive(Debug, Default)]
pub struct Events {
    pending: Vec<PoolEvent>,
    /// The end that was announced last, until a request succeeds.
    all_cooling_until: Option<Instant>,
    unreachable: HashSet<String>,
}

/// If nobody takes them, later events are dropped.
const PENDING_AT_MOST: usize = 100;

/// A wait is announced again only when it has grown by more than this.
const SAME_WAIT: Duration = Duration::from_mins(1);

/// A shorter wait is over before anybody has read of it.
const WORTH_A_WORD: Duration = Duration::from_secs(5);

impl Events {
    pub fn take(&mut self) -> Vec<PoolEvent> {
        mem::take(&mut self.pending)
    }

    pub fn account_disabled(&mut self, account: &Account, reason: &Message) {
        self.push(PoolEvent::AccountDisabled { name: account.name.clone(), reason: reason.clone() });
    }

    /// Returns whether this is news.
    pub fn all_cooling(
        &mut self,
        soonest: Duration,
        reason: &str,
        now: Instant,
        now_wall: SystemTime,
    ) -> bool {
        let until = now + soonest;
        let is_news = soonest >= WORTH_A_WORD
            && self.all_cooling_until.is_none_or(|announced| until > announced + SAME_WAIT);
        if is_news {
            self.all_cooling_until = Some(until);
            self.push(PoolEvent::AllCooling { until: now_wall + soonest, reason: reason.to_owned() });
        }
        is_news
    }

    pub fn unreachable(&mut self, account: &Account, reason: &Message) {
        let upstream = account.upstream();
        if !self.unreachable.contains(upstream) {
            self.unreachable.insert(upstream.to_owned());
            self.push(PoolEvent::UpstreamUnreachable {
                provider: account.provider,
                upstream: upstream.to_owned(),
                reason: reason.clone(),
            });
        }
    }

    /// An answer ends what it disproves; returns whether that is worth a look. Called on
    /// every success, so it costs nothing while all is well.
    pub fn answered(&mut self, account: &Account) -> bool {
        self.all_cooling_until = None;
        !self.unreachable.is_empty() && self.unreachable.remove(account.upstream())
    }

    /// Upstreams that were announced and have not answered since, in order.
    pub fn unreachable_upstreams(&self) -> Vec<String> {
        let mut upstreams: Vec<_> = self.unreachable.iter().cloned().collect();
        upstreams.sort_unstable();
        upstreams
    }

    /// What was said of upstreams that no account uses any more is forgotten.
    pub fn keep_upstreams<'a>(&mut self, accounts: impl Iterator<Item = &'a Account>) {
        if !self.unreachable.is_empty() {
            let used: HashSet<&str> = accounts.map(Account::upstream).collect();
            self.unreachable.retain(|upstream| used.contains(upstream.as_str()));
        }
    }

    fn push(&mut self, event: PoolEvent) {
        if self.pending.len() < PENDING_AT_MOST {
            self.pending.push(event);
        }
    }
}
