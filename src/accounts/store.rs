//! `pool.json`: cooldowns and disabled accounts, so that a restart remembers them.
//!
//! Moments are wall-clock times there. The clock may have jumped meanwhile, and the file
//! may have been edited or cut short: nothing in it is believed beyond `max_cooldown`,
//! and a file that cannot be read is set aside and counts as empty.

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

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Saved {
    /// By name; accounts with nothing to remember are left out.
    #[serde(default)]
    accounts: BTreeMap<String, SavedAccount>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct SavedAccount {
    /// Of provider, base URL and secret: an edited account is another one.
    fingerprint: String,
    /// Why it is disabled, in English; and so that it can be said in other languages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    disabled: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    said: Option<Phrase>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cooldown: Option<SavedCooldown>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    models: BTreeMap<String, SavedCooldown>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct SavedCooldown {
    until_unix_ms: u64,
    failures: u32,
    reason: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    said: Option<Phrase>,
}

/// What the file holds; empty when there is none, or none that can be read.
pub fn load(path: &Path) -> Saved {
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == ErrorKind::NotFound => return Saved::default(),
        Err(error) => {
            tracing::warn!(path = %path.display(), %error, "cannot read the saved pool state");
            return Saved::default();
        }
    };
    serde_json::from_slice(&bytes).unwrap_or_else(|error| {
        let aside = corrupt_path(path);
        tracing::warn!(path = %path.display(), %error, "saved pool state is corrupt, set aside");
        if let Err(error) = fs::rename(path, &aside) {
            tracing::warn!(path = %aside.display(), %error, "cannot set the corrupt file aside");
        }
        Saved::default()
    })
}

/// Replaces the file whole or not at all; mode 0600 from the start. Fails when the
/// directory cannot be written to. Blocks: not for the request path.
pub fn save(path: &Path, saved: &Saved) -> io::Result<()> {
    whole_file::write_json(path, saved)
}

fn corrupt_path(path: &Path) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(".corrupt");
    name.into()
}

pub(super) fn snapshot(members: &[Member], now: Instant, now_wall: SystemTime) -> Saved {
    let worth_saving = |account: &SavedAccount| {
        account.disabled.is_some() || account.cooldown.is_some() || !account.models.is_empty()
    };
    let accounts = members
        .iter()
        .map(|member| (member.account.name.clone(), snapshot_of(member, now, now_wall)))
        .filter(|(_, account)| worth_saving(account))
        .collect();
    Saved { accounts }
}

fn snapshot_of(member: &Member, now: Instant, now_wall: SystemTime) -> SavedAccount {
    let save = |health: &Health| {
        // What we guessed of the way upstream says nothing to the next start.
        let cooldown = health.cooldown().filter(|cooldown| cooldown.is_asked && cooldown.until > now)?;
        let until_unix_ms = unix_ms(now_wall).saturating_add(whole_ms(cooldown.until - now));
        Some(SavedCooldown {
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
    SavedAccount {
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

/// Gives the members what was saved of them; those that changed since start afresh.
pub(super) fn restore(
    members: &mut [Member],
    mut saved: Saved,
    max_cooldown: Duration,
    now: Instant,
    now_wall: SystemTime,
) {
    let health = |saved: SavedCooldown| {
        let left = saved.until_unix_ms.checked_sub(unix_ms(now_wall)).filter(|&ms| ms > 0)?;
        let until = now + Duration::from_millis(left).min(max_cooldown).min(LONGEST_COOLDOWN);
        let reason = Message::restored(saved.reason, saved.said);
        let failures = saved.failures.max(1);
        Some(Health::Cooling(Cooldown { until, failures, reason, is_asked: true }))
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
