//! `anthropic.types.ToolUnionParam` and `ToolChoiceParam`, both ways.

use std::collections::HashSet;

use serde_json::{Value, json};

use super::content::{cache_control, decode_cache_control};
use crate::chat::{Dropped, Request, Tool, ToolChoice, WebSearch};
use crate::protocol::field::{self, Object};
use crate::protocol::invalid::{InvalidField, Outcome};
use crate::protocol::names::ToolNames;
use crate::protocol::schema;

pub fn decode(body: &Object, request: &mut Request) -> Outcome<()> {
    request.tools = field::map(body, "tools", |tool| decode_tool(field::as_object(tool)?))?;
    let Some(choice) = field::object(body, "tool_choice")? else { return Ok(()) };
    decode_choice(choice, request).map_err(|invalid| invalid.at("tool_choice"))
}

fn decode_tool(tool: &Object) -> Outcome<Tool> {
    let kind = field::string(tool, "type")?.unwrap_or("custom");
    let name = field::string(tool, "name")?.unwrap_or(kind);
    if kind.starts_with("web_search_") {
        return Ok(Tool::WebSearch(WebSearch {
            allowed_domains: field::strings(tool, "allowed_domains")?,
            blocked_domains: field::strings(tool, "blocked_domains")?,
            max_uses: field::count(tool, "max_uses")?,
            location: field::get(tool, "user_location").cloned(),
        }));
    }
    if kind != "custom" {
        return Ok(Tool::Hosted { name: name.to_owned() });
    }
    Ok(Tool::Function {
        name: field::required_string(tool, "name")?.to_owned(),
        description: field::owned(tool, "description")?,
        schema: field::object(tool, "input_schema")?.map(|schema| Value::Object(schema.clone())),
        strict: field::boolean(tool, "strict")?,
        cache: decode_cache_control(tool)?,
    })
}

fn decode_choice(choice: &Object, request: &mut Request) -> Outcome<()> {
    request.tool_choice = Some(match field::required_string(choice, "type")? {
        "auto" => ToolChoice::Auto,
        "any" => ToolChoice::Required,
        "none" => ToolChoice::None,
        "tool" => ToolChoice::Named(field::required_string(choice, "name")?.to_owned()),
        _ => return Err(InvalidField::new("must be auto, any, tool or none").at("type")),
    });
    let disabled = field::boolean(choice, "disable_parallel_tool_use")?;
    request.parallel_tool_calls = disabled.map(|disabled| !disabled);
    Ok(())
}

/// Whether the model must call a tool.
pub fn forces_a_call(request: &Request) -> bool {
    let is_forced = matches!(
        request.tool_choice,
        Some(ToolChoice::Required | ToolChoice::Named(_) | ToolChoice::Allowed { required: true, .. })
    );
    is_forced && !request.tools.is_empty()
}

pub fn encode(request: &Request, names: &ToolNames, body: &mut Object, dropped: &mut Dropped) {
    let allowed: Option<HashSet<&str>> = match &request.tool_choice {
        Some(ToolChoice::Allowed { names, .. }) => Some(names.iter().map(String::as_str).collect()),
        _ => None,
    };
    let is_allowed = |tool: &&Tool| match (&allowed, tool.name()) {
        (Some(allowed), Some(name)) => allowed.contains(name),
        _ => true,
    };
    let tools: Vec<Value> = request
        .tools
        .iter()
        .filter(is_allowed)
        .filter_map(|tool| encode_tool(tool, names, dropped))
        .collect();
    if tools.is_empty() {
        return;
    }
    body.insert("tools".to_owned(), Value::Array(tools));
    if let Some(choice) = encode_choice(request, names) {
        body.insert("tool_choice".to_owned(), choice);
    }
}

fn encode_tool(tool: &Tool, names: &ToolNames, dropped: &mut Dropped) -> Option<Value> {
    match tool {
        Tool::Function { name, description, schema, cache, strict } => {
            // Anthropic's strict tools require a form of schema that the client need not follow.
            dropped.note_if(*strict == Some(true), "tools.strict");
            let mut tool = json!({
                "name": names.sent(name),
                "input_schema": schema::of_arguments(schema.as_ref()),
            });
            if let Some(description) = description {
                tool["description"] = json!(description);
            }
            if let Some(cache) = cache {
                tool["cache_control"] = cache_control(cache);
            }
            Some(tool)
        }
        Tool::Freeform { name, description, format } => Some(json!({
            "name": names.sent(name),
            "description": schema::freeform_description(description.as_deref(), format.as_ref()),
            "input_schema": schema::of_freeform(),
        })),
        Tool::WebSearch(search) => Some(encode_web_search(search)),
        Tool::Hosted { name } => {
            dropped.note(format!("tools.{name}"));
            None
        }
    }
}

fn encode_web_search(search: &WebSearch) -> Value {
    let mut tool = json!({"type": "web_search_20250305", "name": "web_search"});
    if !search.allowed_domains.is_empty() {
        tool["allowed_domains"] = json!(search.allowed_domains);
    } else if !search.blocked_domains.is_empty() {
        tool["blocked_domains"] = json!(search.blocked_domains);
    }
    if let Some(max_uses) = search.max_uses {
        tool["max_uses"] = json!(max_uses);
    }
    if let Some(location) = &search.location {
        tool["user_location"] = location.clone();
        tool["user_location"]["type"] = json!("approximate");
    }
    tool
}

fn encode_choice(request: &Request, names: &ToolNames) -> Option<Value> {
    let is_serial = request.parallel_tool_calls == Some(false);
    let mut choice = match &request.tool_choice {
        None if is_serial => json!({"type": "auto"}),
        None => return None,
        Some(ToolChoice::Auto | ToolChoice::Allowed { required: false, .. }) => json!({"type": "auto"}),
        Some(ToolChoice::None) => return Some(json!({"type": "none"})),
        Some(ToolChoice::Required | ToolChoice::Allowed { required: true, .. }) => json!({"type": "any"}),
        Some(ToolChoice::Named(name)) => json!({"type": "tool", "name": names.sent(name)}),
    };
    if is_serial {
        choice["disable_parallel_tool_use"] = json!(true);
    }
    Some(choice)
}
