//! OpenAI's chat answers as serde reads and writes them: `openai.types.chat.ChatCompletion`,
//! `ChatCompletionChunk`, `openai.types.CompletionUsage`. A chunk's `delta` and a whole
//! answer's `message` have the same fields, so one struct takes both.

use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

use crate::chat;
use crate::protocol::count::count;
use crate::protocol::json::{Str, or_default};

#[derive(Debug, Deserialize)]
pub struct Completion<'a> {
    #[serde(default, borrow)]
    pub id: Str<'a>,
    #[serde(default, borrow)]
    pub model: Str<'a>,
    #[serde(default, borrow, deserialize_with = "or_default")]
    pub choices: Vec<Choice<'a>>,
    #[serde(default)]
    pub usage: Option<Usage>,
    /// Some servers report a failure in the middle of a stream this way.
    #[serde(default)]
    pub error: Option<IgnoredAny>,
}

#[derive(Debug, Deserialize)]
pub struct Choice<'a> {
    #[serde(default, deserialize_with = "or_default")]
    pub index: u64,
    /// In a chunk.
    #[serde(default, borrow)]
    pub delta: Option<Delta<'a>>,
    /// In a whole answer.
    #[serde(default, borrow)]
    pub message: Option<Delta<'a>>,
    #[serde(default, borrow)]
    pub finish_reason: Str<'a>,
}

#[derive(Debug, Default, Deserialize)]
pub struct Delta<'a> {
    #[serde(default, borrow)]
    pub content: Str<'a>,
    /// `DeepSeek`'s and many others' name for thoughts; `reasoning` is `OpenRouter`'s.
    #[serde(default, borrow)]
    pub reasoning_content: Str<'a>,
    #[serde(default, borrow)]
    pub reasoning: Str<'a>,
    #[serde(default, borrow)]
    pub refusal: Str<'a>,
    #[serde(default, borrow, deserialize_with = "or_default")]
    pub tool_calls: Vec<ToolCall<'a>>,
    #[serde(default, borrow, deserialize_with = "or_default")]
    pub annotations: Vec<Annotation<'a>>,
}

#[derive(Debug, Deserialize)]
pub struct ToolCall<'a> {
    /// Absent in a whole answer, and from servers that send each call in one piece.
    #[serde(default)]
    pub index: Option<u64>,
    #[serde(default, borrow)]
    pub id: Str<'a>,
    #[serde(default, borrow, deserialize_with = "or_default")]
    pub function: Function<'a>,
    #[serde(default, borrow)]
    pub custom: Option<Custom<'a>>,
    #[serde(default, borrow)]
    pub extra_content: Option<ExtraContent<'a>>,
}

#[derive(Debug, Default, Deserialize)]
pub struct Function<'a> {
    #[serde(default, borrow)]
    pub name: Str<'a>,
    #[serde(default, borrow)]
    pub arguments: Str<'a>,
}

#[derive(Debug, Default, Deserialize)]
pub struct Custom<'a> {
    #[serde(default, borrow)]
    pub name: Str<'a>,
    #[serde(default, borrow)]
    pub input: Str<'a>,
}

#[derive(Debug, Default, Deserialize)]
pub struct ExtraContent<'a> {
    #[serde(default, borrow)]
    pub google: Option<GoogleContent<'a>>,
}

#[derive(Debug, Default, Deserialize)]
pub struct GoogleContent<'a> {
    #[serde(default, borrow)]
    pub thought_signature: Str<'a>,
}

#[derive(Debug, Default, Deserialize)]
pub struct Annotation<'a> {
    #[serde(default, borrow)]
    pub url_citation: Option<UrlCitation<'a>>,
}

#[derive(Debug, Default, Deserialize)]
pub struct UrlCitation<'a> {
    #[serde(default, borrow)]
    pub url: Str<'a>,
    #[serde(default, borrow)]
    pub title: Str<'a>,
    #[serde(default)]
    pub start_index: Option<usize>,
    #[serde(default)]
    pub end_index: Option<usize>,
}

/// `prompt_tokens` includes the cached ones, `completion_tokens` the reasoning.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize)]
pub struct Usage {
    #[serde(default, deserialize_with = "count")]
    pub prompt_tokens: u64,
    #[serde(default, deserialize_with = "count")]
    pub completion_tokens: u64,
    #[serde(default, deserialize_with = "count")]
    pub total_tokens: u64,
    #[serde(default, deserialize_with = "or_default")]
    pub prompt_tokens_details: InputDetails,
    #[serde(default, deserialize_with = "or_default")]
    pub completion_tokens_details: OutputDetails,
    /// The names of images and transcriptions. Some gateways send both pairs and fill one.
    #[serde(default, deserialize_with = "count", skip_serializing)]
    pub input_tokens: u64,
    #[serde(default, deserialize_with = "count", skip_serializing)]
    pub output_tokens: u64,
    #[serde(default, deserialize_with = "or_default", skip_serializing)]
    pub input_tokens_details: InputDetails,
    #[serde(default, deserialize_with = "or_default", skip_serializing)]
    pub output_tokens_details: OutputDetails,
}

/// The same in chat completions and in Responses.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize)]
pub struct InputDetails {
    #[serde(default, deserialize_with = "count")]
    pub cached_tokens: u64,
    #[serde(default, deserialize_with = "count")]
    pub cache_write_tokens: u64,
}

/// The same in chat completions and in Responses.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize)]
pub struct OutputDetails {
    #[serde(default, deserialize_with = "count")]
    pub reasoning_tokens: u64,
}

impl<'a> Choice<'a> {
    /// The piece of the answer in a chunk, or all of it in a whole answer.
    pub fn message(&self) -> Option<&Delta<'a>> {
        self.delta.as_ref().or(self.message.as_ref())
    }
}

impl Usage {
    pub fn to_chat(self) -> chat::Usage {
        let prompt = [self.prompt_tokens_details, self.input_tokens_details];
        let completion = [self.completion_tokens_details, self.output_tokens_details];
        let most = |[one, other]: [u64; 2]| one.max(other);
        chat::Usage {
            input: most([self.prompt_tokens, self.input_tokens]),
            cache_read: most(prompt.map(|details| details.cached_tokens)),
            cache_write: most(prompt.map(|details| details.cache_write_tokens)),
            output: most([self.completion_tokens, self.output_tokens]),
            reasoning: most(completion.map(|details| details.reasoning_tokens)),
        }
    }

    pub fn of_chat(usage: chat::Usage) -> Self {
        Self {
            prompt_tokens: usage.input,
            completion_tokens: usage.output,
            total_tokens: usage.total(),
            prompt_tokens_details: InputDetails {
                cached_tokens: usage.cache_read,
                cache_write_tokens: usage.cache_write,
            },
            completion_tokens_details: OutputDetails { reasoning_tokens: usage.reasoning },
            ..Self::default()
        }
    }
}
