//! A stream of `openai.types.Completion`, as a client reads it.
//!
//! ```text
//! chunks, chunk with finish_reason, (chunk with usage,) [DONE]
//! ```

use bytes::{BufMut, BytesMut};
use serde_json::{Value, json};

use super::response::{choice, envelope};
use crate::chat::{self, Delta, Event, FinishReason};
use crate::protocol::context::ResponseContext;
use crate::protocol::failure::for_client;
use crate::protocol::openai_chat::{error, terms::finish_name, wire::Usage};
use crate::protocol::sse;

#[derive(Debug)]
pub struct Encoder {
    /// A chunk without its choices.
    envelope: Value,
    include_usage: bool,
    usage: Option<chat::Usage>,
}

impl Encoder {
    pub fn new(context: &ResponseContext) -> Self {
        Self { envelope: envelope(context), include_usage: context.include_usage, usage: None }
    }

    pub fn push(&mut self, event: &Event, out: &mut BytesMut) {
        match event {
            Event::Started { usage, .. } => self.usage = *usage,
            Event::Delta(Delta::Text(text)) => self.chunk(json!([choice(text, None)]), None, out),
            Event::Usage(usage) => self.usage = Some(*usage),
            Event::Finished(reason) => self.end(reason, out),
            Event::Failed(failure) => sse::write_data(out, &error::body(&for_client(failure))),
            Event::PartStarted(_) | Event::Delta(_) | Event::PartFinished => {}
        }
    }

    fn end(&mut self, reason: &FinishReason, out: &mut BytesMut) {
        self.chunk(json!([choice("", Some(finish_name(reason)))]), None, out);
        if self.include_usage {
            self.chunk(json!([]), Some(Usage::of_chat(self.usage.unwrap_or_default())), out);
        }
        out.put_slice(b"data: [DONE]\n\n");
    }

    /// With `include_usage`, OpenAI writes `"usage":null` in every chunk but the last.
    fn chunk(&mut self, choices: Value, usage: Option<Usage>, out: &mut BytesMut) {
        self.envelope["choices"] = choices;
        if self.include_usage {
            self.envelope["usage"] = json!(usage);
        }
        sse::write_data(out, &self.envelope);
    }
}
