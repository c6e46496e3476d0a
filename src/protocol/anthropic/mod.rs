//! Anthropic messages.

pub mod error;
