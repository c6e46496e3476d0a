//! `portcullis autostart`: whether the tray agent starts at login.

use clap::Subcommand;
use serde_json::json;

use super::Context;
use super::output::{self, Exit};
use crate::desktop::autostart::{self, AutostartError, State};
use crate::text;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Subcommand)]
pub enum AutostartCommand {
    /// Start at login from now on
    On,
    /// Do not start at login
    Off,
    /// Say which it is
    Status,
}

pub fn run(context: &Context, command: AutostartCommand) -> Exit {
    match carry_out(command) {
        Ok(state) => {
            tell(context, &state);
            Exit::Done
        }
        Err(error) => output::failed(&error.to_string()),
    }
}

fn carry_out(command: AutostartCommand) -> Result<State, AutostartError> {
    if command != AutostartCommand::Status {
        autostart::set(command == AutostartCommand::On)?;
    }
    autostart::state()
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
