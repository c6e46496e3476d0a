//! Who is left alone when the proxy goes away.

use super::Context;
use super::output;
use crate::connect::{Environment, Tool, tools_at};
use crate::text;

/// Names the tools that point at this address, which answers no more.
pub fn tell(context: &Context, base_url: &str) {
    let Ok(environment) = Environment::of_process() else { return };
    let tools = tools_at(base_url, &environment).into_iter();
    let tools: Vec<Tool> = tools.filter(|(_, points_here)| *points_here).map(|(tool, _)| tool).collect();
    let Some(first) = tools.first() else { return };
    let names: Vec<&str> = tools.iter().map(|tool| tool.name()).collect();
    let names = names.join(", ");
    output::note(&text!(context.language, "stranded-tools", tools = names, id = first.id()));
}
