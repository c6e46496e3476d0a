//! OpenAI's answers as serde reads and writes them: `openai.types.responses.Response`,
//! `ResponseOutputItem`, `ResponseStreamEvent`, `ResponseUsage`. Flat: one struct takes
//! every kind of event or item, and fields that a kind lacks stay empty.

use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

use crate::chat;
use crate::protocol::count::count;
use crate::protocol::json::{Str, or_default};
use crate::protocol::openai_chat::wire::{InputDetails, OutputDetails};

#[derive(Debug, Deserialize)]
pub struct StreamEvent<'a> {
    #[serde(rename = "type", borrow)]
    pub kind: Str<'a>,
    #[serde(default, borrow)]
    pub delta: Str<'a>,
    #[serde(default)]
    pub output_index: u64,
    #[serde(default)]
    pub summary_index: u64,
    #[serde(default, borrow)]
    pub item: Option<Item<'a>>,
    #[serde(default, borrow)]
    pub annotation: Option<Annotation<'a>>,
    #[serde(default, borrow)]
    pub response: Option<Response<'a>>,
}

#[derive(Debug, Deserialize)]
pub struct Response<'a> {
    #[serde(default, borrow)]
    pub id: Str<'a>,
    #[serde(default, borrow)]
    pub model: Str<'a>,
    #[serde(default, borrow)]
    pub status: Str<'a>,
    #[serde(default, borrow, deserialize_with = "or_default")]
    pub output: Vec<Item<'a>>,
    #[serde(default, borrow, deserialize_with = "or_default")]
    pub incomplete_details: IncompleteDetails<'a>,
    #[serde(default)]
    pub error: Option<IgnoredAny>,
    #[serde(default)]
    pub usage: Option<Usage>,
}

#[derive(Debug, Default, Deserialize)]
pub struct IncompleteDetails<'a> {
    #[serde(default, borrow)]
    pub reason: Str<'a>,
}

#[derive(Debug, Default, Deserialize)]
pub struct Item<'a> {
    #[serde(rename = "type", default, borrow)]
    pub kind: Str<'a>,
    #[serde(default, borrow)]
    pub id: Str<'a>,
    #[serde(default, borrow)]
    pub call_id: Str<'a>,
    #[serde(default, borrow)]
    pub name: Str<'a>,
    #[serde(default, borrow)]
    pub arguments: Str<'a>,
    #[serde(default, borrow)]
    pub input: Str<'a>,
    #[serde(default, borrow, deserialize_with = "or_default")]
    pub content: Vec<Content<'a>>,
    #[serde(default, borrow, deserialize_with = "or_default")]
    pub summary: Vec<Content<'a>>,
    #[serde(default, borrow)]
    pub encrypted_content: Str<'a>,
}

#[derive(Debug, Default, Deserialize)]
pub struct Content<'a> {
    #[serde(default, borrow)]
    pub text: Str<'a>,
    #[serde(default, borrow)]
    pub refusal: Str<'a>,
    #[serde(default, borrow, deserialize_with = "or_default")]
    pub annotations: Vec<Annotation<'a>>,
}

/// `AnnotationURLCitation`; the other kinds lack a URL.
#[derive(Debug, Default, Deserialize)]
pub struct Annotation<'a> {
    #[serde(default, borrow)]
    pub url: Str<'a>,
    #[serde(default, borrow)]
    pub title: Str<'a>,
    #[serde(default)]
    pub start_index: Option<usize>,
    #[serde(default)]
    pub end_index: Option<usize>,
}

/// `input_tokens` includes the cached ones, `output_tokens` the reasoning.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize)]
pub struct Usage {
    #[serde(default, deserialize_with = "count")]
    pub input_tokens: u64,
    #[serde(default, deserialize_with = "or_default")]
    pub input_tokens_details: InputDetails,
    #[serde(default, deserialize_with = "count")]
    pub output_tokens: u64,
    #[serde(default, deserialize_with = "or_default")]
    pub output_tokens_details: OutputDetails,
    #[serde(default, deserialize_with = "count")]
    pub total_tokens: u64,
}

impl Usage {
    pub const fn to_chat(self) -> chat::Usage {
        chat::Usage {
            input: self.input_tokens,
            cache_read: self.input_tokens_details.cached_tokens,
            cache_write: self.input_tokens_details.cache_write_tokens,
            output: self.output_tokens,
            reasoning: self.output_tokens_details.reasoning_tokens,
        }
    }

    pub const fn of_chat(usage: chat::Usage) -> Self {
        Self {
            input_tokens: usage.input,
            input_tokens_details: InputDetails {
                cached_tokens: usage.cache_read,
                cache_write_tokens: usage.cache_write,
            },
            output_tokens: usage.output,
            output_tokens_details: OutputDetails { reasoning_tokens: usage.reasoning },
            total_tokens: usage.total(),
        }
    }
}
