//! `openai.types.chat.ChatCompletionToolUnionParam` and
//! `ChatCompletionToolChoiceOptionParam`, both ways.

use serde_json::{Value, json};

use crate::chat::{Dropped, Request, Tool, ToolChoice, WebSearch};
use crate::protocol::field::{self, Object};
use crate::protocol::invalid::{InvalidField, Outcome};
use crate::protocol::names::ToolNames;
use crate::protocol::schema;

pub fn decode(body: &Object, request: &mut Request) -> Outcome<()> {
    let mut tools = field::map(body, "tools", |tool| decode_tool(field::as_object(tool)?))?;
    if let Some(options) = field::object(body, "web_search_options")? {
        let location = options.get("user_location").and_then(|location| location.get("approximate"));
        tools.push(Tool::WebSearch(WebSearch { location: location.cloned(), ..WebSearch::default() }));
    }
    request.tools = tools;
    request.parallel_tool_calls = field::boolean(body, "parallel_tool_calls")?;
    if let Some(choice) = field::get(body, "tool_choice") {
        request.tool_choice = Some(decode_choice(choice).map_err(|invalid| invalid.at("tool_choice"))?);
    }
    Ok(())
}

fn decode_tool(tool: &Object) -> Outcome<Tool> {
    match field::string(tool, "type")?.unwrap_or("function") {
        "function" => {
            let function = field::as_object(field::required(tool, "function")?);
            let function = function.map_err(|invalid| invalid.at("function"))?;
            decode_function(function).map_err(|invalid| invalid.at("function"))
        }
        "custom" => {
            let custom = field::as_object(field::required(tool, "custom")?).map_err(|e| e.at("custom"))?;
            decode_freeform(custom).map_err(|invalid| invalid.at("custom"))
        }
        kind => Ok(Tool::Hosted { name: kind.to_owned() }),
    }
}

/// The definition of a function, which Responses writes one level up.
pub fn decode_function(function: &Object) -> Outcome<Tool> {
    Ok(Tool::Function {
        name: field::required_string(function, "name")?.to_owned(),
        description: field::owned(function, "description")?,
        schema: field::object(function, "parameters")?.map(|schema| Value::Object(schema.clone())),
        strict: field::boolean(function, "strict")?,
        cache: None,
    })
}

/// The definition of a custom tool, which Responses writes one level up.
pub fn decode_freeform(custom: &Object) -> Outcome<Tool> {
    Ok(Tool::Freeform {
        name: field::required_string(custom, "name")?.to_owned(),
        description: field::owned(custom, "description")?,
        format: field::get(custom, "format").cloned(),
    })
}

fn decode_choice(choice: &Value) -> Outcome<ToolChoice> {
    if let Value::String(word) = choice {
        return choice_word(word);
    }
    let choice = field::as_object(choice)?;
    match field::required_string(choice, "type")? {
        kind @ ("function" | "custom") => {
            let named = field::object(choice, kind)?.unwrap_or(choice);
            Ok(ToolChoice::Named(field::required_string(named, "name").map_err(|e| e.at(kind))?.to_owned()))
        }
        "allowed_tools" => decode_allowed(field::object(choice, "allowed_tools")?.unwrap_or(choice)),
        _ => Err(InvalidField::new("must be function, custom or allowed_tools").at("type")),
    }
}

/// A tool choice that is one word.
pub fn choice_word(word: &str) -> Outcome<ToolChoice> {
    match word {
        "auto" => Ok(ToolChoice::Auto),
        "none" => Ok(ToolChoice::None),
        "required" => Ok(ToolChoice::Required),
        _ => Err(InvalidField::new("must be auto, none, required or a tool")),
    }
}

/// `{mode, tools}`. A tool has its name at either level.
pub fn decode_allowed(allowed: &Object) -> Outcome<ToolChoice> {
    let mut names = Vec::new();
    field::each(allowed, "tools", |tool| {
        let tool = field::as_object(tool)?;
        let function = field::object(tool, "function")?.unwrap_or(tool);
        names.extend(field::owned(function, "name")?);
        Ok(())
    })?;
    Ok(ToolChoice::Allowed { names, required: field::string(allowed, "mode")? == Some("required") })
}

pub fn encode(request: &Request, names: &ToolNames, body: &mut Object, dropped: &mut Dropped) {
    let tools = request.tools.iter().filter_map(|tool| encode_tool(tool, names, dropped)).collect();
    insert(tools, |choice| encode_choice(choice, names), request, body);
}

/// Writes the tools, the choice among them, and whether several may be called at once: the
/// same fields as in Responses. Writes nothing if no tool is left.
pub fn insert(
    tools: Vec<Value>,
    encode_choice: impl FnOnce(&ToolChoice) -> Value,
    request: &Request,
    body: &mut Object,
) {
    if tools.is_empty() {
        return;
    }
    body.insert("tools".to_owned(), Value::Array(tools));
    if let Some(choice) = &request.tool_choice {
        body.insert("tool_choice".to_owned(), encode_choice(choice));
    }
    if let Some(parallel) = request.parallel_tool_calls {
        body.insert("parallel_tool_calls".to_owned(), json!(parallel));
    }
}

fn encode_tool(tool: &Tool, names: &ToolNames, dropped: &mut Dropped) -> Option<Value> {
    let function = match tool {
        Tool::Function { name, description, schema, strict, cache } => {
            dropped.note_if(cache.is_some(), "cache_control");
            let mut function = json!({
                "name": names.sent(name),
                "parameters": schema::of_arguments(schema.as_ref()),
            });
            if let Some(description) = description {
                function["description"] = json!(description);
            }
            if let Some(strict) = strict {
                let parameters = &function["parameters"];
                function["strict"] = json!(*strict && schema::is_strict(parameters));
            }
            function
        }
        Tool::Freeform { name, description, format } => json!({
            "name": names.sent(name),
            "description": schema::freeform_description(description.as_deref(), format.as_ref()),
            "parameters": schema::of_freeform(),
        }),
        Tool::WebSearch(_) => {
            dropped.note("tools.web_search");
            return None;
        }
        Tool::Hosted { name } => {
            dropped.note(format!("tools.{name}"));
            return None;
        }
    };
    Some(json!({"type": "function", "function": function}))
}

fn encode_choice(choice: &ToolChoice, names: &ToolNames) -> Value {
    let function = |name: &str| json!({"type": "function", "function": {"name": names.sent(name)}});
    match choice {
        ToolChoice::Auto => json!("auto"),
        ToolChoice::None => json!("none"),
        ToolChoice::Required => json!("required"),
        ToolChoice::Named(name) => function(name),
        ToolChoice::Allowed { names: allowed, required } => {
            let tools: Vec<Value> = allowed.iter().map(|name| function(name)).collect();
            let mode = if *required { "required" } else { "auto" };
            json!({"type": "allowed_tools", "allowed_tools": {"mode": mode, "tools": tools}})
        }
    }
}
