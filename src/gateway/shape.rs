//! How an answer is framed, and how it may end.

use http::header::{CONTENT_TYPE, HeaderMap};

use crate::protocol::Operation;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Server-sent events: a broken answer ends with the protocol's error event.
    Events,
    /// Gemini's stream without `alt=sse`, one JSON array: a broken answer ends by cutting the
    /// connection.
    Stream,
    /// One object or file: a broken answer ends by cutting the connection, and the time for
    /// all of it is limited.
    Whole,
}

/// How an answer ends.
pub enum Ending {
    Complete,
    /// Broken for this reason, and an event says so to the client.
    Reported(String),
    /// Broken for this reason, and the client's protocol has no event to say so.
    Torn(String),
}

impl Shape {
    /// The shape of an upstream's answer to this operation.
    pub fn of(operation: Operation, headers: &HeaderMap) -> Self {
        if is_event_stream(headers) {
            Self::Events
        } else if operation == Operation::StreamGenerateContent {
            Self::Stream
        } else {
            Self::Whole
        }
    }
}

pub fn is_event_stream(headers: &HeaderMap) -> bool {
    has_content_type(headers, "text/event-stream")
}

pub fn is_json(headers: &HeaderMap) -> bool {
    has_content_type(headers, "application/json")
}

fn has_content_type(headers: &HeaderMap, expected: &str) -> bool {
    let value = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    value.is_some_and(|value| value.starts_with(expected))
}
