//! OpenAI chat completions, and the error shape all OpenAI paths share.

pub mod error;
