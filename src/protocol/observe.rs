//! What an answer reveals while its bytes pass untouched: the tokens it cost, and
//! whether a stream has said its last word.
//!
//! Only events that carry a marker are parsed; the rest cost two searches a line.

use memchr::{memchr2, memmem};
use serde::Deserialize;

use super::Protocol;
use super::scan::Scanner;
use super::usage::{AnthropicUsage, GeminiUsage, OpenAiUsage, Usage, last_usage_metadata, usage_of};

/// An event longer than this is passed on unread.
const MAX_EVENT: usize = 16 << 20;
/// How much of the end of a JSON array is kept to look for usage in.
const TAIL: usize = 8 << 10;
/// How much of a whole answer's usage object is kept.
const MAX_USAGE: usize = 16 << 10;
/// The longest error event that is kept; one of the Responses API repeats the instructions.
const MAX_FAILURE: usize = 1 << 20;

/// Watches one answer.
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
        Self::Events(EventObserver { protocol, line: Vec::new(), seen: Seen::default() })
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
                // Not byte by byte: each time, all that is kept moves to the front.
                if tail.len() > 2 * TAIL {
                    tail.drain(..tail.len() - TAIL);
                }
            }
            Self::Blind => {}
        }
    }

    /// What the answer has said of its cost so far.
    pub fn usage(&self) -> Option<Usage> {
        match self {
            Self::Events(observer) => observer.seen.usage,
            Self::Object { protocol, scanner, .. } => {
                let member = scanner.found().first()?;
                usage_of(*protocol, &member.value)
            }
            Self::Array { tail } => last_usage_metadata(tail),
            Self::Blind => None,
        }
    }

    /// The answer has ended; its last line may have no end of its own.
    pub fn finish(&mut self) {
        if let Self::Events(observer) = self {
            observer.seen.read(observer.protocol, &std::mem::take(&mut observer.line));
        }
    }

    /// Whether the answer has told of its own failure, so that the client knows.
    pub fn has_failed(&self) -> bool {
        matches!(self, Self::Events(observer) if observer.seen.failed)
    }

    /// The event in which a stream told of it, if that was short enough.
    pub fn failure(&self) -> Option<&[u8]> {
        match self {
            Self::Events(observer) => observer.seen.failure.as_deref(),
            _ => None,
        }
    }

    /// Whether a stream may end here, well or with an error of its own.
    pub const fn has_ended(&self) -> bool {
        matches!(self, Self::Events(observer) if observer.seen.finished || observer.seen.failed)
    }

    /// Whether a stream has said the word that its protocol ends with, or an error.
    pub const fn is_over(&self) -> bool {
        matches!(self, Self::Events(observer) if observer.seen.over || observer.seen.failed)
    }

    /// Whether an answer that ends here ends whole.
    pub fn is_complete(&self) -> bool {
        match self {
            Self::Events(observer) => observer.seen.finished,
            Self::Array { tail } => tail.trim_ascii_end().ends_with(b"]"),
            Self::Object { .. } | Self::Blind => true,
        }
    }
}

#[derive(Default)]
struct Seen {
    usage: Option<Usage>,
    finished: bool,
    /// Finished, and with nothing to come: some add their usage after the finish.
    over: bool,
    failed: bool,
    failure: Option<Vec<u8>>,
}

pub struct EventObserver {
    protocol: Protocol,
    /// The line that is still open.
    line: Vec<u8>,
    seen: Seen,
}

impl EventObserver {
    fn push(&mut self, mut bytes: &[u8]) {
        while let Some(end) = line_end(bytes) {
            let (line, rest) = (&bytes[..end], &bytes[end + 1..]);
            if self.line.is_empty() {
                self.seen.read(self.protocol, line);
            } else {
                self.line.extend_from_slice(line);
                self.seen.read(self.protocol, &self.line);
                self.line.clear();
            }
            bytes = rest;
        }
        if self.line.len() + bytes.len() <= MAX_EVENT {
            self.line.extend_from_slice(bytes);
        }
    }
}

/// Lines end in LF or CR; an empty line between CR and LF is harmless.
fn line_end(bytes: &[u8]) -> Option<usize> {
    memchr2(b'\n', b'\r', bytes)
}

impl Seen {
    fn read(&mut self, protocol: Protocol, line: &[u8]) {
        let Some(data) = line.strip_prefix(b"data:") else { return self.event_name(line) };
        let data = data.trim_ascii();
        if data.starts_with(b"{\"error\"") {
            self.error(data);
        }
        match protocol {
            Protocol::OpenAiChat => self.openai_chat(data),
            Protocol::OpenAiResponses => self.openai_responses(data),
            Protocol::Anthropic => self.anthropic(data),
            Protocol::Gemini => self.gemini(data),
        }
        if self.failed && self.failure.is_none() && data.len() <= MAX_FAILURE {
            self.failure = Some(data.to_vec());
        }
    }

    /// Anthropic and Responses say in an event's name that it is an error.
    fn event_name(&mut self, line: &[u8]) {
        self.failed |= line.strip_prefix(b"event:").is_some_and(|name| name.trim_ascii() == b"error");
    }

    /// OpenAI chat and Gemini send the body of an error response.
    fn error(&mut self, data: &[u8]) {
        #[derive(Deserialize)]
        struct Failed {
            error: Option<serde::de::IgnoredAny>,
        }
        self.failed |= serde_json::from_slice::<Failed>(data).is_ok_and(|event| event.error.is_some());
    }

    fn openai_chat(&mut self, data: &[u8]) {
        #[derive(Deserialize)]
        struct Chunk {
            usage: Option<OpenAiUsage>,
            #[serde(default)]
            choices: Vec<Choice>,
        }
        #[derive(Deserialize)]
        struct Choice {
            finish_reason: Option<serde::de::IgnoredAny>,
        }
        if data == b"[DONE]" {
            self.finished = true;
            self.over = true;
        } else if has(data, b"\"usage\"") || (!self.finished && has(data, b"\"finish_reason\"")) {
            let Ok(chunk) = serde_json::from_slice::<Chunk>(data) else { return };
            self.finished |= chunk.choices.iter().any(|choice| choice.finish_reason.is_some());
            self.usage = chunk.usage.map(Usage::from).or(self.usage);
        }
    }

    fn openai_responses(&mut self, data: &[u8]) {
        #[derive(Deserialize)]
        struct Event {
            response: Option<Response>,
        }
        #[derive(Deserialize)]
        struct Response {
            usage: Option<OpenAiUsage>,
            status: Option<String>,
        }
        if !has(data, b"\"response.completed\"")
            && !has(data, b"\"response.incomplete\"")
            && !has(data, b"\"response.failed\"")
        {
            return;
        }
        let Ok(Event { response: Some(response) }) = serde_json::from_slice(data) else { return };
        match response.status.as_deref() {
            Some("in_progress") => {}
            Some("failed") => self.failed = true,
            _ => {
                self.finished = true;
                self.over = true;
            }
        }
        self.usage = response.usage.map(Usage::from).or(self.usage);
    }

    fn anthropic(&mut self, data: &[u8]) {
        #[derive(Deserialize)]
        struct Event {
            r#type: String,
            message: Option<Message>,
            usage: Option<AnthropicUsage>,
        }
        #[derive(Deserialize)]
        struct Message {
            usage: Option<AnthropicUsage>,
        }
        if !has(data, b"message_start") && !has(data, b"message_delta") && !has(data, b"message_stop") {
            return;
        }
        let Ok(event) = serde_json::from_slice::<Event>(data) else { return };
        self.over |= event.r#type == "message_stop";
        self.finished |= self.over;
        for part in event.message.and_then(|message| message.usage).into_iter().chain(event.usage) {
            let usage = self.usage.get_or_insert_default();
            part.merge_into(usage);
        }
    }

    fn gemini(&mut self, data: &[u8]) {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Chunk {
            usage_metadata: Option<GeminiUsage>,
            #[serde(default)]
            candidates: Vec<Candidate>,
            prompt_feedback: Option<serde::de::IgnoredAny>,
        }
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Candidate {
            finish_reason: Option<serde::de::IgnoredAny>,
        }
        if !has(data, b"\"usageMetadata\"")
            && !has(data, b"\"finishReason\"")
            && !has(data, b"\"promptFeedback\"")
        {
            return;
        }
        let Ok(chunk) = serde_json::from_slice::<Chunk>(data) else { return };
        self.finished |= chunk.prompt_feedback.is_some()
            || chunk.candidates.iter().any(|candidate| candidate.finish_reason.is_some());
        self.usage = chunk.usage_metadata.map(Usage::from).or(self.usage);
    }
}

fn has(data: &[u8], marker: &[u8]) -> bool {
    memmem::find(data, marker).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What an observer says of an answer, however it is split.
    fn check(observer: impl Fn() -> Observer, answer: &str, usage: impl Into<Option<Usage>>, complete: bool) {
        let usage = usage.into();
        for step in [1, 2, 3, 7, answer.len()] {
            let mut observer = observer();
            answer.as_bytes().chunks(step).for_each(|part| observer.push(part));
            assert_eq!((observer.usage(), observer.is_complete()), (usage, complete), "step {step}");
        }
    }

    const fn usage(input: u64, output: u64, cached: u64, reasoning: u64) -> Usage {
        Usage { input, output, cached, reasoning }
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
        check(|| Observer::events(Protocol::Anthropic), stream, usage(115, 42, 100, 0), false);
        let ended = format!("{stream}event: message_stop\ndata: {{\"type\":\"message_stop\"}}\n\n");
        check(|| Observer::events(Protocol::Anthropic), &ended, usage(115, 42, 100, 0), true);
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
