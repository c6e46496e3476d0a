//! The pool as it is shown: by the tray, the dashboard and `status`.

use std::time::{Duration, Instant, SystemTime};

use super::account::Origin;
use super::health::{Cooldown, Health};
use super::member::Member;
use crate::language::Message;
use crate::protocol::Provider;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PoolView {
    /// The number of accounts that are enabled and have a credential that was not refused;
    /// cooling ones count.
    pub active: usize,
    /// The number of active accounts that cool, as a whole or for a model.
    pub cooling: usize,
    /// In the order of the config file, the `[zai]` section last.
    pub accounts: Vec<AccountView>,
    /// Until the next cooldown ends and this view is out of date, which is not announced.
    pub next_change: Option<Duration>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountView {
    pub name: String,
    pub provider: Provider,
    pub state: AccountState,
    pub in_flight: u32,
    /// Why it serves no model, although nothing else is wrong with it.
    pub serves_nothing: Option<Message>,
    /// As configured. Empty for every model that the provider owns.
    pub models: Vec<String>,
    /// The host its requests go to, or the provider.
    pub upstream: String,
    /// Whether it is the `[zai]` section rather than an entry of `[[accounts]]`.
    pub is_zai_section: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AccountState {
    Enabled,
    /// Switched off in the config.
    Off,
    /// `models` names the models that cool; it is empty when the whole account does.
    Cooling {
        until_unix_secs: u64,
        reason: Message,
        models: Vec<String>,
    },
    /// Its credential was refused; edit it to get the account back.
    Disabled {
        reason: Message,
    },
    /// Its credential is missing or could not be read.
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
    // A cooldown of the whole account comes before those of models; of those, the longest.
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

/// The cooldowns that have not ended: of the account (`None`) and of its models.
fn running(member: &Member, now: Instant) -> impl Iterator<Item = (Option<&String>, &Cooldown)> {
    let of_account = member.health.cooldown().map(|cooldown| (None, cooldown));
    let of_models =
        member.models.iter().filter_map(|(model, health)| Some((Some(model), health.cooldown()?)));
    of_account.into_iter().chain(of_models).filter(move |(_, cooldown)| cooldown.until > now)
}

/// Rounded up, so that no retry comes too early.
fn unix_seconds(moment: SystemTime) -> u64 {
    let since = moment.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    since.as_secs() + u64::from(since.subsec_nanos() > 0)
}
