//! `openai.types.responses.ResponseCreateParams`, both ways.

use serde_json::{Value, json};

use super::{content, tools};
use crate::chat::{Maker, OutputFormat, Part, Reasoning, Request, Role, Sampling};
use crate::protocol::capability;
use crate::protocol::encoded::{Encoded, max_output};
use crate::protocol::field::{self, Object};
use crate::protocol::invalid::{InvalidField, Outcome};
use crate::protocol::limits::Limits;
use crate::protocol::names::ToolNames;
use crate::protocol::openai_chat::content::system_text;
use crate::protocol::openai_chat::request as chat_request;

const KNOWN: [&str; 14] = [
    "model",
    "input",
    "instructions",
    "stream",
    "max_output_tokens",
    "temperature",
    "top_p",
    "tools",
    "tool_choice",
    "parallel_tool_calls",
    "reasoning",
    "text",
    // Always in effect: the answer has no other way to hold the thoughts.
    "include",
    "stream_options",
];

/// Fields that only OpenAI's own server can follow, and what to do instead.
const REFUSED: [(&str, &str); 3] = [
    ("conversation", "a conversation that OpenAI stores cannot be read here; send the whole input instead"),
    ("prompt", "a prompt that OpenAI stores cannot be read here; send its text as `instructions` instead"),
    ("background", "no answer is made in the background here; leave this field out"),
];

pub fn decode(mut body: Object) -> Outcome<Request> {
    let mut request = Request::new(Maker::OpenAi, field::required_string(&body, "model")?);
    refuse_stored(&body)?;
    request.stream = field::boolean(&body, "stream")?.unwrap_or(false);
    request.include_usage = true;
    if let Some(instructions) = field::string(&body, "instructions")?.filter(|text| !text.is_empty()) {
        request.add(Role::System, vec![Part::text(instructions)]);
    }
    let input = field::required(&body, "input")?;
    content::decode_input(input, &mut request).map_err(|invalid| invalid.at("input"))?;
    request.sampling = Sampling {
        max_output: field::count(&body, "max_output_tokens")?,
        temperature: field::number(&body, "temperature")?,
        top_p: field::number(&body, "top_p")?,
        ..Sampling::default()
    };
    request.reasoning = decode_reasoning(&body)?;
    decode_text(&body, &mut request).map_err(|invalid| invalid.at("text"))?;
    tools::decode(&body, &mut request)?;
    let verbosity = request.unknown.remove("verbosity");
    request.unknown = field::unknown(&mut body, &KNOWN);
    request.unknown.extend(verbosity.map(|value| ("verbosity".to_owned(), value)));
    Ok(request)
}

fn refuse_stored(body: &Object) -> Outcome<()> {
    let is_used = |key: &str| field::get(body, key).is_some_and(|value| value != &json!(false));
    match REFUSED.iter().find(|(key, _)| is_used(key)) {
        None => Ok(()),
        Some((key, problem)) => Err(InvalidField::new(*problem).at(key)),
    }
}

fn decode_reasoning(body: &Object) -> Outcome<Reasoning> {
    let Some(written) = field::object(body, "reasoning")? else { return Ok(Reasoning::default()) };
    let inside = |invalid: InvalidField| invalid.at("reasoning");
    let effort = field::string(written, "effort").map_err(inside)?;
    let mut reasoning = effort.map(chat_request::reasoning).unwrap_or_default();
    let summary = field::string(written, "summary").map_err(inside)?;
    reasoning.visible = summary.map(|kind| kind != "none").or(reasoning.visible);
    Ok(reasoning)
}

fn decode_text(body: &Object, request: &mut Request) -> Outcome<()> {
    let Some(text) = field::object(body, "text")? else { return Ok(()) };
    if let Some(format) = field::object(text, "format")? {
        request.output = chat_request::decode_output(format).map_err(|invalid| invalid.at("format"))?;
    }
    if let Some(verbosity) = field::get(text, "verbosity") {
        request.unknown.insert("verbosity".to_owned(), verbosity.clone());
    }
    Ok(())
}

pub fn encode(request: &Request, limits: Limits) -> Outcome<Encoded> {
    let mut dropped = request.dropped.clone();
    let names = ToolNames::fit(request, chat_request::TOOL_NAMES);
    let (system, turns) = request.split_system();
    let mut body = Object::new();
    body.insert("model".to_owned(), json!(request.model));
    let instructions: Vec<String> = system.iter().map(|turn| system_text(turn, &mut dropped)).collect();
    if !instructions.is_empty() {
        body.insert("instructions".to_owned(), json!(instructions.join("\n\n")));
    }
    let mut input = content::encode_turns(turns, &names, &mut dropped)?;
    if chat_request::needs_json_hint(request) {
        dropped.note("response_format");
        input.push(json!({"type": "message", "role": "developer", "content": chat_request::JSON_HINT}));
    }
    body.insert("input".to_owned(), Value::Array(input));
    // The client keeps the conversation.
    body.insert("store".to_owned(), json!(false));
    if request.stream {
        body.insert("stream".to_owned(), json!(true));
    }
    if let Some(tokens) = max_output(request, &mut dropped) {
        const LEAST: u64 = 16;
        body.insert("max_output_tokens".to_owned(), json!(tokens.max(LEAST)));
    }
    let mut sampling = Object::new();
    chat_request::encode_sampling(request, &mut sampling, &mut dropped);
    for (key, value) in sampling {
        // Responses has no stop sequences, no seed and no penalties.
        if key == "temperature" || key == "top_p" {
            body.insert(key, value);
        } else {
            dropped.note(key);
        }
    }
    if capability::openai_thinks(&request.model) {
        body.insert("include".to_owned(), json!(["reasoning.encrypted_content"]));
    }
    if let Some(effort) = chat_request::encode_effort(request, &mut dropped) {
        body.insert("reasoning".to_owned(), json!({"effort": effort}));
    }
    // Asking for a summary is a 400 for an organization that is not verified.
    dropped.note_if(request.reasoning.visible == Some(true), "reasoning.summary");
    encode_format(request, &mut body);
    tools::encode(request, &names, &mut body, &mut dropped);
    chat_request::encode_shared(request, &mut body, &mut dropped);
    if let Some(verbosity) = body.remove("verbosity") {
        let text = body.entry("text").or_insert_with(|| json!({}));
        text["verbosity"] = verbosity;
    }
    Encoded::new(body, dropped, names, limits)
}

fn encode_format(request: &Request, body: &mut Object) {
    let Some(mut format) = chat_request::encode_output(&request.output) else { return };
    if request.output != OutputFormat::JsonObject {
        format["type"] = json!("json_schema");
    }
    body.insert("text".to_owned(), json!({"format": format}));
}
