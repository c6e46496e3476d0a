//! Learns which models an account serves from its own list, where neither the config nor the
//! provider says so. Lists are read when the agent starts, when a client asks for a list, and
//! when no account is known to serve a model. Requests for other models do not wait for them.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::model_lists::{Age, LIMIT, List, ListError};
use super::service::Gateway;
use crate::accounts::{Account, Attempts, Demand, Lease, NoLease, NoList};

impl Gateway {
    /// An account for one attempt. Reads the lists first where no account is known to serve
    /// the model.
    pub(super) async fn lease(&self, demand: &Demand<'_>, attempts: &mut Attempts) -> Result<Lease, NoLease> {
        match self.pool.lease(demand, attempts) {
            Err(NoLease::UnknownModel { .. }) if self.learn_again(Age::Young).await => {
                match self.pool.lease(demand, attempts) {
                    Err(NoLease::UnknownModel { .. }) => self.pool.lease_unverified(demand, attempts),
                    outcome => outcome,
                }
            }
            outcome => outcome,
        }
    }

    /// Reads the lists of the accounts whose models are not known otherwise.
    pub async fn learn(&self) {
        self.learn_again(Age::Usual).await;
    }

    /// Returns whether there was such an account.
    async fn learn_again(&self, age: Age) -> bool {
        let mut accounts = self.pool.active_accounts();
        accounts.retain(|account| account.is_known_by_its_list());
        if accounts.is_empty() {
            return false;
        }
        let limit = self.settings().config.proxy.request_timeout.min(LIMIT);
        self.lists(&accounts, limit, age).await;
        true
    }

    /// Reads the accounts' own lists, and tells the pool of them.
    pub(super) async fn lists(
        &self,
        accounts: &[Arc<Account>],
        limit: Duration,
        age: Age,
    ) -> Vec<Result<List, ListError>> {
        let lists = self.model_lists.read(accounts, &self.client(), limit, age).await;
        for (account, list) in accounts.iter().zip(&lists) {
            if !account.is_known_by_its_list() {
                continue;
            }
            let names = |list: &List| list.iter().map(|model| model.id.clone()).collect::<BTreeSet<_>>();
            self.pool.learn(
                account,
                list.as_ref().map(names).map_err(|error| NoList {
                    reason: error.reason_for(account),
                    is_outage: error.is_outage(),
                }),
            );
        }
        lists
    }
}
