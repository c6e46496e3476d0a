//! Anthropic messages.

pub(super) mod content;
pub mod error;
pub(super) mod observe;
pub(super) mod request;
pub(super) mod response;
pub(super) mod stream;
pub(super) mod terms;
pub(super) mod tools;
pub(super) mod wire;
