//! The pool of accounts: shared by every request, changed by every answer.
//!
//! It has one lock, held for a few comparisons and never across an await. To show or save the
//! pool, wait on [`Pool::subscribe`] and then read it.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use parking_lot::{Mutex, MutexGuard};
use tokio::sync::watch;

use super::account::{Account, accounts_of};
use super::demand::{Attempts, Demand};
use super::events::{Events, PoolEvent};
use super::lease::Lease;
use super::member::Member;
use super::own_models::NoList;
use super::refusal::{NoLease, refusal, refusal_unverified};
use super::roster::{Roster, Ticket};
use super::store::{self, PoolSnapshot};
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

/// The name of an account that does not exist.
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
    /// whose name, provider, base URL and secret are unchanged keeps its state. Leases of
    /// removed accounts stay valid until they are dropped.
    pub fn apply(&self, config: &Config, now: Instant) {
        let accounts = accounts_of(config).collect();
        let mut state = self.lock();
        let State { roster, events } = &mut *state;
        roster.apply(accounts, &config.pool, config.zai.dispatch_mode, now);
        events.keep_upstreams(roster.members().iter().map(|member| &*member.account));
        drop(state);
        self.changed();
    }

    /// An account for one attempt. When no account can take it, the error says what would
    /// help.
    pub fn lease(&self, demand: &Demand<'_>, attempts: &mut Attempts) -> Result<Lease, NoLease> {
        let mut state = self.lock();
        let roster = &mut state.roster;
        if let Some(ticket) = roster.lease(demand, attempts) {
            return Ok(Lease::new(self.clone(), ticket));
        }
        let refusal = refusal(roster, demand);
        self.refuse(state, refusal, demand)
    }

    /// The same for a model that no account is known to serve: among the accounts whose model
    /// list could not be read.
    pub fn lease_unverified(&self, demand: &Demand<'_>, attempts: &mut Attempts) -> Result<Lease, NoLease> {
        let mut state = self.lock();
        if let Some(ticket) = state.roster.lease_unverified(demand, attempts) {
            return Ok(Lease::new(self.clone(), ticket));
        }
        let refusal = refusal_unverified(&state.roster, demand);
        self.refuse(state, refusal, demand)
    }

    /// Returns the refusal, and announces it where it is news.
    fn refuse(
        &self,
        mut state: MutexGuard<'_, State>,
        refusal: NoLease,
        demand: &Demand<'_>,
    ) -> Result<Lease, NoLease> {
        let is_news = match &refusal {
            NoLease::AllCooling { soonest, .. } => {
                state.events.all_cooling(*soonest, demand.now, SystemTime::now())
            }
            _ => false,
        };
        drop(state);
        if is_news {
            self.changed();
        }
        Err(refusal)
    }

    /// Every active account that the request could go to, now or after its cooldown, in the
    /// order of the config file.
    pub fn takers(&self, demand: &Demand<'_>) -> Vec<Arc<Account>> {
        self.lock().roster.takers(demand).cloned().collect()
    }

    /// Whether any enabled account serves the model, whatever its health.
    pub fn is_served(&self, demand: &Demand<'_>) -> bool {
        self.lock().roster.serving(demand).next().is_some()
    }

    /// The accounts that are enabled and have a credential that was not refused, in the order
    /// of the config file.
    pub fn active_accounts(&self) -> Vec<Arc<Account>> {
        let is_active = |member: &&Member| member.is_active();
        let state = self.lock();
        state.roster.members().iter().filter(is_active).map(|member| Arc::clone(&member.account)).collect()
    }

    /// Takes over the models that an account's own list names, or why there is no list.
    pub fn learn(&self, account: &Account, list: Result<BTreeSet<String>, NoList>) {
        let state = self.lock();
        let is_meant = |member: &&Member| {
            member.account.name == account.name && member.account.fingerprint == account.fingerprint
        };
        let Some(member) = state.roster.members().iter().find(is_meant) else { return };
        let own_models = Arc::clone(&member.account.own_models);
        drop(state);
        let is_news = match list {
            Ok(models) => {
                let problem = models.is_empty().then(|| serves_nothing(&message!("list-empty")));
                own_models.learn(models, problem)
            }
            Err(NoList { reason, is_outage }) => {
                own_models.miss(serves_nothing(&message!("list-not-had", reason = reason)), is_outage)
            }
        };
        if is_news {
            self.changed();
        }
    }

    /// The pool as it is shown.
    pub fn view(&self, now: Instant) -> PoolView {
        self.view_at(now, SystemTime::now())
    }

    pub(super) fn view_at(&self, now: Instant, now_wall: SystemTime) -> PoolView {
        view::view(self.lock().roster.members(), now, now_wall)
    }

    /// A number that grows with every visible change and every event. The number of requests
    /// in flight and the end of a cooldown ([`PoolView::next_change`]) do not change it.
    pub fn subscribe(&self) -> watch::Receiver<u64> {
        self.shared.version.subscribe()
    }

    /// The events since the last call.
    pub fn take_events(&self) -> Vec<PoolEvent> {
        self.lock().events.take()
    }

    /// The upstreams announced as unreachable that have not answered since, sorted.
    pub fn unreachable(&self) -> Vec<String> {
        self.lock().events.unreachable_upstreams()
    }

    /// Whether there is an active account; cooling ones count.
    pub fn has_usable(&self) -> bool {
        self.lock().roster.members().iter().any(Member::is_active)
    }

    /// Whether the account's credential was refused.
    pub fn is_disabled(&self, name: &str) -> bool {
        let state = self.lock();
        state.roster.members().iter().any(|member| member.account.name == name && member.is_disabled())
    }

    /// Ends the cooldowns of one account, or of all, and returns the number of accounts
    /// changed. A refused credential stays refused ([`Pool::enable`]). Fails when there is no
    /// such account.
    pub fn clear_cooldown(&self, name: Option<&str>) -> Result<usize, UnknownAccount> {
        self.change_named(name, Member::clear_cooldowns)
    }

    /// The machine slept this long. Rests that providers asked for went on meanwhile; rests
    /// that we guessed are void.
    pub fn slept(&self, passed: Duration) {
        let changed = self.change_named(None, |member| member.slept(passed));
        debug_assert!(changed.is_ok(), "it names no account");
    }

    /// Gives an account with a refused credential another chance, and ends its cooldowns.
    /// Returns whether anything changed. Fails when there is no such account.
    pub fn enable(&self, name: &str) -> Result<bool, UnknownAccount> {
        let changed = self.change_named(Some(name), |member| member.revive() | member.clear_cooldowns())?;
        Ok(changed > 0)
    }

    /// What `pool.json` keeps; see [`store::save`].
    pub fn snapshot(&self, now: Instant, now_wall: SystemTime) -> PoolSnapshot {
        store::snapshot(self.lock().roster.members(), now, now_wall)
    }

    /// Gives the accounts back their saved state. Call it after the first [`Pool::apply`].
    pub fn restore(&self, saved: PoolSnapshot, now: Instant, now_wall: SystemTime) {
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

    /// Changes the accounts of that name, or all, and returns the number changed.
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

    fn lock(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock()
    }
}

impl Default for Pool {
    fn default() -> Self {
        Self::new()
    }
}

/// Why an account serves no model, with the config line that would help.
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
