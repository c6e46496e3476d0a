//! What deserves a warning in a configuration that can be used.

use super::models::matches;
use super::{AccountConfig, Config};
use crate::language::Message;
use crate::message;
use crate::protocol::Provider;

/// Secrets that could not be looked up, models that no account serves, and a demo account
/// beside paid ones. No message holds a secret.
pub fn warnings(config: &Config) -> impl Iterator<Item = Message> {
    unresolved_secrets(config).chain(unserved_models(config)).chain(demo_beside_others(config))
}

fn unresolved_secrets(config: &Config) -> impl Iterator<Item = Message> {
    let sections = [("proxy.api_key", &config.proxy.api_key), ("zai.api_key", &config.zai.api_key)];
    let sections = sections.into_iter().filter_map(|(key, secret)| {
        let reason = secret.reason()?;
        Some(message!("problem-at", place = key, said = reason))
    });
    let accounts = config.accounts.iter().filter_map(|account| {
        let reason = account.api_key.reason()?;
        Some(message!("warning-account", name = account.name.as_str(), reason = reason))
    });
    sections.chain(accounts)
}

/// The targets of `[models]` that no account serves.
fn unserved_models(config: &Config) -> impl Iterator<Item = Message> {
    let unserved = config.models.iter().filter(|(_, target)| !is_served(config, target));
    unserved.map(|(asked, target)| {
        message!("warning-model-unserved", asked = asked.as_str(), target = target.as_str())
    })
}

/// A target with a known pin counts as served, whatever model comes after the `/`.
fn is_served(config: &Config, target: &str) -> bool {
    let accounts = || config.accounts.iter().filter(|account| account.enabled);
    let is_pin = target.split_once('/').is_some_and(|(pin, _)| {
        accounts().any(|account| account.name == pin || account.provider.name() == pin)
    });
    let serves = |account: &AccountConfig| match account.models.as_slice() {
        [] => account.provider.owns(target) || account.provider.is_known_by_its_list(),
        listed => listed.iter().any(|pattern| matches(pattern, target)),
    };
    // z.ai's section answers by rules of its own.
    is_pin || config.zai.enabled || config.accounts.is_empty() || accounts().any(serves)
}

/// The demo invents its answers, so it should not stay beside accounts that are paid for.
fn demo_beside_others(config: &Config) -> Option<Message> {
    let mut enabled = config.accounts.iter().filter(|account| account.enabled);
    let demo = enabled.clone().find(|account| account.provider == Provider::Demo)?;
    let has_real = config.zai.takes_part() || enabled.any(|account| account.provider != Provider::Demo);
    has_real.then(|| message!("warning-demo", name = demo.name.as_str()))
}
