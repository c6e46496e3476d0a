//! `portcullis key`: the key clients send to the proxy.

use clap::Subcommand;
use secrecy::ExposeSecret;
use serde_json::json;

use super::Context;
use super::agent;
use super::output::{self, Exit};
use crate::config::{self, Secret, edit, generate_key};

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
            Secret::Missing => output::failed("there is no key yet: `portcullis key rotate` makes one"),
            Secret::Unresolved(reason) => output::failed(reason),
        },
        Err(problems) => super::config::bad(&problems),
    }
}

async fn rotate(context: &Context) -> Exit {
    let path = &context.paths.config;
    if is_kept_elsewhere(path) {
        return output::failed(
            "proxy.api_key is kept outside the config file: change it there, then `portcullis reload`",
        );
    }
    let key = generate_key();
    match edit::set_api_key(path, &key) {
        Ok(()) => {
            let applied = agent::apply_edit(&context.paths).await;
            print(context, key.expose_secret());
            applied
        }
        Err(error) => super::config::edit_failed(&error),
    }
}

/// The file names where the key is instead of holding it.
fn is_kept_elsewhere(path: &std::path::Path) -> bool {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let Ok(document) = text.parse::<toml_edit::DocumentMut>() else { return false };
    document.get("proxy").and_then(|proxy| proxy.get("api_key")).is_some_and(|key| !key.is_str())
}

fn print(context: &Context, key: &str) -> Exit {
    if context.json {
        output::json(&json!({ "api_key": key }));
    } else {
        output::line(key);
    }
    Exit::Done
}
