//! Anthropic's answers as serde reads and writes them: `anthropic.types.Message`,
//! `RawMessageStreamEvent`, `Usage`. Flat: one struct takes every kind of event or block,
//! and fields that a kind lacks stay empty.

use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::chat;
use crate::protocol::count;
use crate::protocol::json::{Str, or_default};

#[derive(Debug, Deserialize)]
pub struct StreamEvent<'a> {
    #[serde(rename = "type", borrow)]
    pub kind: Str<'a>,
    #[serde(default)]
    pub index: u64,
    #[serde(default, borrow)]
    pub message: Option<Message<'a>>,
    #[serde(default, borrow)]
    pub content_block: Option<Block<'a>>,
    #[serde(default, borrow)]
    pub delta: Option<Delta<'a>>,
    #[serde(default)]
    pub usage: Option<Usage>,
}

#[derive(Debug, Deserialize)]
pub struct Message<'a> {
    #[serde(rename = "type", default, borrow)]
    pub kind: Str<'a>,
    #[serde(default, borrow)]
    pub id: Str<'a>,
    #[serde(default, borrow)]
    pub model: Str<'a>,
    #[serde(default, borrow, deserialize_with = "or_default")]
    pub content: Vec<Block<'a>>,
    #[serde(default, borrow)]
    pub stop_reason: Str<'a>,
    #[serde(default, borrow)]
    pub stop_sequence: Str<'a>,
    #[serde(default)]
    pub usage: Option<Usage>,
    /// Some servers report an error with status 200.
    #[serde(default)]
    pub error: Option<IgnoredAny>,
}

#[derive(Debug, Default, Deserialize)]
pub struct Block<'a> {
    #[serde(rename = "type", default, borrow)]
    pub kind: Str<'a>,
    #[serde(default, borrow)]
    pub text: Str<'a>,
    #[serde(default, borrow, deserialize_with = "or_default")]
    pub citations: Vec<Citation<'a>>,
    #[serde(default, borrow)]
    pub thinking: Str<'a>,
    #[serde(default, borrow)]
    pub signature: Str<'a>,
    #[serde(default, borrow)]
    pub data: Str<'a>,
    #[serde(default, borrow)]
    pub id: Str<'a>,
    #[serde(default, borrow)]
    pub name: Str<'a>,
    #[serde(default, borrow)]
    pub input: Option<&'a RawValue>,
}

#[derive(Debug, Default, Deserialize)]
pub struct Delta<'a> {
    #[serde(rename = "type", default, borrow)]
    pub kind: Str<'a>,
    #[serde(default, borrow)]
    pub text: Str<'a>,
    #[serde(default, borrow)]
    pub thinking: Str<'a>,
    #[serde(default, borrow)]
    pub signature: Str<'a>,
    #[serde(default, borrow)]
    pub partial_json: Str<'a>,
    #[serde(default, borrow)]
    pub citation: Option<Citation<'a>>,
    #[serde(default, borrow)]
    pub stop_reason: Str<'a>,
    #[serde(default, borrow)]
    pub stop_sequence: Str<'a>,
}

/// `CitationsWebSearchResultLocation`. The other kinds point into documents and have no URL.
#[derive(Debug, Default, Deserialize)]
pub struct Citation<'a> {
    #[serde(default, borrow)]
    pub url: Str<'a>,
    #[serde(default, borrow)]
    pub title: Str<'a>,
    #[serde(default, borrow)]
    pub cited_text: Str<'a>,
}

/// `input_tokens` leaves out what the cache had a part in.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize)]
pub struct Usage {
    #[serde(default, deserialize_with = "count::optional", skip_serializing_if = "Option::is_none")]
    pub input_tokens: Option<u64>,
    #[serde(default, deserialize_with = "count::optional", skip_serializing_if = "Option::is_none")]
    pub cache_creation_input_tokens: Option<u64>,
    #[serde(default, deserialize_with = "count::optional", skip_serializing_if = "Option::is_none")]
    pub cache_read_input_tokens: Option<u64>,
    #[serde(default, deserialize_with = "count::optional", skip_serializing_if = "Option::is_none")]
    pub output_tokens: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output_tokens_details: Option<OutputDetails>,
}

#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize)]
pub struct OutputDetails {
    #[serde(default, deserialize_with = "count::count")]
    pub thinking_tokens: u64,
}

impl Usage {
    /// Takes the counts that a later event of the stream adds or corrects. An input of zero
    /// corrects nothing: some servers count the input in `message_start` alone.
    pub fn update(&mut self, later: Self) {
        let input = |later: Option<u64>, earlier| later.filter(|count| *count > 0).or(earlier);
        self.input_tokens = input(later.input_tokens, self.input_tokens);
        self.cache_creation_input_tokens =
            input(later.cache_creation_input_tokens, self.cache_creation_input_tokens);
        self.cache_read_input_tokens = input(later.cache_read_input_tokens, self.cache_read_input_tokens);
        self.output_tokens = later.output_tokens.or(self.output_tokens);
        self.output_tokens_details = later.output_tokens_details.or(self.output_tokens_details);
    }

    pub fn to_chat(self) -> chat::Usage {
        let cache_read = self.cache_read_input_tokens.unwrap_or(0);
        let cache_write = self.cache_creation_input_tokens.unwrap_or(0);
        chat::Usage {
            input: self.input_tokens.unwrap_or(0).saturating_add(cache_read).saturating_add(cache_write),
            cache_read,
            cache_write,
            output: self.output_tokens.unwrap_or(0),
            reasoning: self.output_tokens_details.map_or(0, |details| details.thinking_tokens),
        }
    }

    pub fn of_chat(usage: chat::Usage) -> Self {
        Self {
            input_tokens: Some(usage.uncached_input()),
            cache_creation_input_tokens: Some(usage.cache_write),
            cache_read_input_tokens: Some(usage.cache_read),
            output_tokens: Some(usage.output),
            output_tokens_details: (usage.reasoning > 0)
                .then_some(OutputDetails { thinking_tokens: usage.reasoning }),
        }
    }
}
