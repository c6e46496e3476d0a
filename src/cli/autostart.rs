//! `portcullis autostart`: whether the tray agent starts at login.

use clap::Subcommand;
use serde_json::{Value, json};

use super::Context;
use super::agent::Agent;
use super::output::{self, Exit};
use crate::desktop::autostart::{self, AutostartError, Login, State};
use crate::text;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Subcommand)]
pub enum AutostartCommand {
    /// Start at login from now on
    On,
    /// Do not start at login
    Off,
    /// Show whether it does
    Status,
}

pub async fn run(context: &Context, command: AutostartCommand) -> Exit {
    let state = match carry_out(&context.login, command) {
        Ok(state) => state,
        Err(error) => return output::failed(&error.to_string()),
    };
    if command != AutostartCommand::Status
        && let Some(agent) = Agent::find(&context.paths)
    {
        // Tells the agent, so that its menu shows the change at once; the entry is written in any case.
        let _ = agent.ask("look-around", Value::Null).await;
    }
    tell(context, &state);
    Exit::Done
}

fn carry_out(login: &Login, command: AutostartCommand) -> Result<State, AutostartError> {
    if command != AutostartCommand::Status {
        autostart::set(login, command == AutostartCommand::On)?;
    }
    autostart::state(login)
}

fn tell(context: &Context, state: &State) {
    let language = context.language;
    if context.json {
        let stale = if let State::Stale(command) = state { Some(command) } else { None };
        output::json(&json!({ "enabled": *state != State::Off, "starts_instead": stale }));
        return;
    }
    output::line(&match state {
        State::On => text!(language, "autostart-on"),
        State::Off => text!(language, "autostart-off"),
        State::Stale(command) => text!(language, "autostart-stale", command = command.as_str()),
    });
}
