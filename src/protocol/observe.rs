//! Reads an answer while its bytes pass untouched: the tokens it cost, and whether a stream
//! has ended or failed.
//!
//! Only events that carry a marker are parsed; the rest cost two searches a line. The markers
//! are in each protocol's own `observe`.

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::progress::Progress;
use super::scan::Scanner;
use super::sse::{self, Lines};
use super::{Protocol, anthropic, gemini, openai_chat, openai_responses};
use crate::chat::Usage;

/// A line longer than this, in bytes, is passed on unread.
const MAX_EVENT: usize = 16 << 20;
/// Bytes of the end of a JSON array that are kept, to look for the usage.
const TAIL: usize = 8 << 10;
/// Bytes of a whole answer's usage object that are kept.
const MAX_USAGE: usize = 16 << 10;
/// The longest error event that is kept, in bytes: those of Responses repeat the instructions.
const MAX_FAILURE: usize = 1 << 20;

/// Reads one answer as it passes.
pub enum Observer {
    /// Server-sent events.
    Events(EventObserver),
    /// One JSON object.
    Object { protocol: Protocol, scanner: Box<Scanner>, broken: bool },
    /// Gemini's stream without `alt=sse`: one JSON array.
    Array { tail: Vec<u8> },
    /// Anything else: audio, images, model lists.
    Blind,
}

impl Observer {
    pub fn events(protocol: Protocol) -> Self {
        Self::Events(EventObserver {
            protocol,
            lines: Lines::default(),
            line: Vec::new(),
            progress: Progress::default(),
            failure: None,
        })
    }

    pub fn object(protocol: Protocol) -> Self {
        let scanner = Box::new(Scanner::new(&["usage", "usageMetadata"], MAX_USAGE));
        Self::Object { protocol, scanner, broken: false }
    }

    pub const fn array() -> Self {
        Self::Array { tail: Vec::new() }
    }

    pub fn push(&mut self, bytes: &[u8]) {
        match self {
            Self::Events(observer) => observer.push(bytes),
            Self::Object { scanner, broken, .. } => *broken = *broken || scanner.push(bytes).is_err(),
            Self::Array { tail } => {
                tail.extend_from_slice(bytes);
                // Only now and then, because all that is kept moves to the front.
                if tail.len() > 2 * TAIL {
                    tail.drain(..tail.len() - TAIL);
                }
            }
            Self::Blind => {}
        }
    }

    /// The tokens, as far as the answer has counted them.
    pub fn usage(&self) -> Option<Usage> {
        match self {
            Self::Events(observer) => observer.progress.usage,
            Self::Object { protocol, scanner, .. } => {
                let member = scanner.found().first()?;
                usage_of(*protocol, &member.value)
            }
            Self::Array { tail } => gemini::observe::last_usage(tail),
            Self::Blind => None,
        }
    }

    /// Takes the end of the answer: its last line may have no end of its own.
    pub fn finish(&mut self) {
        if let Self::Events(observer) = self {
            let line = std::mem::take(&mut observer.line);
            observer.read(&line);
        }
    }

    /// Whether the answer has reported an error, which the client has read.
    pub fn has_failed(&self) -> bool {
        matches!(self, Self::Events(observer) if observer.progress.has_failed)
    }

    /// The data of the event that reported it, unless it was too long to keep.
    pub fn failure(&self) -> Option<&[u8]> {
        match self {
            Self::Events(observer) => observer.failure.as_deref(),
            _ => None,
        }
    }

    /// Whether a stream may end here: the answer is whole, or an error was reported.
    pub const fn has_ended(&self) -> bool {
        matches!(self, Self::Events(observer) if observer.progress.is_finished || observer.progress.has_failed)
    }

    /// Whether the terminating event of its protocol, or an error, has come.
    pub const fn is_over(&self) -> bool {
        matches!(self, Self::Events(observer) if observer.progress.is_over || observer.progress.has_failed)
    }

    /// Whether an answer that ends here is whole.
    pub fn is_complete(&self) -> bool {
        match self {
            Self::Events(observer) => observer.progress.is_finished,
            Self::Array { tail } => tail.trim_ascii_end().ends_with(b"]"),
            Self::Object { .. } | Self::Blind => true,
        }
    }
}

/// Reads a stream line by line.
pub struct EventObserver {
    protocol: Protocol,
    lines: Lines,
    /// The beginning of a line whose end has not come.
    line: Vec<u8>,
    progress: Progress,
    /// The data of the event that reported an error.
    failure: Option<Vec<u8>>,
}

impl EventObserver {
    fn push(&mut self, mut bytes: &[u8]) {
        while let Some(line) = self.lines.cut(&mut bytes) {
            if self.line.is_empty() {
                self.read(line);
            } else {
                self.line.extend_from_slice(line);
                let mut line = std::mem::take(&mut self.line);
                self.read(&line);
                line.clear();
                self.line = line;
            }
        }
        if self.line.len() + bytes.len() <= MAX_EVENT {
            self.line.extend_from_slice(bytes);
        }
    }

    fn read(&mut self, line: &[u8]) {
        let Some(data) = sse::field(line, b"data") else {
            self.progress.has_failed |= names_error(line);
            return;
        };
        let data = data.trim_ascii();
        self.progress.has_failed |= is_error_body(data);
        match self.protocol {
            Protocol::OpenAiChat => openai_chat::observe::read(data, &mut self.progress),
            Protocol::OpenAiResponses => openai_responses::observe::read(data, &mut self.progress),
            Protocol::Anthropic => anthropic::observe::read(data, &mut self.progress),
            Protocol::Gemini => gemini::observe::read(data, &mut self.progress),
        }
        if self.progress.has_failed && self.failure.is_none() && data.len() <= MAX_FAILURE {
            self.failure = Some(data.to_vec());
        }
    }
}

/// Anthropic and Responses name an event `error`.
fn names_error(line: &[u8]) -> bool {
    sse::field(line, b"event").is_some_and(|name| name.trim_ascii() == b"error")
}

/// OpenAI chat and Gemini send the body of an error response.
fn is_error_body(data: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct Body {
        error: Option<IgnoredAny>,
    }
    data.starts_with(b"{\"error\"")
        && serde_json::from_slice::<Body>(data).is_ok_and(|body| body.error.is_some())
}

fn usage_of(protocol: Protocol, json: &[u8]) -> Option<Usage> {
    match protocol {
        Protocol::OpenAiChat => openai_chat::observe::usage(json),
        Protocol::OpenAiResponses => openai_responses::observe::usage(json),
        Protocol::Anthropic => anthropic::observe::usage(json),
        Protocol::Gemini => gemini::observe::usage(json),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Fails unless the observer reads this of the answer, wherever it is split.
    fn check(observer: impl Fn() -> Observer, answer: &str, usage: impl Into<Option<Usage>>, complete: bool) {
        let usage = usage.into();
        for step in [1, 2, 3, 7, answer.len()] {
            let mut observer = observer();
            answer.as_bytes().chunks(step).for_each(|part| observer.push(part));
            assert_eq!((observer.usage(), observer.is_complete()), (usage, complete), "step {step}");
        }
    }

    const fn usage(input: u64, output: u64, cache_read: u64, reasoning: u64) -> Usage {
        Usage { input, cache_read, cache_write: 0, output, reasoning }
    }

    #[test]
    fn reads_an_openai_chat_stream() {
        let stream =
            "data: {\"choices\":[{\"delta\":{\"content\":\"finish_reason\"},\"finish_reason\":null}]}\n\n";
        check(|| Observer::events(Protocol::OpenAiChat), stream, None, false);
        let ended = format!(
            "{stream}data: {{\"choices\":[{{\"finish_reason\":\"stop\"}}]}}\n\n\
             data: {{\"choices\":[],\"usage\":{{\"prompt_tokens\":9,\"completion_tokens\":5,\
             \"prompt_tokens_details\":{{\"cached_tokens\":4}},\"completion_tokens_details\":{{\"reasoning_tokens\":2}}}}}}\n\n\
             data: [DONE]\n\n"
        );
        check(|| Observer::events(Protocol::OpenAiChat), &ended, usage(9, 5, 4, 2), true);
        check(
            || Observer::events(Protocol::OpenAiChat),
            &ended.replace('\n', "\r\n"),
            usage(9, 5, 4, 2),
            true,
        );
        check(|| Observer::events(Protocol::OpenAiChat), &ended.replace('\n', "\r"), usage(9, 5, 4, 2), true);
    }

    #[test]
    fn reads_a_responses_stream() {
        let stream = "event: response.created\ndata: {\"type\":\"response.created\",\"response\":{\"status\":\"in_progress\"}}\n\n\
            event: response.completed\ndata: {\"type\":\"response.completed\",\"response\":{\"status\":\"completed\",\
            \"usage\":{\"input_tokens\":7,\"output_tokens\":3,\"output_tokens_details\":{\"reasoning_tokens\":1}}}}\n\n";
        check(|| Observer::events(Protocol::OpenAiResponses), stream, usage(7, 3, 0, 1), true);
        let cut = stream.split("event: response.completed").next().expect("a first half");
        check(|| Observer::events(Protocol::OpenAiResponses), cut, None, false);
    }

    #[test]
    fn reads_an_anthropic_stream_and_adds_the_cache_to_the_input() {
        let stream = "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"usage\":{\"input_tokens\":5,\
            \"cache_read_input_tokens\":100,\"cache_creation_input_tokens\":10,\"output_tokens\":1}}}\n\n\
            data: {\"type\":\"content_block_delta\",\"delta\":{\"text\":\"message_stop\"}}\n\n\
            data: {\"type\":\"message_delta\",\"usage\":{\"output_tokens\":42}}\n\n";
        let cost = Usage { cache_write: 10, ..usage(115, 42, 100, 0) };
        check(|| Observer::events(Protocol::Anthropic), stream, cost, false);
        let ended = format!("{stream}event: message_stop\ndata: {{\"type\":\"message_stop\"}}\n\n");
        check(|| Observer::events(Protocol::Anthropic), &ended, cost, true);
    }

    #[test]
    fn reads_gemini_as_events_and_as_an_array() {
        let last = "{\"candidates\":[{\"finishReason\":\"STOP\"}],\"usageMetadata\":{\"promptTokenCount\":4,\
            \"candidatesTokenCount\":2,\"thoughtsTokenCount\":3}}";
        check(|| Observer::events(Protocol::Gemini), &format!("data: {last}\n\n"), usage(4, 5, 0, 3), true);
        check(Observer::array, &format!("[{{}},\n{last}\n]"), usage(4, 5, 0, 3), true);
        check(Observer::array, &format!("[{{}},\n{last}"), usage(4, 5, 0, 3), false);
    }

    #[test]
    fn reads_whole_answers() {
        check(
            || Observer::object(Protocol::Anthropic),
            r#"{"usage":{"input_tokens":3,"output_tokens":2},"content":[{"text":"\"usage\":{}"}]}"#,
            usage(3, 2, 0, 0),
            true,
        );
        check(
            || Observer::object(Protocol::OpenAiChat),
            r#"{"usage":{"prompt_tokens":3,"input_tokens":3,"completion_tokens":2,"output_tokens":null,"prompt_tokens_details":null}}"#,
            usage(3, 2, 0, 0),
            true,
        );
        check(|| Observer::object(Protocol::Gemini), "not json", None, true);
    }
}
