//! `openai.types.chat.CompletionCreateParams`, both ways.

use serde_json::{Value, json};

use super::{content, tools};
use crate::chat::{Dropped, Effort, Maker, OutputFormat, Part, Reasoning, Request, Sampling};
use crate::protocol::capability;
use crate::protocol::encoded::{Encoded, max_output};
use crate::protocol::field::{self, Object};
use crate::protocol::invalid::{InvalidField, Outcome};
use crate::protocol::limits::Limits;
use crate::protocol::names::{NameRule, ToolNames};
use crate::protocol::schema;

/// `openai.types.shared_params.FunctionDefinition.name`.
pub const TOOL_NAMES: NameRule = NameRule { longest: 64, also: "", starts_with_letter: false };

const KNOWN: [&str; 22] = [
    "model",
    "messages",
    "stream",
    "stream_options",
    "max_tokens",
    "max_completion_tokens",
    "temperature",
    "top_p",
    "top_k",
    "seed",
    "frequency_penalty",
    "presence_penalty",
    "stop",
    "n",
    "tools",
    "tool_choice",
    "parallel_tool_calls",
    "reasoning_effort",
    "response_format",
    "web_search_options",
    "functions",
    "function_call",
];

/// Fields with the same name and meaning in chat completions and in Responses.
pub const SHARED: [&str; 7] = [
    "metadata",
    "user",
    "prompt_cache_key",
    "prompt_cache_retention",
    "safety_identifier",
    "service_tier",
    "verbosity",
];

pub fn decode(mut body: Object) -> Outcome<Request> {
    let mut request = Request::new(Maker::OpenAi, field::required_string(&body, "model")?);
    field::required(&body, "messages")?;
    if field::get(&body, "functions").is_some() {
        return Err(InvalidField::new("deprecated since 2023 and not supported; use `tools`").at("functions"));
    }
    decode_stream(&body, &mut request)?;
    field::each(&body, "messages", |message| content::decode_message(message, &mut request))?;
    request.sampling = decode_sampling(&body)?;
    request.dropped.note_if(field::count(&body, "n")?.is_some_and(|answers| answers > 1), "n");
    request.reasoning = field::string(&body, "reasoning_effort")?.map(reasoning).unwrap_or_default();
    if let Some(format) = field::object(&body, "response_format")? {
        request.output = decode_output(format).map_err(|invalid| invalid.at("response_format"))?;
    }
    tools::decode(&body, &mut request)?;
    request.unknown = field::unknown(&mut body, &KNOWN);
    Ok(request)
}

/// `stream` and `stream_options`, which the older completions have too.
pub fn decode_stream(body: &Object, request: &mut Request) -> Outcome<()> {
    request.stream = field::boolean(body, "stream")?.unwrap_or(false);
    if let Some(options) = field::object(body, "stream_options")? {
        request.include_usage = field::boolean(options, "include_usage")?.unwrap_or(false);
    }
    Ok(())
}

pub fn decode_sampling(body: &Object) -> Outcome<Sampling> {
    let stop = match field::get(body, "stop") {
        Some(Value::String(one)) => vec![one.clone()],
        _ => field::strings(body, "stop")?,
    };
    let max_output = match field::count(body, "max_completion_tokens")? {
        Some(tokens) => Some(tokens),
        None => field::count(body, "max_tokens")?,
    };
    Ok(Sampling {
        max_output,
        temperature: field::number(body, "temperature")?,
        top_p: field::number(body, "top_p")?,
        top_k: field::number(body, "top_k")?,
        seed: field::integer(body, "seed")?,
        frequency_penalty: field::number(body, "frequency_penalty")?,
        presence_penalty: field::number(body, "presence_penalty")?,
        stop,
    })
}

/// `openai.types.shared.ReasoningEffort`. An unknown level leaves the choice to the model.
pub fn reasoning(effort: &str) -> Reasoning {
    if effort == "none" {
        return Reasoning::OFF;
    }
    Reasoning { effort: Effort::from_name(effort), ..Reasoning::default() }
}

/// `response_format`; or Responses' `text.format`, whose schema is one level up.
pub fn decode_output(format: &Object) -> Outcome<OutputFormat> {
    match field::required_string(format, "type")? {
        "text" => Ok(OutputFormat::Text),
        "json_object" => Ok(OutputFormat::JsonObject),
        "json_schema" => {
            let body = field::object(format, "json_schema")?.unwrap_or(format);
            Ok(OutputFormat::JsonSchema {
                name: field::owned(body, "name")?,
                description: field::owned(body, "description")?,
                schema: field::required(body, "schema")?.clone(),
                strict: field::boolean(body, "strict")?,
            })
        }
        _ => Err(InvalidField::new("must be text, json_object or json_schema").at("type")),
    }
}

pub fn encode(request: &Request, limits: Limits) -> Outcome<Encoded> {
    let mut dropped = request.dropped.clone();
    let names = ToolNames::fit(request, TOOL_NAMES);
    let mut body = Object::new();
    body.insert("model".to_owned(), json!(request.model));
    let mut messages = content::encode_turns(request, &names, &mut dropped)?;
    if needs_json_hint(request) {
        dropped.note("response_format");
        messages.push(json!({"role": "system", "content": JSON_HINT}));
    }
    body.insert("messages".to_owned(), Value::Array(messages));
    if request.stream {
        body.insert("stream".to_owned(), json!(true));
        body.insert("stream_options".to_owned(), json!({"include_usage": true}));
    }
    if let Some(tokens) = max_output(request, &mut dropped) {
        // Compatible servers often know the old name alone.
        let key = if capability::is_openai(&request.model) { "max_completion_tokens" } else { "max_tokens" };
        body.insert(key.to_owned(), json!(tokens));
    }
    encode_sampling(request, &mut body, &mut dropped);
    if let Some(effort) = encode_effort(request, &mut dropped) {
        body.insert("reasoning_effort".to_owned(), json!(effort));
    }
    match encode_output(&request.output) {
        Some(schema) if request.output == OutputFormat::JsonObject => {
            body.insert("response_format".to_owned(), schema);
        }
        Some(schema) => {
            let format = json!({"type": "json_schema", "json_schema": schema});
            body.insert("response_format".to_owned(), format);
        }
        None => {}
    }
    tools::encode(request, &names, &mut body, &mut dropped);
    encode_shared(request, &mut body, &mut dropped);
    Encoded::new(body, dropped, names, limits)
}

/// Models that think refuse sampling and stop sequences.
pub fn encode_sampling(request: &Request, body: &mut Object, dropped: &mut Dropped) {
    let sampling = &request.sampling;
    let is_taken = !capability::openai_thinks(&request.model);
    for (key, value, default) in [("temperature", sampling.temperature, 1.0), ("top_p", sampling.top_p, 1.0)]
    {
        match value {
            Some(value) if is_taken => {
                body.insert(key.to_owned(), json!(value));
            }
            Some(value) => dropped.note_if((value - default).abs() > f64::EPSILON, key),
            None => {}
        }
    }
    for (key, value) in
        [("frequency_penalty", sampling.frequency_penalty), ("presence_penalty", sampling.presence_penalty)]
    {
        match value {
            Some(value) if is_taken => {
                body.insert(key.to_owned(), json!(value));
            }
            Some(value) => dropped.note_if(value != 0.0, key),
            None => {}
        }
    }
    if let Some(seed) = sampling.seed {
        body.insert("seed".to_owned(), json!(seed));
    }
    if !sampling.stop.is_empty() && is_taken {
        const MOST: usize = 4;
        dropped.note_if(sampling.stop.len() > MOST, "stop");
        let stop = &sampling.stop[..sampling.stop.len().min(MOST)];
        body.insert("stop".to_owned(), json!(stop));
    }
    dropped.note_if(!sampling.stop.is_empty() && !is_taken, "stop");
    dropped.note_if(sampling.top_k.is_some(), "top_k");
}

/// The level to ask for. Which models take `none` changes with every release. All of them
/// take `low`, except the pro models, which have one level.
pub fn encode_effort(request: &Request, dropped: &mut Dropped) -> Option<&'static str> {
    let reasoning = request.reasoning_meant();
    let is_pro = request.model.contains("-pro");
    if capability::openai_refuses_effort(&request.model)
        || (is_pro && capability::openai_thinks(&request.model))
    {
        dropped.note_if(request.reasoning.level().is_some() || reasoning.enabled == Some(true), "reasoning");
        return None;
    }
    if reasoning.is_off() {
        dropped.note_if(request.reasoning.is_off() && capability::openai_thinks(&request.model), "reasoning");
        return capability::openai_thinks(&request.model).then_some(Effort::Low.name());
    }
    reasoning.level().map(Effort::name)
}

/// The object in `response_format.json_schema` and in `text.format`; for "any JSON object",
/// the whole format.
pub fn encode_output(output: &OutputFormat) -> Option<Value> {
    match output {
        OutputFormat::Text => None,
        OutputFormat::JsonObject => Some(json!({"type": "json_object"})),
        OutputFormat::JsonSchema { name, description, schema, strict } => {
            let is_strict = strict.unwrap_or(true) && schema::is_strict(schema);
            let mut format = json!({
                "name": name.as_deref().unwrap_or("answer"),
                "schema": schema,
                "strict": is_strict,
            });
            if let Some(description) = description {
                format["description"] = json!(description);
            }
            Some(format)
        }
    }
}

/// A message for conversations that do not mention JSON: OpenAI refuses its JSON mode in them.
pub const JSON_HINT: &str = "Answer with one JSON object.";

pub fn needs_json_hint(request: &Request) -> bool {
    let mentions = |part: &Part| matches!(part, Part::Text { text, .. } if text.contains("JSON") || text.contains("json"));
    let mut parts = request.turns.iter().flat_map(|turn| &turn.parts);
    request.output == OutputFormat::JsonObject && !parts.any(mentions)
}

/// Passes on the fields that both OpenAI protocols share, and notes the others as dropped.
pub fn encode_shared(request: &Request, body: &mut Object, dropped: &mut Dropped) {
    for (key, value) in &request.unknown {
        if request.maker == Maker::OpenAi && SHARED.contains(&key.as_str()) {
            body.insert(key.clone(), value.clone());
        } else {
            dropped.note(key.clone());
        }
    }
}
