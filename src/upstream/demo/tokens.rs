//! Token counts. The demo has no tokenizer: every count is an estimate of four UTF-8 bytes
//! a token, about what English costs, and near enough for Japanese and Chinese.

use serde_json::Value;

const BYTES_PER_TOKEN: usize = 4;

pub fn of_text(text: &str) -> u64 {
    text.len().div_ceil(BYTES_PER_TOKEN) as u64
}

/// The longest beginning of `text` that costs no more than `tokens`.
pub fn first(text: &str, tokens: u64) -> &str {
    let bytes = usize::try_from(tokens).unwrap_or(usize::MAX).saturating_mul(BYTES_PER_TOKEN);
    &text[..text.floor_char_boundary(bytes)]
}

/// A whole request: keys count too, as vendors charge a few tokens for each message.
pub fn of_request(body: &Value) -> u64 {
    (bytes_in(body).div_ceil(BYTES_PER_TOKEN) as u64).max(1)
}

fn bytes_in(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => 1,
        Value::String(text) if text.starts_with("data:") => 0,
        Value::String(text) => text.len(),
        Value::Array(items) => items.iter().map(bytes_in).sum(),
        Value::Object(members) => members.iter().map(|(key, member)| bytes_in_member(key, member)).sum(),
    }
}

/// Files and signatures travel as base64; a model does not read them as text.
fn bytes_in_member(key: &str, member: &Value) -> usize {
    let opaque = matches!(key, "data" | "file_data" | "signature" | "thoughtSignature" | "encrypted_content");
    key.len() + if opaque { 0 } else { bytes_in(member) }
}
