//! What happened in the pool that is worth a notice, each event once.

use std::collections::HashSet;
use std::mem;
use std::time::{Duration, Instant, SystemTime};

use super::account::Account;
use crate::language::Message;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PoolEvent {
    /// The account's credential was refused; the account is out until it is edited.
    AccountDisabled { name: String, reason: Message },
    /// Every account that could take a request is cooling, for longer than a moment.
    AllCooling { until: SystemTime },
    /// No connection. Not repeated until the upstream has answered.
    UpstreamUnreachable { upstream: String, reason: Message },
}

#[derive(Debug, Default)]
pub struct Events {
    pending: Vec<PoolEvent>,
    /// The end of the wait that was announced last, until a request succeeds.
    all_cooling_until: Option<Instant>,
    unreachable: HashSet<String>,
}

/// Events beyond this number are dropped until the pending ones are taken.
const PENDING_AT_MOST: usize = 100;

/// A wait is announced again when it has grown by more than this.
const SAME_WAIT: Duration = Duration::from_mins(1);

/// A shorter wait is over before its notice is read.
const WORTH_A_NOTICE: Duration = Duration::from_secs(5);

impl Events {
    pub fn take(&mut self) -> Vec<PoolEvent> {
        mem::take(&mut self.pending)
    }

    pub fn account_disabled(&mut self, account: &Account, reason: &Message) {
        self.push(PoolEvent::AccountDisabled { name: account.name.clone(), reason: reason.clone() });
    }

    /// Returns whether this is news.
    pub fn all_cooling(&mut self, soonest: Duration, now: Instant, now_wall: SystemTime) -> bool {
        let until = now + soonest;
        let is_news = soonest >= WORTH_A_NOTICE
            && self.all_cooling_until.is_none_or(|announced| until > announced + SAME_WAIT);
        if is_news {
            self.all_cooling_until = Some(until);
            self.push(PoolEvent::AllCooling { until: now_wall + soonest });
        }
        is_news
    }

    pub fn unreachable(&mut self, account: &Account, reason: &Message) {
        let upstream = account.upstream();
        if !self.unreachable.contains(upstream) {
            self.unreachable.insert(upstream.to_owned());
            let (upstream, reason) = (upstream.to_owned(), reason.clone());
            self.push(PoolEvent::UpstreamUnreachable { upstream, reason });
        }
    }

    /// Ends what an answer disproves. Returns whether an unreachable upstream is back. Called on
    /// every success, and costs nothing while there is no trouble.
    pub fn answered(&mut self, account: &Account) -> bool {
        self.all_cooling_until = None;
        !self.unreachable.is_empty() && self.unreachable.remove(account.upstream())
    }

    /// The upstreams announced as unreachable that have not answered since, sorted.
    pub fn unreachable_upstreams(&self) -> Vec<String> {
        let mut upstreams: Vec<_> = self.unreachable.iter().cloned().collect();
        upstreams.sort_unstable();
        upstreams
    }

    /// Forgets the upstreams that no account uses any more.
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
