//! The tools that stop working when the proxy stops.

use secrecy::SecretString;

use super::Context;
use super::output;
use crate::connect::{Clients, Connection, Environment, Target};
use crate::text;

/// Names the tools that point at this address, which no longer answers, and the command that puts
/// back those that `connect` has pointed there.
pub fn tell(context: &Context, base_url: &str) {
    let Ok(environment) = Environment::of_process() else { return };
    let target = Target { base_url: base_url.to_owned(), key: SecretString::default() };
    let connections = Clients::new(&context.paths.data, environment).connections(&target);
    let here = connections.iter().filter(|connection| connection.points_here());
    let (ours, others): (Vec<_>, Vec<_>) = here.partition(|connection| connection.by_us);
    if !ours.is_empty() {
        let command = |connection: &&Connection| format!("`portcullis disconnect {}`", connection.tool.id());
        let commands: Vec<String> = ours.iter().map(command).collect();
        let (tools, commands) = (names(&ours), commands.join(", "));
        output::note(&text!(context.language, "stranded-tools", tools = tools, commands = commands));
    }
    if !others.is_empty() {
        output::note(&text!(context.language, "stranded-others", tools = names(&others)));
    }
}

fn names(connections: &[&Connection]) -> String {
    let names: Vec<&str> = connections.iter().map(|connection| connection.tool.name()).collect();
    names.join(", ")
}
