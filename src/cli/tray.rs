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

/// An agent that has just begun may take so long to say where it can be asked.
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
    // Nobody reads what is said at login; the log file has it.
    let verbosity = if at_login { -1 } else { context.verbosity };
    let context = Context { verbosity, ..context.clone() };
    let run = Run { port: None, exit_on_failed_start: false, max_open_files };
    tray::run(runtime, context.login.clone(), |tray| async move {
        match serve::launch(&context, run, |agent| tray.shell(agent)).await {
            Err(LaunchError::AlreadyRunning { .. }) => hand_over(&context, at_login).await,
            ended => serve::report(ended),
        }
    })
}

/// Leaves the agent to a process without a console window, and ends when that one runs.
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

/// Says what to do where there is no desktop to show an icon on.
pub fn is_possible(runtime: &Runtime) -> bool {
    let possible = tray::is_possible(runtime);
    if !possible {
        output::note(&text!(output::language(), "cli-no-session"));
    }
    possible
}

/// The agent that runs already is seen in this session from now on, and shows where it can
/// be asked. At login nobody asked, so nothing is said or opened.
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
        Err(error) => return error.told(),
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
        // It is there, and that is what was asked for.
        Err(AskError::Refused(reason)) => {
            let reason = format!("{reason} {}", text!(language, "cli-open-print"));
            output::line(&text!(language, "cli-handed-over-without-browser", reason = reason));
        }
        Err(error) => return output::failed(&error.to_string()),
    }
    Exit::Done
}

/// Tells the agent where the user is, where that is a session at all. An older one does not
/// understand, and stays where it is.
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

/// Elsewhere a user has one, and the agent is in it.
#[cfg(not(target_os = "linux"))]
#[expect(clippy::unused_async, reason = "on Linux it asks the session bus")]
async fn is_a_session(_: &Session) -> bool {
    false
}
