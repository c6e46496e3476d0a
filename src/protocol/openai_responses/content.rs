//! `openai.types.responses.ResponseInputItemParam`, both ways: items and their parts.

use std::collections::HashSet;

use serde_json::{Value, json};

use super::{namespace, tools};
use crate::chat::{
    Document, Dropped, Image, Maker, Part, Request, Role, Signature, Source, Thinking, ToolResult, ToolUse,
    Turn,
};
use crate::protocol::field::{self, Object};
use crate::protocol::invalid::{InvalidField, Outcome};
use crate::protocol::media;
use crate::protocol::names::{ToolNames, fit_id};
use crate::protocol::openai_chat::content::{
    decode_file, encode_file, image_url, result_text, stored, system_text,
};

/// A string, or items of every kind.
pub fn decode_input(input: &Value, request: &mut Request) -> Outcome<()> {
    match input {
        Value::String(text) => {
            request.add(Role::User, vec![Part::text(text)]);
            Ok(())
        }
        Value::Array(items) => field::each_of(items, |item| decode_item(field::as_object(item)?, request)),
        _ => Err(InvalidField::new("must be a string or a list of items")),
    }
}

fn decode_item(item: &Object, request: &mut Request) -> Outcome<()> {
    let kind = match field::string(item, "type")? {
        Some(kind) => kind,
        // Vercel and others leave it out of messages, which have a role.
        None if item.contains_key("role") => "message",
        None => "item_reference",
    };
    match kind {
        "message" => decode_message(item, request)?,
        "function_call" => {
            let call = decode_call(item, "arguments", false)?;
            request.add(Role::Assistant, vec![Part::ToolUse(call)]);
        }
        "custom_tool_call" => {
            let call = decode_call(item, "input", true)?;
            request.add(Role::Assistant, vec![Part::ToolUse(call)]);
        }
        "function_call_output" | "custom_tool_call_output" => {
            let result = decode_output(item, kind == "custom_tool_call_output", &mut request.dropped)?;
            request.add(Role::User, vec![Part::ToolResult(result)]);
        }
        "reasoning" => request.add(Role::Assistant, vec![decode_reasoning(item)?]),
        "additional_tools" => tools::decode_list(item, request)?,
        // Ran at OpenAI, or points into its store: the texts around it are enough.
        other => request.dropped.note(format!("input.{other}")),
    }
    Ok(())
}

fn decode_message(item: &Object, request: &mut Request) -> Outcome<()> {
    let role = match field::required_string(item, "role")? {
        "system" | "developer" => Role::System,
        "user" => Role::User,
        "assistant" => Role::Assistant,
        _ => return Err(InvalidField::new("must be system, developer, user or assistant").at("role")),
    };
    let content = field::required(item, "content")?;
    let parts = decode_content(content, &mut request.dropped).map_err(|e| e.at("content"))?;
    request.add(role, parts);
    Ok(())
}

fn decode_content(content: &Value, dropped: &mut Dropped) -> Outcome<Vec<Part>> {
    let list = match content {
        Value::String(text) => return Ok(vec![Part::text(text)]),
        Value::Array(list) => list,
        _ => return Err(InvalidField::new("must be a string or a list of parts")),
    };
    let mut parts = Vec::new();
    field::each_of(list, |part| {
        let part = field::as_object(part)?;
        dropped.note_if(part.contains_key("prompt_cache_breakpoint"), "prompt_cache_breakpoint");
        parts.push(decode_part(part)?);
        Ok(())
    })?;
    Ok(parts)
}

fn decode_part(part: &Object) -> Outcome<Part> {
    match field::required_string(part, "type")? {
        "input_text" | "output_text" | "text" | "summary_text" | "reasoning_text" => {
            Ok(Part::text(field::required_string(part, "text")?))
        }
        "refusal" => Ok(Part::text(field::required_string(part, "refusal")?)),
        "input_image" => {
            let detail = field::owned(part, "detail")?;
            let source = match field::string(part, "image_url")? {
                Some(url) => media::source_from_url(url),
                None => Source::StoredFile(field::required_string(part, "file_id")?.to_owned()),
            };
            Ok(Part::Image(Image { source, detail }))
        }
        "input_file" => decode_file(part),
        kind => Err(InvalidField::new(format!("content of type `{kind}` is not supported")).at("type")),
    }
}

fn decode_call(item: &Object, arguments: &str, freeform: bool) -> Outcome<ToolUse> {
    Ok(ToolUse {
        id: field::required_string(item, "call_id")?.to_owned(),
        name: namespace::called(item)?,
        arguments: field::owned(item, arguments)?.unwrap_or_default(),
        freeform,
    })
}

fn decode_output(item: &Object, freeform: bool, dropped: &mut Dropped) -> Outcome<ToolResult> {
    let output = field::required(item, "output")?;
    Ok(ToolResult {
        tool_use_id: field::required_string(item, "call_id")?.to_owned(),
        parts: decode_content(output, dropped).map_err(|invalid| invalid.at("output"))?,
        freeform,
        ..ToolResult::default()
    })
}

fn decode_reasoning(item: &Object) -> Outcome<Part> {
    let mut texts = Vec::new();
    for list in ["summary", "content"] {
        field::each(item, list, |part| {
            texts.extend(field::owned(field::as_object(part)?, "text")?);
            Ok(())
        })?;
    }
    let slot = field::string(item, "encrypted_content")?.unwrap_or_default();
    let text = texts.join("\n\n");
    let Some(mut signature) = Signature::unwrap(Maker::OpenAi, slot) else {
        return Ok(Part::Thinking(Thinking { text, signature: None }));
    };
    if signature.maker == Maker::OpenAi {
        signature.id = field::owned(item, "id")?;
    }
    Ok(Part::signed(signature, text))
}

pub fn encode_turns(turns: &[Turn], names: &ToolNames, dropped: &mut Dropped) -> Outcome<Vec<Value>> {
    let freeform = freeform_calls(turns);
    let mut items = Vec::new();
    for turn in turns {
        match turn.role {
            Role::System => {
                let text = system_text(turn, dropped);
                items.push(json!({"type": "message", "role": "developer", "content": text}));
            }
            Role::User => encode_user(turn, &freeform, &mut items, dropped)?,
            Role::Assistant => encode_assistant(turn, names, &mut items, dropped),
        }
    }
    Ok(items)
}

/// The ids of calls of custom tools. Their results are items of another kind, which chat does
/// not distinguish.
fn freeform_calls(turns: &[Turn]) -> HashSet<&str> {
    let parts = turns.iter().flat_map(|turn| &turn.parts);
    parts
        .filter_map(|part| match part {
            Part::ToolUse(call) if call.freeform => Some(call.id.as_str()),
            _ => None,
        })
        .collect()
}

fn encode_user(
    turn: &Turn,
    freeform: &HashSet<&str>,
    items: &mut Vec<Value>,
    dropped: &mut Dropped,
) -> Outcome<()> {
    let mut content = Vec::new();
    for part in &turn.parts {
        match part {
            Part::ToolResult(result) => {
                let is_freeform = result.freeform || freeform.contains(result.tool_use_id.as_str());
                items.push(encode_output(result, is_freeform, dropped)?);
            }
            other => content.extend(encode_part(other, dropped)?),
        }
    }
    if !content.is_empty() {
        items.push(json!({"type": "message", "role": "user", "content": content}));
    }
    Ok(())
}

fn encode_part(part: &Part, dropped: &mut Dropped) -> Outcome<Option<Value>> {
    Ok(Some(match part {
        Part::Text { text, .. } => json!({"type": "input_text", "text": text}),
        Part::Image(image) => json!({
            "type": "input_image",
            "image_url": image_url(&image.source)?,
            "detail": image.detail.as_deref().unwrap_or("auto"),
        }),
        Part::Document(document) => encode_document(document)?,
        Part::Media(blob) => {
            let problem = format!("content of type `{}` cannot be sent to OpenAI Responses", blob.media_type);
            return Err(InvalidField::new(problem));
        }
        Part::CachePoint(_) => {
            dropped.note("cache_control");
            return Ok(None);
        }
        Part::Thinking(_) | Part::RedactedThinking(_) | Part::ToolUse(_) | Part::ToolResult(_) => {
            return Ok(None);
        }
    }))
}

fn encode_document(document: &Document) -> Outcome<Value> {
    let mut part = match &document.source {
        Source::Url { url, .. } => json!({"file_url": url}),
        Source::StoredFile(id) => return Err(stored(id)),
        Source::Inline(_) | Source::Text(_) => encode_file(document)?,
    };
    part["type"] = json!("input_file");
    Ok(part)
}

fn encode_output(result: &ToolResult, is_freeform: bool, dropped: &mut Dropped) -> Outcome<Value> {
    let is_text = result.parts.iter().all(|part| matches!(part, Part::Text { .. } | Part::CachePoint(_)));
    let output = if is_text {
        let texts: Vec<&str> = result.parts.iter().filter_map(text_of).collect();
        json!(result_text(&texts.join("\n"), result.is_error, dropped))
    } else {
        let mut content = Vec::new();
        for part in &result.parts {
            content.extend(encode_part(part, dropped)?);
        }
        if result.is_error {
            let note = result_text("The tool failed.", true, dropped);
            content.insert(0, json!({"type": "input_text", "text": note}));
        }
        Value::Array(content)
    };
    let kind = if is_freeform { "custom_tool_call_output" } else { "function_call_output" };
    Ok(json!({"type": kind, "call_id": fit_id(&result.tool_use_id), "output": output}))
}

fn text_of(part: &Part) -> Option<&str> {
    match part {
        Part::Text { text, .. } => Some(text),
        _ => None,
    }
}

fn encode_assistant(turn: &Turn, names: &ToolNames, items: &mut Vec<Value>, dropped: &mut Dropped) {
    for part in &turn.parts {
        match part {
            Part::Text { text, .. } if text.is_empty() => {}
            Part::Text { text, .. } => {
                items.push(json!({"type": "message", "role": "assistant", "content": text}));
            }
            Part::Thinking(Thinking { signature: Some(own), .. }) if own.maker == Maker::OpenAi => {
                items.push(encode_own_reasoning(own));
            }
            Part::Thinking(_) | Part::RedactedThinking(_) => dropped.note("thinking"),
            Part::ToolUse(call) if call.freeform => items.push(json!({
                "type": "custom_tool_call",
                "call_id": fit_id(&call.id),
                "name": names.sent(&call.name),
                "input": call.arguments,
            })),
            Part::ToolUse(call) => items.push(json!({
                "type": "function_call",
                "call_id": fit_id(&call.id),
                "name": names.sent(&call.name),
                "arguments": call.arguments_json(),
            })),
            Part::CachePoint(_) => dropped.note("cache_control"),
            _ => dropped.note("messages.content"),
        }
    }
}

fn encode_own_reasoning(own: &Signature) -> Value {
    let mut item = json!({"type": "reasoning", "summary": [], "encrypted_content": own.value});
    if let Some(id) = &own.id {
        item["id"] = json!(id);
    }
    item
}
