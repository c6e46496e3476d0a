//! OpenAI Responses. Outside a stream its errors are those of [`super::openai_chat`].

pub(super) mod content;
pub mod error;
mod item;
mod namespace;
pub(super) mod observe;
pub mod reference;
pub(super) mod request;
pub(super) mod response;
pub(super) mod stream;
mod terms;
pub(super) mod tools;
pub(super) mod wire;
