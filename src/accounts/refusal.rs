//! Why nobody can take a request, in words that say what would help.

use std::fmt::Write;
use std::time::{Duration, Instant};

use super::account::Account;
use super::health::{Access, Health};
use super::lease::{Pin, Wanted};
use super::member::Member;
use super::roster::{Roster, speaks_any};
use crate::protocol::Provider;

/// Why there is no lease.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoLease {
    /// Of so many in the config.
    #[error("no account is usable")]
    NoAccounts { listed: usize },
    /// No account serves the model; the hint says what would.
    #[error("no account serves the model: {hint}")]
    UnknownModel { hint: String },
    /// These accounts serve the model, but in no protocol the caller can speak.
    #[error("{provider} does not speak a protocol this request can be sent in")]
    WrongProtocol { accounts: Vec<String>, provider: Provider },
    /// Waiting helps. Also when every account was already tried for this request.
    #[error("every account that serves the model is cooling: {reason}")]
    AllCooling { soonest: Duration, reason: String },
    /// Waiting does not help: somebody has to edit them.
    #[error("every account that serves the model is disabled: {reason}")]
    AllDisabled { reason: String },
}

/// How soon to come back when nothing says when.
const SOON: Duration = Duration::from_secs(1);

/// Names in a text or a list; more would not be read.
const NAMED_AT_MOST: usize = 8;

/// For a request the roster has just refused.
pub fn refusal(roster: &Roster, wanted: &Wanted<'_>) -> NoLease {
    let members = roster.members();
    let serving: Vec<&Member> = roster.serving(wanted).collect();
    let speaks = |member: &&&Member| speaks_any(&member.account, wanted);

    let Some(holder) = serving.first() else {
        return if members.iter().any(Member::is_active) {
            NoLease::UnknownModel { hint: hint(members, wanted) }
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
    let alive = serving.iter().filter(speaks).filter(|member| member.is_alive());
    let soonest = alive.map(|member| (wait(member, wanted), member)).min_by_key(|&(wait, _)| wait);
    match soonest {
        Some((soonest, member)) => {
            NoLease::AllCooling { soonest, reason: why_cooling(member, wanted.model, wanted.now) }
        }
        None => NoLease::AllDisabled { reason: why_dead(speaker) },
    }
}

fn wait(member: &Member, wanted: &Wanted<'_>) -> Duration {
    match member.access(wanted.model, wanted.now) {
        Access::Closed(wait) => wait,
        Access::Open | Access::Probe | Access::Dead => SOON,
    }
}

/// The reason of whichever cooldown lasts longer, the account's or the model's.
fn why_cooling(member: &Member, model: &str, now: Instant) -> String {
    let cooldowns = [Some(&member.health), member.models.get(model)];
    let longest = cooldowns.into_iter().flatten().filter_map(Health::cooldown).max_by_key(|one| one.until);
    let name = &member.account.name;
    match longest {
        Some(cooldown) if cooldown.until > now => format!("{name}: {}", cooldown.reason),
        Some(cooldown) => format!("{name}: {} (trying again)", cooldown.reason),
        None => format!("{name}: already tried for this request"),
    }
}

fn why_dead(member: &Member) -> String {
    let name = &member.account.name;
    match (&member.health, member.account.credential_problem()) {
        // Which program or file keeps the key is not for clients.
        (_, Some(_)) if member.account.is_key_unresolved() => {
            format!("{name}: its API key could not be had; `portcullis status` says why")
        }
        (_, Some(problem)) => format!("{name}: {problem}"),
        (Health::Disabled { reason }, None) => format!("{name}: {reason}"),
        (_, None) => name.clone(),
    }
}

/// What would serve the model, for somebody who reads it in a 404.
fn hint(members: &[Member], wanted: &Wanted<'_>) -> String {
    let mut text = cause(members, wanted);
    let served = served_patterns(members);
    if !served.is_empty() {
        let served = served.join(", ");
        write!(
            text,
            "; accounts here serve {served}; [models] in the config can map the name to one of those"
        )
        .ok();
    }
    text
}

fn cause(members: &[Member], wanted: &Wanted<'_>) -> String {
    let model = quoted(wanted.model);
    let find = |is_meant: &dyn Fn(&Account) -> bool| {
        members.iter().map(|member| &*member.account).find(|account| is_meant(account))
    };
    if let Some(pin) = &wanted.pin {
        return match (find(&|account| pin.names(account)), pin) {
            (Some(account), _) => why_not(account, &model),
            (None, Pin::Provider(provider)) => format!("there is no {provider} account"),
            (None, Pin::Account(name)) => format!("there is no account named {}", quoted(name)),
        };
    }
    let would_serve = |account: &Account| account.lists(wanted.model) || account.owns(wanted.model);
    match (find(&would_serve), owner(wanted.model)) {
        (Some(account), _) => why_not(account, &model),
        (None, Some(owner)) => format!("add an account of {owner}"),
        (None, None) if let Some(problem) = members.iter().find_map(unlisted) => problem,
        (None, None) => "name it in the models of the account that has it".to_owned(),
    }
}

/// Of an account whose list nobody has seen, nobody knows.
fn unlisted(member: &Member) -> Option<String> {
    let problem = member.account.serves_nothing().filter(|_| member.is_active())?;
    Some(format!("account {} {problem}", member.account.name))
}

fn why_not(account: &Account, model: &str) -> String {
    let name = &account.name;
    if account.enabled {
        format!("account {name} does not list {model} in its models")
    } else {
        format!("account {name} is switched off in the config")
    }
}

fn owner(model: &str) -> Option<Provider> {
    Provider::ALL.into_iter().filter(|&provider| provider != Provider::Demo).find(|one| one.owns(model))
}

/// The patterns of the active accounts, and what those without have listed; each once, in
/// file order.
fn served_patterns(members: &[Member]) -> Vec<String> {
    let mut patterns: Vec<String> = Vec::new();
    for account in members.iter().filter(|member| member.is_active()).map(|member| &member.account) {
        let owned = account.provider.owned_patterns().iter().filter(|_| account.models.is_empty());
        let owned = owned.map(|&pattern| pattern.to_owned());
        let listed = account.learned_names(NAMED_AT_MOST).into_iter();
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

/// A client's own word, short and on one line.
fn quoted(name: &str) -> String {
    format!("\"{}\"", crate::language::printable::shortened(name, 100))
}
