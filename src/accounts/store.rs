//! `pool.json`: cooldowns and disabled accounts, kept across restarts.
//!
//! The file holds wall-clock times. The clock may have jumped since, and the file may have been
//! edited or cut short: no cooldown read from it exceeds `max_cooldown`, and a file that cannot
//! be parsed is set aside and counts as empty.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use serde::{Deserialize, Serialize};

use super::health::{Cooldown, Health, LONGEST_COOLDOWN};
use super::member::Member;
use crate::desktop::whole_file;
use crate::language::{Message, Phrase};

/// What the file keeps of a pool.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PoolSnapshot {
    /// By name. Accounts with nothing to remember are left out.
    #[serde(default)]
    accounts: BTreeMap<String, AccountSnapshot>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct AccountSnapshot {
    /// Another fingerprint is another account ([`Account::fingerprint`](super::Account)).
    fingerprint: String,
    /// Why it is disabled, in English; `said` is the key and arguments of the same message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    disabled: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    said: Option<Phrase>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cooldown: Option<CooldownSnapshot>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    models: BTreeMap<String, CooldownSnapshot>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct CooldownSnapshot {
    until_unix_ms: u64,
    failures: u32,
    reason: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    said: Option<Phrase>,
}

/// What the file holds; empty when it does not exist or cannot be read.
pub fn load(path: &Path) -> PoolSnapshot {
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == ErrorKind::NotFound => return PoolSnapshot::default(),
        Err(error) => {
            tracing::warn!(path = %path.display(), %error, "cannot read the saved state of the pool");
            return PoolSnapshot::default();
        }
    };
    serde_json::from_slice(&bytes).unwrap_or_else(|error| {
        let aside = corrupt_path(path);
        tracing::warn!(path = %path.display(), %error, "the saved state of the pool is corrupt and was set aside");
        if let Err(error) = fs::rename(path, &aside) {
            tracing::warn!(path = %aside.display(), %error, "cannot set the corrupt file aside");
        }
        PoolSnapshot::default()
    })
}

/// Replaces the file whole or not at all; mode 0600 from the start. Fails when the
/// directory cannot be written to. Blocks: not for the request path.
pub fn save(path: &Path, saved: &PoolSnapshot) -> io::Result<()> {
    whole_file::write_json(path, saved)
}

fn corrupt_path(path: &Path) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(".corrupt");
    name.into()
}

pub(super) fn snapshot(members: &[Member], now: Instant, now_wall: SystemTime) -> PoolSnapshot {
    let worth_saving = |account: &AccountSnapshot| {
        account.disabled.is_some() || account.cooldown.is_some() || !account.models.is_empty()
    };
    let accounts = members
        .iter()
        .map(|member| (member.account.name.clone(), snapshot_of(member, now, now_wall)))
        .filter(|(_, account)| worth_saving(account))
        .collect();
    PoolSnapshot { accounts }
}

fn snapshot_of(member: &Member, now: Instant, now_wall: SystemTime) -> AccountSnapshot {
    let save = |health: &Health| {
        // A guessed rest says nothing about the next start.
        let cooldown = health.cooldown().filter(|cooldown| cooldown.is_requested && cooldown.until > now)?;
        let until_unix_ms = unix_ms(now_wall).saturating_add(whole_ms(cooldown.until - now));
        Some(CooldownSnapshot {
            until_unix_ms,
            failures: cooldown.failures,
            reason: cooldown.reason.to_string(),
            said: cooldown.reason.phrase().cloned(),
        })
    };
    let disabled = match &member.health {
        Health::Disabled { reason } => Some(reason),
        _ => None,
    };
    AccountSnapshot {
        fingerprint: member.account.fingerprint.as_str().to_owned(),
        disabled: disabled.map(ToString::to_string),
        said: disabled.and_then(Message::phrase).cloned(),
        cooldown: save(&member.health),
        models: member
            .models
            .iter()
            .filter_map(|(model, health)| Some((model.clone(), save(health)?)))
            .collect(),
    }
}

/// Gives the members back their saved state. Those that changed since start afresh.
pub(super) fn restore(
    members: &mut [Member],
    mut saved: PoolSnapshot,
    max_cooldown: Duration,
    now: Instant,
    now_wall: SystemTime,
) {
    let health = |saved: CooldownSnapshot| {
        let left = saved.until_unix_ms.checked_sub(unix_ms(now_wall)).filter(|&ms| ms > 0)?;
        let until = now + Duration::from_millis(left).min(max_cooldown).min(LONGEST_COOLDOWN);
        let reason = Message::restored(saved.reason, saved.said);
        let failures = saved.failures.max(1);
        Some(Health::Cooling(Cooldown { until, failures, reason, is_requested: true }))
    };
    for member in members {
        let Some(account) = saved.accounts.remove(&member.account.name) else { continue };
        if account.fingerprint != member.account.fingerprint.as_str() {
            continue;
        }
        if let Some(text) = account.disabled {
            member.health = Health::Disabled { reason: Message::restored(text, account.said) };
        } else if let Some(cooling) = account.cooldown.and_then(health) {
            member.health = cooling;
        }
        member.models = account
            .models
            .into_iter()
            .filter_map(|(model, cooldown)| Some((model, health(cooldown)?)))
            .collect();
    }
}

fn unix_ms(moment: SystemTime) -> u64 {
    whole_ms(moment.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default())
}

fn whole_ms(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
