//! Commands about the running agent as a whole: status, start, stop, quit, open.

use std::time::Duration;

use serde_json::{Value, json};

use super::Context;
use super::agent::{self, Agent};
use super::output::{self, Exit};
use crate::control::{Notice, ProxyState, Status};
use crate::desktop::{browser, instance};
use crate::headless;
use crate::language::Language;

/// How long `quit` waits for the agent to be gone, on top of its drain.
const QUIT_LIMIT: Duration = Duration::from_secs(45);
const QUIT_LOOK: Duration = Duration::from_millis(20);

pub async fn status(context: &Context) -> Exit {
    let Some(agent) = Agent::find(&context.paths) else {
        if context.json {
            output::json(&nobody(context));
        } else {
            output::line("Not running");
        }
        return Exit::NotRunning;
    };
    match agent.status().await {
        Ok(status) => {
            if context.json {
                output::json(&json!(status));
            } else {
                print(&status);
            }
            if status.state == ProxyState::Running { Exit::Done } else { Exit::NotRunning }
        }
        Err(error) => output::failed(&error.to_string()),
    }
}

/// The same keys as a running agent's status, with nothing behind them.
fn nobody(context: &Context) -> Value {
    json!({
        "state": "stopped",
        "address": null,
        "base_url": null,
        "active_accounts": 0,
        "cooling_accounts": 0,
        "accounts": [],
        "in_flight": 0,
        "problem": "portcullis is not running: start it with `portcullis serve`.",
        "failure": null,
        "next_free_port": null,
        "warnings": [],
        "update_available": null,
        "auth_mode": null,
        "allow_lan_access": null,
        "notifications": null,
        "language": Language::system(),
        "dashboard_url": null,
        "config_path": context.paths.config,
        "pid": null,
        "version": env!("CARGO_PKG_VERSION"),
    })
}

fn print(status: &Status) {
    output::line(&headless::line(status));
    if status.state == ProxyState::Running {
        output::line(&format!(
            "Base URL: {}/v1 for OpenAI clients, {0} for Anthropic and Gemini",
            status.base_url
        ));
    } else {
        output::line(&format!("Accounts: {}", status.accounts_text()));
    }
    for account in status.accounts.iter().filter(|account| account.reason.is_some()) {
        let reason = account.reason.as_deref().unwrap_or_default();
        output::line(&format!("  {} is {}: {reason}", account.name, account.state));
    }
    if let Some(problem) = status.problem.as_ref().filter(|_| status.state != ProxyState::Failed) {
        output::line(&format!("Problem: {problem}"));
    }
    for warning in &status.warnings {
        output::line(&format!("Warning: {warning}"));
    }
    if let Some(version) = &status.update_available {
        let notice = Notice::UpdateAvailable { version: version.clone() };
        output::line(&notice.text(status.language));
    }
    output::line(&format!("Config: {}", status.config_path));
}

/// One of the commands that need nothing but their name.
pub async fn command(context: &Context, name: &str) -> Exit {
    let Some(agent) = Agent::find(&context.paths) else { return agent::not_running() };
    match agent.ask(name, Value::Null).await {
        Ok(status) => {
            if context.json {
                output::json(&status);
            } else if let Ok(status) = serde_json::from_value::<Status>(status) {
                print(&status);
            }
            Exit::Done
        }
        Err(error) => output::failed(&error.to_string()),
    }
}

/// Asks the agent to end, and returns when it has.
pub async fn quit(context: &Context) -> Exit {
    let Some(agent) = Agent::find(&context.paths) else { return agent::not_running() };
    if let Err(error) = agent.ask("quit", Value::Null).await {
        return output::failed(&error.to_string());
    }
    let gone = async {
        while instance::is_held(&context.paths.lock_file()) {
            tokio::time::sleep(QUIT_LOOK).await;
        }
    };
    match tokio::time::timeout(QUIT_LIMIT, gone).await {
        Ok(()) => Exit::Done,
        Err(_) => output::failed("the agent is still finishing requests"),
    }
}

pub async fn open(context: &Context, print: bool) -> Exit {
    let Some(agent) = Agent::find(&context.paths) else { return agent::not_running() };
    let url = match agent.status().await {
        Ok(status) => status.dashboard_url,
        Err(error) => return output::failed(&error.to_string()),
    };
    if print {
        output::line(&url);
        return Exit::Done;
    }
    match browser::open(&url) {
        Ok(()) => Exit::Done,
        Err(error) => {
            output::failed(&format!("no browser could be opened ({error}): try `portcullis open --print`"))
        }
    }
}
