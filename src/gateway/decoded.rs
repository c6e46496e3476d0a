//! A client's request as a neutral conversation.

use std::sync::Arc;

use super::conversations::{Lookup, LookupError};
use crate::chat;
use crate::protocol::openai_responses::reference::Continuation;
use crate::protocol::{self, Limits, Operation, RequestTarget};
use crate::upstream::Frames;

pub struct Decoded {
    pub chat: chat::Request,
    /// OpenAI Responses: what the request adds to its conversation.
    pub said: Option<Arc<Continuation>>,
}

impl Decoded {
    /// Fails with a 400 that names what is wrong with the request or refers to nothing
    /// known, and with [`LookupError::TooLarge`] where `lookup` would go beyond its limit.
    pub fn read(
        client: Operation,
        frames: &Frames,
        target: &RequestTarget<'_>,
        lookup: &Lookup<'_>,
        limits: Limits,
    ) -> Result<Self, LookupError> {
        let body = frames.to_bytes();
        let chat = match client {
            Operation::Completions => protocol::decode_text_completion(&body)?,
            Operation::Responses => {
                let read = protocol::decode_responses_request(&body, lookup, limits);
                lookup.error().map_or(Ok(()), Err)?;
                let (chat, said) = read?;
                return Ok(Self { chat, said: Some(Arc::new(said)) });
            }
            _ => protocol::decode_request(client.protocol(), &body, target)?,
        };
        Ok(Self { chat, said: None })
    }
}
