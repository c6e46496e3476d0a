//! `google.genai.types.Tool` and `ToolConfig`, both ways.

use serde_json::{Value, json};

use super::openapi::InlineBudget;
use super::schema::to_json_schema;
use crate::chat::{Dropped, Request, Tool, ToolChoice, WebSearch};
use crate::protocol::capability;
use crate::protocol::field::{self, Object};
use crate::protocol::invalid::Outcome;
use crate::protocol::names::ToolNames;
use crate::protocol::schema as json_schema;

pub fn decode(body: &Object, request: &mut Request) -> Outcome<()> {
    let mut tools = Vec::new();
    field::each(body, "tools", |tool| decode_tool(field::as_object(tool)?, &mut tools))?;
    request.tools = tools;
    let Some(config) = field::object(body, "toolConfig")? else { return Ok(()) };
    decode_choice(config, request).map_err(|invalid| invalid.at("toolConfig"))
}

/// One `Tool` holds functions, tools of Google's own, or both.
fn decode_tool(tool: &Object, tools: &mut Vec<Tool>) -> Outcome<()> {
    for key in tool.keys() {
        match key.as_str() {
            "functionDeclarations" => field::each(tool, key, |declaration| {
                tools.push(decode_function(field::as_object(declaration)?)?);
                Ok(())
            })?,
            "googleSearch" | "googleSearchRetrieval" => tools.push(Tool::WebSearch(WebSearch::default())),
            other => tools.push(Tool::Hosted { name: other.to_owned() }),
        }
    }
    Ok(())
}

fn decode_function(declaration: &Object) -> Outcome<Tool> {
    let written =
        field::get(declaration, "parametersJsonSchema").or_else(|| field::get(declaration, "parameters"));
    Ok(Tool::Function {
        name: field::required_string(declaration, "name")?.to_owned(),
        description: field::owned(declaration, "description")?,
        schema: written.map(to_json_schema),
        strict: None,
        cache: None,
    })
}

fn decode_choice(config: &Object, request: &mut Request) -> Outcome<()> {
    let Some(calling) = field::object(config, "functionCallingConfig")? else { return Ok(()) };
    let names = field::strings(calling, "allowedFunctionNames")
        .map_err(|invalid| invalid.at("functionCallingConfig"))?;
    request.tool_choice = match (mode(calling.get("mode")), names) {
        (Mode::Any, names) if names.is_empty() => Some(ToolChoice::Required),
        (Mode::Any, mut names) if names.len() == 1 => names.pop().map(ToolChoice::Named),
        (Mode::Any, names) => Some(ToolChoice::Allowed { names, required: true }),
        (Mode::None, _) => Some(ToolChoice::None),
        (Mode::Auto, names) if names.is_empty() => Some(ToolChoice::Auto),
        (Mode::Auto, names) => Some(ToolChoice::Allowed { names, required: false }),
    };
    Ok(())
}

enum Mode {
    Auto,
    Any,
    None,
}

/// The mode by name, or by number, which some clients send. `VALIDATED` is `AUTO` with a check.
fn mode(written: Option<&Value>) -> Mode {
    match written {
        Some(Value::String(name)) if name.eq_ignore_ascii_case("ANY") => Mode::Any,
        Some(Value::String(name)) if name.eq_ignore_ascii_case("NONE") => Mode::None,
        Some(Value::Number(number)) if number.as_u64() == Some(2) => Mode::Any,
        Some(Value::Number(number)) if number.as_u64() == Some(3) => Mode::None,
        _ => Mode::Auto,
    }
}

pub fn encode(
    request: &Request,
    names: &ToolNames,
    inlining: &mut InlineBudget,
    body: &mut Object,
    dropped: &mut Dropped,
) {
    let functions: Vec<Value> = request
        .tools
        .iter()
        .filter_map(|tool| encode_function(tool, &request.model, names, inlining, dropped))
        .collect();
    let has_functions = !functions.is_empty();
    let mut tools = Vec::new();
    if has_functions {
        tools.push(json!({"functionDeclarations": functions}));
    }
    for tool in &request.tools {
        match tool {
            // Gemini refuses its own tools beside functions.
            Tool::WebSearch(_) if has_functions => dropped.note("tools.web_search"),
            Tool::WebSearch(search) => {
                let is_plain = *search == WebSearch::default();
                dropped.note_if(!is_plain, "tools.web_search.options");
                tools.push(json!({"googleSearch": {}}));
            }
            Tool::Hosted { name } => dropped.note(format!("tools.{name}")),
            Tool::Function { .. } | Tool::Freeform { .. } => {}
        }
    }
    if !tools.is_empty() {
        body.insert("tools".to_owned(), Value::Array(tools));
    }
    if has_functions {
        if let Some(choice) = &request.tool_choice {
            let calling = encode_choice(choice, names);
            body.insert("toolConfig".to_owned(), json!({"functionCallingConfig": calling}));
        }
        dropped.note_if(request.parallel_tool_calls == Some(false), "parallel_tool_calls");
    }
}

fn encode_function(
    tool: &Tool,
    model: &str,
    names: &ToolNames,
    inlining: &mut InlineBudget,
    dropped: &mut Dropped,
) -> Option<Value> {
    let (name, description, wanted) = match tool {
        Tool::Function { name, description, schema, strict, cache } => {
            dropped.note_if(cache.is_some(), "cache_control");
            dropped.note_if(*strict == Some(true), "tools.strict");
            (name, description.clone(), json_schema::of_arguments(schema.as_ref()))
        }
        Tool::Freeform { name, description, format } => {
            let described = json_schema::freeform_description(description.as_deref(), format.as_ref());
            (name, Some(described), json_schema::of_freeform())
        }
        Tool::WebSearch(_) | Tool::Hosted { .. } => return None,
    };
    let mut declaration = json!({"name": names.sent(name)});
    if let Some(description) = description {
        declaration["description"] = json!(description);
    }
    let takes_nothing = wanted["properties"].as_object().is_none_or(serde_json::Map::is_empty);
    if capability::gemini_needs_cleaned_schema(model) {
        // These models refuse an object without properties.
        if !takes_nothing {
            declaration["parameters"] = inlining.openapi(&wanted);
        }
    } else {
        declaration["parametersJsonSchema"] = wanted;
    }
    Some(declaration)
}

fn encode_choice(choice: &ToolChoice, names: &ToolNames) -> Value {
    let sent =
        |list: &[String]| -> Vec<String> { list.iter().map(|name| names.sent(name).to_owned()).collect() };
    match choice {
        ToolChoice::Auto => json!({"mode": "AUTO"}),
        ToolChoice::None => json!({"mode": "NONE"}),
        ToolChoice::Required => json!({"mode": "ANY"}),
        ToolChoice::Named(name) => json!({"mode": "ANY", "allowedFunctionNames": [names.sent(name)]}),
        ToolChoice::Allowed { names: list, required: true } => {
            json!({"mode": "ANY", "allowedFunctionNames": sent(list)})
        }
        // In this mode the model chooses among them, or calls none.
        ToolChoice::Allowed { names: list, required: false } => {
            json!({"mode": "VALIDATED", "allowedFunctionNames": sent(list)})
        }
    }
}
