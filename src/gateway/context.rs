//! The client of a translated call, as its answer depends on it.

use std::time::{SystemTime, UNIX_EPOCH};

use super::ids;
use super::memory::Memory;
use crate::protocol::{Limits, Protocol, ResponseContext};

pub struct ClientContext {
    pub protocol: Protocol,
    pub request_id: String,
    /// The model as the client asked for it.
    pub model: String,
    /// Gemini without `alt=sse`.
    pub json_array: bool,
    /// OpenAI's older `/v1/completions`.
    pub text_completion: bool,
    pub memory: Memory,
    pub limits: Limits,
}

impl ClientContext {
    /// The context of an answer that begins now. Its ids are random: they reveal nothing of
    /// the request's.
    pub fn of_answer(&self) -> ResponseContext {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let mut context = ResponseContext::new(&ids::random(), now, self.model.as_str());
        context.request_id.clone_from(&self.request_id);
        context.json_array = self.json_array;
        context.text_completion = self.text_completion;
        context
    }
}
