//! `openai.types.responses.ResponseCreateParams`, as far as the demo needs it.

use serde_json::{Value, json};

use crate::upstream::demo::ask::{Ask, Format, LastTurn, Tool, ToolChoice};
use crate::upstream::demo::fields::{self, Invalid};
use crate::upstream::demo::tokens;

pub fn ask(body: &Value) -> Result<Ask, Invalid> {
    let (tools, tool_choice) = tools(body);
    Ok(Ask {
        last_turn: last_turn(body)?,
        tools,
        tool_choice,
        format: format(body),
        max_tokens: fields::count(body.get("max_output_tokens"), "max_output_tokens")?,
        stop: Vec::new(),
        answers: 1,
        input_tokens: tokens::of_request(body),
    })
}

fn last_turn(body: &Value) -> Result<LastTurn, Invalid> {
    if let Some(Value::String(text)) = body.get("input") {
        return Ok(LastTurn::User(text.clone()));
    }
    if body.get("input").is_none() && continues_elsewhere(body) {
        return Ok(LastTurn::User(String::new()));
    }
    let items = fields::full_list(body.get("input"), "input")?;
    if let Some(index) = items.iter().position(|item| !item.is_object()) {
        return Err(Invalid::new(format!("input[{index}]"), "expected an object"));
    }
    Ok(items.iter().rev().find_map(said).unwrap_or_else(|| LastTurn::User(String::new())))
}

/// Only these make an `input` optional; the demo knows nothing of what they point to.
fn continues_elsewhere(body: &Value) -> bool {
    ["previous_response_id", "conversation", "prompt"].iter().any(|field| !body[*field].is_null())
}

/// An item of the user's side. Messages often come without their `type`.
fn said(item: &Value) -> Option<LastTurn> {
    match item["type"].as_str().unwrap_or("message") {
        "message" if item["role"] == "user" => Some(LastTurn::User(fields::typed_text(item.get("content")))),
        kind if kind.ends_with("_call_output") => {
            Some(LastTurn::ToolResult(fields::whole_text(item.get("output"))))
        }
        _ => None,
    }
}

/// The function tools, and which of them the client wants called. Hosted tools, `custom`
/// ones and Codex's namespaces are left out.
fn tools(body: &Value) -> (Vec<Tool>, ToolChoice) {
    let is_function = |tool: &&Value| tool["type"] == "function";
    let tools = fields::list(body.get("tools")).iter().filter(is_function).filter_map(tool_of).collect();
    let choice = body.get("tool_choice").unwrap_or(&Value::Null);
    match choice["type"].as_str() {
        Some("function") => (tools, named(choice.get("name"))),
        Some("allowed_tools") => {
            let allowed = fields::list(choice.get("tools"));
            let names: Vec<_> = allowed.iter().filter_map(|tool| tool["name"].as_str()).collect();
            let tools = tools.into_iter().filter(|tool: &Tool| names.contains(&tool.name.as_str())).collect();
            (tools, mode(&choice["mode"]))
        }
        _ => (tools, mode(choice)),
    }
}

fn tool_of(function: &Value) -> Option<Tool> {
    let parameters = function.get("parameters").cloned().unwrap_or_else(|| json!({"type": "object"}));
    Some(Tool { name: function["name"].as_str()?.to_owned(), parameters })
}

fn named(name: Option<&Value>) -> ToolChoice {
    name.and_then(Value::as_str).map_or(ToolChoice::Auto, |name| ToolChoice::Named(name.to_owned()))
}

fn mode(mode: &Value) -> ToolChoice {
    match mode.as_str() {
        Some("none") => ToolChoice::Never,
        Some("required") => ToolChoice::Any,
        _ => ToolChoice::Auto,
    }
}

fn format(body: &Value) -> Format {
    let format = body.pointer("/text/format").unwrap_or(&Value::Null);
    match format["type"].as_str() {
        Some("json_object") => Format::AnyJson,
        Some("json_schema") => {
            format.get("schema").map_or(Format::AnyJson, |schema| Format::Schema(schema.clone()))
        }
        _ => Format::Text,
    }
}
