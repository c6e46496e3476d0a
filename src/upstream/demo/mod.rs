//! The built-in demo provider: answers every client protocol with no key and no network,
//! so that a newcomer sees a real streamed answer in their own SDK within a minute.
//!
//! Each protocol reads its body into one neutral [`ask::Ask`], [`reply::Reply`] decides
//! what to say, and the protocol writes that down. Nothing here does I/O or reads a clock,
//! so the same request in the same second gets the same bytes.

mod anthropic;
mod ask;
mod audio;
mod chance;
mod completions;
mod embeddings;
mod fields;
mod frames;
mod gemini;
mod images;
mod openai_chat;
mod openai_responses;
mod reply;
mod schema;
mod tokens;
mod wording;

#[cfg(test)]
mod tests;

use bytes::Bytes;
use http::StatusCode;

use crate::protocol::Family;
use fields::Invalid;

/// One call the demo answers, with what the path (not the body) says about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operation {
    ChatCompletions,
    Completions,
    Responses,
    Messages,
    CountTokens,
    GenerateContent,
    /// `sse`: whether the query asked for `alt=sse`; without it the stream is one JSON array.
    StreamGenerateContent {
        sse: bool,
    },
    GeminiCountTokens,
    EmbedContent,
    BatchEmbedContents,
    Embeddings,
    /// `images/generations` (a JSON body) and `images/edits` (a form).
    Images,
    /// `audio/transcriptions` (a form).
    Audio,
}

/// A whole HTTP answer. More than one frame means a stream: each frame is one event, to be
/// sent by itself with a short pause, so that a client sees text arrive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    pub status: StatusCode,
    pub content_type: &'static str,
    pub frames: Vec<Bytes>,
}

/// What every protocol signs its answer with.
struct Stamp<'a> {
    /// Different for different requests; each protocol puts its own prefix before it.
    id: String,
    model: &'a str,
    created_unix_secs: u64,
}

/// The models a client may pick from a list. Any other name is answered as well.
pub const fn models() -> &'static [&'static str] {
    &["demo", "gpt-5-mini", "claude-sonnet-5", "gemini-3-flash", "glm-4.7", "text-embedding-3-small"]
}

/// Answers one call. A body that is not valid for its protocol becomes that protocol's 400.
pub fn answer(operation: &Operation, model: &str, body: &[u8], created_unix_secs: u64) -> Answer {
    let id = format!("{:016x}", chance::hash(body) ^ chance::hash(model.as_bytes()) ^ created_unix_secs);
    let stamp = Stamp { id, model, created_unix_secs };
    let result = match *operation {
        Operation::ChatCompletions => openai_chat::answer(body, &stamp),
        Operation::Completions => completions::answer(body, &stamp),
        Operation::Responses => openai_responses::answer(body, &stamp),
        Operation::Messages => anthropic::answer(body, &stamp),
        Operation::CountTokens => anthropic::count_tokens(body),
        Operation::GenerateContent => gemini::answer(body, &stamp),
        Operation::StreamGenerateContent { sse } => gemini::stream(body, &stamp, sse),
        Operation::GeminiCountTokens => gemini::count_tokens(body),
        Operation::EmbedContent => embeddings::gemini(body),
        Operation::BatchEmbedContents => embeddings::gemini_batch(body),
        Operation::Embeddings => embeddings::openai(body, &stamp),
        Operation::Images => images::answer(body, &stamp),
        Operation::Audio => audio::answer(body),
    };
    result.unwrap_or_else(|invalid| refuse(operation.family(), &invalid, &stamp.id))
}

fn refuse(family: Family, invalid: &Invalid, id: &str) -> Answer {
    let body = invalid.body(family, &format!("req_{id}"));
    Answer { status: StatusCode::BAD_REQUEST, ..Answer::json(&body) }
}

impl Operation {
    const fn family(self) -> Family {
        match self {
            Self::ChatCompletions
            | Self::Completions
            | Self::Responses
            | Self::Embeddings
            | Self::Images
            | Self::Audio => Family::OpenAi,
            Self::Messages | Self::CountTokens => Family::Anthropic,
            Self::GenerateContent
            | Self::StreamGenerateContent { .. }
            | Self::GeminiCountTokens
            | Self::EmbedContent
            | Self::BatchEmbedContents => Family::Gemini,
        }
    }
}
