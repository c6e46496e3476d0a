//! The answer to a conversation: a call of one of the client's functions, JSON of the form
//! asked for, or a sentence that quotes the user.

use serde_json::{Value, json};

use super::function::{self, Function};
use super::{schema, tokens, wording};
use crate::chat::{FinishReason, Maker, OutputFormat, Part, Request, Response, Role, ToolUse, Usage};
use crate::protocol::{ErrorKind, LocalError};

/// Answers in place of `model`. Fails with a 400 where the conversation says nothing.
pub fn answer(request: &Request, model: &str) -> Result<Response, LocalError> {
    if is_empty(request) {
        let message = "the conversation is empty: send at least one message with content";
        return Err(LocalError::new(ErrorKind::InvalidRequest, message));
    }
    let input = LastInput::of(request);
    let (part, finish) = match &input {
        LastInput::Prompt(prompt) => match function::to_call(request, prompt) {
            Some(function) => (Some(call(function)), FinishReason::ToolUse),
            None => text(request, &input, model),
        },
        LastInput::ToolResult(_) => text(request, &input, model),
    };
    let usage = Usage {
        input: tokens::of_request(request),
        output: part.as_ref().map_or(0, tokens::of_part),
        ..Usage::default()
    };
    Ok(Response { parts: part.into_iter().collect(), finish, usage: Some(usage), ..Response::default() })
}

/// OpenAI answers a message without content; Anthropic and Google refuse it.
fn is_empty(request: &Request) -> bool {
    match request.maker {
        Maker::OpenAi => request.turns.is_empty(),
        Maker::Anthropic | Maker::Gemini => request.turns.iter().all(|turn| turn.parts.is_empty()),
    }
}

/// What the client's side ends with.
enum LastInput<'a> {
    Prompt(&'a str),
    ToolResult(String),
}

impl<'a> LastInput<'a> {
    fn of(request: &'a Request) -> Self {
        let last_turn = request.turns.iter().rev().find(|turn| turn.role == Role::User);
        let parts = last_turn.map_or(&[][..], |turn| &turn.parts);
        let result = parts.iter().rev().find_map(|part| match part {
            Part::ToolResult(result) => Some(&result.parts),
            _ => None,
        });
        match result {
            Some(parts) => Self::ToolResult(texts(parts).collect::<Vec<_>>().join("\n")),
            None => Self::Prompt(typed_text(parts)),
        }
    }
}

/// The last text that the user typed.
///
/// Coding agents put `<system-reminder>` texts around the user's own; quoting those would
/// look like a fault to the user.
fn typed_text(parts: &[Part]) -> &str {
    let texts: Vec<&str> = texts(parts).filter(|text| !text.trim().is_empty()).collect();
    let typed = texts.iter().rev().find(|text| !text.trim_start().starts_with("<system-reminder>"));
    typed.or(texts.last()).copied().unwrap_or_default()
}

fn texts(parts: &[Part]) -> impl Iterator<Item = &str> {
    parts.iter().filter_map(|part| match part {
        Part::Text { text, .. } => Some(text.as_str()),
        _ => None,
    })
}

fn call(function: Function<'_>) -> Part {
    let arguments = function.schema.map_or_else(|| json!({}), schema::smallest);
    // A function's arguments are an object in every protocol, whatever its schema says.
    let arguments = if arguments.is_object() { arguments } else { json!({}) };
    Part::ToolUse(ToolUse {
        name: function.name.to_owned(),
        arguments: arguments.to_string(),
        ..ToolUse::default()
    })
}

/// No part where a stop sequence leaves no text: an empty one is not valid in a next turn.
fn text(request: &Request, input: &LastInput<'_>, model: &str) -> (Option<Part>, FinishReason) {
    let whole = whole_text(&request.output, input, model);
    // Protobuf's JSON writes a limit that was never set as 0.
    let limit = request.sampling.max_output.filter(|limit| *limit > 0);
    let (text, finish) = shortened(&whole, &request.sampling.stop, limit);
    ((!text.is_empty()).then(|| Part::text(text)), finish)
}

fn whole_text(format: &OutputFormat, input: &LastInput<'_>, model: &str) -> String {
    let prose = || match input {
        LastInput::Prompt(prompt) => wording::to_prompt(prompt, model),
        LastInput::ToolResult(result) => wording::to_tool_result(result),
    };
    match format {
        OutputFormat::Text => prose(),
        OutputFormat::JsonObject => json!({"message": prose()}).to_string(),
        OutputFormat::JsonSchema { schema, .. } => match schema::smallest(schema) {
            // Google's `text/x.enum` asks for the bare value.
            Value::String(value) if schema.get("enum").is_some() => value,
            value => value.to_string(),
        },
    }
}

/// Ends the text before the first stop sequence or at the token limit, whichever comes first.
fn shortened<'a>(text: &'a str, stop: &[String], limit: Option<u64>) -> (&'a str, FinishReason) {
    let found = stop.iter().filter(|stop| !stop.is_empty());
    let first = found.filter_map(|stop| Some((text.find(stop.as_str())?, stop))).min_by_key(|(at, _)| *at);
    let (text, finish) = match first {
        Some((at, stop)) => (&text[..at], FinishReason::StopSequence(stop.clone())),
        None => (text, FinishReason::Stop),
    };
    let affordable = tokens::first(text, limit.unwrap_or(u64::MAX));
    if affordable.len() < text.len() { (affordable, FinishReason::Length) } else { (text, finish) }
}
