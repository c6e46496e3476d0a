//! The wire dialects: which there are, and what each calls its errors.
//!
//! Everything below this module is bytes ↔ values: no I/O, no clock, no account.

pub mod anthropic;
mod calls;
pub mod capability;
pub mod context;
mod count;
mod cut_off;
pub mod decoder;
pub mod encoder;
pub mod error;
pub mod error_report;
pub mod failure;
mod field;
mod framing;
pub mod gemini;
#[cfg(test)]
mod growth;
mod json;
pub mod limits;
mod media;
pub mod models;
mod names;
pub mod observe;
pub mod openai_chat;
mod openai_completions;
pub mod openai_responses;
pub mod operation;
mod progress;
pub mod provider;
pub mod scan;
mod schema;
pub mod side;
pub mod sse;
pub mod translate;
pub mod wait;
pub mod weight;

pub use context::ResponseContext;
pub use decoder::StreamDecoder;
pub use encoder::StreamEncoder;
pub use error::{ErrorKind, LocalError};
pub use error_report::{ErrorReport, decode_error, decode_error_event};
pub use limits::Limits;
pub use names::ToolNames;
pub use observe::Observer;
pub use operation::Operation;
pub use provider::Provider;
pub use translate::{
    Encoded, RequestTarget, decode_request, decode_response, decode_responses_request,
    decode_text_completion, encode_request, encode_request_within, encode_response, stream_keep_alive,
};

/// A wire dialect, as a client or an upstream speaks it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Protocol {
    /// `POST /v1/chat/completions` and its siblings (completions, embeddings, images, audio).
    OpenAiChat,
    /// `POST /v1/responses`.
    OpenAiResponses,
    /// `POST /v1/messages`.
    Anthropic,
    /// `POST /v1beta/models/{model}:generateContent` and its siblings.
    Gemini,
}

/// The vendor whose SDK is on the other side: it decides the shape of errors and lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Family {
    OpenAi,
    Anthropic,
    Gemini,
}

impl Protocol {
    pub const ALL: [Self; 4] = [Self::OpenAiChat, Self::OpenAiResponses, Self::Anthropic, Self::Gemini];

    /// A list of this one.
    pub const fn alone(self) -> &'static [Self] {
        match self {
            Self::OpenAiChat => &[Self::OpenAiChat],
            Self::OpenAiResponses => &[Self::OpenAiResponses],
            Self::Anthropic => &[Self::Anthropic],
            Self::Gemini => &[Self::Gemini],
        }
    }

    pub const fn family(self) -> Family {
        match self {
            Self::OpenAiChat | Self::OpenAiResponses => Family::OpenAi,
            Self::Anthropic => Family::Anthropic,
            Self::Gemini => Family::Gemini,
        }
    }

    /// What ends a stream which broke after its first byte, so that the
    /// client's SDK raises instead of taking the torn answer for a whole one.
    pub fn stream_error(self, error: &LocalError, request_id: &str) -> Vec<u8> {
        let body = self.family().error_body(error, request_id);
        match self {
            Self::OpenAiChat | Self::Gemini => format!("data: {body}\n\n"),
            Self::OpenAiResponses => {
                let [error, failed] = openai_responses::error::stream_events(error, request_id);
                format!("event: error\ndata: {error}\n\nevent: response.failed\ndata: {failed}\n\n")
            }
            Self::Anthropic => format!("event: error\ndata: {body}\n\n"),
        }
        .into_bytes()
    }

    /// The name used in records, logs and the dashboard.
    pub const fn name(self) -> &'static str {
        match self {
            Self::OpenAiChat => "openai-chat",
            Self::OpenAiResponses => "openai-responses",
            Self::Anthropic => "anthropic",
            Self::Gemini => "gemini",
        }
    }
}

impl Family {
    /// The JSON body an SDK of this family turns into its own exception class.
    pub fn error_body(self, error: &LocalError, request_id: &str) -> serde_json::Value {
        match self {
            Self::OpenAi => openai_chat::error::body(error),
            Self::Anthropic => anthropic::error::body(error, request_id),
            Self::Gemini => gemini::error::body(error),
        }
    }

    /// The name users know the family by.
    pub const fn name(self) -> &'static str {
        match self {
            Self::OpenAi => "OpenAI",
            Self::Anthropic => "Anthropic",
            Self::Gemini => "Gemini",
        }
    }
}
