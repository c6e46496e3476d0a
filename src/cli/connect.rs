//! `portcullis connect` and `disconnect`: other people's tools, pointed here and back.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use super::Context;
use super::agent::Agent;
use super::config::bad;
use super::output::{self, Exit};
use crate::config::{self, Config};
use crate::connect::{Clients, ConnectError, Connection, Environment, State, Target, Tool, Undone};
use crate::server::{base_url, bind};
use crate::text;

#[derive(Clone, Debug, Args)]
pub struct ConnectArgs {
    tool: Option<ToolArg>,
    /// Show what would change instead of changing it
    #[arg(long, requires = "tool")]
    print: bool,
}

#[derive(Clone, Debug, Args)]
pub struct DisconnectArgs {
    tool: ToolArg,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum ToolArg {
    #[value(alias = "claude")]
    ClaudeCode,
    Codex,
    #[value(alias = "gemini")]
    GeminiCli,
    #[value(name = "opencode", alias = "open-code")]
    OpenCode,
}

pub async fn connect(context: &Context, args: &ConnectArgs) -> Exit {
    let is_change = args.tool.is_some() && !args.print;
    // A tool wants a key also where none is asked for, so there has to be one.
    if is_change && let Err(error) = config::template::init(&context.paths.config) {
        return output::failed(&error.to_string());
    }
    let (clients, target) = match prepare(context).await {
        Ok(prepared) => prepared,
        Err(exit) => return exit,
    };
    match args.tool {
        None => list(context, &clients, &target),
        Some(tool) if args.print => preview(context, &clients, tool.tool(), &target),
        Some(tool) => connect_one(context, &clients, tool.tool(), &target),
    }
}

pub async fn disconnect(context: &Context, args: &DisconnectArgs) -> Exit {
    let (clients, target) = match prepare(context).await {
        Ok(prepared) => prepared,
        Err(exit) => return exit,
    };
    let tool = args.tool.tool();
    match clients.disconnect(tool, &target) {
        Ok(undone) => {
            if context.json {
                output::json(&json!({ "tool": tool, "files": undone.files, "left": undone.left }));
            } else {
                tell_undone(context, &clients, tool, &target, &undone);
            }
            Exit::Done
        }
        Err(error) => failed(context, &error),
    }
}

fn connect_one(context: &Context, clients: &Clients, tool: Tool, target: &Target) -> Exit {
    let (language, name) = (context.language, tool.name());
    if target.key.expose_secret().is_empty() {
        return output::failed(&text!(language, "connect-no-key"));
    }
    match clients.connect(tool, target) {
        Ok(done) => {
            let files = done.files();
            if context.json {
                output::json(&json!({ "tool": tool, "base_url": target.base_url, "files": files }));
            } else if files.is_empty() {
                output::line(&text!(
                    language,
                    "connect-already",
                    tool = name,
                    url = target.base_url.as_str()
                ));
            } else {
                output::line(&text!(language, "connect-done", tool = name, url = target.base_url.as_str()));
                list_files(&files);
                output::line(&text!(language, "connect-undo", id = tool.id()));
                tell_of_trust(context, tool);
            }
            Exit::Done
        }
        Err(error) => failed(context, &error),
    }
}

/// Gemini CLI looks at its `.env` only where it trusts the directory.
fn tell_of_trust(context: &Context, tool: Tool) {
    if tool == Tool::GeminiCli {
        output::note(&text!(context.language, "connect-gemini-trust"));
    }
}

fn preview(context: &Context, clients: &Clients, tool: Tool, target: &Target) -> Exit {
    match clients.preview(tool, target) {
        Ok(preview) => {
            if context.json {
                let diff = preview.diff();
                output::json(&json!({ "tool": tool, "files": preview.files(), "diff": diff }));
            } else if preview.is_nothing() {
                let (name, url) = (tool.name(), target.base_url.as_str());
                output::note(&text!(context.language, "connect-already", tool = name, url = url));
            } else {
                output::line(preview.diff().trim_end());
            }
            Exit::Done
        }
        Err(error) => failed(context, &error),
    }
}

fn list(context: &Context, clients: &Clients, target: &Target) -> Exit {
    let connections = clients.connections(target);
    if context.json {
        output::json(&connections.iter().map(as_json).collect());
        return Exit::Done;
    }
    let row = |connection: &Connection| {
        let tool = connection.tool;
        vec![tool.id().to_owned(), tool.name().to_owned(), told(context, connection)]
    };
    output::table(&connections.iter().map(row).collect::<Vec<_>>());
    Exit::Done
}

fn as_json(connection: &Connection) -> Value {
    let mut value = json!(connection);
    value["points_here"] = connection.points_here().into();
    value
}

fn told(context: &Context, connection: &Connection) -> String {
    let language = context.language;
    match &connection.state {
        State::Here => text!(language, "connect-state-here"),
        State::Elsewhere { base_url } => {
            text!(language, "connect-state-elsewhere", url = base_url.as_str())
        }
        State::Unset => text!(language, "connect-state-unset"),
        State::Broken { problem } => {
            text!(language, "connect-state-broken", problem = problem.text(language))
        }
    }
}

fn tell_undone(context: &Context, clients: &Clients, tool: Tool, target: &Target, undone: &Undone) {
    let (language, name) = (context.language, tool.name());
    if undone.files.is_empty() && undone.left.is_empty() {
        output::line(&text!(language, "disconnect-nothing", tool = name));
        return;
    }
    let done = if undone.left.is_empty() { "disconnect-done" } else { "disconnect-partly" };
    if !undone.files.is_empty() {
        output::line(&text!(language, done, tool = name));
        list_files(&undone.files);
    }
    for left in &undone.left {
        let file = left.file.display().to_string();
        output::note(&text!(language, "disconnect-left", key = left.key.as_str(), file = file));
    }
    let connections = clients.connections(target);
    if connections.iter().any(|connection| connection.tool == tool && connection.points_here()) {
        output::note(&text!(language, "disconnect-still-here", tool = name));
    }
}

fn list_files(files: &[PathBuf]) {
    for file in files {
        output::line(&format!("  {}", file.display()));
    }
}

fn failed(context: &Context, error: &ConnectError) -> Exit {
    output::failed(&error.text(context.language))
}

async fn prepare(context: &Context) -> Result<(Clients, Target), Exit> {
    let environment = Environment::of_process().map_err(|error| output::failed(&error.to_string()))?;
    let target = target(context).await?;
    Ok((Clients::new(&context.paths.data, environment), target))
}

/// Where the running agent is, or else where the config file puts it. The key is empty
/// when there is none.
async fn target(context: &Context) -> Result<Target, Exit> {
    let config = match config::load(&context.paths.config).await {
        Ok(loaded) => loaded.config,
        Err(_) if !context.paths.config.exists() => Config::default(),
        Err(problems) => return Err(bad(&problems)),
    };
    let base_url = match Agent::find(&context.paths) {
        Some(agent) => agent.status().await.map_err(|error| output::failed(&error.to_string()))?.base_url,
        None => {
            configured(&config).ok_or_else(|| output::failed(&text!(context.language, "connect-any-port")))?
        }
    };
    Ok(Target { base_url, key: config.proxy.api_key.as_known().cloned().unwrap_or_default() })
}

/// `None` when nobody knows the port before the agent runs.
pub fn configured(config: &Config) -> Option<String> {
    let port = config.proxy.port;
    (port != 0).then(|| base_url(bind::address(port, config.proxy.allow_lan_access)))
}

impl ToolArg {
    const fn tool(self) -> Tool {
        match self {
            Self::ClaudeCode => Tool::ClaudeCode,
            Self::Codex => Tool::Codex,
            Self::GeminiCli => Tool::GeminiCli,
            Self::OpenCode => Tool::OpenCode,
        }
    }
}
