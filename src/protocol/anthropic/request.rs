//! `anthropic.types.MessageCreateParams`, both ways.

use serde_json::{Value, json};

use super::{content, tools};
use crate::chat::{Dropped, Effort, Maker, OutputFormat, Part, Reasoning, Request, Role, Sampling, Turn};
use crate::protocol::capability;
use crate::protocol::encoded::{Encoded, max_output};
use crate::protocol::field::{self, Object};
use crate::protocol::invalid::{InvalidField, Outcome};
use crate::protocol::limits::Limits;
use crate::protocol::names::{NameRule, ToolNames};
use crate::protocol::schema;

/// <https://docs.claude.com/en/docs/agents-and-tools/tool-use/implement-tool-use>
pub const TOOL_NAMES: NameRule = NameRule { longest: 128, also: "", starts_with_letter: false };

const KNOWN: [&str; 14] = [
    "model",
    "messages",
    "system",
    "max_tokens",
    "stream",
    "temperature",
    "top_p",
    "top_k",
    "stop_sequences",
    "tools",
    "tool_choice",
    "thinking",
    "output_config",
    "cache_control",
];

pub fn decode(mut body: Object) -> Outcome<Request> {
    let mut request = Request::new(Maker::Anthropic, field::required_string(&body, "model")?);
    field::required(&body, "messages")?;
    request.stream = field::boolean(&body, "stream")?.unwrap_or(false);
    request.include_usage = true;
    decode_system(&body, &mut request).map_err(|invalid| invalid.at("system"))?;
    field::each(&body, "messages", |message| decode_message(message, &mut request))?;
    request.sampling = decode_sampling(&body)?;
    request.reasoning = decode_reasoning(&body)?;
    request.output = decode_output(&body)?;
    tools::decode(&body, &mut request)?;
    request.dropped.note_if(body.contains_key("cache_control"), "cache_control");
    request.unknown = field::unknown(&mut body, &KNOWN);
    Ok(request)
}

/// Claude Code starts its system prompt with a line for Anthropic's billing that changes with
/// every request. For other vendors it is noise that defeats their caches.
const BILLING_HEADER: &str = "x-anthropic-billing-header:";

fn decode_system(body: &Object, request: &mut Request) -> Outcome<()> {
    let Some(system) = field::get(body, "system") else { return Ok(()) };
    let mut parts = content::decode(system, Role::System, &mut request.dropped)?;
    let is_billing =
        |part: &Part| matches!(part, Part::Text { text, .. } if text.starts_with(BILLING_HEADER));
    request.dropped.note_if(parts.iter().any(is_billing), "system.x-anthropic-billing-header");
    parts.retain(|part| !is_billing(part));
    if !parts.is_empty() {
        request.add(Role::System, parts);
    }
    Ok(())
}

fn decode_message(message: &Value, request: &mut Request) -> Outcome<()> {
    let message = field::as_object(message)?;
    let role = match field::required_string(message, "role")? {
        "user" => Role::User,
        "assistant" => Role::Assistant,
        // The beta "mid-conversation system" allows it among the messages.
        "system" => Role::System,
        _ => return Err(InvalidField::new("must be user, assistant or system").at("role")),
    };
    let written = field::required(message, "content")?;
    let parts = content::decode(written, role, &mut request.dropped).map_err(|e| e.at("content"))?;
    request.turns.push(Turn { role, parts });
    Ok(())
}

fn decode_sampling(body: &Object) -> Outcome<Sampling> {
    Ok(Sampling {
        max_output: field::count(body, "max_tokens")?,
        temperature: field::number(body, "temperature")?,
        top_p: field::number(body, "top_p")?,
        top_k: field::number(body, "top_k")?,
        stop: field::strings(body, "stop_sequences")?,
        ..Sampling::default()
    })
}

fn decode_reasoning(body: &Object) -> Outcome<Reasoning> {
    let effort = match field::object(body, "output_config")? {
        Some(config) => field::string(config, "effort").map_err(|e| e.at("output_config"))?,
        None => None,
    };
    let mut reasoning = Reasoning { effort: effort.and_then(Effort::from_name), ..Reasoning::default() };
    let Some(thinking) = field::object(body, "thinking")? else { return Ok(reasoning) };
    let inside = |invalid: InvalidField| invalid.at("thinking");
    let kind = field::required_string(thinking, "type").map_err(inside)?;
    reasoning.enabled = Some(kind != "disabled");
    let budget = field::count(thinking, "budget_tokens").map_err(inside)?;
    reasoning.budget = budget.map(|tokens| u32::try_from(tokens).unwrap_or(u32::MAX));
    let is_hidden = field::string(thinking, "display").map_err(inside)? == Some("omitted");
    reasoning.visible = Some(kind != "disabled" && !is_hidden);
    Ok(reasoning)
}

fn decode_output(body: &Object) -> Outcome<OutputFormat> {
    let Some(config) = field::object(body, "output_config")? else { return Ok(OutputFormat::Text) };
    let inside = |invalid: InvalidField| invalid.at("output_config");
    let Some(format) = field::object(config, "format").map_err(inside)? else {
        return Ok(OutputFormat::Text);
    };
    let schema = field::required(format, "schema").map_err(|e| inside(e.at("format")))?.clone();
    Ok(OutputFormat::JsonSchema { name: None, description: None, schema, strict: Some(true) })
}

pub fn encode(request: &Request, limits: Limits) -> Outcome<Encoded> {
    let mut dropped = request.dropped.clone();
    let names = ToolNames::fit(request, TOOL_NAMES);
    let (system, turns) = request.split_system();
    let messages = content::encode_turns(turns, &names, &mut dropped)?;
    let mut body = Object::new();
    body.insert("model".to_owned(), json!(request.model));
    body.insert("messages".to_owned(), Value::Array(messages));
    let mut system = content::encode_system(system, &mut dropped);
    encode_output(request, &mut body, &mut system, &mut dropped);
    if !system.is_empty() {
        body.insert("system".to_owned(), Value::Array(system));
    }
    let max_tokens = max_output(request, &mut dropped)
        .unwrap_or_else(|| capability::claude_default_max_tokens(&request.model));
    body.insert("max_tokens".to_owned(), json!(max_tokens));
    let thinks = encode_reasoning(request, max_tokens, &mut body, &mut dropped);
    encode_sampling(request, thinks, &mut body, &mut dropped);
    tools::encode(request, &names, &mut body, &mut dropped);
    if request.stream {
        body.insert("stream".to_owned(), json!(true));
    }
    for key in request.unknown.keys() {
        dropped.note(key.clone());
    }
    Encoded::new(body, dropped, names, limits)
}

/// Anthropic refuses sampling beside thinking, `temperature` beside `top_p`, and values above
/// 1. The newest models refuse sampling altogether.
fn encode_sampling(request: &Request, thinks: bool, body: &mut Object, dropped: &mut Dropped) {
    let sampling = &request.sampling;
    let is_taken = !thinks && capability::claude_takes_sampling(&request.model);
    match sampling.temperature {
        Some(temperature) if is_taken => {
            dropped.note_if(temperature > 1.0, "temperature");
            body.insert("temperature".to_owned(), json!(temperature.min(1.0)));
        }
        // 1 is the default.
        Some(temperature) => dropped.note_if((temperature - 1.0).abs() > f64::EPSILON, "temperature"),
        None => {}
    }
    match sampling.top_p {
        Some(top_p) if is_taken && sampling.temperature.is_none() => {
            body.insert("top_p".to_owned(), json!(top_p));
        }
        Some(top_p) => dropped.note_if((top_p - 1.0).abs() > f64::EPSILON, "top_p"),
        None => {}
    }
    match sampling.top_k {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a small count")]
        Some(top_k) if is_taken => {
            body.insert("top_k".to_owned(), json!(top_k.max(0.0) as u64));
        }
        Some(_) => dropped.note("top_k"),
        None => {}
    }
    if !sampling.stop.is_empty() {
        body.insert("stop_sequences".to_owned(), json!(sampling.stop));
    }
    dropped.note_if(sampling.seed.is_some(), "seed");
    dropped.note_if(sampling.frequency_penalty.is_some_and(|p| p != 0.0), "frequency_penalty");
    dropped.note_if(sampling.presence_penalty.is_some_and(|p| p != 0.0), "presence_penalty");
}

/// The smallest thinking budget that Anthropic accepts, in tokens.
const LEAST_BUDGET: u64 = 1024;

/// Writes `thinking` and `output_config.effort`. Returns whether the model will think.
fn encode_reasoning(request: &Request, max_tokens: u64, body: &mut Object, dropped: &mut Dropped) -> bool {
    let reasoning = &request.reasoning;
    let is_asked = reasoning.enabled == Some(true) || reasoning.level().is_some();
    if reasoning.is_off() {
        body.insert("thinking".to_owned(), json!({"type": "disabled"}));
        return false;
    }
    if !is_asked {
        return false;
    }
    if tools::forces_a_call(request) {
        // Anthropic refuses a forced tool beside thinking, and the answer depends on the tool.
        dropped.note("reasoning");
        return false;
    }
    if !capability::claude_counts_thinking(&request.model) {
        body.insert("thinking".to_owned(), json!({"type": "adaptive"}));
        if reasoning.visible == Some(true) {
            body["thinking"]["display"] = json!("summarized");
        }
        if let Some(effort) = reasoning.level() {
            let effort = effort.max(Effort::Low).name();
            config(body).insert("effort".to_owned(), json!(effort));
        }
        return true;
    }
    if max_tokens <= LEAST_BUDGET || resumes_unsigned(request) {
        dropped.note("reasoning");
        return false;
    }
    let wanted = reasoning.tokens().map_or(8192, u64::from);
    let budget = wanted.clamp(LEAST_BUDGET, max_tokens - 1);
    dropped.note_if(budget != wanted, "reasoning.budget");
    body.insert("thinking".to_owned(), json!({"type": "enabled", "budget_tokens": budget}));
    true
}

/// Whether the request continues a tool loop that started without Anthropic's thinking. It
/// cannot think now: the API requires a signed thinking block at the start of the last
/// assistant turn.
fn resumes_unsigned(request: &Request) -> bool {
    let last = request.turns.iter().rev().find(|turn| turn.role == Role::Assistant);
    let ends_in_results = request
        .turns
        .last()
        .is_some_and(|turn| turn.parts.iter().any(|part| matches!(part, Part::ToolResult(_))));
    ends_in_results && !last.is_some_and(|turn| turn.parts.iter().any(content::is_own_thinking))
}

fn encode_output(request: &Request, body: &mut Object, system: &mut Vec<Value>, dropped: &mut Dropped) {
    match &request.output {
        OutputFormat::Text => {}
        OutputFormat::JsonObject => {
            // Anthropic has no such mode, and advises to ask for it in words.
            dropped.note("response_format");
            system.push(json!({"type": "text", "text": "Answer with one JSON object and nothing else."}));
        }
        OutputFormat::JsonSchema { schema, .. } => {
            let schema = schema::for_anthropic_output(schema);
            config(body).insert("format".to_owned(), json!({"type": "json_schema", "schema": schema}));
        }
    }
}

fn config(body: &mut Object) -> &mut Object {
    let config = body.entry("output_config").or_insert_with(|| json!({}));
    match config {
        Value::Object(config) => config,
        _ => unreachable!("output_config is written here only, as an object"),
    }
}
