//! `portcullis` alone: the agent with its icon in the tray.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::runtime::Runtime;
use tokio::time::{sleep, timeout};

use super::Context;
use super::agent::{Agent, AskError};
use super::output::{self, Exit};
use super::serve::{self, Run};
use crate::agent::LaunchError;
use crate::control::Session;
#[cfg(target_os = "linux")]
use crate::desktop::session_bus;
use crate::desktop::{instance, session};
use crate::{text, tray};

/// How long a new agent may take to publish the address of its control plane.
const HAND_OVER_LIMIT: Duration = Duration::from_secs(10);
const LOOK: Duration = Duration::from_millis(20);

pub fn tray(context: &Context, at_login: bool, max_open_files: u64, runtime: Runtime) -> Exit {
    if instance::is_held(&context.paths) {
        return runtime.block_on(hand_over(context, at_login));
    }
    if !is_possible(&runtime) {
        return Exit::NotRunning;
    }
    #[cfg(windows)]
    if std::io::IsTerminal::is_terminal(&std::io::stdin()) {
        return runtime.block_on(start_without_window(context));
    }
    // At login there is no terminal to read; the log file has everything.
    let verbosity = if at_login { -1 } else { context.verbosity };
    let context = Context { verbosity, ..context.clone() };
    let run = Run { port: None, exit_on_failed_start: false, max_open_files };
    tray::run(runtime, context.login.clone(), |tray| async move {
        match serve::launch(&context, run, |agent| tray.shell(agent)).await {
            Err(LaunchError::AlreadyRunning { .. }) => hand_over(&context, at_login).await,
            outcome => serve::report(outcome),
        }
    })
}

/// Starts the agent in a process without a console window, and ends when it runs.
#[cfg(windows)]
async fn start_without_window(context: &Context) -> Exit {
    let mut agent = match crate::desktop::windowless::start_again() {
        Ok(agent) => agent,
        Err(error) => return output::failed(&error.to_string()),
    };
    let running = async {
        while !instance::is_held(&context.paths) {
            if let Ok(Some(_)) = agent.try_wait() {
                return false;
            }
            sleep(LOOK).await;
        }
        true
    };
    if timeout(HAND_OVER_LIMIT, running).await == Ok(true) {
        return Exit::Done;
    }
    let log = context.paths.log_file().display().to_string();
    output::failed(&text!(context.language, "cli-tray-ended", log = log))
}

/// Whether there is a desktop to show an icon on; prints what to do where there is none.
pub fn is_possible(runtime: &Runtime) -> bool {
    let possible = tray::is_possible(runtime);
    if !possible {
        output::note(&text!(output::language(), "cli-no-session"));
    }
    possible
}

/// Moves the running agent to this session, and opens its dashboard. At login nothing is
/// printed or opened.
async fn hand_over(context: &Context, at_login: bool) -> Exit {
    let found = async {
        loop {
            if let Some(agent) = Agent::find(&context.paths) {
                return agent;
            }
            sleep(LOOK).await;
        }
    };
    let Ok(agent) = timeout(HAND_OVER_LIMIT, found).await else {
        return output::failed(&text!(output::language(), "cli-unreachable-agent"));
    };
    let status = match agent.status().await {
        Ok(status) => status,
        Err(error) => return error.report(),
    };
    move_here(&agent).await;
    if at_login {
        return Exit::Done;
    }
    let language = status.language;
    if status.icon.is_none() {
        output::line(&text!(language, "cli-handed-over-without-icon"));
    }
    match agent.ask("open", Value::Null).await {
        Ok(_) => output::line(&text!(language, "cli-handed-over")),
        // The agent runs, as asked.
        Err(AskError::Refused(reason)) => {
            let reason = format!("{reason} {}", text!(language, "cli-open-print"));
            output::line(&text!(language, "cli-handed-over-without-browser", reason = reason));
        }
        Err(error) => return output::failed(&error.to_string()),
    }
    Exit::Done
}

/// Moves the agent to this session, if it is one. An agent of an older version refuses, and
/// stays where it is.
async fn move_here(agent: &Agent) {
    let here = session::of_process();
    if is_a_session(&here).await {
        let _ = agent.ask("desktop", json!({ "variables": here })).await;
    }
}

#[cfg(target_os = "linux")]
async fn is_a_session(here: &Session) -> bool {
    timeout(HAND_OVER_LIMIT, session_bus::connect(here)).await.is_ok_and(|connected| connected.is_ok())
}

/// On other systems a user has one session, and the agent is in it.
#[cfg(not(target_os = "linux"))]
#[expect(clippy::unused_async, reason = "on Linux it connects to the session bus")]
async fn is_a_session(_: &Session) -> bool {
    false
}
