//! What a request asks of the pool, and what it gets: an account for one attempt.

use std::sync::Arc;
use std::time::Instant;

use super::account::Account;
use super::health::LeaseId;
use super::pool::Pool;
use super::selector::AccountId;
use crate::protocol::{Protocol, Provider};
use crate::upstream::Failure;

/// One attempt of a request, before it has an account.
#[derive(Clone, Debug)]
pub struct Wanted<'a> {
    /// The upstream protocols the caller can speak for this request.
    pub protocols: &'a [Protocol],
    pub client_protocol: Protocol,
    /// The name after the `[models]` map, without its pin. Empty: none in particular,
    /// which only a pin can ask for.
    pub model: &'a str,
    pub pin: Option<Pin>,
    /// Equal for the requests of one conversation (`sticky`).
    pub session: Option<u64>,
    pub now: Instant,
}

/// Where a model has to go: the `x` of `x/model`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pin {
    Provider(Provider),
    Account(String),
}

impl Pin {
    pub fn names(&self, account: &Account) -> bool {
        match self {
            Self::Provider(provider) => account.provider == *provider,
            Self::Account(name) => account.name == *name,
        }
    }
}

/// The accounts a request has been given so far: none is given twice.
#[derive(Clone, Debug, Default)]
pub struct Tried(Vec<AccountId>);

impl Tried {
    /// How many attempts were made.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn contains(&self, id: AccountId) -> bool {
        self.0.contains(&id)
    }

    pub(super) fn remember(&mut self, id: AccountId) {
        self.0.push(id);
    }
}

/// An account on loan for one attempt. It counts as in flight until this is dropped.
///
/// Say what became of it as soon as it is known, for a stream that is its first byte:
/// while a lease is the probe of a cooling account, nobody else gets in. Dropped without
/// a verdict it is as if it had never been.
#[derive(Debug)]
pub struct Lease {
    pool: Pool,
    ticket: Ticket,
}

/// What the pool knows a lease by.
#[derive(Debug)]
pub(super) struct Ticket {
    pub lease: LeaseId,
    pub id: AccountId,
    pub account: Arc<Account>,
    /// As it was asked for: a cooldown per model goes by this name.
    pub model: String,
    /// Something came back: whatever fails later, the upstream can be reached.
    pub answered: bool,
}

impl Lease {
    pub(super) const fn new(pool: Pool, ticket: Ticket) -> Self {
        Self { pool, ticket }
    }

    pub const fn account(&self) -> &Arc<Account> {
        &self.ticket.account
    }

    /// The name to send upstream.
    pub fn model(&self) -> &str {
        self.ticket.account.sent_model(&self.ticket.model)
    }

    /// The upstream answered: a probe that says so ends the cooldown. A failure may
    /// still follow, when the answer breaks off.
    pub fn succeed(&mut self) {
        self.ticket.answered = true;
        self.pool.succeeded(&self.ticket);
    }

    pub fn fail(&mut self, failure: &Failure) {
        self.fail_at(failure, Instant::now());
    }

    pub(super) fn fail_at(&mut self, failure: &Failure, now: Instant) {
        self.pool.failed(&self.ticket, failure, now);
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.pool.released(&self.ticket);
    }
}
