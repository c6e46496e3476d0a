//! `portcullis account`: the accounts of the config file, with their state in the agent.

mod given_key;

use std::sync::Arc;
use std::time::{Instant, SystemTime};

use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Value, json};

use super::Context;
use super::agent::{self, Agent, AskError};
use super::config::{bad, edit_failed};
use super::lifecycle;
use super::output::{self, Exit};
use crate::accounts::{Pool, store};
use crate::config::edit::{self, NewAccount};
use crate::config::{self, Config, Loaded};
use crate::control::AccountStatus;
use crate::desktop::paths::Paths;
use crate::gateway::{Gateway, TestReport};
use crate::monitor::Recorder;
use crate::protocol::Provider;
use crate::supervisor::account_status;
use crate::text;
use crate::upstream::Scrubber;

#[derive(Debug, Subcommand)]
pub enum AccountCommand {
    /// List the accounts and their states
    List,
    /// Add an account; its key is read from a prompt, stdin or --from-env
    Add(AddArgs),
    /// Remove an account from the config file
    Remove {
        /// Which account
        name: String,
    },
    /// Use an account (again), even one whose key was refused
    Enable {
        /// Which account
        name: String,
    },
    /// Keep an account, but do not use it
    Disable {
        /// Which account
        name: String,
    },
    /// Make one minimal real call with an account and print the result
    Test {
        /// Which account
        name: String,
    },
    /// Let a cooling account be tried again at once; without a name, all of them
    ClearCooldown {
        /// Which account
        name: Option<String>,
    },
}

#[derive(Debug, Args)]
pub struct AddArgs {
    /// What to call it [default: the provider's name]
    name: Option<String>,
    /// The name, as an option
    #[arg(long = "name", value_name = "NAME", conflicts_with = "name")]
    named: Option<String>,
    /// The provider of the API
    #[arg(long, value_enum)]
    provider: ProviderArg,
    /// Take the key from this environment variable
    #[arg(long, value_name = "NAME")]
    from_env: Option<String>,
    /// Where the API is, if not at the provider's own address
    #[arg(long, value_name = "URL")]
    base_url: Option<String>,
    /// A model it serves; may contain * and be repeated
    #[arg(long = "model", value_name = "MODEL")]
    models: Vec<String>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum ProviderArg {
    Gemini,
    Anthropic,
    Openai,
    Zai,
    OpenaiCompatible,
    Demo,
}

pub async fn run(context: &Context, command: AccountCommand) -> Exit {
    match command {
        AccountCommand::List => list(context).await,
        AccountCommand::Add(args) => add(context, args).await,
        AccountCommand::Remove { name } => {
            edited(context, edit::remove_account(&context.paths.config, &name)).await
        }
        AccountCommand::Enable { name } => enable(context, &name, true).await,
        AccountCommand::Disable { name } => enable(context, &name, false).await,
        AccountCommand::Test { name } => test(context, &name).await,
        AccountCommand::ClearCooldown { name } => clear_cooldown(context, name.as_deref()).await,
    }
}

async fn list(context: &Context) -> Exit {
    let accounts = match Agent::find(&context.paths) {
        Some(agent) => match agent.status().await {
            Ok(status) => status.accounts,
            Err(error) => return error.report(),
        },
        None => match config::load(&context.paths.config).await {
            Ok(loaded) => saved(&context.paths, &loaded.config),
            Err(problems) => return bad(&problems),
        },
    };
    if context.json {
        output::json(&json!(accounts));
    } else {
        print(&accounts);
    }
    Exit::Done
}

/// The accounts of the file with their saved state, where no agent runs.
pub fn saved(paths: &Paths, config: &Config) -> Vec<AccountStatus> {
    let accounts = saved_pool(paths, config).view(Instant::now()).accounts;
    let worded = |account| account_status(account).worded(output::answer_language());
    accounts.into_iter().map(worded).collect()
}

fn saved_pool(paths: &Paths, config: &Config) -> Pool {
    let pool = Pool::new();
    pool.apply(config, Instant::now());
    pool.restore(store::load(&paths.pool_file()), Instant::now(), SystemTime::now());
    pool
}

fn print(accounts: &[AccountStatus]) {
    if accounts.is_empty() {
        output::note(&text!(output::language(), "cli-accounts-none"));
        return;
    }
    let row = |account: &AccountStatus| {
        let reason = account.reason.as_ref().map(|reason| reason.text(output::language()));
        let state = lifecycle::account_state(account, output::language());
        vec![account.name.clone(), account.provider.clone(), state, reason.unwrap_or_default()]
    };
    output::table(&accounts.iter().map(row).collect::<Vec<_>>());
}

async fn add(context: &Context, args: AddArgs) -> Exit {
    let path = &context.paths.config;
    if let Err(error) = config::template::init(path) {
        return output::failed(&error.to_string());
    }
    let provider = args.provider.provider();
    if provider == Provider::OpenAiCompatible && args.base_url.is_none() {
        output::error(&text!(
            context.language,
            "cli-account-needs-base-url",
            provider = provider.to_string()
        ));
        return Exit::Usage;
    }
    let api_key = match given_key::secret(provider, args.from_env.as_deref(), args.base_url.is_none()).await {
        Ok(secret) => secret,
        Err(exit) => return exit,
    };
    let name = match args.name.or(args.named) {
        Some(name) => name,
        None => match free_name(context, provider).await {
            Ok(name) => name,
            Err(problems) => return bad(&problems),
        },
    };
    let account = NewAccount { name, provider, api_key, base_url: args.base_url, models: args.models };
    let added = edit::add_account(path, &account);
    if added.is_ok() {
        output::note(&text!(context.language, "cli-account-added", name = account.name.as_str()));
    }
    let is_added = added.is_ok();
    let exit = edited(context, added).await;
    if is_added && account.models.is_empty() && provider.is_known_by_its_list() {
        print_test(context, &account.name).await;
    }
    exit
}

/// Only the account's own list names the models it serves, so whether it answers is shown at
/// once.
async fn print_test(context: &Context, name: &str) {
    let Ok(report) = report(context, name).await else { return };
    let message = report["message"].as_str().unwrap_or_default();
    output::note(&text!(context.language, "warning-account", name = name, reason = message));
    if let Some(fix) = report["fix"].as_str() {
        output::note(&format!("  → {fix}"));
    }
}

/// The provider's name, with a number when it is taken.
async fn free_name(context: &Context, provider: Provider) -> Result<String, config::Problems> {
    let loaded = config::load(&context.paths.config).await?;
    let taken = |name: &str| loaded.config.accounts.iter().any(|account| account.name == name);
    let numbered = (2..).map(|number| format!("{provider}-{number}"));
    let names = std::iter::once(provider.to_string()).chain(numbered);
    Ok(names.into_iter().find(|name| !taken(name)).unwrap_or_default())
}

/// The running agent changes its file and its pool. Where no agent reads this file, only the
/// file is changed.
async fn enable(context: &Context, name: &str, enabled: bool) -> Exit {
    if let Some(agent) = Agent::reading(&context.paths) {
        let call = if enabled { "accounts/enable" } else { "accounts/disable" };
        match agent.ask(call, json!({ "name": name })).await {
            Ok(_) => return Exit::Done,
            Err(AskError::Gone) => {}
            Err(error) => return error.report(),
        }
    }
    edited(context, edit::set_account_enabled(&context.paths.config, name, enabled)).await
}

async fn edited(context: &Context, edited: Result<(), edit::EditError>) -> Exit {
    match edited {
        Ok(()) => agent::apply_edit(&context.paths).await,
        Err(error) => edit_failed(&error),
    }
}

/// The report of a test. The running agent makes it, because its environment has the secrets;
/// without an agent, this process does.
pub async fn report(context: &Context, name: &str) -> Result<Value, String> {
    if let Some(agent) = Agent::find(&context.paths) {
        let report = agent.ask("accounts/test", json!({ "name": name })).await;
        return report.map_err(|error| error.to_string());
    }
    let report = test_here(context, name).await?;
    Ok(json!(report.worded(output::answer_language())))
}

async fn test(context: &Context, name: &str) -> Exit {
    let report = match report(context, name).await {
        Ok(report) => report,
        Err(error) => return output::failed(&error),
    };
    let ok = report["ok"] == true;
    if context.json {
        output::json(&report);
    } else {
        let asked = report["asked"].as_str().unwrap_or_default();
        let message = report["message"].as_str().unwrap_or_default();
        let status = report["status"].as_u64().map_or(String::new(), |status| format!(" (HTTP {status})"));
        let (said, elapsed) = (format!("{message}{status}"), report["duration_ms"].to_string());
        let language = context.language;
        output::line(&text!(
            language,
            "cli-account-tested",
            name = name,
            said = said,
            model = asked,
            ms = elapsed
        ));
        if let Some(fix) = report["fix"].as_str() {
            output::line(&format!("  → {fix}"));
        }
    }
    if ok { Exit::Done } else { Exit::Failed }
}

async fn test_here(context: &Context, name: &str) -> Result<TestReport, String> {
    let gateway = gateway_here(context).await?;
    gateway.test_account(name).await.map_err(|error| error.text(context.language))
}

/// A gateway of this process, for calls to accounts where no agent runs.
pub async fn gateway_here(context: &Context) -> Result<Gateway, String> {
    let loaded = loaded(context).await?;
    Ok(Gateway::new(
        Arc::new(loaded.config),
        Arc::new(Pool::new()),
        Arc::new(Recorder::nowhere()),
        Scrubber::default(),
        0,
    ))
}

async fn loaded(context: &Context) -> Result<Loaded, String> {
    config::load(&context.paths.config).await.map_err(|problems| problems.text(context.language))
}

async fn clear_cooldown(context: &Context, name: Option<&str>) -> Exit {
    let cleared = match Agent::find(&context.paths) {
        Some(agent) => agent
            .ask("accounts/clear-cooldown", json!({ "name": name }))
            .await
            .map(|outcome| outcome["cleared"].as_u64().unwrap_or(0))
            .map_err(|error| error.to_string()),
        None => clear_saved(context, name).await,
    };
    match cleared {
        Ok(cleared) => {
            if context.json {
                output::json(&json!({ "cleared": cleared }));
            } else {
                output::line(&text!(context.language, "cli-cleared", count = cleared));
            }
            Exit::Done
        }
        Err(error) => output::failed(&error),
    }
}

/// Clears the saved cooldowns, where no agent runs.
async fn clear_saved(context: &Context, name: Option<&str>) -> Result<u64, String> {
    let loaded = loaded(context).await?;
    let (pool, path) = (saved_pool(&context.paths, &loaded.config), context.paths.pool_file());
    let cleared = pool.clear_cooldown(name).map_err(|error| error.text(context.language))?;
    if cleared > 0 {
        store::save(&path, &pool.snapshot(Instant::now(), SystemTime::now()))
            .map_err(|error| error.to_string())?;
    }
    Ok(cleared as u64)
}

impl ProviderArg {
    const fn provider(self) -> Provider {
        match self {
            Self::Gemini => Provider::Gemini,
            Self::Anthropic => Provider::Anthropic,
            Self::Openai => Provider::OpenAi,
            Self::Zai => Provider::Zai,
            Self::OpenaiCompatible => Provider::OpenAiCompatible,
            Self::Demo => Provider::Demo,
        }
    }
}
