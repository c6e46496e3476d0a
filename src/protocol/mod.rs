//! Bytes ↔ values: reads and writes the four wire dialects. No I/O, no clock, no accounts.
//!
//! - **Front doors**, one `match` over the protocols for each way: [`translate`] (requests and
//!   whole answers), [`decoder`] and [`encoder`] (streams), [`side`] (token counts, embeddings,
//!   pictures).
//! - **Protocols**, folders with the same files: [`openai_chat`], [`openai_responses`],
//!   [`anthropic`] and [`gemini`]; `openai_completions` for clients of `/v1/completions`.
//!   `request`, `response` and `stream` are the ways through; `content` and `tools` are parts of
//!   a request; `terms` pairs words of the protocol with neutral ones (finish reasons,
//!   citations); `wire` has the structs that serde reads and writes; `error` is the error shape;
//!   `observe` reads the usage and the end of a stream that passes unchanged.
//! - **Vocabulary**, facts that other modules ask for: `dialect` ([`Protocol`], [`Family`]),
//!   [`operation`], [`provider`], [`capability`] (what a model takes), [`context`] (what an
//!   answer depends on in its request), [`error`] (for clients), [`error_report`] (of
//!   upstreams), [`failure`] (from one to the other).
//! - **Hub parts** that the protocols share: `encoded` (a request for an upstream), `framing`
//!   and `calls` (a well-formed run of events), `names` (tool names and call ids), `schema`
//!   (JSON Schema), `media` (base64 and `data:` URLs).
//! - **Plumbing** below them: `field` and `invalid` (the fields of a request, and errors in
//!   them), [`form`] (multipart fields), `json`, `cut_off` (JSON without its end), `count` (counts of tokens), [`sse`],
//!   [`scan`], [`wait`], [`limits`], [`weight`].
//! - **Watching** bytes that pass unchanged: [`observe`], `progress`.
//! - **Lists** of models: [`models`].

// Front doors.
pub mod decoder;
pub mod encoder;
pub mod side;
pub mod translate;

// Protocols.
pub mod anthropic;
pub mod gemini;
pub mod openai_chat;
mod openai_completions;
pub mod openai_responses;

// Vocabulary.
pub mod capability;
pub mod context;
mod dialect;
pub mod error;
pub mod error_report;
pub mod failure;
pub mod operation;
pub mod provider;

// Hub parts.
mod calls;
mod encoded;
mod framing;
mod media;
mod names;
mod schema;

// Plumbing.
mod count;
mod cut_off;
mod field;
pub mod form;
mod invalid;
mod json;
pub mod limits;
pub mod scan;
pub mod sse;
pub mod wait;
pub mod weight;

// Watching.
pub mod observe;
mod progress;

// Lists.
pub mod models;

#[cfg(test)]
use crate::chat;
#[cfg(test)]
mod growth;
#[cfg(test)]
#[path = "../../tests/translate/well_framed.rs"]
mod well_framed;

pub use context::ResponseContext;
pub use decoder::StreamDecoder;
pub use dialect::{Family, Protocol};
pub use encoded::Encoded;
pub use encoder::StreamEncoder;
pub use error::{ErrorKind, LocalError};
pub use error_report::{ErrorReport, decode_error, decode_error_event};
pub use limits::Limits;
pub use names::ToolNames;
pub use observe::Observer;
pub use operation::{Operation, RequestTarget};
pub use provider::Provider;
pub use translate::{
    decode_request, decode_response, decode_responses_request, decode_text_completion, encode_request,
    encode_request_within, encode_response, stream_keep_alive,
};
