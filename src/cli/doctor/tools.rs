//! Where the tools point that portcullis can connect.

use url::Url;

use super::{Finding, Patient};
use crate::connect::{Clients, Connection, Environment, State};
use crate::text;

pub async fn check(patient: &Patient<'_>) -> Vec<Finding> {
    let (Some(target), Ok(environment)) = (patient.target(), Environment::of_process()) else {
        return Vec::new();
    };
    let clients = Clients::new(&patient.context.paths.data, environment);
    // A home on a network that is gone would hold us up.
    let looking = tokio::task::spawn_blocking(move || clients.connections(&target));
    let looked = tokio::time::timeout(super::PATIENCE, looking).await;
    let connections = looked.ok().and_then(Result::ok).unwrap_or_default();
    connections.iter().filter_map(|connection| finding(patient, connection)).collect()
}

fn finding(patient: &Patient, connection: &Connection) -> Option<Finding> {
    let (language, tool) = (patient.language, connection.tool);
    let fix = || text!(language, "doctor-tool-fix", id = tool.id());
    Some(match &connection.state {
        State::Here => Finding::ok("tools", text!(language, "doctor-tool-here", tool = tool.name())),
        State::Broken { problem } => {
            let text =
                text!(language, "doctor-tool-broken", tool = tool.name(), problem = problem.text(language));
            Finding::problem("tools", text, text!(language, "doctor-tool-broken-fix"))
        }
        State::Elsewhere { base_url } if connection.by_us || is_on_this_computer(base_url) => {
            let url = base_url.as_str();
            let text = text!(language, "doctor-tool-elsewhere", tool = tool.name(), url = url);
            Finding::warning("tools", text, fix())
        }
        State::Unset if connection.by_us => {
            let text = text!(language, "doctor-tool-unset", tool = tool.name());
            Finding::warning("tools", text, fix())
        }
        State::Elsewhere { .. } | State::Unset => return None,
    })
}

/// Most likely meant for us: an old port, or a path that should not be there.
fn is_on_this_computer(url: &str) -> bool {
    let host = Url::parse(url).ok().and_then(|url| url.host_str().map(str::to_owned));
    host.is_some_and(|host| matches!(host.as_str(), "127.0.0.1" | "localhost" | "[::1]"))
}
