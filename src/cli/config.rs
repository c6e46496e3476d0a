//! `portcullis config`: where the file is, what is in it, what is wrong with it.

use clap::Subcommand;
use serde_json::json;

use super::Context;
use super::output::{self, Exit};
use crate::config::edit::EditError;
use crate::config::template::{self, Init};
use crate::config::{self, Problems};
use crate::text;

#[derive(Clone, Copy, Debug, Subcommand)]
pub enum ConfigCommand {
    /// Print where the config file is
    Path,
    /// Write a first config file with a fresh key; never overwrites one
    Init,
    /// Print every problem of the file with its line and a fix
    Check,
    /// Print the file without its secrets
    Show,
    /// Print the JSON Schema of the file, for completion in an editor
    Schema,
}

pub async fn run(context: &Context, command: &ConfigCommand) -> Exit {
    match command {
        ConfigCommand::Path => path(context),
        ConfigCommand::Init => init(context),
        ConfigCommand::Check => check(context).await,
        ConfigCommand::Show => show(context),
        ConfigCommand::Schema => {
            output::json(&config::schema());
            Exit::Done
        }
    }
}

fn path(context: &Context) -> Exit {
    let path = &context.paths.config;
    if context.json {
        output::json(&json!({ "path": path }));
    } else {
        output::line(&path.display().to_string());
    }
    Exit::Done
}

fn init(context: &Context) -> Exit {
    let path = context.paths.config.display().to_string();
    match template::init(&context.paths.config) {
        Ok(Init::Created) => {
            output::line(&text!(context.language, "cli-config-written", path = path));
            Exit::Done
        }
        Ok(Init::AlreadyThere) => output::failed(&text!(context.language, "cli-config-there", path = path)),
        Err(error) => output::failed(&error.to_string()),
    }
}

async fn check(context: &Context) -> Exit {
    match config::load(&context.paths.config).await {
        Ok(loaded) => {
            if context.json {
                output::json(&json!({ "ok": true, "problems": [], "warnings": loaded.warnings }));
            } else {
                for warning in &loaded.warnings {
                    output::note(&text!(
                        context.language,
                        "cli-config-warning",
                        warning = warning.text(context.language)
                    ));
                }
                let path = context.paths.config.display().to_string();
                output::line(&text!(context.language, "cli-config-ok", path = path));
            }
            Exit::Done
        }
        Err(problems) => {
            if context.json {
                output::json(&json!({ "ok": false, "problems": problems.list, "warnings": [] }));
            } else {
                problems.lines(context.language).for_each(|line| output::line(&line));
            }
            Exit::Usage
        }
    }
}

fn show(context: &Context) -> Exit {
    let path = &context.paths.config;
    let shown = config::read(path).and_then(|source| config::redacted(&source.text, path));
    match shown {
        Ok(text) => {
            output::line(text.trim_end());
            Exit::Done
        }
        Err(problems) => bad(&problems),
    }
}

/// Prints the problems of an invalid config file to stderr.
pub fn bad(problems: &Problems) -> Exit {
    problems.lines(output::language()).for_each(|line| output::note(&line));
    Exit::Usage
}

/// Prints why an edit was not made.
pub fn edit_failed(error: &EditError) -> Exit {
    match error {
        EditError::Problems(problems) => bad(problems),
        error => output::failed(&error.text(output::language())),
    }
}
