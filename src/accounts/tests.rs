//! The pool as the gateway uses it: leases and their outcomes.

mod reload;
mod routing;
mod saved;
mod verdicts;

use std::time::{Duration, Instant};

use super::*;
use crate::config::{AccountConfig, Config, DispatchMode, Secret};
use crate::language::Message;
use crate::message;
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

/// A request that can be sent in every protocol.
fn demand(model: &str) -> Demand<'_> {
    Demand {
        protocols: &Protocol::ALL,
        client_protocol: Protocol::OpenAiChat,
        model,
        pin: None,
        session: None,
        now: Instant::now(),
    }
}

fn from_claude_code(model: &str) -> Demand<'_> {
    Demand { client_protocol: Protocol::Anthropic, ..demand(model) }
}

fn lease(pool: &Pool, demand: &Demand<'_>) -> Result<Lease, NoLease> {
    pool.lease(demand, &mut Attempts::default())
}

/// The name of the account that takes the request.
#[track_caller]
fn taker(pool: &Pool, demand: &Demand<'_>) -> String {
    lease(pool, demand).expect("a lease").account().name.clone()
}

/// The accounts that get the request, in order, when each attempt meets a broken connection.
fn takers(pool: &Pool, demand: &Demand<'_>) -> Vec<String> {
    let mut attempts = Attempts::default();
    let mut names = Vec::new();
    while let Ok(mut lease) = pool.lease(demand, &mut attempts) {
        names.push(lease.account().name.clone());
        lease.fail_at(&failure(Fault::Unreachable), demand.now);
    }
    names
}

fn failure(fault: Fault) -> Failure {
    Failure { fault, status: None, reason: "the reason".into() }
}

/// Why an account cannot be chosen.
fn reason_of(account: &str, reason: impl Into<Message>) -> Message {
    message!("no-lease-reason", account = account, reason = reason.into())
}

fn limited(seconds: u64, per_model: bool) -> Failure {
    failure(Fault::RateLimited { retry_after: Some(Duration::from_secs(seconds)), per_model })
}

/// Fails the attempt of the account that takes the request.
#[track_caller]
fn fail(pool: &Pool, demand: &Demand<'_>, failure: &Failure) {
    lease(pool, demand).expect("a lease").fail_at(failure, demand.now);
}

#[track_caller]
fn state_of(pool: &Pool, name: &str, now: Instant) -> AccountState {
    let view = pool.view(now);
    view.accounts.into_iter().find(|account| account.name == name).expect("the account").state
}
