//! The pool as the tray, the dashboard and `status` show it.

use std::time::{Duration, Instant, SystemTime};

use serde::Serialize;

use super::account::Origin;
use super::health::{Cooldown, Health};
use super::member::Member;
use crate::language::Message;
use crate::protocol::Provider;

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PoolView {
    /// Enabled, with a credential that is there and not dead; cooling ones count.
    pub active: usize,
    /// Those of the active ones that cool, as a whole or for some model.
    pub cooling: usize,
    /// In the order of the config file, the `[zai]` section last.
    pub accounts: Vec<AccountView>,
    /// When the next cooldown ends and this view is out of date: nothing announces that.
    #[serde(skip)]
    pub next_change: Option<Duration>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AccountView {
    pub name: String,
    pub provider: Provider,
    #[serde(flatten)]
    pub state: AccountState,
    pub in_flight: u32,
    /// Why it serves no model, though nothing else is wrong with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub serves_nothing: Option<Message>,
    /// As configured; empty: whatever the provider owns.
    pub models: Vec<String>,
    /// The host its requests go to, or the provider.
    pub upstream: String,
    /// It is the `[zai]` section, not an entry of `[[accounts]]`.
    pub is_zai_section: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum AccountState {
    Enabled,
    /// Switched off in the config.
    Off,
    /// `models` is empty when the whole account cools, else it names those that do.
    Cooling {
        until_unix_secs: u64,
        reason: Message,
        models: Vec<String>,
    },
    /// By a dead credential, until it is edited.
    Disabled {
        reason: Message,
    },
    /// Its secret could not be had.
    Unresolved {
        reason: Message,
    },
}

pub fn view(members: &[Member], now: Instant, now_wall: SystemTime) -> PoolView {
    let accounts: Vec<_> = members.iter().map(|member| account_view(member, now, now_wall)).collect();
    let cools = |account: &&AccountView| matches!(account.state, AccountState::Cooling { .. });
    PoolView {
        active: members.iter().filter(|member| member.is_active()).count(),
        cooling: accounts.iter().filter(cools).count(),
        accounts,
        next_change: members
            .iter()
            .flat_map(|member| running(member, now).map(|(_, cooldown)| cooldown.until - now))
            .min(),
    }
}

fn account_view(member: &Member, now: Instant, now_wall: SystemTime) -> AccountView {
    let account = &member.account;
    AccountView {
        name: account.name.clone(),
        provider: account.provider,
        state: state(member, now, now_wall),
        in_flight: member.in_flight,
        serves_nothing: account.serves_nothing(),
        models: account.models.clone(),
        upstream: account.upstream().to_owned(),
        is_zai_section: account.origin == Origin::ZaiSection,
    }
}

fn state(member: &Member, now: Instant, now_wall: SystemTime) -> AccountState {
    if !member.account.enabled {
        return AccountState::Off;
    }
    if let Some(problem) = member.account.credential_problem() {
        return AccountState::Unresolved { reason: problem };
    }
    if let Health::Disabled { reason } = &member.health {
        return AccountState::Disabled { reason: reason.clone() };
    }
    // The whole account says more than one model; of several models, the last to end.
    let longest = running(member, now).max_by_key(|(model, cooldown)| (model.is_none(), cooldown.until));
    let Some((scope, cooldown)) = longest else { return AccountState::Enabled };
    let mut models: Vec<String> = match scope {
        None => Vec::new(),
        Some(_) => running(member, now).filter_map(|(model, _)| model.cloned()).collect(),
    };
    models.sort_unstable();
    AccountState::Cooling {
        until_unix_secs: unix_seconds(now_wall + (cooldown.until - now)),
        reason: cooldown.reason.clone(),
        models,
    }
}

/// The cooldowns that have not ended yet: of the account (`None`) and of its models.
fn running(member: &Member, now: Instant) -> impl Iterator<Item = (Option<&String>, &Cooldown)> {
    let of_account = member.health.cooldown().map(|cooldown| (None, cooldown));
    let of_models =
        member.models.iter().filter_map(|(model, health)| Some((Some(model), health.cooldown()?)));
    of_account.into_iter().chain(of_models).filter(move |(_, cooldown)| cooldown.until > now)
}

/// Rounded up: nobody is told to come back too early.
fn unix_seconds(moment: SystemTime) -> u64 {
    let since = moment.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    since.as_secs() + u64::from(since.subsec_nanos() > 0)
}
