//! `openai.types.chat.ChatCompletionMessageParam`, both ways: messages and their parts.

use serde_json::{Value, json};

use crate::chat::{
    Blob, Document, Dropped, Image, Maker, Part, Request, Role, Signature, Source, Thinking, ToolResult,
    ToolUse, Turn,
};
use crate::protocol::field::{self, Object};
use crate::protocol::invalid::{InvalidField, Outcome};
use crate::protocol::media;
use crate::protocol::names::{ToolNames, fit_id};

pub fn decode_message(message: &Value, request: &mut Request) -> Outcome<()> {
    let message = field::as_object(message)?;
    let dropped = &mut request.dropped;
    let (role, parts) = match field::required_string(message, "role")? {
        "system" | "developer" => (Role::System, decode_content(message, dropped)?),
        "user" => (Role::User, decode_content(message, dropped)?),
        "assistant" => (Role::Assistant, decode_assistant(message, dropped)?),
        "tool" => {
            let result = ToolResult {
                tool_use_id: field::required_string(message, "tool_call_id")?.to_owned(),
                parts: decode_content(message, dropped)?,
                ..ToolResult::default()
            };
            // Parallel calls have a message each for their results, which are one turn.
            request.add(Role::User, vec![Part::ToolResult(result)]);
            return Ok(());
        }
        _ => {
            let problem = "must be system, developer, user, assistant or tool";
            return Err(InvalidField::new(problem).at("role"));
        }
    };
    request.turns.push(Turn { role, parts });
    Ok(())
}

fn decode_assistant(message: &Object, dropped: &mut Dropped) -> Outcome<Vec<Part>> {
    let mut parts = Vec::new();
    // Not OpenAI's but DeepSeek's field, which many servers and clients share.
    if let Some(text) = field::string(message, "reasoning_content")?.filter(|text| !text.is_empty()) {
        parts.push(Part::Thinking(Thinking { text: text.to_owned(), signature: None }));
    }
    parts.extend(decode_content(message, dropped)?);
    if let Some(refusal) = field::string(message, "refusal")? {
        parts.push(Part::text(refusal));
    }
    dropped.note_if(field::get(message, "audio").is_some(), "messages.audio");
    field::each(message, "tool_calls", |call| decode_call(field::as_object(call)?, &mut parts))?;
    Ok(parts)
}

fn decode_call(call: &Object, parts: &mut Vec<Part>) -> Outcome<()> {
    if let Some(signature) = google_signature(call) {
        match parts.last_mut() {
            Some(Part::Thinking(thinking)) => thinking.signature = Some(signature),
            _ => parts.push(Part::Thinking(Thinking { text: String::new(), signature: Some(signature) })),
        }
    }
    let (key, arguments) = match field::string(call, "type")? {
        Some("custom") => ("custom", "input"),
        _ => ("function", "arguments"),
    };
    let function = field::as_object(field::required(call, key)?).map_err(|invalid| invalid.at(key))?;
    parts.push(Part::ToolUse(ToolUse {
        id: field::required_string(call, "id")?.to_owned(),
        name: field::required_string(function, "name").map_err(|invalid| invalid.at(key))?.to_owned(),
        arguments: field::owned(function, arguments).map_err(|e| e.at(key))?.unwrap_or_default(),
        freeform: key == "custom",
    }));
    Ok(())
}

/// The thought signature, in the field that Google's OpenAI-compatible endpoint uses.
fn google_signature(call: &Object) -> Option<Signature> {
    let text = call.get("extra_content")?.get("google")?.get("thought_signature")?.as_str()?;
    Signature::unwrap(Maker::Gemini, text)
}

pub fn extra_content(signature: &Signature) -> Value {
    json!({"google": {"thought_signature": signature.value}})
}

/// `content`: a string, a list of parts, or absent.
fn decode_content(message: &Object, dropped: &mut Dropped) -> Outcome<Vec<Part>> {
    match field::get(message, "content") {
        None => Ok(Vec::new()),
        Some(Value::String(text)) if text.is_empty() => Ok(Vec::new()),
        Some(Value::String(text)) => Ok(vec![Part::text(text)]),
        Some(Value::Array(list)) => {
            let mut parts = Vec::new();
            let read = field::each_of(list, |part| {
                let part = field::as_object(part)?;
                dropped.note_if(part.contains_key("prompt_cache_breakpoint"), "prompt_cache_breakpoint");
                parts.push(decode_part(part)?);
                Ok(())
            });
            read.map_err(|invalid| invalid.at("content"))?;
            Ok(parts)
        }
        Some(_) => Err(InvalidField::new("must be a string or a list of parts").at("content")),
    }
}

fn decode_part(part: &Object) -> Outcome<Part> {
    match field::required_string(part, "type")? {
        "text" => Ok(Part::text(field::required_string(part, "text")?)),
        "refusal" => Ok(Part::text(field::required_string(part, "refusal")?)),
        "image_url" => {
            let image =
                field::as_object(field::required(part, "image_url")?).map_err(|e| e.at("image_url"))?;
            let url = field::required_string(image, "url").map_err(|invalid| invalid.at("image_url"))?;
            let detail = field::owned(image, "detail").map_err(|invalid| invalid.at("image_url"))?;
            Ok(Part::Image(Image { source: media::source_from_url(url), detail }))
        }
        "input_audio" => {
            let audio = field::as_object(field::required(part, "input_audio")?);
            let audio = audio.map_err(|invalid| invalid.at("input_audio"))?;
            decode_audio(audio).map_err(|invalid| invalid.at("input_audio"))
        }
        "file" => {
            let file = field::as_object(field::required(part, "file")?).map_err(|e| e.at("file"))?;
            decode_file(file).map_err(|invalid| invalid.at("file"))
        }
        kind => Err(InvalidField::new(format!("content of type `{kind}` is not supported")).at("type")),
    }
}

fn decode_audio(audio: &Object) -> Outcome<Part> {
    Ok(Part::Media(Blob {
        media_type: format!("audio/{}", field::required_string(audio, "format")?),
        base64: media::standard_base64(field::required_string(audio, "data")?),
    }))
}

/// `{file_data | file_id | file_url, filename}`, the same in chat and in Responses.
pub fn decode_file(file: &Object) -> Outcome<Part> {
    let name = field::owned(file, "filename")?;
    let source = if let Some(data) = field::string(file, "file_data")? {
        let guessed = || name.as_deref().and_then(media::guess_type).unwrap_or("application/pdf");
        Source::Inline(media::parse_data_url(data).unwrap_or_else(|| Blob {
            media_type: guessed().to_owned(),
            base64: media::standard_base64(data),
        }))
    } else if let Some(url) = field::string(file, "file_url")? {
        Source::Url { url: url.to_owned(), media_type: media::guess_type(url).map(str::to_owned) }
    } else {
        Source::StoredFile(field::required_string(file, "file_id")?.to_owned())
    };
    Ok(Part::Document(Document { source, name }))
}

pub fn encode_turns(request: &Request, names: &ToolNames, dropped: &mut Dropped) -> Outcome<Vec<Value>> {
    let is_google = request.model.contains("gemini");
    let mut messages = Vec::new();
    for turn in &request.turns {
        match turn.role {
            Role::System => encode_system(turn, &mut messages, dropped),
            Role::User => encode_user(turn, &mut messages, dropped)?,
            Role::Assistant => encode_assistant(turn, is_google, names, &mut messages, dropped),
        }
    }
    Ok(results_after_calls(messages))
}

/// OpenAI requires the results directly after the calls: messages in between move after them.
fn results_after_calls(messages: Vec<Value>) -> Vec<Value> {
    let (mut ordered, mut held, mut expected) = (Vec::with_capacity(messages.len()), Vec::new(), 0);
    for message in messages {
        let calls = message["tool_calls"].as_array().map_or(0, Vec::len);
        if message["role"] == "tool" {
            expected = usize::saturating_sub(expected, 1);
            ordered.push(message);
        } else if expected > 0 && calls == 0 && message["role"] != "assistant" {
            held.push(message);
            continue;
        } else {
            ordered.append(&mut held);
            expected = calls;
            ordered.push(message);
        }
        if expected == 0 {
            ordered.append(&mut held);
        }
    }
    ordered.append(&mut held);
    ordered
}

fn encode_system(turn: &Turn, messages: &mut Vec<Value>, dropped: &mut Dropped) {
    let text = system_text(turn, dropped);
    if !text.is_empty() {
        messages.push(json!({"role": "system", "content": text}));
    }
}

/// A system turn as one text: some servers take nothing else.
pub fn system_text(turn: &Turn, dropped: &mut Dropped) -> String {
    let mut texts = Vec::new();
    for part in &turn.parts {
        match part {
            Part::Text { text, .. } => texts.push(text.as_str()),
            Part::CachePoint(_) => dropped.note("cache_control"),
            _ => dropped.note("system.content"),
        }
    }
    texts.join("\n\n")
}

/// Results become messages of their own, directly after the calls. The rest of the turn
/// follows, with the images that a result cannot hold.
fn encode_user(turn: &Turn, messages: &mut Vec<Value>, dropped: &mut Dropped) -> Outcome<()> {
    let mut content = Vec::new();
    for part in &turn.parts {
        if let Part::ToolResult(result) = part {
            let mut texts = Vec::new();
            for inner in &result.parts {
                match inner {
                    Part::Text { text, .. } => texts.push(text.as_str()),
                    other => {
                        dropped.note("tool_result.content");
                        texts.push("(The content follows in the next message.)");
                        content.extend(encode_part(other, dropped)?);
                    }
                }
            }
            let text = result_text(&texts.join("\n"), result.is_error, dropped);
            let id = fit_id(&result.tool_use_id);
            messages.push(json!({"role": "tool", "tool_call_id": id, "content": text}));
        }
    }
    for part in &turn.parts {
        if !matches!(part, Part::ToolResult(_)) {
            content.extend(encode_part(part, dropped)?);
        }
    }
    if !content.is_empty() {
        messages.push(json!({"role": "user", "content": plain_if_one_text(content)}));
    }
    Ok(())
}

/// The text of a result. OpenAI has no flag for a failed tool, so the text states it.
pub fn result_text(text: &str, is_error: bool, dropped: &mut Dropped) -> String {
    if !is_error {
        return text.to_owned();
    }
    dropped.note("tool_result.is_error");
    format!("[error] {text}")
}

fn plain_if_one_text(mut content: Vec<Value>) -> Value {
    if content.len() == 1 && content[0]["type"] == "text" {
        return content[0]["text"].take();
    }
    Value::Array(content)
}

fn encode_part(part: &Part, dropped: &mut Dropped) -> Outcome<Option<Value>> {
    Ok(Some(match part {
        Part::Text { text, .. } => json!({"type": "text", "text": text}),
        Part::Image(image) => {
            let mut image_url = json!({"url": image_url(&image.source)?});
            if let Some(detail) = &image.detail {
                image_url["detail"] = json!(detail);
            }
            json!({"type": "image_url", "image_url": image_url})
        }
        Part::Document(document) => json!({"type": "file", "file": encode_file(document)?}),
        Part::Media(blob) => match blob.media_type.as_str() {
            "audio/wav" | "audio/x-wav" => input_audio(blob, "wav"),
            "audio/mp3" | "audio/mpeg" => input_audio(blob, "mp3"),
            other => return Err(refused(other)),
        },
        Part::CachePoint(_) => {
            dropped.note("cache_control");
            return Ok(None);
        }
        Part::Thinking(_) | Part::RedactedThinking(_) | Part::ToolUse(_) | Part::ToolResult(_) => {
            return Ok(None);
        }
    }))
}

fn input_audio(blob: &Blob, format: &str) -> Value {
    json!({"type": "input_audio", "input_audio": {"data": blob.base64, "format": format}})
}

pub fn image_url(source: &Source) -> Outcome<String> {
    match source {
        Source::Inline(blob) if blob.media_type.starts_with("image/") => Ok(media::data_url(blob)),
        Source::Inline(blob) => Err(refused(&blob.media_type)),
        Source::Url { url, .. } => Ok(url.clone()),
        Source::StoredFile(id) => Err(stored(id)),
        Source::Text(_) => Err(refused("text")),
    }
}

/// `{file_data, filename}`. OpenAI requires a name for every inline file.
pub fn encode_file(document: &Document) -> Outcome<Value> {
    let name = document.name.as_deref();
    match &document.source {
        Source::Inline(blob) => {
            let fallback = if blob.media_type == "application/pdf" { "document.pdf" } else { "document.txt" };
            Ok(json!({"file_data": media::data_url(blob), "filename": name.unwrap_or(fallback)}))
        }
        Source::Text(text) => {
            let blob = media::encode_text(text);
            Ok(json!({"file_data": media::data_url(&blob), "filename": name.unwrap_or("document.txt")}))
        }
        Source::Url { .. } => Err(InvalidField::new(
            "a document at a URL cannot be sent to OpenAI chat completions; send its contents instead",
        )),
        Source::StoredFile(id) => Err(stored(id)),
    }
}

fn encode_assistant(
    turn: &Turn,
    is_google: bool,
    names: &ToolNames,
    messages: &mut Vec<Value>,
    dropped: &mut Dropped,
) {
    let (mut text, mut calls, mut signature) = (String::new(), Vec::new(), None);
    for part in &turn.parts {
        match part {
            Part::Text { text: more, .. } => text.push_str(more),
            Part::Thinking(thinking) => {
                signature = thinking.signature.as_ref().filter(|own| own.maker == Maker::Gemini && is_google);
                dropped.note_if(!thinking.text.is_empty() || signature.is_none(), "thinking");
            }
            Part::RedactedThinking(_) => dropped.note("thinking"),
            Part::ToolUse(call) => {
                let mut call = encode_call(call, names);
                if let Some(signature) = signature.take() {
                    call["extra_content"] = extra_content(signature);
                }
                calls.push(call);
            }
            Part::CachePoint(_) => dropped.note("cache_control"),
            // A picture that the model drew: only user messages hold pictures.
            _ => dropped.note("messages.content"),
        }
    }
    if text.is_empty() && calls.is_empty() {
        return;
    }
    let content = if text.is_empty() { Value::Null } else { json!(text) };
    let mut message = json!({"role": "assistant", "content": content});
    if !calls.is_empty() {
        message["tool_calls"] = Value::Array(calls);
    }
    messages.push(message);
}

fn encode_call(call: &ToolUse, names: &ToolNames) -> Value {
    json!({
        "id": fit_id(&call.id),
        "type": "function",
        "function": {"name": names.sent(&call.name), "arguments": call.arguments_json()},
    })
}

fn refused(media_type: &str) -> InvalidField {
    InvalidField::new(format!("content of type `{media_type}` cannot be sent to an OpenAI model"))
}

pub fn stored(id: &str) -> InvalidField {
    InvalidField::new(format!("the stored file `{id}` belongs to another vendor; send its contents instead"))
}
