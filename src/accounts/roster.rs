//! The members of the pool in the order of the config file, and who of them takes a
//! request. Knows no lock and no clock.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::account::{Account, Origin};
use super::dispatch::{self, Standing};
use super::health::{Access, LeaseId};
use super::lease::{Ticket, Tried, Wanted};
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
    has_stand_in: bool,
    /// Kept between leases so that choosing allocates nothing.
    candidates: Vec<Candidate>,
    last_account: u64,
    last_lease: u64,
}

/// Which accounts are asked before which.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rank {
    /// Its list names the model, or the request is pinned to it.
    Listed,
    /// It has no list, and its provider owns the name.
    Owned,
    /// z.ai as the fallback.
    LastResort,
    /// The demo, which answers only what nobody else here serves.
    StandIn,
    /// z.ai as one of whoever is asked first.
    Peer,
}

impl Roster {
    pub fn new() -> Self {
        Self {
            members: Vec::new(),
            seats: HashMap::new(),
            selector: Selector::new(Strategy::RoundRobin),
            dispatch_mode: DispatchMode::Off,
            max_cooldown: Duration::ZERO,
            has_stand_in: false,
            candidates: Vec::new(),
            last_account: 0,
            last_lease: 0,
        }
    }

    /// Takes over a new config. An account that is still the same to its upstream keeps
    /// its health and its requests in flight; any other starts afresh.
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
                Some(member) => Member { account: Arc::new(account.knowing_what(&member.account)), ..member },
                None => Member::new(self.next_account(), account),
            };
            self.members.push(member);
        }
        self.max_cooldown = pool.max_cooldown;
        self.members.iter_mut().for_each(|member| member.shorten_cooldowns(pool.max_cooldown, now));
        self.seats = self.members.iter().enumerate().map(|(seat, member)| (member.id, seat)).collect();
        self.has_stand_in = self.members.iter().any(|member| member.account.provider == Provider::Demo);
        self.dispatch_mode = dispatch_mode;
        self.selector.reset(pool.strategy, self.members.len());
    }

    /// An account for the request, with the lease already counted; `None` when nobody
    /// can take it now.
    pub fn lease(&mut self, wanted: &Wanted<'_>, tried: &mut Tried) -> Option<Ticket> {
        self.gather(wanted, tried, |access| matches!(access, Access::Open | Access::Probe));
        if self.candidates.is_empty() {
            self.gather(wanted, tried, |access| access == Access::LastChoice);
        }
        self.choose(wanted, tried)
    }

    /// The same for a request that nobody is known to serve: of those that may.
    pub fn lease_unheard(&mut self, wanted: &Wanted<'_>, tried: &mut Tried) -> Option<Ticket> {
        self.candidates.clear();
        for (seat, member) in self.members.iter().enumerate() {
            let is_closed =
                || matches!(member.access(wanted.model, wanted.now), Access::Closed(_) | Access::Dead);
            if may_serve(member, wanted) && can_take(member, wanted, tried) && !is_closed() {
                self.candidates.push(member.candidate(seat));
            }
        }
        self.choose(wanted, tried)
    }

    /// A lease for one of the candidates.
    fn choose(&mut self, wanted: &Wanted<'_>, tried: &mut Tried) -> Option<Ticket> {
        let chosen = self.selector.choose(&mut self.candidates, wanted.session)?;
        tried.remember(chosen.id);
        self.last_lease += 1;
        let lease = LeaseId(self.last_lease);
        let member = &mut self.members[chosen.seat];
        member.admit(wanted.model, lease);
        let account = Arc::clone(&member.account);
        Some(Ticket { lease, id: chosen.id, account, model: wanted.model.to_owned(), answered: false })
    }

    /// Every active account that the request could go to, now or when it has cooled.
    pub fn takers(&self, wanted: &Wanted<'_>) -> impl Iterator<Item = &Arc<Account>> {
        let takes = |member: &&Member| member.is_active() && speaks_any(&member.account, wanted);
        self.serving(wanted).filter(takes).map(|member| &member.account)
    }

    pub fn members(&self) -> &[Member] {
        &self.members
    }

    pub fn members_mut(&mut self) -> &mut [Member] {
        &mut self.members
    }

    /// `None` once the account was removed or got another credential.
    pub fn member_mut(&mut self, id: AccountId) -> Option<&mut Member> {
        let seat = *self.seats.get(&id)?;
        self.members.get_mut(seat)
    }

    /// The accounts that the request could go to, whatever their health.
    pub fn serving(&self, wanted: &Wanted<'_>) -> impl Iterator<Item = &Member> {
        let serving = serving(&self.members, self.has_stand_in, wanted, self.standing(wanted));
        serving.map(|(_, member, _)| member)
    }

    /// The accounts that may serve the request, because nobody could ask what they serve.
    pub fn unheard(&self, wanted: &Wanted<'_>) -> impl Iterator<Item = &Member> {
        self.members.iter().filter(|member| may_serve(member, wanted) && speaks_any(&member.account, wanted))
    }

    pub const fn max_cooldown(&self) -> Duration {
        self.max_cooldown
    }

    /// Where the `[zai]` section stands for the request.
    fn standing(&self, wanted: &Wanted<'_>) -> Standing {
        match self.members.last() {
            Some(last) if last.account.is_zai_section() => {
                dispatch::standing(self.dispatch_mode, wanted.client_protocol, wanted.model)
            }
            _ => Standing::Out,
        }
    }

    /// Fills `candidates` with those of the best rank that can take the request now and
    /// are as ready for it as is asked.
    fn gather(&mut self, wanted: &Wanted<'_>, tried: &Tried, is_ready: impl Fn(Access) -> bool) {
        self.candidates.clear();
        let standing = self.standing(wanted);
        let (mut best, mut peer) = (Rank::Peer, None);
        for (seat, member, rank) in serving(&self.members, self.has_stand_in, wanted, standing) {
            if rank > best && rank != Rank::Peer || !can_take(member, wanted, tried) {
                continue;
            }
            if !is_ready(member.access(wanted.model, wanted.now)) {
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

/// Whether the account serves the model at all, and how soon it is asked; says nothing
/// of its health or its protocols.
fn rank(account: &Account, wanted: &Wanted<'_>, standing: Standing) -> Option<Rank> {
    if !account.enabled {
        return None;
    }
    match &wanted.pin {
        Some(pin) => (pin.names(account) && takes_pinned(account, wanted.model)).then_some(Rank::Listed),
        None if account.is_zai_section() => match standing {
            Standing::Only => Some(Rank::Listed),
            Standing::Peer => Some(Rank::Peer),
            Standing::Owner => Some(Rank::Owned),
            Standing::LastResort => Some(Rank::LastResort),
            Standing::Out => None,
        },
        None if standing == Standing::Only => None,
        None if account.provider == Provider::Demo => {
            (account.lists(wanted.model) || account.owns(wanted.model)).then_some(Rank::StandIn)
        }
        None if account.lists(wanted.model) => Some(Rank::Listed),
        None => account.owns(wanted.model).then_some(Rank::Owned),
    }
}

/// The accounts that serve the model, and how soon each is asked. A stand-in is none where
/// anybody else serves it, be it one that cannot at the moment: an invented answer is no
/// answer.
fn serving<'a>(
    members: &'a [Member],
    has_stand_in: bool,
    wanted: &Wanted<'_>,
    standing: Standing,
) -> impl Iterator<Item = (usize, &'a Member, Rank)> {
    let ranked = members
        .iter()
        .enumerate()
        .filter_map(move |(seat, member)| Some((seat, member, rank(&member.account, wanted, standing)?)));
    let is_real = |(_, _, rank): &(usize, &Member, Rank)| *rank != Rank::StandIn;
    let has_real = has_stand_in && ranked.clone().any(|one| is_real(&one));
    ranked.filter(move |one| is_real(one) || !has_real)
}

fn may_serve(member: &Member, wanted: &Wanted<'_>) -> bool {
    member.account.is_unheard()
        && member.is_active()
        && wanted.pin.as_ref().is_none_or(|pin| pin.names(&member.account))
}

/// A pin overrides who owns a name, never an account's own list.
fn takes_pinned(account: &Account, model: &str) -> bool {
    model.is_empty()
        || account.models.is_empty()
        || account.lists(model)
        || account.lists(account.sent_model(model))
}

pub fn speaks_any(account: &Account, wanted: &Wanted<'_>) -> bool {
    wanted.protocols.iter().any(|&protocol| account.provider.speaks(protocol))
}

fn can_take(member: &Member, wanted: &Wanted<'_>, tried: &Tried) -> bool {
    speaks_any(&member.account, wanted) && !tried.contains(member.id)
}
