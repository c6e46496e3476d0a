//! The members of the pool in the order of the config file, and which of them takes a
//! request. Has no lock and no clock.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::account::{Account, Origin};
use super::demand::{Attempts, Demand};
use super::dispatch::{self, Standing};
use super::health::{Access, LeaseId};
use super::member::Member;
use super::selector::{AccountId, Candidate, Selector};
use crate::config::{DispatchMode, PoolConfig, Strategy};
use crate::protocol::Provider;

#[derive(Debug)]
pub struct Roster {
    members: Vec<Member>,
    seats: HashMap<AccountId, usize>,
    selector: Selector,
    dispatch_mode: DispatchMode,
    max_cooldown: Duration,
    has_demo: bool,
    /// Kept between leases, so that choosing allocates nothing.
    candidates: Vec<Candidate>,
    last_account: u64,
    last_lease: u64,
}

/// The order in which accounts are asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rank {
    /// Its list names the model, or the request is pinned to it.
    Listed,
    /// It has no list, and its provider owns the model's name.
    Owned,
    /// z.ai as the fallback.
    LastResort,
    /// The demo, which answers only for models that no other account serves.
    Demo,
    /// z.ai, asked together with the best of the others.
    Peer,
}

/// What the pool identifies a lease by.
#[derive(Debug)]
pub struct Ticket {
    pub lease: LeaseId,
    pub id: AccountId,
    pub account: Arc<Account>,
    /// The model as demanded: a cooldown of one model goes by this name.
    pub model: String,
    /// The upstream has answered: whatever fails later, it can be reached.
    pub answered: bool,
}

impl Roster {
    pub fn new() -> Self {
        Self {
            members: Vec::new(),
            seats: HashMap::new(),
            selector: Selector::new(Strategy::RoundRobin),
            dispatch_mode: DispatchMode::Off,
            max_cooldown: Duration::ZERO,
            has_demo: false,
            candidates: Vec::new(),
            last_account: 0,
            last_lease: 0,
        }
    }

    /// Takes over a new config. An account that is unchanged to its upstream keeps its health
    /// and its requests in flight; any other starts afresh.
    pub fn apply(
        &mut self,
        accounts: Vec<Account>,
        pool: &PoolConfig,
        dispatch_mode: DispatchMode,
        now: Instant,
    ) {
        let key = |account: &Account| (account.origin, account.name.clone());
        let members = self.members.drain(..);
        let mut before: HashMap<(Origin, String), Member> =
            members.map(|member| (key(&member.account), member)).collect();
        for account in accounts {
            let same = before
                .remove(&key(&account))
                .filter(|member| member.account.fingerprint == account.fingerprint);
            let member = match same {
                Some(member) => {
                    Member { account: Arc::new(account.with_own_models_of(&member.account)), ..member }
                }
                None => Member::new(self.next_account(), account),
            };
            self.members.push(member);
        }
        self.max_cooldown = pool.max_cooldown;
        self.members.iter_mut().for_each(|member| member.shorten_cooldowns(pool.max_cooldown, now));
        self.seats = self.members.iter().enumerate().map(|(seat, member)| (member.id, seat)).collect();
        self.has_demo = self.members.iter().any(|member| member.account.provider == Provider::Demo);
        self.dispatch_mode = dispatch_mode;
        self.selector.reset(pool.strategy, self.members.len());
    }

    /// A ticket for an account, counted as in flight; `None` when no account can take the
    /// request now.
    pub fn lease(&mut self, demand: &Demand<'_>, attempts: &mut Attempts) -> Option<Ticket> {
        self.gather(demand, attempts, |access| matches!(access, Access::Open | Access::Probe));
        if self.candidates.is_empty() {
            self.gather(demand, attempts, |access| access == Access::LastChoice);
        }
        self.choose(demand, attempts)
    }

    /// The same among the accounts that may serve the model, though none is known to.
    pub fn lease_unverified(&mut self, demand: &Demand<'_>, attempts: &mut Attempts) -> Option<Ticket> {
        self.candidates.clear();
        for (seat, member) in self.members.iter().enumerate() {
            let is_closed =
                || matches!(member.access(demand.model, demand.now), Access::Closed(_) | Access::Dead);
            if may_serve(member, demand) && can_take(member, demand, attempts) && !is_closed() {
                self.candidates.push(member.candidate(seat));
            }
        }
        self.choose(demand, attempts)
    }

    /// A ticket for one of the candidates.
    fn choose(&mut self, demand: &Demand<'_>, attempts: &mut Attempts) -> Option<Ticket> {
        let chosen = self.selector.choose(&mut self.candidates, demand.session)?;
        attempts.add(chosen.id);
        self.last_lease += 1;
        let lease = LeaseId(self.last_lease);
        let member = &mut self.members[chosen.seat];
        member.admit(demand.model, lease);
        let account = Arc::clone(&member.account);
        Some(Ticket { lease, id: chosen.id, account, model: demand.model.to_owned(), answered: false })
    }

    /// Every active account that the request could go to, now or after its cooldown.
    pub fn takers(&self, demand: &Demand<'_>) -> impl Iterator<Item = &Arc<Account>> {
        let takes = |member: &&Member| member.is_active() && speaks_any(&member.account, demand);
        self.serving(demand).filter(takes).map(|member| &member.account)
    }

    pub fn members(&self) -> &[Member] {
        &self.members
    }

    pub fn members_mut(&mut self) -> &mut [Member] {
        &mut self.members
    }

    /// `None` when the account was removed or has another credential now.
    pub fn member_mut(&mut self, id: AccountId) -> Option<&mut Member> {
        let seat = *self.seats.get(&id)?;
        self.members.get_mut(seat)
    }

    /// The accounts that the request could go to, whatever their health.
    pub fn serving(&self, demand: &Demand<'_>) -> impl Iterator<Item = &Member> {
        let serving = serving(&self.members, self.has_demo, demand, self.standing(demand));
        serving.map(|(_, member, _)| member)
    }

    /// The accounts that may serve the model, because their model lists could not be read.
    pub fn unverified(&self, demand: &Demand<'_>) -> impl Iterator<Item = &Member> {
        self.members.iter().filter(|member| may_serve(member, demand) && speaks_any(&member.account, demand))
    }

    pub const fn max_cooldown(&self) -> Duration {
        self.max_cooldown
    }

    /// The place of the `[zai]` section for the request.
    fn standing(&self, demand: &Demand<'_>) -> Standing {
        match self.members.last() {
            Some(last) if last.account.is_zai_section() => {
                dispatch::standing(self.dispatch_mode, demand.client_protocol, demand.model)
            }
            _ => Standing::Out,
        }
    }

    /// Fills `candidates` with the accounts of the best rank that can take the request and
    /// whose access is as required.
    fn gather(&mut self, demand: &Demand<'_>, attempts: &Attempts, is_ready: impl Fn(Access) -> bool) {
        self.candidates.clear();
        let standing = self.standing(demand);
        let (mut best, mut peer) = (Rank::Peer, None);
        for (seat, member, rank) in serving(&self.members, self.has_demo, demand, standing) {
            if rank > best && rank != Rank::Peer || !can_take(member, demand, attempts) {
                continue;
            }
            if !is_ready(member.access(demand.model, demand.now)) {
                continue;
            }
            if rank == Rank::Peer {
                peer = Some(member.candidate(seat));
                continue;
            }
            if rank < best {
                best = rank;
                self.candidates.clear();
            }
            self.candidates.push(member.candidate(seat));
        }
        self.candidates.extend(peer);
    }

    fn next_account(&mut self) -> AccountId {
        self.last_account += 1;
        AccountId(self.last_account)
    }
}

/// How soon the account is asked for the model; `None` when it does not serve the model.
/// Health and protocols do not count.
fn rank(account: &Account, demand: &Demand<'_>, standing: Standing) -> Option<Rank> {
    if !account.enabled {
        return None;
    }
    match &demand.pin {
        Some(pin) => (pin.names(account) && takes_pinned(account, demand.model)).then_some(Rank::Listed),
        None if account.is_zai_section() => match standing {
            Standing::Only => Some(Rank::Listed),
            Standing::Peer => Some(Rank::Peer),
            Standing::Owner => Some(Rank::Owned),
            Standing::LastResort => Some(Rank::LastResort),
            Standing::Out => None,
        },
        None if standing == Standing::Only => None,
        None if account.provider == Provider::Demo => {
            (account.lists(demand.model) || account.owns(demand.model)).then_some(Rank::Demo)
        }
        None if account.lists(demand.model) => Some(Rank::Listed),
        None => account.owns(demand.model).then_some(Rank::Owned),
    }
}

/// The accounts that serve the model, and how soon each is asked. The demo is left out where
/// any other account serves the model, even one that cannot at the moment: an invented answer
/// is worse than none.
fn serving<'a>(
    members: &'a [Member],
    has_demo: bool,
    demand: &Demand<'_>,
    standing: Standing,
) -> impl Iterator<Item = (usize, &'a Member, Rank)> {
    let ranked = members
        .iter()
        .enumerate()
        .filter_map(move |(seat, member)| Some((seat, member, rank(&member.account, demand, standing)?)));
    let is_real = |(_, _, rank): &(usize, &Member, Rank)| *rank != Rank::Demo;
    let has_real = has_demo && ranked.clone().any(|one| is_real(&one));
    ranked.filter(move |one| is_real(one) || !has_real)
}

fn may_serve(member: &Member, demand: &Demand<'_>) -> bool {
    member.account.is_unverified()
        && member.is_active()
        && demand.pin.as_ref().is_none_or(|pin| pin.names(&member.account))
}

/// A pin overrides which provider owns a name, never an account's own list.
fn takes_pinned(account: &Account, model: &str) -> bool {
    model.is_empty()
        || account.models.is_empty()
        || account.lists(model)
        || account.lists(account.sent_model(model))
}

pub fn speaks_any(account: &Account, demand: &Demand<'_>) -> bool {
    demand.protocols.iter().any(|&protocol| account.provider.speaks(protocol))
}

fn can_take(member: &Member, demand: &Demand<'_>, attempts: &Attempts) -> bool {
    speaks_any(&member.account, demand) && !attempts.contains(member.id)
}
