//! `google.genai.types` for `generateContent`, as far as the demo needs them: camelCase or
//! `snake_case`, enums as names or as protobuf's numbers.

use serde_json::{Value, json};

use crate::upstream::demo::ask::{Ask, Format, LastTurn, Tool, ToolChoice};
use crate::upstream::demo::fields::{self, Invalid};
use crate::upstream::demo::tokens;

pub fn ask(body: &Value) -> Result<Ask, Invalid> {
    let contents = contents(body)?;
    let config = either(body, "generationConfig").unwrap_or(&Value::Null);
    let (tools, tool_choice) = tools(body);
    let count = |field: &str| fields::count(either(config, field), &format!("generationConfig.{field}"));
    Ok(Ask {
        last_turn: last_turn(contents),
        tools,
        tool_choice,
        format: format(config),
        // Protobuf's JSON writes a limit that was never set as 0.
        max_tokens: count("maxOutputTokens")?.filter(|limit| *limit > 0),
        stop: fields::strings(either(config, "stopSequences")),
        answers: count("candidateCount")?.unwrap_or(1).clamp(1, Ask::MOST_ANSWERS),
        input_tokens: tokens::of_request(body),
    })
}

/// Counts `contents` or, beside it, a whole `generateContentRequest`.
pub fn input_tokens(body: &Value) -> Result<u64, Invalid> {
    let request = either(body, "generateContentRequest").unwrap_or(body);
    contents(request)?;
    Ok(tokens::of_request(request))
}

/// A member by its camelCase name or the same in `snake_case`.
pub fn either<'a>(object: &'a Value, camel_case: &str) -> Option<&'a Value> {
    object.get(camel_case).or_else(|| object.get(snake_case(camel_case)))
}

fn snake_case(camel_case: &str) -> String {
    let mut snake_case = String::new();
    for letter in camel_case.chars() {
        if letter.is_ascii_uppercase() {
            snake_case.push('_');
        }
        snake_case.push(letter.to_ascii_lowercase());
    }
    snake_case
}

fn contents(body: &Value) -> Result<&[Value], Invalid> {
    let contents = match body.get("contents") {
        Some(Value::Object(_)) => fields::list(body.get("contents")),
        contents => fields::full_list(contents, "contents")?,
    };
    match contents.iter().position(|content| fields::list(content.get("parts")).is_empty()) {
        Some(index) => Err(Invalid::missing(format!("contents[{index}].parts"))),
        None => Ok(contents),
    }
}

fn last_turn(contents: &[Value]) -> LastTurn {
    let user = contents.iter().rev().find(|content| content["role"] != "model");
    let parts = user.and_then(|content| content.get("parts"));
    let result = fields::list(parts).iter().rev().find_map(|part| either(part, "functionResponse"));
    match result {
        Some(result) => LastTurn::ToolResult(fields::whole_text(result.get("response"))),
        None => LastTurn::User(fields::typed_text(parts)),
    }
}

fn tools(body: &Value) -> (Vec<Tool>, ToolChoice) {
    let declarations = |tool| fields::list(either(tool, "functionDeclarations"));
    let tools = fields::list(body.get("tools")).iter().flat_map(declarations).filter_map(tool).collect();
    let config = either(body, "toolConfig").and_then(|config| either(config, "functionCallingConfig"));
    let allowed = fields::strings(config.and_then(|config| either(config, "allowedFunctionNames")));
    let choice = config.and_then(|config| config.get("mode")).map_or(ToolChoice::Auto, mode);
    (allowed_only(tools, &allowed), choice)
}

fn tool(declaration: &Value) -> Option<Tool> {
    let schema = either(declaration, "parametersJsonSchema").or_else(|| declaration.get("parameters"));
    let parameters = schema.cloned().unwrap_or_else(|| json!({"type": "object"}));
    Some(Tool { name: declaration["name"].as_str()?.to_owned(), parameters })
}

fn allowed_only(mut tools: Vec<Tool>, allowed: &[String]) -> Vec<Tool> {
    if !allowed.is_empty() {
        tools.retain(|tool| allowed.contains(&tool.name));
    }
    tools
}

/// `FunctionCallingConfig.Mode`, by name or by number.
fn mode(mode: &Value) -> ToolChoice {
    match (mode.as_str().map(str::to_ascii_uppercase).as_deref(), mode.as_u64()) {
        (Some("ANY"), _) | (_, Some(2)) => ToolChoice::Any,
        (Some("NONE"), _) | (_, Some(3)) => ToolChoice::Never,
        _ => ToolChoice::Auto,
    }
}

fn format(config: &Value) -> Format {
    let schema = either(config, "responseJsonSchema").or_else(|| either(config, "responseSchema"));
    let schema = schema.filter(|schema| !schema.is_null());
    match (either(config, "responseMimeType").and_then(Value::as_str), schema) {
        (Some("application/json"), Some(schema)) => Format::Schema(schema.clone()),
        (Some("application/json"), None) => Format::AnyJson,
        (Some("text/x.enum"), Some(schema)) => first_value(schema),
        _ => Format::Text,
    }
}

fn first_value(schema: &Value) -> Format {
    let first = schema.pointer("/enum/0").and_then(Value::as_str);
    first.map_or(Format::Text, |value| Format::Verbatim(value.to_owned()))
}
