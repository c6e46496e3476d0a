//! Embeddings: the words of a text, each a direction by chance, added up to a unit vector.
//! The same text always gets the same vector, and texts that share words come out close,
//! which is enough to try a search with.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use super::fields::{self, Invalid};
use super::gemini::either;
use super::{Answer, Stamp, chance, tokens};

/// The sizes of `text-embedding-3-small` and `gemini-embedding-001`.
const OPENAI_DIMENSIONS: u64 = 1536;
const GEMINI_DIMENSIONS: u64 = 3072;
const MOST_DIMENSIONS: u64 = 4096;
/// OpenAI's own limit for one call.
const MOST_INPUTS: usize = 2048;

/// `openai.types.CreateEmbeddingResponse`.
pub fn openai(body: &[u8], stamp: &Stamp<'_>) -> Result<Answer, Invalid> {
    let body = fields::object(body)?;
    let dimensions = dimensions(body.get("dimensions"), "dimensions", OPENAI_DIMENSIONS)?;
    let as_base64 = body["encoding_format"] == "base64";
    let embedding = |(index, text): (usize, String)| {
        let vector = vector(&text, dimensions);
        let embedding = if as_base64 { json!(base64(&vector)) } else { json!(vector) };
        json!({"object": "embedding", "index": index, "embedding": embedding})
    };
    let data: Value = openai_inputs(&body)?.into_iter().enumerate().map(embedding).collect();
    let tokens = tokens::of_request(&body["input"]);
    let usage = json!({"prompt_tokens": tokens, "total_tokens": tokens});
    Ok(Answer::json(&json!({"object": "list", "data": data, "model": stamp.model, "usage": usage})))
}

/// `google.genai.types.EmbedContentResponse` of one content.
pub fn gemini(body: &[u8]) -> Result<Answer, Invalid> {
    let embedding = gemini_embedding(&fields::object(body)?, "")?;
    Ok(Answer::json(&json!({"embedding": embedding})))
}

/// The same of several.
pub fn gemini_batch(body: &[u8]) -> Result<Answer, Invalid> {
    let body = fields::object(body)?;
    let requests = fields::full_list(body.get("requests"), "requests")?;
    check_inputs(requests, "requests")?;
    let embedding = |(index, request)| gemini_embedding(request, &format!("requests[{index}]."));
    let embeddings: Vec<Value> = requests.iter().enumerate().map(embedding).collect::<Result<_, _>>()?;
    Ok(Answer::json(&json!({"embeddings": embeddings})))
}

fn gemini_embedding(request: &Value, path: &str) -> Result<Value, Invalid> {
    let parts = request.pointer("/content/parts");
    if fields::list(parts).is_empty() {
        return Err(Invalid::missing(format!("{path}content.parts")));
    }
    // Newer SDKs put the size into a config of its own.
    let config = either(request, "embedContentConfig").unwrap_or(request);
    let size = either(config, "outputDimensionality").or_else(|| either(request, "outputDimensionality"));
    let dimensions = dimensions(size, &format!("{path}outputDimensionality"), GEMINI_DIMENSIONS)?;
    Ok(json!({"values": vector(&fields::whole_text(parts), dimensions)}))
}

/// A text, texts, one list of token ids, or several of those.
fn openai_inputs(body: &Value) -> Result<Vec<String>, Invalid> {
    if let Some(Value::String(text)) = body.get("input") {
        return Ok(vec![text.clone()]);
    }
    let inputs = fields::full_list(body.get("input"), "input")?;
    if inputs.iter().all(Value::is_number) {
        return Ok(vec![token_words(inputs)]);
    }
    check_inputs(inputs, "input")?;
    inputs.iter().enumerate().map(openai_input).collect()
}

fn openai_input((index, input): (usize, &Value)) -> Result<String, Invalid> {
    match input {
        Value::String(text) => Ok(text.clone()),
        Value::Array(ids) => Ok(token_words(ids)),
        _ => Err(Invalid::new(format!("input[{index}]"), "expected a string or a list of token ids")),
    }
}

fn token_words(ids: &[Value]) -> String {
    ids.iter().map(Value::to_string).collect::<Vec<_>>().join(" ")
}

fn check_inputs(inputs: &[Value], field: &str) -> Result<(), Invalid> {
    if inputs.len() > MOST_INPUTS {
        return Err(Invalid::new(field, format!("at most {MOST_INPUTS} elements in one call")));
    }
    Ok(())
}

fn dimensions(value: Option<&Value>, field: &str, otherwise: u64) -> Result<usize, Invalid> {
    let dimensions = fields::count(value, field)?.unwrap_or(otherwise);
    if !(1..=MOST_DIMENSIONS).contains(&dimensions) {
        return Err(Invalid::new(field, format!("expected 1 to {MOST_DIMENSIONS}")));
    }
    Ok(usize::try_from(dimensions).unwrap_or_default())
}

fn vector(text: &str, dimensions: usize) -> Vec<f64> {
    /// Later words change nothing; the bound keeps a book from costing seconds.
    const MOST_WORDS: usize = 500;
    let text = text.to_lowercase();
    let words = text.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty());
    let mut sum = vec![0.0; dimensions];
    // An empty text has a direction as well.
    for word in words.take(MOST_WORDS).chain(std::iter::once("")) {
        let direction = chance::Numbers::seeded(chance::hash(word.as_bytes()));
        sum.iter_mut().zip(direction).for_each(|(total, component)| *total += component);
    }
    unit(&sum)
}

fn unit(vector: &[f64]) -> Vec<f64> {
    const DECIMALS: f64 = 1e8;
    let length = vector.iter().map(|component| component * component).sum::<f64>().sqrt();
    vector.iter().map(|component| (component / length * DECIMALS).round() / DECIMALS).collect()
}

/// 32-bit floats, little-endian, as OpenAI packs them.
#[expect(clippy::cast_possible_truncation, reason = "the format has 32 bits")]
fn base64(vector: &[f64]) -> String {
    let bytes: Vec<u8> = vector.iter().flat_map(|component| (*component as f32).to_le_bytes()).collect();
    BASE64_STANDARD.encode(bytes)
}
