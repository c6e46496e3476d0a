//! The tokens an answer says it cost, read out of bytes that pass untouched: the usage
//! objects of all four protocols, by one convention.

use memchr::{memchr, memmem};
use serde::{Deserialize, Serialize};

use super::Protocol;

/// Tokens, by one convention: input includes cached, output includes reasoning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    pub input: u64,
    pub output: u64,
    pub cached: u64,
    pub reasoning: u64,
}

pub fn usage_of(protocol: Protocol, json: &[u8]) -> Option<Usage> {
    match protocol {
        Protocol::OpenAiChat | Protocol::OpenAiResponses => {
            serde_json::from_slice::<OpenAiUsage>(json).ok().map(Usage::from)
        }
        Protocol::Anthropic => {
            let mut usage = Usage::default();
            serde_json::from_slice::<AnthropicUsage>(json).ok()?.merge_into(&mut usage);
            Some(usage)
        }
        Protocol::Gemini => serde_json::from_slice::<GeminiUsage>(json).ok().map(Usage::from),
    }
}

pub fn last_usage_metadata(tail: &[u8]) -> Option<Usage> {
    let at = memmem::rfind(tail, b"\"usageMetadata\"")?;
    let colon = at + memchr(b':', &tail[at..])?;
    let mut values = serde_json::Deserializer::from_slice(&tail[colon + 1..]).into_iter::<GeminiUsage>();
    values.next()?.ok().map(Usage::from)
}

/// `openai.types.CompletionUsage` and `openai.types.responses.ResponseUsage`: the same
/// facts under two sets of names.
/// Some servers send both, or `null`.
#[derive(Deserialize)]
pub struct OpenAiUsage {
    prompt_tokens: Option<u64>,
    input_tokens: Option<u64>,
    completion_tokens: Option<u64>,
    output_tokens: Option<u64>,
    prompt_tokens_details: Option<InputDetails>,
    input_tokens_details: Option<InputDetails>,
    completion_tokens_details: Option<OutputDetails>,
    output_tokens_details: Option<OutputDetails>,
}

#[derive(Deserialize)]
struct InputDetails {
    cached_tokens: Option<u64>,
}

#[derive(Deserialize)]
struct OutputDetails {
    reasoning_tokens: Option<u64>,
}

impl From<OpenAiUsage> for Usage {
    fn from(usage: OpenAiUsage) -> Self {
        let input_details = usage.input_tokens_details.or(usage.prompt_tokens_details);
        let output_details = usage.output_tokens_details.or(usage.completion_tokens_details);
        Self {
            input: usage.input_tokens.or(usage.prompt_tokens).unwrap_or(0),
            output: usage.output_tokens.or(usage.completion_tokens).unwrap_or(0),
            cached: input_details.and_then(|details| details.cached_tokens).unwrap_or(0),
            reasoning: output_details.and_then(|details| details.reasoning_tokens).unwrap_or(0),
        }
    }
}

/// `anthropic.types.Usage`: `input_tokens` leaves out what was read from or written to
/// the cache, and a stream tells input first and output last.
#[derive(Deserialize)]
pub struct AnthropicUsage {
    input_tokens: Option<u64>,
    output_tokens: Option<u64>,
    cache_read_input_tokens: Option<u64>,
    cache_creation_input_tokens: Option<u64>,
    output_tokens_details: Option<ThinkingDetails>,
}

#[derive(Deserialize)]
struct ThinkingDetails {
    thinking_tokens: Option<u64>,
}

impl AnthropicUsage {
    pub fn merge_into(self, usage: &mut Usage) {
        let cached = self.cache_read_input_tokens.unwrap_or(0);
        let input = self.input_tokens.unwrap_or(0) + cached + self.cache_creation_input_tokens.unwrap_or(0);
        usage.input = usage.input.max(input);
        usage.cached = usage.cached.max(cached);
        usage.output = self.output_tokens.unwrap_or(usage.output);
        let thinking = self.output_tokens_details.and_then(|details| details.thinking_tokens);
        usage.reasoning = thinking.unwrap_or(usage.reasoning);
    }
}

/// `google.genai.types.GenerateContentResponseUsageMetadata`: thoughts are counted
/// beside the candidates.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_field_names, reason = "the provider's names")]
pub struct GeminiUsage {
    #[serde(default)]
    prompt_token_count: u64,
    #[serde(default)]
    candidates_token_count: u64,
    #[serde(default)]
    cached_content_token_count: u64,
    #[serde(default)]
    thoughts_token_count: u64,
}

impl From<GeminiUsage> for Usage {
    fn from(usage: GeminiUsage) -> Self {
        Self {
            input: usage.prompt_token_count,
            output: usage.candidates_token_count + usage.thoughts_token_count,
            cached: usage.cached_content_token_count,
            reasoning: usage.thoughts_token_count,
        }
    }
}
