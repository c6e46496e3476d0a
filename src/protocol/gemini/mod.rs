//! Gemini generateContent.

mod chunk;
pub(super) mod content;
pub mod error;
pub(super) mod observe;
pub(super) mod openapi;
pub(super) mod request;
pub(super) mod response;
pub(super) mod schema;
pub(super) mod spelling;
pub(super) mod stream;
mod terms;
pub(super) mod tools;
pub(super) mod turns;
pub(super) mod wire;
