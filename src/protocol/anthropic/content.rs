//! `anthropic.types.ContentBlockParam`, both ways: turns and the parts in them.

use serde_json::{Value, json};

use crate::chat::{
    Blob, CachePoint, Document, Dropped, Image, Maker, Part, Role, Signature, Source, Thinking, ToolResult,
    ToolUse, Turn,
};
use crate::protocol::field::{self, Object};
use crate::protocol::invalid::{InvalidField, Outcome};
use crate::protocol::names::{ToolNames, fit_id};
use crate::protocol::{json as json_text, media};

/// A string, or a list of blocks.
pub fn decode(content: &Value, role: Role, dropped: &mut Dropped) -> Outcome<Vec<Part>> {
    let mut parts = Vec::new();
    match content {
        Value::String(text) => parts.push(Part::text(text)),
        Value::Array(blocks) => field::each_of(blocks, |block| {
            let block = field::as_object(block)?;
            decode_block(block, role, &mut parts, dropped)?;
            parts.extend(decode_cache_control(block)?.map(Part::CachePoint));
            Ok(())
        })?,
        _ => return Err(InvalidField::new("must be a string or a list of content blocks")),
    }
    Ok(parts)
}

fn decode_block(block: &Object, role: Role, parts: &mut Vec<Part>, dropped: &mut Dropped) -> Outcome<()> {
    let part = match field::required_string(block, "type")? {
        "text" => Part::text(field::required_string(block, "text")?),
        "image" => Part::Image(Image { source: decode_source(block)?, detail: None }),
        "document" => decode_document(block, dropped)?,
        "thinking" => decode_thinking(block)?,
        "redacted_thinking" => {
            let data = field::required_string(block, "data")?;
            match Signature::unwrap(Maker::Anthropic, data) {
                Some(signature) => Part::RedactedThinking(signature),
                None => return Ok(()),
            }
        }
        "tool_use" => Part::ToolUse(decode_tool_use(block)?),
        "tool_result" => Part::ToolResult(decode_tool_result(block, dropped)?),
        "search_result" => {
            dropped.note("search_result");
            Part::text(search_result_text(block)?)
        }
        // Earlier work of a server tool, which only its own vendor can read again.
        kind if role == Role::Assistant || kind.ends_with("_tool_result") || kind == "tool_reference" => {
            dropped.note(kind.to_owned());
            return Ok(());
        }
        kind => {
            let problem = format!("content of type `{kind}` cannot be sent to another vendor's model");
            return Err(InvalidField::new(problem).at("type"));
        }
    };
    parts.push(part);
    Ok(())
}

fn decode_thinking(block: &Object) -> Outcome<Part> {
    let text = field::owned(block, "thinking")?.unwrap_or_default();
    let signature = field::string(block, "signature")?.unwrap_or_default();
    Ok(match Signature::unwrap(Maker::Anthropic, signature) {
        Some(signature) => Part::signed(signature, text),
        None => Part::Thinking(Thinking { text, signature: None }),
    })
}

fn decode_tool_use(block: &Object) -> Outcome<ToolUse> {
    Ok(ToolUse {
        id: field::required_string(block, "id")?.to_owned(),
        name: field::required_string(block, "name")?.to_owned(),
        arguments: field::object(block, "input")?.map_or_else(|| "{}".to_owned(), json_text::object_text),
        freeform: false,
    })
}

fn decode_tool_result(block: &Object, dropped: &mut Dropped) -> Outcome<ToolResult> {
    let mut parts = match field::get(block, "content") {
        Some(content) => decode(content, Role::User, dropped).map_err(|invalid| invalid.at("content"))?,
        None => Vec::new(),
    };
    parts.retain(|part| !matches!(part, Part::CachePoint(_)));
    Ok(ToolResult {
        tool_use_id: field::required_string(block, "tool_use_id")?.to_owned(),
        name: String::new(),
        parts,
        is_error: field::boolean(block, "is_error")?.unwrap_or(false),
        freeform: false,
    })
}

fn decode_document(block: &Object, dropped: &mut Dropped) -> Outcome<Part> {
    let wants_citations = block.get("citations").is_some_and(|config| config["enabled"] == json!(true));
    dropped.note_if(wants_citations, "document.citations");
    dropped.note_if(field::get(block, "context").is_some(), "document.context");
    Ok(Part::Document(Document { source: decode_source(block)?, name: field::owned(block, "title")? }))
}

fn decode_source(block: &Object) -> Outcome<Source> {
    let source = field::as_object(field::required(block, "source")?).map_err(|e| e.at("source"))?;
    let read = || {
        Ok(match field::required_string(source, "type")? {
            "base64" => Source::Inline(Blob {
                media_type: field::required_string(source, "media_type")?.to_owned(),
                base64: media::standard_base64(field::required_string(source, "data")?),
            }),
            "url" => Source::Url { url: field::required_string(source, "url")?.to_owned(), media_type: None },
            "text" => Source::Text(field::required_string(source, "data")?.to_owned()),
            "content" => Source::Text(plain_text(field::required(source, "content")?)?),
            "file" => Source::StoredFile(field::required_string(source, "file_id")?.to_owned()),
            kind => {
                return Err(
                    InvalidField::new(format!("a source of type `{kind}` is not supported")).at("type")
                );
            }
        })
    };
    read().map_err(|invalid| invalid.at("source"))
}

fn search_result_text(block: &Object) -> Outcome<String> {
    let title = field::string(block, "title")?.unwrap_or_default();
    let source = field::string(block, "source")?.unwrap_or_default();
    let text = plain_text(field::required(block, "content")?).map_err(|invalid| invalid.at("content"))?;
    Ok(format!("{title}\n{source}\n{text}"))
}

/// The text of a string or of a list of text blocks.
fn plain_text(content: &Value) -> Outcome<String> {
    if let Value::String(text) = content {
        return Ok(text.clone());
    }
    let blocks = content.as_array().ok_or_else(|| InvalidField::new("must be a string or a list"))?;
    let mut texts = Vec::new();
    field::each_of(blocks, |block| {
        texts.push(field::required_string(field::as_object(block)?, "text")?);
        Ok(())
    })?;
    Ok(texts.join("\n"))
}

pub fn decode_cache_control(block: &Object) -> Outcome<Option<CachePoint>> {
    let Some(control) = field::object(block, "cache_control")? else { return Ok(None) };
    let ttl = field::owned(control, "ttl").map_err(|invalid| invalid.at("cache_control"))?;
    Ok(Some(CachePoint { ttl }))
}

pub fn cache_control(cache: &CachePoint) -> Value {
    match cache.ttl.as_deref() {
        Some("1h") => json!({"type": "ephemeral", "ttl": "1h"}),
        _ => json!({"type": "ephemeral"}),
    }
}

/// Whether this is thinking that Anthropic takes back.
pub fn is_own_thinking(part: &Part) -> bool {
    match part {
        Part::Thinking(Thinking { signature: Some(signature), .. }) | Part::RedactedThinking(signature) => {
            signature.maker == Maker::Anthropic
        }
        _ => false,
    }
}

pub fn encode_system(turns: &[Turn], dropped: &mut Dropped) -> Vec<Value> {
    let mut blocks = Vec::new();
    for part in turns.iter().flat_map(|turn| &turn.parts) {
        match part {
            Part::Text { text, .. } => push_text(&mut blocks, text),
            Part::CachePoint(cache) => mark_last(&mut blocks, cache),
            _ => dropped.note("system.content"),
        }
    }
    blocks
}

/// Messages whose roles alternate, starting with the user's, each with its results first.
pub fn encode_turns(turns: &[Turn], names: &ToolNames, dropped: &mut Dropped) -> Outcome<Vec<Value>> {
    let mut messages: Vec<(&str, Vec<Value>)> = Vec::new();
    for turn in turns {
        let mut blocks = Vec::new();
        encode_parts(turn.role, &turn.parts, names, &mut blocks, dropped)?;
        let role = if turn.role == Role::Assistant { "assistant" } else { "user" };
        match messages.last_mut() {
            _ if blocks.is_empty() => {}
            Some((last, content)) if *last == role => content.extend(blocks),
            _ => messages.push((role, blocks)),
        }
    }
    if messages.first().is_none_or(|(role, _)| *role != "user") {
        dropped.note("messages");
        messages.insert(0, ("user", vec![json!({"type": "text", "text": "(The conversation begins.)"})]));
    }
    Ok(messages.into_iter().map(encode_message).collect())
}

fn encode_message((role, mut content): (&str, Vec<Value>)) -> Value {
    if role == "user" {
        content.sort_by_key(|block| block["type"] != "tool_result");
    }
    json!({"role": role, "content": content})
}

fn encode_parts(
    role: Role,
    parts: &[Part],
    names: &ToolNames,
    blocks: &mut Vec<Value>,
    dropped: &mut Dropped,
) -> Outcome<()> {
    for part in parts {
        match part {
            Part::Text { text, .. } if role == Role::System => {
                dropped.note("messages.system");
                push_text(blocks, &format!("<system>\n{text}\n</system>"));
            }
            Part::Text { text, .. } => push_text(blocks, text),
            Part::Thinking(thinking) => match &thinking.signature {
                Some(own) if own.maker == Maker::Anthropic => blocks
                    .push(json!({"type": "thinking", "thinking": thinking.text, "signature": own.value})),
                _ => dropped.note("thinking"),
            },
            Part::RedactedThinking(own) if own.maker == Maker::Anthropic => {
                blocks.push(json!({"type": "redacted_thinking", "data": own.value}));
            }
            Part::RedactedThinking(_) => dropped.note("thinking"),
            Part::Image(image) => {
                dropped.note_if(image.detail.as_deref().is_some_and(|d| d != "auto"), "image.detail");
                blocks.push(json!({"type": "image", "source": encode_image(&image.source)?}));
            }
            Part::Document(document) => blocks.push(encode_document(document)?),
            Part::Media(blob) => return Err(refused(&blob.media_type)),
            Part::ToolUse(call) => blocks.push(encode_tool_use(call, names, dropped)),
            Part::ToolResult(result) => blocks.push(encode_tool_result(result, names, dropped)?),
            Part::CachePoint(cache) => mark_last(blocks, cache),
        }
    }
    Ok(())
}

/// Anthropic refuses empty texts.
fn push_text(blocks: &mut Vec<Value>, text: &str) {
    if !text.trim().is_empty() {
        blocks.push(json!({"type": "text", "text": text}));
    }
}

/// Marks the last block, unless it is thinking, which cannot be marked, or there is none.
fn mark_last(blocks: &mut [Value], cache: &CachePoint) {
    let is_markable =
        |block: &&mut Value| block["type"] != "thinking" && block["type"] != "redacted_thinking";
    if let Some(block) = blocks.last_mut().filter(is_markable) {
        block["cache_control"] = cache_control(cache);
    }
}

fn encode_image(source: &Source) -> Outcome<Value> {
    match source {
        Source::Inline(blob) if blob.media_type.starts_with("image/") => {
            Ok(json!({"type": "base64", "media_type": blob.media_type, "data": blob.base64}))
        }
        Source::Inline(blob) => Err(refused(&blob.media_type)),
        Source::Url { url, .. } => Ok(json!({"type": "url", "url": url})),
        Source::StoredFile(id) => Err(stored(id)),
        Source::Text(_) => Err(refused("text")),
    }
}

fn encode_document(document: &Document) -> Outcome<Value> {
    let source = match &document.source {
        Source::Text(text) => json!({"type": "text", "media_type": "text/plain", "data": text}),
        Source::Url { url, .. } => json!({"type": "url", "url": url}),
        Source::StoredFile(id) => return Err(stored(id)),
        Source::Inline(blob) if blob.media_type == "application/pdf" => {
            json!({"type": "base64", "media_type": "application/pdf", "data": blob.base64})
        }
        Source::Inline(blob) => match media::decode_text(blob) {
            Some(text) => json!({"type": "text", "media_type": "text/plain", "data": text}),
            None => return Err(refused(&blob.media_type)),
        },
    };
    let mut block = json!({"type": "document", "source": source});
    if let Some(name) = &document.name {
        block["title"] = json!(name);
    }
    Ok(block)
}

fn encode_tool_use(call: &ToolUse, names: &ToolNames, dropped: &mut Dropped) -> Value {
    let input = call.arguments_object().unwrap_or_else(|| {
        // Cut off in an earlier turn: kept as text, so that the model sees what it wrote.
        dropped.note("tool_use.arguments");
        Object::from_iter([("arguments".to_owned(), json!(call.arguments))])
    });
    json!({"type": "tool_use", "id": fit_id(&call.id), "name": names.sent(&call.name), "input": input})
}

fn encode_tool_result(result: &ToolResult, names: &ToolNames, dropped: &mut Dropped) -> Outcome<Value> {
    let mut content = Vec::new();
    encode_parts(Role::User, &result.parts, names, &mut content, dropped)?;
    let mut block = json!({"type": "tool_result", "tool_use_id": fit_id(&result.tool_use_id)});
    if !content.is_empty() {
        block["content"] = Value::Array(content);
    }
    if result.is_error {
        block["is_error"] = json!(true);
    }
    Ok(block)
}

fn refused(media_type: &str) -> InvalidField {
    InvalidField::new(format!("content of type `{media_type}` cannot be sent to an Anthropic model"))
}

fn stored(id: &str) -> InvalidField {
    InvalidField::new(format!("the stored file `{id}` belongs to another vendor; send its contents instead"))
}
