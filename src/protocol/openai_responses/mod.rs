//! OpenAI Responses. Outside a stream its errors are those of [`super::openai_chat`].

pub mod error;
