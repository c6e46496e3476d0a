//! `portcullis key`: the key that clients send to the proxy.

use clap::Subcommand;
use secrecy::ExposeSecret;
use serde_json::json;

use super::Context;
use super::agent;
use super::output::{self, Exit};
use crate::config::edit::EditError;
use crate::config::{self, Secret, edit};
use crate::text;

#[derive(Clone, Copy, Debug, Subcommand)]
pub enum KeyCommand {
    /// Print the key
    Show,
    /// Replace it with a new one and print that
    Rotate,
}

pub async fn run(context: &Context, command: KeyCommand) -> Exit {
    match command {
        KeyCommand::Show => show(context).await,
        KeyCommand::Rotate => rotate(context).await,
    }
}

async fn show(context: &Context) -> Exit {
    match config::load(&context.paths.config).await {
        Ok(loaded) => match &loaded.config.proxy.api_key {
            Secret::Known(key) => print(context, key.expose_secret()),
            Secret::Missing => output::failed(&text!(context.language, "cli-key-missing")),
            Secret::Unresolved(reason) => output::failed(&reason.text(context.language)),
        },
        Err(problems) => super::config::bad(&problems),
    }
}

async fn rotate(context: &Context) -> Exit {
    match edit::rotate_api_key(&context.paths.config) {
        Ok(key) => {
            let applied = agent::apply_edit(&context.paths).await;
            print(context, key.expose_secret());
            applied
        }
        Err(EditError::KeyIsElsewhere) => output::failed(&text!(context.language, "cli-key-elsewhere")),
        Err(error) => super::config::edit_failed(&error),
    }
}

fn print(context: &Context, key: &str) -> Exit {
    if context.json {
        output::json(&json!({ "api_key": key }));
    } else {
        output::line(key);
    }
    Exit::Done
}
