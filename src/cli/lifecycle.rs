//! Commands for the running agent as a whole: status, start, stop, quit, open.

use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::agent::{self, Agent, AskError};
use super::output::{self, Exit};
use super::records::local;
use super::{Context, stranded};
use crate::config;
use crate::control::{AccountStatus, Notice, ProxyState, Status};
use crate::desktop::entrance::Entrance;
use crate::desktop::{browser, instance, session};
use crate::language::Language;
use crate::text;

/// How long `quit` waits for the agent to end, drain included.
const QUIT_LIMIT: Duration = Duration::from_secs(45);
const QUIT_LOOK: Duration = Duration::from_millis(20);

pub async fn status(context: &Context) -> Exit {
    let Some(agent) = Agent::find(&context.paths) else { return print_absence(context) };
    match agent.status().await {
        Ok(status) => {
            if context.json {
                output::json(&json!(status));
            } else {
                print(&Status { language: context.language, ..status.clone() });
            }
            if status.state == ProxyState::Running { Exit::Done } else { Exit::NotRunning }
        }
        Err(AskError::Gone) => print_absence(context),
        Err(error) => error.report(),
    }
}

fn print_absence(context: &Context) -> Exit {
    if context.json {
        output::json(&absence(context));
    } else {
        output::line(&text!(context.language, "cli-status-not-running"));
    }
    Exit::NotRunning
}

/// The same keys as a running agent's status, without what only an agent knows.
fn absence(context: &Context) -> Value {
    let config_path = context.paths.config.display().to_string();
    let mut status = json!(Status::stopped(Language::system(), config_path));
    for unknown in
        ["address", "base_url", "auth_mode", "allow_lan_access", "notifications", "dashboard_url", "pid"]
    {
        status[unknown] = Value::Null;
    }
    status["problem"] = text!(output::answer_language(), "cli-not-running").into();
    status
}

fn print(status: &Status) {
    let language = status.language;
    output::line(&status.line());
    if status.state == ProxyState::Running {
        output::line(&text!(language, "cli-status-base-url", url = status.base_url.as_str()));
    } else {
        output::line(&text!(language, "cli-status-accounts", accounts = status.accounts_text()));
    }
    for account in &status.accounts {
        let Some(reason) = &account.reason else { continue };
        let (name, reason) = (account.name.as_str(), reason.text(language));
        let warned = text!(language, "warning-account", name = name, reason = reason.as_str());
        if status.warnings.iter().any(|warning| warning.text(language) == warned) {
            // A line below has it.
            continue;
        }
        let state = account_state(account, language);
        let text = text!(language, "cli-status-account", name = name, state = state, reason = reason);
        output::line(&format!("  {text}"));
    }
    if let Some(problem) = status.problem_beside_sentence() {
        output::line(&text!(language, "cli-status-problem", problem = problem.text(language)));
    }
    for warning in &status.warnings {
        output::line(&text!(language, "cli-status-warning", warning = warning.text(language)));
    }
    if let Some(version) = &status.update_available {
        let notice = Notice::UpdateAvailable { version: version.clone() };
        output::line(&notice.text(status.language));
    }
    output::line(&text!(language, "cli-status-config", path = status.config_path.as_str()));
}

/// `cooling until 2026-11-29 14:05`, in the local time zone.
pub fn account_state(account: &AccountStatus, language: Language) -> String {
    let until = account
        .cooling_until_unix_secs
        .and_then(|seconds| Timestamp::from_second(i64::try_from(seconds).ok()?).ok())
        .map(|until| local(until, "%F %H:%M"));
    account.state.text(language, &until.unwrap_or_default())
}

/// Whether the config file is not in force because it is invalid.
fn is_bad(path: &Path) -> bool {
    config::read(path).map_or(true, |source| !config::problems_in(&source.text).is_empty())
}

/// Runs a command that has no arguments.
pub async fn command(context: &Context, name: &str) -> Exit {
    let Some(agent) = Agent::find(&context.paths) else { return agent::not_running() };
    match agent.ask(name, Value::Null).await {
        Ok(status) => {
            let base_url = status["base_url"].as_str().filter(|_| name == "stop").map(str::to_owned);
            if context.json {
                output::json(&status);
            } else if let Ok(status) = serde_json::from_value::<Status>(status) {
                print(&Status { language: context.language, ..status });
            }
            if let Some(base_url) = base_url {
                stranded::tell(context, &base_url);
            }
            Exit::Done
        }
        Err(error) => {
            let failed = error.report();
            if name == "reload" && is_bad(&context.paths.config) { Exit::Usage } else { failed }
        }
    }
}

/// Ends the agent, and returns when it has ended.
pub async fn quit(context: &Context) -> Exit {
    let Some(agent) = Agent::find(&context.paths) else { return agent::not_running() };
    let base_url = match agent.ask("quit", Value::Null).await {
        Ok(status) => status["base_url"].as_str().unwrap_or_default().to_owned(),
        Err(error) => return error.report(),
    };
    stranded::tell(context, &base_url);
    let gone = async {
        while instance::is_held(&context.paths) {
            tokio::time::sleep(QUIT_LOOK).await;
        }
    };
    match tokio::time::timeout(QUIT_LIMIT, gone).await {
        Ok(()) => Exit::Done,
        Err(_) => output::failed(&text!(context.language, "cli-still-finishing")),
    }
}

/// Opens the dashboard in the browser of this session, or prints an address that opens it once.
pub async fn open(context: &Context, print: bool) -> Exit {
    let Some(agent) = Agent::find(&context.paths) else { return agent::not_running() };
    let ticket = if print { agent.ask("ticket", Value::Null).await } else { page_ticket(&agent).await };
    let ticket = match ticket {
        Ok(ticket) => ticket,
        Err(error) => return error.report(),
    };
    let address = ticket["dashboard_url"].as_str().unwrap_or_default().to_owned();
    let plain = address.split('#').next().unwrap_or_default().trim_end_matches('/').to_owned();
    if print {
        print_address(context, &address, &address);
        return Exit::Done;
    }
    let page = ticket["page"].as_str().map(PathBuf::from);
    match browser::open_dashboard(&session::of_process(), &Entrance { address, page }) {
        Ok(()) => {
            let text = text!(context.language, "cli-opened", address = plain.as_str());
            print_address(context, &plain, &text);
            Exit::Done
        }
        Err(error) => {
            let failed = text!(context.language, "refused-browser", reason = error.to_string());
            output::failed(&format!("{failed} {}", text!(context.language, "cli-open-print")))
        }
    }
}

/// A ticket in a private file. An agent of an older version makes none with a file.
async fn page_ticket(agent: &Agent) -> Result<Value, AskError> {
    match agent.ask("ticket", json!({ "page": true })).await {
        Err(AskError::Refused(_)) => agent.ask("ticket", Value::Null).await,
        answer => answer,
    }
}

fn print_address(context: &Context, address: &str, text: &str) {
    if context.json {
        output::json(&json!({ "dashboard_url": address }));
    } else {
        output::line(text);
    }
}
