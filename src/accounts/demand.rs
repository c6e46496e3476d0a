//! What one attempt of a request demands of the pool.

use std::time::Instant;

use super::account::Account;
use super::selector::AccountId;
use crate::protocol::{Protocol, Provider};

/// What an account has to serve to take one attempt of a request.
#[derive(Clone, Debug)]
pub struct Demand<'a> {
    /// The upstream protocols that the request can be sent in.
    pub protocols: &'a [Protocol],
    pub client_protocol: Protocol,
    /// The name after the `[models]` map, without its pin. Empty for no model in particular,
    /// which takes a pin.
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

/// The accounts that a request has been given so far. It is given none twice.
#[derive(Clone, Debug, Default)]
pub struct Attempts(Vec<AccountId>);

impl Attempts {
    pub(super) fn contains(&self, id: AccountId) -> bool {
        self.0.contains(&id)
    }

    pub(super) fn add(&mut self, id: AccountId) {
        self.0.push(id);
    }
}
