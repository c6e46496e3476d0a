//! Values as bytes on the wire: one JSON body, server-sent events, or a JSON array in pieces.

use bytes::Bytes;
use http::StatusCode;
use serde_json::Value;

use super::Answer;

const JSON: &str = "application/json";
const EVENT_STREAM: &str = "text/event-stream; charset=utf-8";

impl Answer {
    pub(super) fn json(body: &Value) -> Self {
        Self::whole(JSON, body.to_string())
    }

    pub(super) fn whole(content_type: &'static str, body: impl Into<Bytes>) -> Self {
        Self { status: StatusCode::OK, content_type, frames: vec![body.into()] }
    }

    /// `data:` events without a name (OpenAI chat, Gemini).
    pub(super) fn unnamed_events(events: &[Value]) -> Self {
        Self::events(events.iter().map(|event| format!("data: {event}\n\n")).collect())
    }

    /// As [`Self::unnamed_events`], with the `[DONE]` that ends an OpenAI stream.
    pub(super) fn unnamed_events_until_done(events: &[Value]) -> Self {
        let mut answer = Self::unnamed_events(events);
        answer.frames.push(Bytes::from_static(b"data: [DONE]\n\n"));
        answer
    }

    /// Events named after their own `type` (Responses, Anthropic).
    pub(super) fn named_events(events: &[Value]) -> Self {
        let frame = |event: &Value| {
            let name = event["type"].as_str().unwrap_or_default();
            format!("event: {name}\ndata: {event}\n\n")
        };
        Self::events(events.iter().map(frame).collect())
    }

    /// One JSON array, an element at a time (Gemini without `alt=sse`).
    pub(super) fn array(elements: &[Value]) -> Self {
        let last = elements.len().saturating_sub(1);
        let frame = |(index, element): (usize, &Value)| {
            let before = if index == 0 { "[" } else { ",\r\n" };
            let after = if index == last { "]" } else { "" };
            Bytes::from(format!("{before}{element}{after}"))
        };
        let frames = elements.iter().enumerate().map(frame).collect();
        Self { status: StatusCode::OK, content_type: JSON, frames }
    }

    fn events(frames: Vec<String>) -> Self {
        let frames = frames.into_iter().map(Bytes::from).collect();
        Self { status: StatusCode::OK, content_type: EVENT_STREAM, frames }
    }
}
