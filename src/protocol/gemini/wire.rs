//! Gemini's answers as serde reads and writes them:
//! `google.genai.types.GenerateContentResponse`, whole or as one chunk of a stream.

use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::chat;
use crate::protocol::count::count;
use crate::protocol::json::{Str, or_default};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Chunk<'a> {
    #[serde(default, borrow, deserialize_with = "or_default")]
    pub candidates: Vec<Candidate<'a>>,
    #[serde(default, borrow)]
    pub prompt_feedback: Option<PromptFeedback<'a>>,
    #[serde(default)]
    pub usage_metadata: Option<Usage>,
    #[serde(default, borrow)]
    pub model_version: Str<'a>,
    #[serde(default, borrow)]
    pub response_id: Str<'a>,
    #[serde(default)]
    pub error: Option<IgnoredAny>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Candidate<'a> {
    #[serde(default, borrow, deserialize_with = "or_default")]
    pub content: Content<'a>,
    #[serde(default, borrow)]
    pub finish_reason: Str<'a>,
    #[serde(default, borrow)]
    pub finish_message: Str<'a>,
    #[serde(default, deserialize_with = "or_default")]
    pub index: u64,
    #[serde(default, borrow)]
    pub grounding_metadata: Option<Grounding<'a>>,
}

#[derive(Debug, Default, Deserialize)]
pub struct Content<'a> {
    #[serde(default, borrow, deserialize_with = "or_default")]
    pub parts: Vec<Part<'a>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Part<'a> {
    #[serde(default, borrow)]
    pub text: Str<'a>,
    #[serde(default, deserialize_with = "or_default")]
    pub thought: bool,
    #[serde(default, borrow)]
    pub thought_signature: Str<'a>,
    #[serde(default, borrow)]
    pub function_call: Option<FunctionCall<'a>>,
    #[serde(default, borrow)]
    pub inline_data: Option<Blob<'a>>,
}

#[derive(Debug, Deserialize)]
pub struct FunctionCall<'a> {
    #[serde(default, borrow)]
    pub id: Str<'a>,
    #[serde(default, borrow)]
    pub name: Str<'a>,
    #[serde(default, borrow)]
    pub args: Option<&'a RawValue>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Blob<'a> {
    #[serde(default, borrow)]
    pub mime_type: Str<'a>,
    #[serde(default, borrow)]
    pub data: Str<'a>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PromptFeedback<'a> {
    #[serde(default, borrow)]
    pub block_reason: Str<'a>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Grounding<'a> {
    #[serde(default, borrow, deserialize_with = "or_default")]
    pub grounding_chunks: Vec<GroundingChunk<'a>>,
    #[serde(default, borrow, deserialize_with = "or_default")]
    pub grounding_supports: Vec<GroundingSupport<'a>>,
}

#[derive(Debug, Deserialize)]
pub struct GroundingChunk<'a> {
    #[serde(default, borrow)]
    pub web: Option<GroundingWeb<'a>>,
}

#[derive(Debug, Deserialize)]
pub struct GroundingWeb<'a> {
    #[serde(default, borrow)]
    pub uri: Str<'a>,
    #[serde(default, borrow)]
    pub title: Str<'a>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GroundingSupport<'a> {
    #[serde(default, borrow, deserialize_with = "or_default")]
    pub segment: Segment<'a>,
    #[serde(default, deserialize_with = "or_default")]
    pub grounding_chunk_indices: Vec<usize>,
}

#[derive(Debug, Default, Deserialize)]
pub struct Segment<'a> {
    #[serde(default, borrow)]
    pub text: Str<'a>,
}

/// `promptTokenCount` includes the cached tokens. `candidatesTokenCount` excludes thoughts.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_field_names, reason = "the names are Gemini's")]
pub struct Usage {
    #[serde(default, deserialize_with = "count")]
    pub prompt_token_count: u64,
    #[serde(default, deserialize_with = "count")]
    pub candidates_token_count: u64,
    #[serde(default, deserialize_with = "count")]
    pub total_token_count: u64,
    #[serde(default, deserialize_with = "count", skip_serializing_if = "is_zero")]
    pub cached_content_token_count: u64,
    #[serde(default, deserialize_with = "count", skip_serializing_if = "is_zero")]
    pub thoughts_token_count: u64,
    /// Tokens that Google's own tools read, billed as input.
    #[serde(default, deserialize_with = "count", skip_serializing_if = "is_zero")]
    pub tool_use_prompt_token_count: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
const fn is_zero(count: &u64) -> bool {
    *count == 0
}

impl Usage {
    pub const fn to_chat(self) -> chat::Usage {
        chat::Usage {
            input: self.prompt_token_count.saturating_add(self.tool_use_prompt_token_count),
            cache_read: self.cached_content_token_count,
            cache_write: 0,
            output: self.candidates_token_count.saturating_add(self.thoughts_token_count),
            reasoning: self.thoughts_token_count,
        }
    }

    pub const fn of_chat(usage: chat::Usage) -> Self {
        Self {
            prompt_token_count: usage.input,
            candidates_token_count: usage.visible_output(),
            total_token_count: usage.total(),
            cached_content_token_count: usage.cache_read,
            thoughts_token_count: usage.reasoning,
            tool_use_prompt_token_count: 0,
        }
    }
}
