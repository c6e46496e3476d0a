//! Token counts. The demo has no tokenizer: every count is an estimate of four UTF-8 bytes
//! per token, about what English costs, and near enough for Japanese and Chinese.

use crate::chat::{Part, Request, Tool, ToolResult};

const BYTES_PER_TOKEN: usize = 4;
/// What vendors count for each message and tool in addition to its text.
const TOKENS_PER_ITEM: u64 = 4;

pub fn of_text(text: &str) -> u64 {
    of_bytes(text.len())
}

/// The longest beginning of `text` that costs at most `tokens`.
pub fn first(text: &str, tokens: u64) -> &str {
    let bytes = usize::try_from(tokens).unwrap_or(usize::MAX).saturating_mul(BYTES_PER_TOKEN);
    &text[..text.floor_char_boundary(bytes)]
}

/// A whole conversation, its tools included.
pub fn of_request(request: &Request) -> u64 {
    let parts = request.turns.iter().flat_map(|turn| &turn.parts);
    let bytes = parts.map(part_bytes).sum::<usize>() + request.tools.iter().map(tool_bytes).sum::<usize>();
    of_bytes(bytes) + TOKENS_PER_ITEM * (request.turns.len() + request.tools.len()) as u64
}

pub fn of_part(part: &Part) -> u64 {
    of_bytes(part_bytes(part))
}

const fn of_bytes(bytes: usize) -> u64 {
    bytes.div_ceil(BYTES_PER_TOKEN) as u64
}

/// Files and signatures travel as base64; a model does not read them as text.
fn part_bytes(part: &Part) -> usize {
    match part {
        Part::Text { text, .. } => text.len(),
        Part::Thinking(thinking) => thinking.text.len(),
        Part::ToolUse(call) => call.name.len() + call.arguments.len(),
        Part::ToolResult(ToolResult { parts, .. }) => parts.iter().map(part_bytes).sum(),
        Part::RedactedThinking(_)
        | Part::Image(_)
        | Part::Document(_)
        | Part::Media(_)
        | Part::CachePoint(_) => 0,
    }
}

fn tool_bytes(tool: &Tool) -> usize {
    let length = |text: &Option<String>| text.as_ref().map_or(0, String::len);
    match tool {
        Tool::Function { name, description, schema, .. } => {
            let schema = schema.as_ref().map_or(0, |schema| schema.to_string().len());
            name.len() + length(description) + schema
        }
        Tool::Freeform { name, description, .. } => name.len() + length(description),
        Tool::WebSearch(_) | Tool::Hosted { .. } => 0,
    }
}
