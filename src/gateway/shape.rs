//! How an answer is framed, and how it may end.

use http::header::{CONTENT_TYPE, HeaderMap, HeaderValue};

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
    const EVENTS: &[u8] = b"text/event-stream";
    let value = headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes);
    let start = value.and_then(|value| value.get(..EVENTS.len()));
    start.is_some_and(|start| start.eq_ignore_ascii_case(EVENTS))
}
