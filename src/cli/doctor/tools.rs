//! Where each tool that portcullis can connect points.

use std::time::Duration;

use url::Url;

use super::{Finding, Patient};
use crate::cli::served::Unserved;
use crate::connect::{Clients, Connection, Environment, State, Tool};
use crate::text;

/// How long to wait for the accounts' lists of models that could be served instead.
const LISTS: Duration = Duration::from_secs(6);

pub async fn check(patient: &Patient<'_>) -> Vec<Finding> {
    let (Some(target), Ok(environment)) = (patient.target(), Environment::of_process()) else {
        return Vec::new();
    };
    let clients = Clients::new(&patient.context.paths.data, environment.clone());
    // A home on an unreachable network would block.
    let looking = tokio::task::spawn_blocking(move || clients.connections(&target));
    let looked = tokio::time::timeout(super::PATIENCE, looking).await;
    let connections = looked.ok().and_then(Result::ok).unwrap_or_default();
    let mut findings: Vec<Finding> =
        connections.iter().filter_map(|connection| finding(patient, connection)).collect();
    for connection in connections.iter().filter(|connection| connection.points_here()) {
        findings.extend(unserved(patient, connection.tool, &environment).await);
    }
    findings
}

/// A tool that points here still gets no answer if no account serves its models.
async fn unserved(patient: &Patient<'_>, tool: Tool, environment: &Environment) -> Option<Finding> {
    let context = patient.context;
    let looked = tokio::time::timeout(LISTS, Unserved::find(context, tool, environment)).await;
    let unserved = looked.ok().flatten()?;
    let (text, fix) = (unserved.text(context), unserved.fix(context));
    let finding = if unserved.is_all() { Finding::problem } else { Finding::warning };
    Some(finding("tools", text, fix))
}

fn finding(patient: &Patient, connection: &Connection) -> Option<Finding> {
    let (language, tool) = (patient.language, connection.tool);
    let fix = || text!(language, "doctor-tool-fix", id = tool.id());
    Some(match &connection.state {
        State::Here if patient.is_answering() => {
            Finding::ok("tools", text!(language, "doctor-tool-here", tool = tool.name()))
        }
        State::Here => {
            let text = text!(language, "doctor-tool-stranded", tool = tool.name());
            Finding::problem("tools", text, text!(language, "doctor-tool-stranded-fix", id = tool.id()))
        }
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

/// Most likely meant for this proxy: an old port, or an extra path.
fn is_on_this_computer(url: &str) -> bool {
    let host = Url::parse(url).ok().and_then(|url| url.host_str().map(str::to_owned));
    host.is_some_and(|host| matches!(host.as_str(), "127.0.0.1" | "localhost" | "[::1]"))
}
