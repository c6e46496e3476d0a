//! Where a tool points, by what stands in its files.

use secrecy::SecretString;
use serde::Serialize;

use super::Target;
use super::environment::Environment;
use super::files;
use super::tool::{Role, Tool};
use crate::config::without_url_secrets;
use crate::language::Message;

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum State {
    /// At this proxy.
    Here,
    /// At some other address.
    Elsewhere { base_url: String },
    /// Wherever it points by itself.
    Unset,
    /// Its file cannot be read, and so neither changed.
    Broken { problem: Message },
}

/// Every tool, and whether it points at this address.
pub fn tools_at(base_url: &str, environment: &Environment) -> Vec<(Tool, bool)> {
    let target = Target { base_url: base_url.to_owned(), key: SecretString::default() };
    let points_here = |tool| matches!(state(tool, environment, &target), Ok(State::Here));
    Tool::ALL.into_iter().map(|tool| (tool, points_here(tool))).collect()
}

pub fn state(tool: Tool, environment: &Environment, target: &Target) -> Result<State, Message> {
    let mut addresses = Vec::new();
    for wanted in tool.wanted(environment, target) {
        let text = files::read(&wanted.file).map_err(|error| error.to_string())?.unwrap_or_default();
        for setting in &wanted.settings {
            let found = wanted.format.read(&text, &setting.key);
            let found = found.map_err(|problem| problem.placed_in(Some(&wanted.file)))?;
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

/// A URL in a form in which two ways to say the same are one.
fn as_compared(url: &str) -> String {
    let Ok(mut url) = url::Url::parse(url) else { return url.to_owned() };
    if matches!(url.host_str(), Some("localhost" | "[::1]")) {
        let _ = url.set_host(Some("127.0.0.1"));
    }
    url.as_str().trim_end_matches('/').to_owned()
}
