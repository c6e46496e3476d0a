//! Where a tool points, by the values in its files.

use std::path::PathBuf;

use secrecy::SecretString;
use serde::Serialize;
use strum::VariantArray;

use super::environment::Environment;
use super::files;
use super::target::Target;
use super::tool::{Role, Tool};
use crate::config::without_url_secrets;
use crate::language::Message;

/// One tool and where it points.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Connection {
    pub tool: Tool,
    #[serde(flatten)]
    pub state: State,
    /// `connect` made it so, and `disconnect` can undo it.
    pub by_us: bool,
    pub files: Vec<PathBuf>,
}

impl Connection {
    pub const fn points_here(&self) -> bool {
        matches!(self.state, State::Here)
    }
}

/// Where a tool points.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum State {
    /// At this proxy.
    Here,
    /// At another address.
    Elsewhere { base_url: String },
    /// At its own default: the file names no address.
    Unset,
    /// Unknown: a file of the tool cannot be read, so it cannot be changed either.
    Broken { problem: Message },
}

/// Every tool with whether it points at this address.
pub fn tools_at(base_url: &str, environment: &Environment) -> Vec<(Tool, bool)> {
    let target = Target { base_url: base_url.to_owned(), key: SecretString::default() };
    let points_here = |tool| matches!(state(tool, environment, &target), Ok(State::Here));
    Tool::VARIANTS.iter().copied().map(|tool| (tool, points_here(tool))).collect()
}

/// Where the tool points, compared with the target. Fails where a file cannot be read.
pub fn state(tool: Tool, environment: &Environment, target: &Target) -> Result<State, Message> {
    let mut addresses = Vec::new();
    for file in tool.files(environment, target) {
        let text = files::read(&file.path).map_err(|error| error.to_string())?.unwrap_or_default();
        for setting in &file.settings {
            let found = file.format.read(&text, &setting.key);
            let found = found.map_err(|problem| problem.placed_in(Some(&file.path)))?;
            let found = found.and_then(|found| found.text);
            match setting.role {
                Role::Choice if found != setting.value => return Ok(State::Unset),
                Role::Address => addresses.extend(found.map(|url| (url, setting.value.clone()))),
                Role::Choice | Role::Key | Role::Detail => {}
            }
        }
    }
    let is_here = |found: &str, wanted: &Option<String>| {
        wanted.as_deref().is_some_and(|wanted| as_compared(wanted) == as_compared(found))
    };
    let elsewhere = addresses.iter().find(|(found, wanted)| !is_here(found, wanted));
    Ok(match elsewhere {
        Some((url, _)) => State::Elsewhere { base_url: without_url_secrets(url) },
        None if addresses.is_empty() => State::Unset,
        None => State::Here,
    })
}

/// A URL in a form for comparison: the names of this computer become one address.
fn as_compared(url: &str) -> String {
    let Ok(mut url) = url::Url::parse(url) else { return url.to_owned() };
    if matches!(url.host_str(), Some("localhost" | "[::1]")) {
        let _ = url.set_host(Some("127.0.0.1"));
    }
    url.as_str().trim_end_matches('/').to_owned()
}
