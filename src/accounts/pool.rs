//! The pool of accounts: shared by every request, changed by every answer.
//!
//! One lock, held for a few comparisons and never across an await. Whoever shows or saves
//! the pool waits on [`Pool::subscribe`] and then asks.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use tokio::sync::watch;

use super::account::{Account, accounts_of};
use super::events::{Events, PoolEvent};
use super::learned::NoList;
use super::lease::{Lease, Ticket, Tried, Wanted};
use super::member::Member;
use super::refusal::{NoLease, refusal, refusal_unheard};
use super::roster::Roster;
use super::store::{self, Saved};
use super::view::{self, PoolView};
use crate::config::Config;
use crate::language::{Language, Message};
use crate::upstream::{Failure, Fault};
use crate::{message, text};

/// Cheap to clone; all clones are the same pool.
#[derive(Clone, Debug)]
pub struct Pool {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    version: watch::Sender<u64>,
}

#[derive(Debug)]
struct State {
    roster: Roster,
    events: Events,
}

/// No account has this name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no account named {0:?}")]
pub struct UnknownAccount(pub String);

impl UnknownAccount {
    pub fn text(&self, language: Language) -> String {
        text!(language, "cli-account-unknown", name = self.0.as_str())
    }
}

impl Pool {
    /// Empty until a config is applied.
    pub fn new() -> Self {
        let state = State { roster: Roster::new(), events: Events::default() };
        Self { shared: Arc::new(Shared { state: Mutex::new(state), version: watch::Sender::new(0) }) }
    }

    /// Takes over the accounts, the strategy and the z.ai section of a config. An account
    /// whose name, provider, base URL and secret are as before keeps what it learned.
    /// Leases of removed accounts end in peace.
    pub fn apply(&self, config: &Config, now: Instant) {
        let accounts = accounts_of(config).collect();
        let mut state = self.lock();
        let State { roster, events } = &mut *state;
        roster.apply(accounts, &config.pool, config.zai.dispatch_mode, now);
        events.keep_upstreams(roster.members().iter().map(|member| &*member.account));
        drop(state);
        self.changed();
    }

    /// An account for one attempt. Fails with what would help when nobody can take it.
    pub fn lease(&self, wanted: &Wanted<'_>, tried: &mut Tried) -> Result<Lease, NoLease> {
        let mut state = self.lock();
        let roster = &mut state.roster;
        if let Some(ticket) = roster.lease(wanted, tried) {
            return Ok(Lease::new(self.clone(), ticket));
        }
        let refusal = refusal(roster, wanted);
        self.refused(state, refusal, wanted)
    }

    /// The same for a request that nobody is known to serve: an account takes it of which
    /// nobody could ask what it serves.
    pub fn lease_unheard(&self, wanted: &Wanted<'_>, tried: &mut Tried) -> Result<Lease, NoLease> {
        let mut state = self.lock();
        if let Some(ticket) = state.roster.lease_unheard(wanted, tried) {
            return Ok(Lease::new(self.clone(), ticket));
        }
        let refusal = refusal_unheard(&state.roster, wanted);
        self.refused(state, refusal, wanted)
    }

    fn refused(
        &self,
        mut state: MutexGuard<'_, State>,
        refusal: NoLease,
        wanted: &Wanted<'_>,
    ) -> Result<Lease, NoLease> {
        let is_news = match &refusal {
            NoLease::AllCooling { soonest, reason, .. } => {
                state.events.all_cooling(*soonest, reason, wanted.now, SystemTime::now())
            }
            _ => false,
        };
        drop(state);
        if is_news {
            self.changed();
        }
        Err(refusal)
    }

    /// Every active account that the request could go to, now or when it has cooled; in
    /// the order of the config file.
    pub fn takers(&self, wanted: &Wanted<'_>) -> Vec<Arc<Account>> {
        self.lock().roster.takers(wanted).cloned().collect()
    }

    /// Whether any enabled account serves the model, able to at the moment or not.
    pub fn is_served(&self, wanted: &Wanted<'_>) -> bool {
        self.lock().roster.serving(wanted).next().is_some()
    }

    /// Enabled, with a credential that is there and not dead; in the order of the config
    /// file.
    pub fn active_accounts(&self) -> Vec<Arc<Account>> {
        let is_active = |member: &&Member| member.is_active();
        let state = self.lock();
        state.roster.members().iter().filter(is_active).map(|member| Arc::clone(&member.account)).collect()
    }

    /// What an account's own list says that it serves, or why nobody knows.
    pub fn learn(&self, account: &Account, list: Result<BTreeSet<String>, NoList>) {
        let state = self.lock();
        let is_meant = |member: &&Member| {
            member.account.name == account.name && member.account.fingerprint == account.fingerprint
        };
        let Some(member) = state.roster.members().iter().find(is_meant) else { return };
        let learned = Arc::clone(&member.account.learned);
        drop(state);
        let is_news = match list {
            Ok(models) => {
                let problem = models.is_empty().then(|| serves_nothing(&message!("list-empty")));
                learned.learn(models, problem)
            }
            Err(NoList { reason, is_outage }) => {
                learned.miss(serves_nothing(&message!("list-not-had", reason = reason)), is_outage)
            }
        };
        if is_news {
            self.changed();
        }
    }

    /// Everything there is to show.
    pub fn view(&self, now: Instant) -> PoolView {
        self.view_at(now, SystemTime::now())
    }

    pub(super) fn view_at(&self, now: Instant, now_wall: SystemTime) -> PoolView {
        view::view(self.lock().roster.members(), now, now_wall)
    }

    /// A number that grows with every visible change and every event. Requests in flight
    /// are not announced, nor is the end of a cooldown ([`PoolView::next_change`]).
    pub fn subscribe(&self) -> watch::Receiver<u64> {
        self.shared.version.subscribe()
    }

    /// What happened since this was last asked.
    pub fn take_events(&self) -> Vec<PoolEvent> {
        self.lock().events.take()
    }

    /// Upstreams that cannot be reached, as far as was told, in order.
    pub fn unreachable(&self) -> Vec<String> {
        self.lock().events.unreachable_upstreams()
    }

    /// Whether any account is enabled, its secret there and not dead; cooling ones count.
    pub fn has_usable(&self) -> bool {
        self.lock().roster.members().iter().any(Member::is_active)
    }

    /// Whether the account was taken out for good, by a credential that was refused.
    pub fn is_disabled(&self, name: &str) -> bool {
        let state = self.lock();
        state.roster.members().iter().any(|member| member.account.name == name && member.is_disabled())
    }

    /// Ends the cooldowns of one account, or of all; returns of how many. A dead
    /// credential stays dead ([`Pool::enable`]). Fails when there is no such account.
    pub fn clear_cooldown(&self, name: Option<&str>) -> Result<usize, UnknownAccount> {
        self.change_named(name, Member::clear_cooldowns)
    }

    /// The machine has slept so long: what the providers asked for went on meanwhile, and
    /// what we guessed of the way to them is void.
    pub fn slept(&self, passed: Duration) {
        let changed = self.change_named(None, |member| member.slept(passed));
        debug_assert!(changed.is_ok(), "no name was asked for");
    }

    /// Gives an account with a dead credential another chance, and ends its cooldowns;
    /// returns whether anything changed. Fails when there is no such account.
    pub fn enable(&self, name: &str) -> Result<bool, UnknownAccount> {
        let changed = self.change_named(Some(name), |member| member.revive() | member.clear_cooldowns())?;
        Ok(changed > 0)
    }

    /// For `pool.json`; see [`store::save`].
    pub fn snapshot(&self, now: Instant, now_wall: SystemTime) -> Saved {
        store::snapshot(self.lock().roster.members(), now, now_wall)
    }

    /// Takes over what was saved of the accounts there are: call it after the first
    /// [`Pool::apply`].
    pub fn restore(&self, saved: Saved, now: Instant, now_wall: SystemTime) {
        let mut state = self.lock();
        let max_cooldown = state.roster.max_cooldown();
        store::restore(state.roster.members_mut(), saved, max_cooldown, now, now_wall);
        drop(state);
        self.changed();
    }

    pub(super) fn succeeded(&self, ticket: &Ticket) {
        let mut state = self.lock();
        let is_back = state.events.answered(&ticket.account);
        let member = state.roster.member_mut(ticket.id);
        let recovered = member.is_some_and(|member| member.succeed(&ticket.model, ticket.lease));
        drop(state);
        if recovered || is_back {
            self.changed();
        }
    }

    pub(super) fn failed(&self, ticket: &Ticket, failure: &Failure, now: Instant) {
        let mut state = self.lock();
        let State { roster, events } = &mut *state;
        let max_cooldown = roster.max_cooldown();
        let Some(member) = roster.member_mut(ticket.id) else { return };
        let disabled = member.fail(&ticket.model, ticket.lease, failure, max_cooldown, now);
        let reason = ticket.account.without_key_in(&failure.reason);
        if disabled {
            events.account_disabled(&ticket.account, &reason);
        }
        if failure.fault == Fault::Unreachable && !ticket.answered {
            events.unreachable(&ticket.account, &reason);
        }
        drop(state);
        report(ticket, failure, &reason, disabled);
        if failure.fault != Fault::Request {
            self.changed();
        }
    }

    pub(super) fn released(&self, ticket: &Ticket) {
        if let Some(member) = self.lock().roster.member_mut(ticket.id) {
            member.release(&ticket.model, ticket.lease);
        }
    }

    /// Changes the accounts of that name, or all; returns how many it changed.
    fn change_named(
        &self,
        name: Option<&str>,
        change: impl Fn(&mut Member) -> bool,
    ) -> Result<usize, UnknownAccount> {
        let mut state = self.lock();
        let is_meant = |member: &&mut Member| name.is_none_or(|name| member.account.name == name);
        let mut meant = state.roster.members_mut().iter_mut().filter(is_meant).peekable();
        if let (Some(name), None) = (name, meant.peek()) {
            return Err(UnknownAccount(name.to_owned()));
        }
        let changed = meant.map(change).filter(|&changed| changed).count();
        drop(state);
        if changed > 0 {
            self.changed();
        }
        Ok(changed)
    }

    fn changed(&self) {
        self.shared.version.send_modify(|version| *version = version.wrapping_add(1));
    }

    /// A panic elsewhere must not take every later request with it: the state is a set of
    /// independent values, whole after each assignment.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Pool {
    fn default() -> Self {
        Self::new()
    }
}

/// With the line that would help.
pub fn serves_nothing(why: &Message) -> Message {
    message!("reason-serves-nothing", why = why)
}

fn report(ticket: &Ticket, failure: &Failure, reason: &Message, disabled: bool) {
    let (account, model, status) = (&*ticket.account.name, &*ticket.model, failure.status);
    let reason = reason.to_string();
    if disabled {
        tracing::warn!(account, model, status, reason, "account {account} disabled: {reason}");
    } else {
        tracing::debug!(account, model, status, reason, fault = ?failure.fault, "attempt on {account} failed");
    }
}
