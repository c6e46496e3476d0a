//! Embeddings: each word of a text is a direction by chance, and the text is their sum,
//! scaled to length 1. The same text always gets the same vector, and texts that share words
//! come out close, which is enough to try a search with.

use super::{chance, tokens};
use crate::protocol::side::embeddings::{Request, Response};
use crate::protocol::{ErrorKind, LocalError, Protocol};

/// The sizes of `text-embedding-3-small` and `gemini-embedding-001`.
const OPENAI_DIMENSIONS: u64 = 1536;
const GEMINI_DIMENSIONS: u64 = 3072;
const MOST_DIMENSIONS: u64 = 4096;

/// One vector for each text, of as many dimensions as asked for or as the client's vendor
/// gives.
pub fn answer(request: &Request, protocol: Protocol) -> Result<Response, LocalError> {
    let (field, usual) = match protocol {
        Protocol::Gemini => ("outputDimensionality", GEMINI_DIMENSIONS),
        _ => ("dimensions", OPENAI_DIMENSIONS),
    };
    let wanted = request.dimensions.unwrap_or(usual);
    let dimensions = usize::try_from(wanted).ok().filter(|_| (1..=MOST_DIMENSIONS).contains(&wanted));
    let dimensions = dimensions.ok_or_else(|| {
        LocalError::new(ErrorKind::InvalidRequest, format!("{field}: must be 1 to {MOST_DIMENSIONS}"))
    })?;
    Ok(Response {
        vectors: request.inputs.iter().map(|text| vector(text, dimensions)).collect(),
        tokens: Some(request.inputs.iter().map(|text| tokens::of_text(text)).sum()),
    })
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
