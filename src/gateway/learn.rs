//! What accounts serve that name no models and whose provider owns no spelling: their own
//! lists, read when the agent starts, when somebody asks for a list, and when a model is
//! asked for that nobody is known to serve. A request for any other model waits for none.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::Gateway;
use super::model_lists::{Age, LIMIT, List, NotHad};
use crate::accounts::{Account, Attempts, Demand, Lease, NoLease, NoList};

impl Gateway {
    /// An account for one attempt; asks what there is where nobody is known to serve it.
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

    /// Reads the lists of those accounts that nothing else is known of.
    pub async fn learn(&self) {
        self.learn_again(Age::Usual).await;
    }

    /// Whether there was anything to read.
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

    /// The accounts' own lists, as far as they can be had; the pool learns from them.
    pub(super) async fn lists(
        &self,
        accounts: &[Arc<Account>],
        limit: Duration,
        age: Age,
    ) -> Vec<Result<List, NotHad>> {
        let lists = self.model_lists.read(accounts, &self.client(), limit, age).await;
        for (account, list) in accounts.iter().zip(&lists) {
            if !account.is_known_by_its_list() {
                continue;
            }
            let names = |list: &List| list.iter().map(|model| model.id.clone()).collect::<BTreeSet<_>>();
            self.pool.learn(
                account,
                list.as_ref().map(names).map_err(|not_had| NoList {
                    reason: not_had.said(account),
                    is_outage: not_had.is_outage(),
                }),
            );
        }
        lists
    }
}
