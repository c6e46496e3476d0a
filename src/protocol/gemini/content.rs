//! Reads `google.genai.types.Content` and `Part`, as clients write them. [`super::turns`]
//! writes them.
//!
//! Two things are Gemini's own. Calls need not have ids: ids are made up by position, and
//! results find their calls by name. And a signature stands on the part after the thought,
//! where [`crate::chat::Thinking`] holds it before that part.

use std::collections::{HashMap, VecDeque};

use serde_json::Value;

use crate::chat::{
    Blob, Document, Dropped, Image, Maker, Part, Request, Role, Signature, Source, Thinking, ToolResult,
    ToolUse, work,
};
use crate::protocol::field::{self, Object};
use crate::protocol::invalid::{InvalidField, Outcome};
use crate::protocol::{json, media};

/// A `Content`, a list of parts, or (from some clients) plain text.
pub fn decode_system(system: &Value, dropped: &mut Dropped) -> Outcome<Vec<Part>> {
    if let Value::String(text) = system {
        return Ok(vec![Part::text(text)]);
    }
    let mut decoder = ContentDecoder { dropped, waiting: OpenCalls::default(), parts: Vec::new() };
    decoder.content(field::as_object(system)?)?;
    Ok(decoder.parts)
}

pub fn decode_contents(contents: &Value, request: &mut Request) -> Outcome<()> {
    let mut dropped = std::mem::take(&mut request.dropped);
    let mut decoder =
        ContentDecoder { dropped: &mut dropped, waiting: OpenCalls::default(), parts: Vec::new() };
    let mut take = |content: &Value| {
        if let Value::String(text) = content {
            request.add(Role::User, vec![Part::text(text)]);
            return Ok(());
        }
        let content = field::as_object(content)?;
        let role = match field::string(content, "role")? {
            Some("model") => Role::Assistant,
            Some("system") => Role::System,
            _ => Role::User,
        };
        decoder.content(content)?;
        request.add(role, std::mem::take(&mut decoder.parts));
        Ok(())
    };
    match contents {
        Value::Array(list) => field::each_of(list, take)?,
        one => take(one)?,
    }
    request.dropped = dropped;
    Ok(())
}

struct ContentDecoder<'a> {
    dropped: &'a mut Dropped,
    waiting: OpenCalls,
    parts: Vec<Part>,
}

impl ContentDecoder<'_> {
    fn content(&mut self, content: &Object) -> Outcome<()> {
        // Google takes one part in place of a list, and its own examples write it so.
        if let Some(Value::Object(part)) = content.get("parts") {
            return self.part(part).map_err(|invalid| invalid.at("parts"));
        }
        field::each(content, "parts", |part| match part {
            Value::String(text) => {
                self.parts.push(Part::text(text));
                Ok(())
            }
            part => self.part(field::as_object(part)?),
        })
    }

    fn part(&mut self, part: &Object) -> Outcome<()> {
        let slot = field::string(part, "thoughtSignature")?.unwrap_or_default();
        if let Some(signature) = Signature::unwrap(Maker::Gemini, slot) {
            self.sign(signature);
        }
        if let Some(text) = field::string(part, "text")? {
            let is_thought = field::boolean(part, "thought")?.unwrap_or(false);
            self.text(text, is_thought);
        } else if let Some(blob) = field::object(part, "inlineData")? {
            let blob = decode_blob(blob).map_err(|invalid| invalid.at("inlineData"))?;
            self.parts.push(part_of_blob(blob, None));
        } else if let Some(file) = field::object(part, "fileData")? {
            self.parts.push(decode_file(file).map_err(|invalid| invalid.at("fileData"))?);
        } else if let Some(call) = field::object(part, "functionCall")? {
            self.call(call).map_err(|invalid| invalid.at("functionCall"))?;
        } else if let Some(response) = field::object(part, "functionResponse")? {
            self.result(response).map_err(|invalid| invalid.at("functionResponse"))?;
        } else if let Some(kind) = part.keys().find(|key| *key != "thoughtSignature" && *key != "thought") {
            // `executableCode`, `codeExecutionResult`, `toolCall` …: these ran at Google.
            self.dropped.note(format!("parts.{kind}"));
        }
        Ok(())
    }

    /// Moves a signature to the thought before it, where the neutral chat holds it.
    fn sign(&mut self, signature: Signature) {
        match self.parts.last_mut() {
            Some(Part::Thinking(thinking)) if thinking.signature.is_none() => {
                if signature.is_redacted() {
                    self.parts.push(Part::signed(signature, String::new()));
                } else {
                    thinking.signature = Some(signature);
                }
            }
            // Anthropic signs the text of a thought, which gemini-cli does not send back.
            _ if signature.maker == Maker::Anthropic && !signature.is_redacted() => {
                self.dropped.note("thinking");
            }
            _ => self.parts.push(Part::signed(signature, String::new())),
        }
    }

    /// Joins thoughts that come in as many parts as they were streamed in.
    fn text(&mut self, text: &str, is_thought: bool) {
        match self.parts.last_mut() {
            _ if text.is_empty() => {}
            Some(Part::Thinking(Thinking { text: thought, signature: None })) if is_thought => {
                thought.push_str(text);
            }
            _ if is_thought => {
                self.parts.push(Part::Thinking(Thinking { text: text.to_owned(), signature: None }));
            }
            _ => self.parts.push(Part::text(text)),
        }
    }

    fn call(&mut self, call: &Object) -> Outcome<()> {
        let name = field::required_string(call, "name")?.to_owned();
        let id = match field::string(call, "id")?.filter(|id| !id.is_empty()) {
            Some(id) => id.to_owned(),
            None => format!("call_{}", self.waiting.calls.len() + 1),
        };
        let arguments = field::object(call, "args")?.map_or_else(|| "{}".to_owned(), json::object_text);
        self.waiting.add(id.clone(), name.clone());
        self.parts.push(Part::ToolUse(ToolUse { id, name, arguments, freeform: false }));
        Ok(())
    }

    fn result(&mut self, response: &Object) -> Outcome<()> {
        let name = field::required_string(response, "name")?.to_owned();
        let id = field::string(response, "id")?;
        let tool_use_id = self.waiting.claim(id, &name);
        let (text, is_error) = field::object(response, "response")?.map(result_text).unwrap_or_default();
        let mut parts = if text.is_empty() { Vec::new() } else { vec![Part::text(text)] };
        field::each(response, "parts", |part| {
            let part = field::as_object(part)?;
            if let Some(blob) = field::object(part, "inlineData")? {
                parts.push(part_of_blob(decode_blob(blob).map_err(|e| e.at("inlineData"))?, None));
            } else if let Some(file) = field::object(part, "fileData")? {
                parts.push(decode_file(file).map_err(|invalid| invalid.at("fileData"))?);
            }
            Ok(())
        })?;
        self.parts.push(Part::ToolResult(ToolResult { tool_use_id, name, parts, is_error, freeform: false }));
        Ok(())
    }
}

/// The calls so far, and which of them have no result.
#[derive(Default)]
struct OpenCalls {
    /// The id of each call that has no result.
    calls: Vec<Option<String>>,
    by_id: HashMap<String, VecDeque<usize>>,
    by_name: HashMap<String, VecDeque<usize>>,
}

impl OpenCalls {
    fn add(&mut self, id: String, name: String) {
        let number = self.calls.len();
        self.by_id.entry(id.clone()).or_default().push_back(number);
        self.by_name.entry(name).or_default().push_back(number);
        self.calls.push(Some(id));
    }

    /// The id of the call that a result belongs to: the call with its id, else the first of its
    /// name without a result, else a made-up one.
    fn claim(&mut self, id: Option<&str>, name: &str) -> String {
        let Self { calls, by_id, by_name } = self;
        let by_id = id.and_then(|id| first_open(by_id.get_mut(id), calls));
        match by_id.or_else(|| first_open(by_name.get_mut(name), calls)) {
            Some(call) => call,
            None => id.map_or_else(|| format!("call_of_{name}"), str::to_owned),
        }
    }
}

/// Takes the first of these calls without a result, and drops the numbers before it for good.
fn first_open(numbers: Option<&mut VecDeque<usize>>, calls: &mut [Option<String>]) -> Option<String> {
    let numbers = numbers?;
    while let Some(number) = numbers.pop_front() {
        work::step();
        if let Some(call) = calls[number].take() {
            return Some(call);
        }
    }
    None
}

/// The text of a result, and whether it is an error. `{"output": …}` and `{"error": …}` are
/// Google's convention, `result` is its SDK's.
fn result_text(response: &Object) -> (String, bool) {
    let plain = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    if response.len() == 1 {
        for (key, is_error) in [("output", false), ("result", false), ("error", true)] {
            if let Some(value) = response.get(key) {
                return (plain(value), is_error);
            }
        }
    }
    (json::object_text(response), false)
}

fn decode_blob(blob: &Object) -> Outcome<Blob> {
    Ok(Blob {
        media_type: field::required_string(blob, "mimeType")?.to_owned(),
        base64: media::standard_base64(field::required_string(blob, "data")?),
    })
}

fn part_of_blob(blob: Blob, name: Option<String>) -> Part {
    match blob.media_type.split('/').next() {
        Some("image") => Part::Image(Image { source: Source::Inline(blob), detail: None }),
        Some("audio" | "video") => Part::Media(blob),
        _ => Part::Document(Document { source: Source::Inline(blob), name }),
    }
}

/// A public URL works everywhere; only Google can read a file in its own store.
fn decode_file(file: &Object) -> Outcome<Part> {
    let url = field::required_string(file, "fileUri")?;
    let media_type = field::string(file, "mimeType")?.or_else(|| media::guess_type(url)).unwrap_or_default();
    let is_stored = url.contains("generativelanguage.googleapis.com") || url.starts_with("gs://");
    let source = if is_stored {
        Source::StoredFile(url.to_owned())
    } else {
        Source::Url { url: url.to_owned(), media_type: Some(media_type.to_owned()) }
    };
    match media_type.split('/').next() {
        Some("image") => Ok(Part::Image(Image { source, detail: None })),
        Some("audio" | "video") => Err(InvalidField::new("only Gemini takes sound and video at a URL")),
        _ => Ok(Part::Document(Document { source, name: None })),
    }
}
