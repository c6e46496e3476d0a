//! The pool as the gateway meets it, by what it is asked and what it answers.

mod reload;
mod routing;
mod saved;
mod verdicts;

use std::time::{Duration, Instant};

use super::*;
use crate::config::{AccountConfig, Config, DispatchMode, Secret};
use crate::protocol::{Protocol, Provider};
use crate::upstream::{Failure, Fault};

const SECOND: Duration = Duration::from_secs(1);

fn account(name: &str, provider: Provider, models: &[&str]) -> AccountConfig {
    AccountConfig {
        name: name.to_owned(),
        provider,
        api_key: Secret::Known(format!("sk-of-{name}").into()),
        base_url: None,
        models: models.iter().map(|&model| model.to_owned()).collect(),
        enabled: true,
        priority: 0,
        weight: 1,
    }
}

fn gemini(name: &str) -> AccountConfig {
    account(name, Provider::Gemini, &[])
}

fn config(accounts: &[AccountConfig]) -> Config {
    Config { accounts: accounts.to_vec(), ..Config::default() }
}

fn with_zai(mode: DispatchMode, accounts: &[AccountConfig]) -> Config {
    let mut config = config(accounts);
    config.zai.enabled = true;
    config.zai.dispatch_mode = mode;
    config.zai.api_key = Secret::Known("zai-key".into());
    config
}

fn pool(config: &Config) -> Pool {
    let pool = Pool::new();
    pool.apply(config, Instant::now());
    pool
}

/// A request of a client that can be translated to anything.
fn wanted(model: &str) -> Wanted<'_> {
    Wanted {
        protocols: &Protocol::ALL,
        client_protocol: Protocol::OpenAiChat,
        model,
        pin: None,
        session: None,
        now: Instant::now(),
    }
}

fn from_claude_code(model: &str) -> Wanted<'_> {
    Wanted { client_protocol: Protocol::Anthropic, ..wanted(model) }
}

fn lease(pool: &Pool, wanted: &Wanted<'_>) -> Result<Lease, NoLease> {
    pool.lease(wanted, &mut Tried::default())
}

/// The name of the account that takes the request.
#[track_caller]
fn taker(pool: &Pool, wanted: &Wanted<'_>) -> String {
    lease(pool, wanted).expect("a lease").account().name.clone()
}

/// Who gets the request when each attempt meets a broken connection, in order.
fn takers(pool: &Pool, wanted: &Wanted<'_>) -> Vec<String> {
    let mut tried = Tried::default();
    let mut names = Vec::new();
    while let Ok(mut lease) = pool.lease(wanted, &mut tried) {
        names.push(lease.account().name.clone());
        lease.fail_at(&failure(Fault::Unreachable), wanted.now);
    }
    names
}

fn failure(fault: Fault) -> Failure {
    Failure { fault, status: None, reason: "the reason".into() }
}

fn limited(seconds: u64, per_model: bool) -> Failure {
    failure(Fault::RateLimited { retry_after: Some(Duration::from_secs(seconds)), per_model })
}

/// Lets the one account that takes the request fail.
#[track_caller]
fn fail(pool: &Pool, wanted: &Wanted<'_>, failure: &Failure) {
    lease(pool, wanted).expect("a lease").fail_at(failure, wanted.now);
}

#[track_caller]
fn state_of(pool: &Pool, name: &str, now: Instant) -> AccountState {
    let view = pool.view(now);
    view.accounts.into_iter().find(|account| account.name == name).expect("the account").state
}
