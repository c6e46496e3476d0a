//! `generateContent`'s request (`google.genai.types.GenerateContentConfig` as it goes over
//! the wire: `_GenerateContentConfig_to_mldev`), both ways.

use serde_json::{Value, json};

use super::openapi::InlineBudget;
use super::{content, schema, spelling, tools, turns};
use crate::chat::{Dropped, Effort, Maker, OutputFormat, Reasoning, Request, Role, Sampling};
use crate::protocol::capability::{self, GeminiThinking};
use crate::protocol::encoded::{Encoded, max_output};
use crate::protocol::field::{self, Object};
use crate::protocol::invalid::{InvalidField, Outcome};
use crate::protocol::limits::Limits;
use crate::protocol::names::{NameRule, ToolNames};
use crate::protocol::operation::RequestTarget;

/// <https://ai.google.dev/api/caching#FunctionDeclaration>
pub const TOOL_NAMES: NameRule = NameRule { longest: 64, also: ".:", starts_with_letter: true };

const KNOWN: [&str; 6] =
    ["model", "contents", "systemInstruction", "generationConfig", "tools", "toolConfig"];

const KNOWN_CONFIG: [&str; 14] = [
    "maxOutputTokens",
    "temperature",
    "topP",
    "topK",
    "seed",
    "frequencyPenalty",
    "presencePenalty",
    "stopSequences",
    "candidateCount",
    "responseMimeType",
    "responseSchema",
    "responseJsonSchema",
    "thinkingConfig",
    "responseModalities",
];

pub fn decode(body: Object, target: &RequestTarget<'_>) -> Outcome<Request> {
    let mut body = spelling::to_camel_case(body);
    let model = match target.model {
        Some(model) => model,
        None => field::required_string(&body, "model")?,
    };
    let mut request = Request::new(Maker::Gemini, model);
    request.stream = target.stream;
    request.include_usage = true;
    if field::get(&body, "cachedContent").is_some() {
        let problem = "a cache at Google cannot be read elsewhere; send the contents instead";
        return Err(InvalidField::new(problem).at("cachedContent"));
    }
    if let Some(system) = field::get(&body, "systemInstruction") {
        let parts = content::decode_system(system, &mut request.dropped);
        request.add(Role::System, parts.map_err(|invalid| invalid.at("systemInstruction"))?);
    }
    let contents = field::required(&body, "contents")?;
    content::decode_contents(contents, &mut request).map_err(|invalid| invalid.at("contents"))?;
    request.unknown = field::unknown(&mut body, &KNOWN);
    if let Some(config) = field::object(&body, "generationConfig")? {
        decode_config(config, &mut request).map_err(|invalid| invalid.at("generationConfig"))?;
    }
    tools::decode(&body, &mut request)?;
    Ok(request)
}

fn decode_config(config: &Object, request: &mut Request) -> Outcome<()> {
    request.sampling = Sampling {
        max_output: field::count(config, "maxOutputTokens")?,
        temperature: field::number(config, "temperature")?,
        top_p: field::number(config, "topP")?,
        top_k: field::number(config, "topK")?,
        seed: field::integer(config, "seed")?,
        frequency_penalty: field::number(config, "frequencyPenalty")?,
        presence_penalty: field::number(config, "presencePenalty")?,
        stop: field::strings(config, "stopSequences")?,
    };
    let answers = field::count(config, "candidateCount")?;
    request.dropped.note_if(answers.is_some_and(|answers| answers > 1), "candidateCount");
    refuse_other_modalities(config)?;
    if let Some(thinking) = field::object(config, "thinkingConfig")? {
        request.reasoning = decode_thinking(thinking).map_err(|invalid| invalid.at("thinkingConfig"))?;
    }
    request.output = decode_output(config)?;
    for key in field::unknown_names(config, &KNOWN_CONFIG) {
        request.unknown.insert(format!("generationConfig.{key}"), config[key].clone());
    }
    Ok(())
}

/// Refuses requests for pictures or sound, which another vendor's chat model cannot give.
fn refuse_other_modalities(config: &Object) -> Outcome<()> {
    let is_text =
        |kind: &Value| kind.as_str().is_some_and(|kind| kind.eq_ignore_ascii_case("TEXT")) || kind == 1;
    if field::list(config, "responseModalities")?.iter().all(is_text) {
        return Ok(());
    }
    Err(InvalidField::new("another vendor's model can answer in TEXT only").at("responseModalities"))
}

fn decode_thinking(config: &Object) -> Outcome<Reasoning> {
    let budget = field::integer(config, "thinkingBudget")?;
    let level = field::string(config, "thinkingLevel")?;
    if budget == Some(0) {
        return Ok(Reasoning::OFF);
    }
    Ok(Reasoning {
        enabled: (budget.is_some() || level.is_some()).then_some(true),
        effort: level.and_then(Effort::from_name),
        // A negative budget leaves the choice to the model.
        budget: budget.and_then(|tokens| u32::try_from(tokens).ok()),
        visible: field::boolean(config, "includeThoughts")?,
    })
}

fn decode_output(config: &Object) -> Outcome<OutputFormat> {
    let media_type = field::string(config, "responseMimeType")?;
    let schema = field::get(config, "responseJsonSchema").or_else(|| field::get(config, "responseSchema"));
    Ok(match (media_type, schema) {
        (Some("text/x.enum") | None, None) | (Some("text/plain"), _) => OutputFormat::Text,
        (_, Some(written)) => OutputFormat::JsonSchema {
            name: None,
            description: None,
            schema: schema::to_json_schema(written),
            strict: None,
        },
        (Some("application/json"), None) => OutputFormat::JsonObject,
        (Some(_), None) => {
            return Err(InvalidField::new("must be text/plain or application/json").at("responseMimeType"));
        }
    })
}

pub fn encode(request: &Request, limits: Limits) -> Outcome<Encoded> {
    let mut dropped = request.dropped.clone();
    let names = ToolNames::fit(request, TOOL_NAMES);
    let mut body = Object::new();
    let (system, _) = request.split_system();
    if let Some(instruction) = turns::encode_system(system, &mut dropped) {
        body.insert("systemInstruction".to_owned(), instruction);
    }
    let contents = turns::encode_turns(request, &names, limits, &mut dropped)?;
    body.insert("contents".to_owned(), Value::Array(contents));
    let mut inlining = InlineBudget::default();
    tools::encode(request, &names, &mut inlining, &mut body, &mut dropped);
    let config = encode_config(request, &mut inlining, &mut dropped);
    dropped.note_if(inlining.is_short, "$ref");
    if !config.is_empty() {
        body.insert("generationConfig".to_owned(), Value::Object(config));
    }
    for key in request.unknown.keys() {
        dropped.note(key.clone());
    }
    Encoded::new(body, dropped, names, limits)
}

fn encode_config(request: &Request, inlining: &mut InlineBudget, dropped: &mut Dropped) -> Object {
    let sampling = &request.sampling;
    let mut config = Object::new();
    let limit = max_output(request, dropped);
    let mut put = |key: &str, value: Option<Value>| {
        if let Some(value) = value {
            config.insert(key.to_owned(), value);
        }
    };
    put("maxOutputTokens", limit.map(|value| json!(value)));
    put("temperature", sampling.temperature.map(|value| json!(value)));
    put("topP", sampling.top_p.map(|value| json!(value)));
    #[expect(clippy::cast_possible_truncation, reason = "the API takes whole numbers alone")]
    put("topK", sampling.top_k.map(|value| json!(value as i64)));
    put("seed", sampling.seed.and_then(|seed| i32::try_from(seed).ok()).map(|seed| json!(seed)));
    put("frequencyPenalty", sampling.frequency_penalty.map(|value| json!(value)));
    put("presencePenalty", sampling.presence_penalty.map(|value| json!(value)));
    if !sampling.stop.is_empty() {
        const MOST: usize = 5;
        dropped.note_if(sampling.stop.len() > MOST, "stop");
        put("stopSequences", Some(json!(&sampling.stop[..sampling.stop.len().min(MOST)])));
    }
    dropped.note_if(sampling.seed.is_some_and(|seed| i32::try_from(seed).is_err()), "seed");
    put("thinkingConfig", encode_thinking(request, dropped));
    encode_output(request, inlining, &mut config);
    config
}

fn encode_thinking(request: &Request, dropped: &mut Dropped) -> Option<Value> {
    let reasoning = request.reasoning_meant();
    if reasoning == Reasoning::default() {
        return None;
    }
    let is_turned_off = request.reasoning.is_off();
    let mut config = Object::new();
    match capability::gemini_thinking(&request.model) {
        GeminiThinking::None => {
            dropped.note_if(!reasoning.is_off(), "reasoning");
            return None;
        }
        GeminiThinking::Budget { least, most } => {
            let wanted = if reasoning.is_off() { Some(0) } else { reasoning.tokens() };
            let budget = wanted.map(|tokens| tokens.clamp(least, most));
            dropped.note_if(is_turned_off && least > 0, "reasoning");
            // -1 leaves the amount to the model.
            let budget = budget.map_or_else(|| json!(-1), |tokens| json!(tokens));
            config.insert("thinkingBudget".to_owned(), budget);
        }
        GeminiThinking::Level { is_pro } => {
            dropped.note_if(is_turned_off, "reasoning");
            if let Some(level) = level(&reasoning, is_pro) {
                config.insert("thinkingLevel".to_owned(), json!(level));
            }
        }
    }
    if reasoning.visible.unwrap_or(!reasoning.is_off()) {
        config.insert("includeThoughts".to_owned(), json!(true));
    }
    Some(Value::Object(config))
}

/// `google.genai.types.ThinkingLevel`. All models take `LOW` and `HIGH`.
fn level(reasoning: &Reasoning, is_pro: bool) -> Option<&'static str> {
    let effort = if reasoning.is_off() { Some(Effort::Minimal) } else { reasoning.level() };
    Some(match effort? {
        Effort::Minimal if !is_pro => "MINIMAL",
        Effort::Minimal | Effort::Low => "LOW",
        Effort::Medium if !is_pro => "MEDIUM",
        Effort::Medium | Effort::High | Effort::XHigh | Effort::Max => "HIGH",
    })
}

fn encode_output(request: &Request, inlining: &mut InlineBudget, config: &mut Object) {
    if request.output == OutputFormat::Text {
        return;
    }
    config.insert("responseMimeType".to_owned(), json!("application/json"));
    if let OutputFormat::JsonSchema { schema: wanted, .. } = &request.output {
        if capability::gemini_needs_cleaned_schema(&request.model) {
            config.insert("responseSchema".to_owned(), inlining.openapi(wanted));
        } else {
            config.insert("responseJsonSchema".to_owned(), wanted.clone());
        }
    }
}
