//! `openai.types.responses.ToolParam` and its tool choices, both ways.

use std::collections::{HashMap, HashSet};

use serde_json::{Value, json};

use super::namespace;
use crate::chat::{Dropped, Request, Tool, ToolChoice, WebSearch, work};
use crate::protocol::field::{self, Object};
use crate::protocol::invalid::Outcome;
use crate::protocol::names::ToolNames;
use crate::protocol::openai_chat::tools as chat_tools;
use crate::protocol::schema;

pub fn decode(body: &Object, request: &mut Request) -> Outcome<()> {
    decode_list(body, request)?;
    keep_last_offers(&mut request.tools);
    request.parallel_tool_calls = field::boolean(body, "parallel_tool_calls")?;
    let Some(choice) = field::get(body, "tool_choice") else { return Ok(()) };
    request.tool_choice = decode_choice(choice).map_err(|invalid| invalid.at("tool_choice"))?;
    request.dropped.note_if(request.tool_choice.is_none(), "tool_choice");
    Ok(())
}

/// The tools of the request itself, or those that an item of its input adds.
pub fn decode_list(holder: &Object, request: &mut Request) -> Outcome<()> {
    field::each(holder, "tools", |tool| {
        let tool = field::as_object(tool)?;
        if field::required_string(tool, "type")? == "namespace" {
            return decode_namespace(tool, request);
        }
        request.tools.push(decode_tool(tool)?);
        Ok(())
    })
}

fn decode_namespace(namespace: &Object, request: &mut Request) -> Outcome<()> {
    let space = field::required_string(namespace, "name")?;
    let description = field::string(namespace, "description")?.unwrap_or_default();
    if !description.is_empty() {
        request.dropped.note(format!("tools.{space}.description"));
    }
    field::each(namespace, "tools", |tool| {
        let mut tool = decode_tool(field::as_object(tool)?)?;
        if let Tool::Function { name, .. } | Tool::Freeform { name, .. } = &mut tool {
            *name = namespace::join(Some(space), name);
        }
        request.tools.push(tool);
        Ok(())
    })
}

/// Of several tools with one name the last counts: other vendors refuse a repeated name.
fn keep_last_offers(tools: &mut Vec<Tool>) {
    let mut places: HashMap<String, usize> = HashMap::new();
    let mut kept: Vec<Tool> = Vec::with_capacity(tools.len());
    for tool in tools.drain(..) {
        work::step();
        let known = tool.name().map(|name| *places.entry(name.to_owned()).or_insert(kept.len()));
        match known.and_then(|place| kept.get_mut(place)) {
            Some(earlier) => *earlier = tool,
            None => kept.push(tool),
        }
    }
    *tools = kept;
}

fn decode_tool(tool: &Object) -> Outcome<Tool> {
    match field::required_string(tool, "type")? {
        "function" => chat_tools::decode_function(tool),
        "custom" => chat_tools::decode_freeform(tool),
        kind if kind.starts_with("web_search") => {
            let mut search =
                WebSearch { location: field::get(tool, "user_location").cloned(), ..WebSearch::default() };
            if let Some(filters) = field::object(tool, "filters")? {
                search.allowed_domains =
                    field::strings(filters, "allowed_domains").map_err(|e| e.at("filters"))?;
            }
            Ok(Tool::WebSearch(search))
        }
        kind => Ok(Tool::Hosted { name: field::string(tool, "name")?.unwrap_or(kind).to_owned() }),
    }
}

/// `None` for the choice of a tool that runs at OpenAI.
fn decode_choice(choice: &Value) -> Outcome<Option<ToolChoice>> {
    if let Value::String(word) = choice {
        return chat_tools::choice_word(word).map(Some);
    }
    let choice = field::as_object(choice)?;
    Ok(match field::required_string(choice, "type")? {
        "function" | "custom" => Some(ToolChoice::Named(field::required_string(choice, "name")?.to_owned())),
        "allowed_tools" => Some(chat_tools::decode_allowed(choice)?),
        _ => None,
    })
}

pub fn encode(request: &Request, names: &ToolNames, body: &mut Object, dropped: &mut Dropped) {
    let tools = request.tools.iter().filter_map(|tool| encode_tool(tool, names, dropped)).collect();
    chat_tools::insert(tools, |choice| encode_choice(choice, request, names), request, body);
}

fn encode_tool(tool: &Tool, names: &ToolNames, dropped: &mut Dropped) -> Option<Value> {
    match tool {
        Tool::Function { name, description, schema, strict, cache } => {
            dropped.note_if(cache.is_some(), "cache_control");
            let parameters = schema::of_arguments(schema.as_ref());
            // The default is true.
            let is_strict = strict.unwrap_or(false) && schema::is_strict(&parameters);
            let mut tool = json!({
                "type": "function",
                "name": names.sent(name),
                "parameters": parameters,
                "strict": is_strict,
            });
            if let Some(description) = description {
                tool["description"] = json!(description);
            }
            Some(tool)
        }
        Tool::Freeform { name, description, format } => {
            let mut tool = json!({"type": "custom", "name": names.sent(name)});
            if let Some(description) = description {
                tool["description"] = json!(description);
            }
            if let Some(format) = format {
                tool["format"] = flat_format(format);
            }
            Some(tool)
        }
        Tool::WebSearch(search) => {
            dropped.note_if(!search.blocked_domains.is_empty(), "tools.web_search.blocked_domains");
            dropped.note_if(search.max_uses.is_some(), "tools.web_search.max_uses");
            Some(encode_web_search(search))
        }
        Tool::Hosted { name } => {
            dropped.note(format!("tools.{name}"));
            None
        }
    }
}

/// A grammar without the inner object that chat writes: `{type, grammar: {definition, syntax}}`.
fn flat_format(format: &Value) -> Value {
    let Some(Value::Object(grammar)) = format.get("grammar") else { return format.clone() };
    let mut flat = json!({"type": "grammar"});
    for (key, value) in grammar {
        flat[key] = value.clone();
    }
    flat
}

fn encode_web_search(search: &WebSearch) -> Value {
    let mut tool = json!({"type": "web_search"});
    if !search.allowed_domains.is_empty() {
        tool["filters"] = json!({"allowed_domains": search.allowed_domains});
    }
    if let Some(location) = &search.location {
        tool["user_location"] = location.clone();
        tool["user_location"]["type"] = json!("approximate");
    }
    tool
}

fn encode_choice<'a>(choice: &ToolChoice, request: &'a Request, names: &ToolNames) -> Value {
    let freeform_name = |tool: &'a Tool| match tool {
        Tool::Freeform { name, .. } => Some(name.as_str()),
        _ => None,
    };
    let freeform: HashSet<&str> = request.tools.iter().filter_map(freeform_name).collect();
    let tool = |name: &str| {
        work::step();
        let kind = if freeform.contains(name) { "custom" } else { "function" };
        json!({"type": kind, "name": names.sent(name)})
    };
    match choice {
        ToolChoice::Auto => json!("auto"),
        ToolChoice::None => json!("none"),
        ToolChoice::Required => json!("required"),
        ToolChoice::Named(name) => tool(name),
        ToolChoice::Allowed { names: allowed, required } => {
            let tools: Vec<Value> = allowed.iter().map(|name| tool(name)).collect();
            let mode = if *required { "required" } else { "auto" };
            json!({"type": "allowed_tools", "mode": mode, "tools": tools})
        }
    }
}
