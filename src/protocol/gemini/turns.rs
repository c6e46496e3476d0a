//! Writes `google.genai.types.Content` and `Part` for Gemini: with alternating roles, results
//! in the order of their calls, and signatures on the part that they belong to.

use std::collections::HashMap;

use serde_json::{Value, json};

use crate::chat::signature::SKIP_VALIDATION;
use crate::chat::{
    Blob, Dropped, Maker, Part, Request, Role, Source, Thinking, ToolResult, ToolUse, Turn, work,
};
use crate::protocol::capability::{self, GeminiThinking};
use crate::protocol::field::Object;
use crate::protocol::invalid::{InvalidField, Outcome};
use crate::protocol::limits::{Limits, Meter};
use crate::protocol::media;
use crate::protocol::names::ToolNames;

pub fn encode_system(turns: &[Turn], dropped: &mut Dropped) -> Option<Value> {
    let mut parts = Vec::new();
    for part in turns.iter().flat_map(|turn| &turn.parts) {
        match part {
            Part::Text { text, .. } if text.is_empty() => {}
            Part::Text { text, .. } => parts.push(json!({"text": text})),
            Part::CachePoint(_) => dropped.note("cache_control"),
            _ => dropped.note("system.content"),
        }
    }
    (!parts.is_empty()).then(|| json!({"parts": parts}))
}

/// Contents whose roles alternate, starting with the user's, each with its results first and
/// in the order of their calls.
pub fn encode_turns(
    request: &Request,
    names: &ToolNames,
    limits: Limits,
    dropped: &mut Dropped,
) -> Outcome<Vec<Value>> {
    let (_, turns) = request.split_system();
    let thinking = capability::gemini_thinking(&request.model);
    let mut encoder = TurnEncoder {
        called: request.called_names(),
        names,
        meter: limits.of_output(),
        dropped,
        has_levels: matches!(thinking, GeminiThinking::Level { .. }),
    };
    let mut contents: Vec<(&str, Vec<Value>)> = Vec::new();
    for turn in turns {
        let (role, parts) = match turn.role {
            Role::Assistant => ("model", encoder.model_turn(turn)),
            Role::System | Role::User => ("user", encoder.user_turn(turn)?),
        };
        match contents.last_mut() {
            _ if parts.is_empty() => {}
            Some((last, content)) if *last == role => content.extend(parts),
            _ => contents.push((role, parts)),
        }
    }
    if contents.first().is_none_or(|(role, _)| *role != "user") {
        dropped.note("messages");
        contents.insert(0, ("user", vec![json!({"text": "(The conversation begins.)"})]));
    }
    order_results(&mut contents);
    Ok(contents.into_iter().map(|(role, parts)| json!({"role": role, "parts": parts})).collect())
}

/// Gemini pairs results with calls by position as well as by name.
fn order_results(contents: &mut [(&str, Vec<Value>)]) {
    for index in 1..contents.len() {
        let (before, after) = contents.split_at_mut(index);
        let results = &mut after[0].1;
        if results.iter().any(|part| part.get("functionResponse").is_some()) {
            let order = places_of_calls(&before[index - 1].1);
            results.sort_by_cached_key(|part| match part.get("functionResponse") {
                Some(response) => {
                    work::step();
                    response["id"].as_str().and_then(|id| order.get(id)).copied().unwrap_or(order.len())
                }
                None => usize::MAX,
            });
        }
    }
}

/// The place of each call among the calls, by its id. Of several with one id the first counts.
fn places_of_calls(parts: &[Value]) -> HashMap<&str, usize> {
    let mut places = HashMap::new();
    for id in parts.iter().filter_map(|part| part["functionCall"]["id"].as_str()) {
        work::step();
        let next = places.len();
        places.entry(id).or_insert(next);
    }
    places
}

struct TurnEncoder<'a> {
    /// The tool of each call, by the call's id.
    called: HashMap<&'a str, &'a str>,
    names: &'a ToolNames,
    /// Counts the names of calls, which may be long: every result repeats one.
    meter: Meter,
    dropped: &'a mut Dropped,
    /// Gemini 3 and later: requires signatures on calls, and takes media inside results.
    has_levels: bool,
}

impl TurnEncoder<'_> {
    fn model_turn(&mut self, turn: &Turn) -> Vec<Value> {
        let mut parts = Vec::new();
        let mut signature: Option<&str> = None;
        let mut has_called = false;
        for part in &turn.parts {
            let mut encoded = match part {
                Part::Text { text, .. } if text.is_empty() => continue,
                Part::Text { text, .. } => json!({"text": text}),
                Part::Thinking(Thinking { text, signature: Some(own) }) if own.maker == Maker::Gemini => {
                    if !text.is_empty() {
                        parts.push(json!({"text": text, "thought": true}));
                    }
                    if let Some(earlier) = signature.replace(&own.value) {
                        parts.push(json!({"text": "", "thoughtSignature": earlier}));
                    }
                    continue;
                }
                Part::Thinking(_) | Part::RedactedThinking(_) => {
                    self.dropped.note("thinking");
                    continue;
                }
                Part::ToolUse(call) => {
                    let is_first = !std::mem::replace(&mut has_called, true);
                    if is_first && signature.is_none() && self.has_levels {
                        signature = Some(SKIP_VALIDATION);
                    }
                    self.call(call)
                }
                Part::CachePoint(_) => {
                    self.dropped.note("cache_control");
                    continue;
                }
                _ => {
                    self.dropped.note("messages.content");
                    continue;
                }
            };
            if let Some(signature) = signature.take() {
                encoded["thoughtSignature"] = json!(signature);
            }
            parts.push(encoded);
        }
        if let Some(signature) = signature {
            parts.push(json!({"text": "", "thoughtSignature": signature}));
        }
        parts
    }

    fn call(&mut self, call: &ToolUse) -> Value {
        let args = call.arguments_object().unwrap_or_else(|| {
            // Cut off in an earlier turn: kept as text, so that the model sees what it wrote.
            self.dropped.note("tool_use.arguments");
            Object::from_iter([("arguments".to_owned(), json!(call.arguments))])
        });
        json!({"functionCall": {"id": call.id, "name": self.names.sent(&call.name), "args": args}})
    }

    fn user_turn(&mut self, turn: &Turn) -> Outcome<Vec<Value>> {
        let (mut parts, mut media) = (Vec::new(), Vec::new());
        for part in &turn.parts {
            match part {
                Part::Text { text, .. } if turn.role == Role::System => {
                    self.dropped.note("messages.system");
                    media.push(json!({"text": format!("<system>\n{text}\n</system>")}));
                }
                Part::ToolResult(result) => {
                    let response = self.result(result, &mut media)?;
                    parts.push(response);
                }
                other => media.extend(self.user_part(other)?),
            }
        }
        parts.extend(media);
        Ok(parts)
    }

    fn user_part(&mut self, part: &Part) -> Outcome<Option<Value>> {
        Ok(Some(match part {
            Part::Text { text, .. } if text.is_empty() => return Ok(None),
            Part::Text { text, .. } => json!({"text": text}),
            Part::Image(image) => {
                self.dropped.note_if(image.detail.as_deref().is_some_and(|d| d != "auto"), "image.detail");
                encode_source(&image.source, "image/jpeg")?
            }
            Part::Document(document) => encode_source(&document.source, "application/pdf")?,
            Part::Media(blob) => inline(blob),
            Part::CachePoint(_) => {
                self.dropped.note("cache_control");
                return Ok(None);
            }
            Part::Thinking(_) | Part::RedactedThinking(_) | Part::ToolUse(_) | Part::ToolResult(_) => {
                return Ok(None);
            }
        }))
    }

    fn result(&mut self, result: &ToolResult, media: &mut Vec<Value>) -> Outcome<Value> {
        let id = &result.tool_use_id;
        let known = Some(result.name.as_str()).filter(|name| !name.is_empty());
        let Some(name) = known.or_else(|| self.called.get(id.as_str()).copied()) else {
            return Err(InvalidField::new(format!(
                "the tool result `{id}` does not belong to any call in the conversation"
            )));
        };
        work::step();
        self.meter.charge(name.len())?;
        let mut texts = Vec::new();
        let mut inside = Vec::new();
        for part in &result.parts {
            match part {
                Part::Text { text, .. } => texts.push(text.as_str()),
                other => inside.extend(self.user_part(other)?),
            }
        }
        let key = if result.is_error { "error" } else { "output" };
        let mut response =
            json!({"id": id, "name": self.names.sent(name), "response": {key: texts.join("\n")}});
        if self.has_levels && !inside.is_empty() {
            response["parts"] = Value::Array(inside);
        } else if !inside.is_empty() {
            self.dropped.note("tool_result.content");
            media.extend(inside);
        }
        Ok(json!({"functionResponse": response}))
    }
}

fn encode_source(source: &Source, fallback_type: &str) -> Outcome<Value> {
    match source {
        Source::Inline(blob) => Ok(inline(blob)),
        Source::Text(text) => Ok(json!({"text": text})),
        Source::Url { url, media_type } => {
            let media_type =
                media_type.as_deref().filter(|t| !t.is_empty()).or_else(|| media::guess_type(url));
            Ok(json!({"fileData": {"fileUri": url, "mimeType": media_type.unwrap_or(fallback_type)}}))
        }
        Source::StoredFile(id) => Err(InvalidField::new(format!(
            "the stored file `{id}` belongs to another vendor; send its contents instead"
        ))),
    }
}

fn inline(blob: &Blob) -> Value {
    json!({"inlineData": {"mimeType": blob.media_type, "data": blob.base64}})
}
