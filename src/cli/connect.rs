//! `portcullis connect` and `disconnect`: point other tools here and back.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use super::agent::{Agent, AskError};
use super::config::bad;
use super::output::{self, Exit};
use super::served::Unserved;
use super::{Context, served};
use crate::config::{self, Config};
use crate::connect::{Clients, ConnectError, Connection, DisconnectReport, Environment, State, Target, Tool};
use crate::control::ProxyState;
use crate::server::{base_url, bind};
use crate::text;

#[derive(Clone, Debug, Args)]
pub struct ConnectArgs {
    tool: Option<ToolArg>,
    /// Show what would change instead of changing it
    #[arg(long, requires = "tool")]
    print: bool,
    /// Answer every model the tool asks for with this one
    #[arg(long, requires = "tool", value_name = "MODEL")]
    model: Option<String>,
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
    // Tools insist on a key even where none is required, so there must be one.
    if is_change && let Err(error) = config::template::init(&context.paths.config) {
        return output::failed(&error.to_string());
    }
    let prepared = match prepare(context).await {
        Ok(prepared) => prepared,
        Err(exit) => return exit,
    };
    let Prepared { clients, target, environment, .. } = &prepared;
    let Some(tool) = args.tool.map(ToolArg::tool) else { return list(context, clients, target) };
    if is_change && let Some(model) = &args.model {
        // If the tool cannot be connected, nothing is written under `[models]`.
        if let Err(error) = clients.preview(tool, target) {
            return failed(context, &error);
        }
        let written = served::answer_with(context, tool, environment, model).await;
        if written != Exit::Done {
            return written;
        }
    }
    let unserved = match &args.model {
        Some(_) => None,
        None => Unserved::find(context, tool, environment).await,
    };
    if args.print {
        let lines = args.model.as_ref().map(|model| served::lines_for(tool, environment, model));
        return preview(context, clients, tool, target, unserved.as_ref(), &lines.unwrap_or_default());
    }
    let mut exit = connect_one(context, &prepared, tool, unserved.as_ref());
    if exit == Exit::Done {
        if let Some(unserved) = unserved {
            exit = unserved.tell(context).await;
        }
        if !context.json {
            tell_waiting(context, tool, prepared.state);
        }
    }
    exit
}

pub async fn disconnect(context: &Context, args: &DisconnectArgs) -> Exit {
    let Prepared { clients, target, environment, config, .. } = match prepare(context).await {
        Ok(prepared) => prepared,
        Err(exit) => return exit,
    };
    let tool = args.tool.tool();
    match clients.disconnect(tool, &target) {
        Ok(undone) => {
            let models = served::answered_otherwise(&config, tool, &environment);
            if context.json {
                output::json(
                    &json!({ "tool": tool, "files": undone.files, "left": undone.left, "models": models }),
                );
            } else {
                tell_undone(context, &clients, tool, &target, &undone);
                tell_models(context, tool, &models);
            }
            Exit::Done
        }
        Err(error) => failed(context, &error),
    }
}

fn connect_one(context: &Context, prepared: &Prepared, tool: Tool, unserved: Option<&Unserved>) -> Exit {
    let Prepared { clients, target, .. } = prepared;
    let (language, name) = (context.language, tool.name());
    if target.key.expose_secret().is_empty() {
        return output::failed(&text!(language, "connect-no-key"));
    }
    match clients.connect(tool, target) {
        Ok(done) => {
            let files = done.files();
            if context.json {
                let models = unserved.map(Unserved::json);
                output::json(&json!({
                    "tool": tool, "base_url": target.base_url, "files": files, "models": models,
                    "running": prepared.state == Some(ProxyState::Running)
                }));
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
                tell_before_and_after(context, tool);
            }
            Exit::Done
        }
        Err(error) => failed(context, &error),
    }
}

/// Warns that a tool that points here gets no answer until the proxy runs.
fn tell_waiting(context: &Context, tool: Tool, state: Option<ProxyState>) {
    let command = match state {
        Some(ProxyState::Running | ProxyState::Starting) => return,
        Some(_) => "start",
        None => "serve",
    };
    output::note(&text!(context.language, "connect-not-running", tool = tool.name(), command = command));
}

/// What a user should know about a tool, both before and after it is connected.
fn tell_before_and_after(context: &Context, tool: Tool) {
    match tool {
        // It reads its `.env` only in directories it trusts.
        Tool::GeminiCli => output::note(&text!(context.language, "connect-gemini-trust")),
        Tool::Codex => output::note(&text!(context.language, "connect-codex-conversations")),
        Tool::ClaudeCode | Tool::OpenCode => {}
    }
}

/// `lines`: what would be written under `[models]`.
fn preview(
    context: &Context,
    clients: &Clients,
    tool: Tool,
    target: &Target,
    unserved: Option<&Unserved>,
    lines: &[String],
) -> Exit {
    match clients.preview(tool, target) {
        Ok(preview) => {
            if context.json {
                let (diff, models) = (preview.diff(), unserved.map(Unserved::json));
                output::json(&json!({
                    "tool": tool, "files": preview.files(), "diff": diff, "lines": lines, "models": models
                }));
                return Exit::Done;
            }
            if preview.is_nothing() {
                let (name, url) = (tool.name(), target.base_url.as_str());
                output::note(&text!(context.language, "connect-already", tool = name, url = url));
            } else {
                output::line(preview.diff().trim_end());
            }
            if !lines.is_empty() {
                output::line(&format!("[models]\n{}", lines.join("\n")));
            }
            tell_before_and_after(context, tool);
            if let Some(unserved) = unserved {
                output::note(&unserved.text(context));
                output::note(&unserved.fix(context));
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

fn tell_undone(context: &Context, clients: &Clients, tool: Tool, target: &Target, undone: &DisconnectReport) {
    let (language, name) = (context.language, tool.name());
    if undone.files.is_empty() && undone.left.is_empty() {
        let nothing = if undone.was_connected { "disconnect-undone" } else { "disconnect-nothing" };
        output::line(&text!(language, nothing, tool = name));
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
    if tool == Tool::Codex {
        output::note(&text!(language, "disconnect-codex-conversations"));
    }
    let connections = clients.connections(target);
    if connections.iter().any(|connection| connection.tool == tool && connection.points_here()) {
        output::note(&text!(language, "disconnect-still-here", tool = name));
    }
}

/// The lines that keep answering the tool's models with others, now that it points elsewhere.
fn tell_models(context: &Context, tool: Tool, lines: &[String]) {
    if !lines.is_empty() {
        let file = context.paths.config.display().to_string();
        let (tool, lines) = (tool.name(), lines.join(", "));
        output::note(&text!(context.language, "disconnect-models", tool = tool, lines = lines, file = file));
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

/// What both commands need.
struct Prepared {
    clients: Clients,
    target: Target,
    environment: Environment,
    config: Config,
    /// `None`: there is no agent.
    state: Option<ProxyState>,
}

async fn prepare(context: &Context) -> Result<Prepared, Exit> {
    let environment = Environment::of_process().map_err(|error| output::failed(&error.to_string()))?;
    let config = match config::load(&context.paths.config).await {
        Ok(loaded) => loaded.config,
        Err(_) if !context.paths.config.exists() => Config::default(),
        Err(problems) => return Err(bad(&problems)),
    };
    let (base_url, state) = place(context, &config).await?;
    let key = config.proxy.api_key.as_known().cloned().unwrap_or_default();
    let (clients, target) =
        (Clients::new(&context.paths.data, environment.clone()), Target { base_url, key });
    Ok(Prepared { clients, target, environment, config, state })
}

/// The address of the running agent, or else the one in the config file.
async fn place(context: &Context, config: &Config) -> Result<(String, Option<ProxyState>), Exit> {
    if let Some(agent) = Agent::find(&context.paths) {
        match agent.status().await {
            Ok(status) => return Ok((status.base_url, Some(status.state))),
            Err(AskError::Gone) => {}
            Err(error) => return Err(error.report()),
        }
    }
    let nobody_knows = || output::failed(&text!(context.language, "connect-any-port"));
    Ok((configured(config).ok_or_else(nobody_knows)?, None))
}

/// `None` when the port is not known before the agent runs.
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
