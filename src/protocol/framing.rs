//! The frame that every decoder writes through, so that no decoder can write a malformed
//! stream.
//!
//! ```text
//! idle ──start──▶ between parts ⇄ part open
//!                      │ end / fail (from anywhere)
//!                      ▼
//!                    over
//! ```
//!
//! A decoder reports what it reads (text, the arguments of a call). The frame opens and
//! closes parts accordingly, holds back calls that run beside the open one, and ignores
//! everything after the end.

use super::calls::{Calls, WaitingCall};
use super::limits::{MOST_ANSWER_BYTES, MOST_ANSWER_PARTS, MOST_CALLS};
use crate::chat::{
    Citation, Collector, Delta, Event, Failure, FinishReason, PartStart, Response, Signature, Usage,
};

#[derive(Debug, Default)]
pub struct Frame {
    /// The events that have not been taken yet.
    pub events: Vec<Event>,
    state: State,
    calls: Calls,
    parts: usize,
    /// The length of the whole answer, in bytes.
    length: usize,
    /// The open call takes JSON and has none yet. Without any, its arguments are an empty object.
    is_bare_call: bool,
}

#[derive(Debug, Default, PartialEq)]
enum State {
    #[default]
    Idle,
    Between,
    Text,
    Thinking,
    Call(u64),
    Over,
}

impl Frame {
    pub fn is_over(&self) -> bool {
        self.state == State::Over
    }

    pub fn has_started(&self) -> bool {
        self.state != State::Idle
    }

    /// Starts the answer. A second start is ignored.
    pub fn start(&mut self, id: Option<&str>, model: Option<&str>, usage: Option<Usage>) {
        if self.state == State::Idle {
            self.state = State::Between;
            let (id, model) = (id.map(str::to_owned), model.map(str::to_owned));
            self.events.push(Event::Started { id, model, usage });
        }
    }

    pub fn text(&mut self, text: &str) {
        if !text.is_empty() && self.open_text() && self.may_add(text.len()) {
            self.events.push(Event::Delta(Delta::Text(text.to_owned())));
        }
    }

    pub fn citation(&mut self, citation: Citation) {
        let length = citation.url.len() + citation.title.len() + citation.cited_text.len();
        if self.open_text() && self.may_add(length) {
            self.events.push(Event::Delta(Delta::Citation(citation)));
        }
    }

    pub fn thinking(&mut self, text: &str) {
        if !text.is_empty() && self.open_thinking() && self.may_add(text.len()) {
            self.events.push(Event::Delta(Delta::Thinking(text.to_owned())));
        }
    }

    /// Signs the thinking, and ends it.
    pub fn signature(&mut self, signature: Signature) {
        if self.open_thinking() && self.may_add(signature.value.len()) {
            self.events.push(Event::Delta(Delta::Signature(signature)));
            self.close();
        }
    }

    pub fn redacted(&mut self, signature: Signature) {
        if self.may_open() && self.may_add(signature.value.len()) {
            self.open(PartStart::RedactedThinking(signature), State::Between);
            self.events.push(Event::PartFinished);
        }
    }

    /// Opens a call, or queues it after the open one. `key` is the decoder's own number for
    /// it; a known key is ignored.
    pub fn call(&mut self, key: u64, id: &str, name: &str, freeform: bool) {
        if self.is_over() || self.knows(key) {
            return;
        }
        if self.calls.len() == MOST_CALLS {
            return self.fail(Failure::broken(format!("the answer has more than {MOST_CALLS} tool calls")));
        }
        if !self.may_add(id.len() + name.len()) {
            return;
        }
        let start = PartStart::ToolUse { id: id.to_owned(), name: name.to_owned(), freeform };
        if matches!(self.state, State::Call(_)) {
            self.calls.wait(key, start);
        } else if self.may_open() {
            self.open_call(key, start);
        }
    }

    pub fn knows(&self, key: u64) -> bool {
        self.state == State::Call(key) || self.calls.knows(key)
    }

    /// A piece of a call's arguments.
    pub fn arguments(&mut self, key: u64, piece: &str) {
        if piece.is_empty() || self.is_over() || !self.may_add(piece.len()) {
            return;
        }
        if self.state == State::Call(key) {
            self.is_bare_call = false;
            self.events.push(Event::Delta(Delta::Arguments(piece.to_owned())));
        } else if let Some(call) = self.calls.waiting(key) {
            call.arguments.push_str(piece);
        } else if self.calls.knows(key) {
            self.fail(Failure::broken("the upstream continued a tool call that it had finished"));
        }
    }

    /// Ends a call: it has all its arguments.
    pub fn call_is_whole(&mut self, key: u64) {
        if self.state == State::Call(key) {
            self.close();
            self.advance_calls();
        } else if let Some(call) = self.calls.waiting(key) {
            call.is_whole = true;
        }
    }

    /// Ends the open text or thinking, where the upstream marks the end.
    pub fn part_is_whole(&mut self) {
        if matches!(self.state, State::Text | State::Thinking) {
            self.close();
        }
    }

    pub fn usage(&mut self, usage: Usage) {
        if !self.is_over() {
            self.start(None, None, None);
            self.events.push(Event::Usage(usage));
        }
    }

    /// Ends the answer. A plain stop after a tool call becomes a stop for that call: Gemini and
    /// some compatible servers do not distinguish the two.
    pub fn finish(&mut self, reason: FinishReason) {
        if !self.leave_part() {
            return;
        }
        let reason = match reason {
            FinishReason::Stop | FinishReason::Other(_) if !self.calls.is_empty() => FinishReason::ToolUse,
            reason => reason,
        };
        self.events.push(Event::Finished(reason));
        self.state = State::Over;
    }

    pub fn fail(&mut self, failure: Failure) {
        if !self.is_over() {
            self.events.push(Event::Failed(failure));
            self.state = State::Over;
        }
    }

    /// The whole answer. Fails if it failed, or if it has no end.
    pub fn into_response(self) -> Result<Response, Failure> {
        let mut collector = Collector::default();
        self.events.into_iter().for_each(|event| collector.push(event));
        collector.finish()
    }

    fn open_text(&mut self) -> bool {
        if self.state == State::Text {
            return true;
        }
        let may_open = self.may_open();
        if may_open {
            self.open(PartStart::Text, State::Text);
        }
        may_open
    }

    fn open_thinking(&mut self) -> bool {
        if self.state == State::Thinking {
            return true;
        }
        let may_open = self.may_open();
        if may_open {
            self.open(PartStart::Thinking, State::Thinking);
        }
        may_open
    }

    /// Ends the open part before another one. False if the answer is over, or fails here with
    /// too many parts.
    fn may_open(&mut self) -> bool {
        if self.leave_part() && self.parts >= MOST_ANSWER_PARTS {
            self.fail(Failure::broken(format!("the answer has more than {MOST_ANSWER_PARTS} parts")));
        }
        !self.is_over()
    }

    /// Counts bytes of the answer. False if it is over, or fails here because it is too long.
    fn may_add(&mut self, bytes: usize) -> bool {
        self.length += bytes;
        if self.length > MOST_ANSWER_BYTES {
            let megabytes = MOST_ANSWER_BYTES >> 20;
            self.fail(Failure::broken(format!("the answer is longer than {megabytes} MiB")));
        }
        !self.is_over()
    }

    /// Ends the open part and all waiting calls. False if the answer is over.
    fn leave_part(&mut self) -> bool {
        match self.state {
            State::Over => return false,
            State::Idle => self.start(None, None, None),
            State::Between => {}
            State::Text | State::Thinking => self.close(),
            State::Call(_) => {
                self.close();
                while let Some(call) = self.calls.next() {
                    self.replay(call);
                    self.close();
                }
            }
        }
        true
    }

    /// Writes the waiting calls that are whole, and opens the first that is not.
    fn advance_calls(&mut self) {
        while let Some(call) = self.calls.next() {
            let is_whole = call.is_whole;
            self.replay(call);
            if !is_whole {
                break;
            }
            self.close();
        }
    }

    fn replay(&mut self, call: WaitingCall) {
        self.open_call(call.key, call.start);
        if !call.arguments.is_empty() {
            self.is_bare_call = false;
            self.events.push(Event::Delta(Delta::Arguments(call.arguments)));
        }
    }

    fn open_call(&mut self, key: u64, start: PartStart) {
        self.calls.opened(key);
        self.open(start, State::Call(key));
    }

    fn open(&mut self, start: PartStart, state: State) {
        self.parts += 1;
        self.is_bare_call = matches!(start, PartStart::ToolUse { freeform: false, .. });
        self.events.push(Event::PartStarted(start));
        self.state = state;
    }

    fn close(&mut self) {
        if let State::Call(key) = self.state {
            self.calls.finished(key);
            if self.is_bare_call {
                self.events.push(Event::Delta(Delta::Arguments("{}".to_owned())));
            }
        }
        self.events.push(Event::PartFinished);
        self.state = State::Between;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::chat::{Maker, Part};
    use crate::protocol::well_framed::assert_well_framed;

    fn collect(frame: Frame) -> Response {
        assert_well_framed(&frame.events);
        frame.into_response().expect("finished")
    }

    #[test]
    fn interleaved_calls_come_out_whole_and_one_after_the_other() {
        let mut frame = Frame::default();
        frame.text("hi");
        frame.call(0, "a", "first", false);
        frame.call(1, "b", "second", false);
        frame.arguments(0, "{\"x\":");
        frame.arguments(1, "{\"y\":");
        frame.arguments(0, "1}");
        frame.arguments(1, "2}");
        frame.finish(FinishReason::Stop);
        let response = collect(frame);
        let calls: Vec<_> = response
            .parts
            .iter()
            .filter_map(|part| match part {
                Part::ToolUse(call) => Some((call.id.as_str(), call.arguments.as_str())),
                _ => None,
            })
            .collect();
        assert_eq!(calls, [("a", "{\"x\":1}"), ("b", "{\"y\":2}")]);
        assert_eq!(response.finish, FinishReason::ToolUse);
    }

    #[test]
    fn nothing_follows_the_end() {
        let mut frame = Frame::default();
        frame.finish(FinishReason::Length);
        frame.text("late");
        frame.call(0, "a", "late", false);
        frame.fail(Failure::broken("late"));
        frame.usage(Usage::default());
        frame.finish(FinishReason::Stop);
        assert_eq!(collect(frame).finish, FinishReason::Length);
    }

    proptest! {
        #[test]
        fn any_order_of_calls_gives_a_well_formed_stream(steps in prop::collection::vec((0u8..12, 0u64..4), 0..60)) {
            let mut frame = Frame::default();
            for (step, key) in steps {
                match step {
                    0 => frame.start(Some("id"), None, None),
                    1 => frame.text("t"),
                    2 => frame.thinking("t"),
                    3 => frame.signature(Signature::new(Maker::Gemini, "s")),
                    4 => frame.redacted(Signature::new(Maker::Anthropic, "s")),
                    5 => frame.call(key, "id", "name", false),
                    6 => frame.arguments(key, "{"),
                    7 => frame.call_is_whole(key),
                    8 => frame.part_is_whole(),
                    9 => frame.usage(Usage::default()),
                    10 => frame.citation(Citation::default()),
                    _ if key == 0 => frame.finish(FinishReason::Stop),
                    _ if key == 1 => frame.fail(Failure::broken("x")),
                    _ => frame.text(""),
                }
            }
            assert_well_framed(&frame.events);
        }
    }
}
