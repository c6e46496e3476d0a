//! An account in the pool: its config, its requests in flight and its health.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::account::Account;
use super::health::{Access, Health, LeaseId, Rest};
use super::selector::{AccountId, Candidate};
use crate::upstream::{Failure, Fault};

#[derive(Debug)]
pub struct Member {
    pub id: AccountId,
    pub account: Arc<Account>,
    pub in_flight: u32,
    /// The health of the whole account.
    pub health: Health,
    /// The health of single models, where the provider limits per model. Ready models are left
    /// out.
    pub models: HashMap<String, Health>,
}

/// The most models an account remembers: their names come from clients.
const REMEMBERED_MODELS: usize = 256;

impl Member {
    pub fn new(id: AccountId, account: Account) -> Self {
        let account = Arc::new(account);
        Self { id, account, in_flight: 0, health: Health::Ready, models: HashMap::new() }
    }

    pub fn candidate(&self, seat: usize) -> Candidate {
        let Account { weight, priority, .. } = *self.account;
        Candidate { seat, id: self.id, weight, priority, in_flight: self.in_flight }
    }

    /// Whether it is enabled and alive. A cooling account is active.
    pub fn is_active(&self) -> bool {
        self.account.enabled && self.is_alive()
    }

    /// Whether it has a credential that was not refused, enabled or not.
    pub fn is_alive(&self) -> bool {
        self.account.credential_problem().is_none() && !self.is_disabled()
    }

    /// The stricter of what the account and the model allow.
    pub fn access(&self, model: &str, now: Instant) -> Access {
        if self.account.credential_problem().is_some() {
            return Access::Dead;
        }
        let of_model = self.models.get(model).map_or(Access::Open, |health| health.access(now));
        self.health.access(now).max(of_model)
    }

    pub fn admit(&mut self, model: &str, lease: LeaseId) {
        self.in_flight += 1;
        self.health.admit(lease);
        if let Some(health) = self.models.get_mut(model) {
            health.admit(lease);
        }
    }

    /// Ends a lease, with or without an outcome.
    pub fn release(&mut self, model: &str, lease: LeaseId) {
        self.in_flight = self.in_flight.saturating_sub(1);
        self.give_back(model, lease);
    }

    /// Returns whether this made the account, or its model, ready again.
    pub fn succeed(&mut self, model: &str, lease: LeaseId) -> bool {
        let model_recovered = self.models.get_mut(model).is_some_and(|health| health.succeed(lease));
        if model_recovered {
            self.models.remove(model);
        }
        self.health.succeed(lease) || model_recovered
    }

    /// Returns whether this disabled the account.
    pub fn fail(
        &mut self,
        model: &str,
        lease: LeaseId,
        failure: &Failure,
        max_cooldown: Duration,
        now: Instant,
    ) -> bool {
        let reason = self.account.without_key_in(&failure.reason);
        let disabled = failure.fault == Fault::Account && self.health.disable(&reason);
        if let Some(rest) = Rest::after(&failure.fault) {
            let is_of_model = matches!(failure.fault, Fault::RateLimited { per_model: true, .. });
            let health = if is_of_model { self.model_health(model, now) } else { &mut self.health };
            health.fail(lease, rest, &reason, max_cooldown, now);
        }
        // A failure of the model says nothing about the account, and the other way round.
        self.give_back(model, lease);
        disabled
    }

    /// Returns whether there was anything to clear.
    pub fn clear_cooldowns(&mut self) -> bool {
        let had_models = !self.models.is_empty();
        self.models.clear();
        self.health.clear_cooldown() || had_models
    }

    /// See [`Health::slept`]; returns whether anything changed.
    pub fn slept(&mut self, passed: Duration) -> bool {
        let models = self.models.len();
        let is_changed =
            self.models.values_mut().fold(false, |changed, health| health.slept(passed) | changed);
        self.models.retain(|_, health| *health != Health::Ready);
        self.health.slept(passed) | is_changed | (models != self.models.len())
    }

    pub const fn is_disabled(&self) -> bool {
        matches!(self.health, Health::Disabled { .. })
    }

    /// Gives a refused credential another chance. Returns whether it was refused.
    pub fn revive(&mut self) -> bool {
        let was_disabled = self.is_disabled();
        if was_disabled {
            self.health = Health::Ready;
        }
        was_disabled
    }

    pub fn shorten_cooldowns(&mut self, max_cooldown: Duration, now: Instant) {
        self.health.shorten(max_cooldown, now);
        self.models.values_mut().for_each(|health| health.shorten(max_cooldown, now));
    }

    fn give_back(&mut self, model: &str, lease: LeaseId) {
        self.health.give_back(lease);
        if let Some(health) = self.models.get_mut(model) {
            health.give_back(lease);
        }
    }

    fn model_health(&mut self, model: &str, now: Instant) -> &mut Health {
        if self.models.len() >= REMEMBERED_MODELS && !self.models.contains_key(model) {
            self.forget_a_model(now);
        }
        self.models.entry(model.to_owned()).or_default()
    }

    /// Forgets the model whose cooldown ends first: the smallest loss.
    fn forget_a_model(&mut self, now: Instant) {
        let end = |health: &Health| health.cooldown().map_or(now, |cooldown| cooldown.until);
        let soonest = self.models.iter().min_by_key(|(_, health)| end(health));
        if let Some(model) = soonest.map(|(model, _)| model.clone()) {
            self.models.remove(&model);
        }
    }
}
