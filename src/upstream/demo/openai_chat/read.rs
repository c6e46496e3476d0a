//! `openai.types.chat.CompletionCreateParams`, as far as the demo needs it.

use serde_json::{Value, json};

use crate::upstream::demo::ask::{Ask, Format, LastTurn, Tool, ToolChoice};
use crate::upstream::demo::fields::{self, Invalid};
use crate::upstream::demo::tokens;

pub fn ask(body: &Value) -> Result<Ask, Invalid> {
    let messages = fields::full_list(body.get("messages"), "messages")?;
    check_roles(messages)?;
    let (tools, tool_choice) = tools(body);
    let newest_limit = fields::count(body.get("max_completion_tokens"), "max_completion_tokens")?;
    let older_limit = fields::count(body.get("max_tokens"), "max_tokens")?;
    Ok(Ask {
        last_turn: last_turn(messages),
        tools,
        tool_choice,
        format: format(body),
        max_tokens: newest_limit.or(older_limit),
        stop: fields::strings(body.get("stop")),
        answers: fields::count(body.get("n"), "n")?.unwrap_or(1).clamp(1, Ask::MOST_ANSWERS),
        input_tokens: tokens::of_request(body),
    })
}

fn check_roles(messages: &[Value]) -> Result<(), Invalid> {
    match messages.iter().position(|message| !message["role"].is_string()) {
        Some(index) => Err(Invalid::missing(format!("messages[{index}].role"))),
        None => Ok(()),
    }
}

fn last_turn(messages: &[Value]) -> LastTurn {
    let said = |message: &Value| match message["role"].as_str()? {
        "user" => Some(LastTurn::User(fields::typed_text(message.get("content")))),
        "tool" | "function" => Some(LastTurn::ToolResult(fields::whole_text(message.get("content")))),
        _ => None,
    };
    messages.iter().rev().find_map(said).unwrap_or_else(|| LastTurn::User(String::new()))
}

/// The function tools, and which of them the client wants called. Other kinds of tool
/// (`custom`, hosted ones) are left out.
fn tools(body: &Value) -> (Vec<Tool>, ToolChoice) {
    let function = |tool: &Value| tool.get("function").and_then(tool_of);
    let tools = fields::list(body.get("tools")).iter().filter_map(function).collect();
    let choice = body.get("tool_choice").unwrap_or(&Value::Null);
    match choice["type"].as_str() {
        Some("function") => (tools, named(choice.pointer("/function/name"))),
        Some("allowed_tools") => {
            let allowed = fields::list(choice.pointer("/allowed_tools/tools"));
            let names: Vec<_> = allowed.iter().filter_map(|tool| tool["function"]["name"].as_str()).collect();
            let tools = tools.into_iter().filter(|tool: &Tool| names.contains(&tool.name.as_str())).collect();
            (tools, mode(&choice["allowed_tools"]["mode"]))
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
    let format = body.get("response_format").unwrap_or(&Value::Null);
    match format["type"].as_str() {
        Some("json_object") => Format::AnyJson,
        Some("json_schema") => format
            .pointer("/json_schema/schema")
            .map_or(Format::AnyJson, |schema| Format::Schema(schema.clone())),
        _ => Format::Text,
    }
}
