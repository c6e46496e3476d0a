//! Why no account can take a request, with what would help.

use std::time::Duration;

use super::account::Account;
use super::demand::{Demand, Pin};
use super::health::{Access, Cooldown, Health};
use super::member::Member;
use super::roster::{Roster, speaks_any};
use crate::language::{Message, printable};
use crate::message;
use crate::protocol::Provider;

/// Why there is no lease.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoLease {
    /// None of the accounts in the config, `listed` in number, is usable.
    NoAccounts { listed: usize },
    /// No account serves the model. The hint says what would serve it; `unnamed` is the hint
    /// without the names of accounts.
    UnknownModel { hint: Message, unnamed: Message },
    /// These accounts serve the model, but speak no protocol that the request can be sent in.
    WrongProtocol { accounts: Vec<String>, provider: Provider },
    /// Waiting helps. Also when every account was already tried for this request.
    /// `is_requested` where a provider requested the wait.
    AllCooling { soonest: Duration, reason: Message, is_requested: bool },
    /// Waiting does not help: the accounts have to be edited.
    AllDisabled { reason: Message },
}

/// The wait when no account says how long.
const SOON: Duration = Duration::from_secs(1);

/// The longest list of names in a text.
const NAMED_AT_MOST: usize = 8;

/// Why the roster has just refused the request.
pub fn refusal(roster: &Roster, demand: &Demand<'_>) -> NoLease {
    refusal_of(roster, &roster.serving(demand).collect::<Vec<_>>(), demand)
}

/// The same after the accounts were asked, too, that may serve the model.
pub fn refusal_unverified(roster: &Roster, demand: &Demand<'_>) -> NoLease {
    refusal_of(roster, &roster.unverified(demand).collect::<Vec<_>>(), demand)
}

fn refusal_of(roster: &Roster, serving: &[&Member], demand: &Demand<'_>) -> NoLease {
    let members = roster.members();
    let speaks = |member: &&&Member| speaks_any(&member.account, demand);

    let Some(holder) = serving.first() else {
        return if members.iter().any(Member::is_active) {
            unknown_model(members, demand)
        } else {
            NoLease::NoAccounts { listed: members.len() }
        };
    };
    let Some(speaker) = serving.iter().find(speaks) else {
        let accounts = serving.iter().map(|member| member.account.name.clone());
        return NoLease::WrongProtocol {
            accounts: accounts.take(NAMED_AT_MOST).collect(),
            provider: holder.account.provider,
        };
    };
    let alive = || serving.iter().copied().filter(|member| speaks(&member) && member.is_alive());
    let Some(soonest) = alive().map(|member| wait(member, demand)).min() else {
        return NoLease::AllDisabled { reason: why_dead(speaker) };
    };
    let requested = alive().filter_map(|member| Some((member, requested_rest(member, demand)?)));
    if let Some((member, cooldown)) = requested.min_by_key(|(_, cooldown)| cooldown.until) {
        let is_over = cooldown.until <= demand.now;
        let key = if is_over { "no-lease-trying-again" } else { "no-lease-reason" };
        let reason = message!(key, account = &*member.account.name, reason = &cooldown.reason);
        return NoLease::AllCooling { soonest, reason, is_requested: true };
    }
    let reason = message!("no-lease-tried", account = &*speaker.account.name);
    NoLease::AllCooling { soonest, reason, is_requested: false }
}

fn wait(member: &Member, demand: &Demand<'_>) -> Duration {
    match member.access(demand.model, demand.now) {
        Access::Closed(wait) => wait,
        Access::Open | Access::Probe | Access::LastChoice | Access::Dead => SOON,
    }
}

/// The longer of the rests that the provider requested for the account and for the model.
fn requested_rest<'a>(member: &'a Member, demand: &Demand<'_>) -> Option<&'a Cooldown> {
    let rests = [Some(&member.health), member.models.get(demand.model)];
    let rests = rests.into_iter().flatten().filter_map(Health::cooldown);
    rests.filter(|cooldown| cooldown.is_requested).max_by_key(|cooldown| cooldown.until)
}

fn why_dead(member: &Member) -> Message {
    let account = &*member.account.name;
    let reason = match (&member.health, member.account.credential_problem()) {
        // A client must not learn which program or file keeps the key.
        (_, Some(_)) if member.account.is_key_unresolved() => {
            return message!("no-lease-no-key", account = account);
        }
        (_, Some(problem)) => problem,
        (Health::Disabled { reason }, None) => reason.clone(),
        (_, None) => return account.into(),
    };
    message!("no-lease-reason", account = account, reason = reason)
}

/// What would serve the model, for the text of a 404.
fn unknown_model(members: &[Member], demand: &Demand<'_>) -> NoLease {
    let Cause { text, unnamed } = cause(members, demand);
    let served = served_patterns(members).join(", ");
    let with_served = |cause: Message| {
        if served.is_empty() {
            cause
        } else {
            message!("no-lease-served", cause = cause, models = served.as_str())
        }
    };
    NoLease::UnknownModel { hint: with_served(text), unnamed: with_served(unnamed) }
}

/// Why no account serves the model, with the names of accounts and without.
struct Cause {
    text: Message,
    unnamed: Message,
}

impl From<Message> for Cause {
    fn from(text: Message) -> Self {
        Self { unnamed: text.clone(), text }
    }
}

fn cause(members: &[Member], demand: &Demand<'_>) -> Cause {
    let model = quoted(demand.model);
    let find = |is_meant: &dyn Fn(&Account) -> bool| {
        members.iter().map(|member| &*member.account).find(|account| is_meant(account))
    };
    if let Some(pin) = &demand.pin {
        return match (find(&|account| pin.names(account)), pin) {
            (Some(account), _) => why_not(account, &model),
            (None, Pin::Provider(provider)) => {
                message!("no-lease-no-provider", provider = provider.name()).into()
            }
            (None, Pin::Account(name)) => message!("no-lease-no-account", name = quoted(name)).into(),
        };
    }
    let would_serve = |account: &Account| account.lists(demand.model) || account.owns(demand.model);
    match (find(&would_serve), owner(demand.model)) {
        (Some(account), _) => why_not(account, &model),
        (None, Some(owner)) => message!("no-lease-add", provider = owner.name()).into(),
        (None, None) if let Some(cause) = members.iter().find_map(unlisted) => cause,
        (None, None) => message!("no-lease-list").into(),
    }
}

/// An account whose model list could not be read might serve the model.
fn unlisted(member: &Member) -> Option<Cause> {
    let problem = member.account.serves_nothing().filter(|_| member.is_active())?;
    Some(Cause {
        text: message!("no-lease-serves-nothing", account = &*member.account.name, problem = &problem),
        unnamed: message!("no-lease-serves-nothing-unnamed", problem = problem),
    })
}

fn why_not(account: &Account, model: &str) -> Cause {
    let name = &*account.name;
    if account.enabled {
        Cause {
            text: message!("no-lease-not-listed", account = name, model = model),
            unnamed: message!("no-lease-not-listed-unnamed", model = model),
        }
    } else {
        Cause { text: message!("no-lease-off", account = name), unnamed: message!("no-lease-off-unnamed") }
    }
}

fn owner(model: &str) -> Option<Provider> {
    Provider::ALL.into_iter().filter(|&provider| provider != Provider::Demo).find(|one| one.owns(model))
}

/// The patterns of the active accounts, and the own lists of those without; each once, in the
/// order of the config file.
fn served_patterns(members: &[Member]) -> Vec<String> {
    let mut patterns: Vec<String> = Vec::new();
    for account in members.iter().filter(|member| member.is_active()).map(|member| &member.account) {
        let owned = account.provider.owned_patterns().iter().filter(|_| account.models.is_empty());
        let owned = owned.map(|&pattern| pattern.to_owned());
        let listed = account.own_models(NAMED_AT_MOST).into_iter();
        for pattern in account.models.iter().cloned().chain(owned).chain(listed) {
            if patterns.len() == NAMED_AT_MOST {
                return patterns;
            }
            if !patterns.contains(&pattern) {
                patterns.push(pattern);
            }
        }
    }
    patterns
}

/// A name that a client chose, at most 100 characters and on one line.
fn quoted(name: &str) -> String {
    format!("\"{}\"", printable::shortened(name, 100))
}
