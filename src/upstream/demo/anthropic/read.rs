//! `anthropic.types.MessageCreateParams`, as far as the demo needs it.

use serde_json::Value;

use crate::upstream::demo::ask::{Ask, Format, LastTurn, Tool, ToolChoice};
use crate::upstream::demo::fields::{self, Invalid};
use crate::upstream::demo::tokens;

pub fn ask(body: &Value) -> Result<Ask, Invalid> {
    let input_tokens = input_tokens(body)?;
    let max_tokens = fields::count(body.get("max_tokens"), "max_tokens")?;
    Ok(Ask {
        last_turn: last_turn(fields::list(body.get("messages"))),
        tools: fields::list(body.get("tools")).iter().filter_map(tool).collect(),
        tool_choice: tool_choice(body),
        format: format(body),
        max_tokens: Some(max_tokens.ok_or_else(|| Invalid::missing("max_tokens"))?),
        stop: fields::strings(body.get("stop_sequences")),
        answers: 1,
        input_tokens,
    })
}

/// Of a body whose messages are valid; counting asks for nothing else.
pub fn input_tokens(body: &Value) -> Result<u64, Invalid> {
    let messages = fields::full_list(body.get("messages"), "messages")?;
    for (index, message) in messages.iter().enumerate() {
        check_message(index, message)?;
    }
    Ok(tokens::of_request(body))
}

fn check_message(index: usize, message: &Value) -> Result<(), Invalid> {
    // Newer clients put `system` messages between the turns.
    if !matches!(message["role"].as_str(), Some("user" | "assistant" | "system")) {
        return Err(Invalid::new(format!("messages.{index}.role"), "expected \"user\" or \"assistant\""));
    }
    if !message["content"].is_string() && !message["content"].is_array() {
        return Err(Invalid::new(format!("messages.{index}.content"), "expected a string or a list"));
    }
    Ok(())
}

fn last_turn(messages: &[Value]) -> LastTurn {
    let user = messages.iter().rev().find(|message| message["role"] == "user");
    let content = user.and_then(|message| message.get("content"));
    let result = fields::list(content).iter().rev().find(|block| block["type"] == "tool_result");
    match result {
        Some(result) => LastTurn::ToolResult(fields::whole_text(result.get("content"))),
        None => LastTurn::User(fields::typed_text(content)),
    }
}

/// A tool the client runs. Anthropic's own (`web_search_20250305` and the like) have no schema.
fn tool(tool: &Value) -> Option<Tool> {
    Some(Tool { name: tool["name"].as_str()?.to_owned(), parameters: tool.get("input_schema")?.clone() })
}

fn tool_choice(body: &Value) -> ToolChoice {
    let choice = body.get("tool_choice").unwrap_or(&Value::Null);
    match (choice["type"].as_str(), choice["name"].as_str()) {
        (Some("tool"), Some(name)) => ToolChoice::Named(name.to_owned()),
        (Some("any"), _) => ToolChoice::Any,
        (Some("none"), _) => ToolChoice::Never,
        _ => ToolChoice::Auto,
    }
}

/// `output_format` is the older name, from the beta.
fn format(body: &Value) -> Format {
    let format = body.pointer("/output_config/format").or_else(|| body.get("output_format"));
    match format.and_then(|format| format.get("schema")) {
        Some(schema) => Format::Schema(schema.clone()),
        None => Format::Text,
    }
}
