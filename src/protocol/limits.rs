//! How much one request or answer may hold, and how large it may become: a small request
//! must not grow into a large one here. The limits are far above what any model reads or
//! writes.

use super::invalid::{InvalidField, Outcome};
use super::{ErrorKind, Protocol};
use crate::chat::{Part, Request, crowd};

/// Tools of one request. Vendors take 128 to a few hundred.
pub const MOST_TOOLS: usize = 4_096;
/// Tool calls of one turn, the client's or the model's.
pub const MOST_CALLS: usize = 4_096;
/// Turns and parts of one request.
pub const MOST_PARTS: usize = 100_000;
/// Texts of one call for embeddings
/// (<https://platform.openai.com/docs/api-reference/embeddings/create#embeddings-create-input>).
pub const MOST_INPUTS: usize = 2_048;
/// Parts of one answer.
pub const MOST_ANSWER_PARTS: usize = 16_384;
/// Bytes of one answer.
pub const MOST_ANSWER_BYTES: usize = 64 << 20;

/// How large a request may become on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    max_body: usize,
}

impl Limits {
    /// `max_body`: the most bytes of a client's body (`max_body_mb`).
    pub fn new(max_body: u64) -> Self {
        Self { max_body: usize::try_from(max_body).unwrap_or(usize::MAX) }
    }

    /// The limit of the input, including everything that it refers to.
    pub const fn of_input(self) -> Meter {
        Meter { left: self.max_body, most: self.max_body, what: "the request with all that it refers to" }
    }

    /// The limit of the request as an upstream reads it. The same text can take twice the
    /// bytes in another protocol, where JSON stands in a string.
    pub const fn of_output(self) -> Meter {
        let most = self.max_body.saturating_mul(2);
        Meter { left: most, most, what: "the request in the upstream's protocol" }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_body: 100 << 20 }
    }
}

/// A limit in bytes, and what is left of it.
#[derive(Clone, Copy, Debug)]
pub struct Meter {
    left: usize,
    most: usize,
    what: &'static str,
}

impl Meter {
    /// Takes bytes off the limit. Fails with a 413 where too few are left.
    pub fn charge(&mut self, bytes: usize) -> Outcome<()> {
        match self.left.checked_sub(bytes) {
            Some(left) => {
                self.left = left;
                Ok(())
            }
            None => Err(self.exceeded()),
        }
    }

    pub fn exceeded(&self) -> InvalidField {
        let problem = format!(
            "{} is over the limit of {} bytes, which comes from max_body_mb under [proxy]",
            self.what, self.most
        );
        InvalidField::new(problem).kind(ErrorKind::TooLarge)
    }
}

/// Refuses a request with more tools, calls or parts than any model takes. The error names
/// the field that holds them.
pub fn check(request: &Request, from: Protocol) -> Outcome<()> {
    let turns = match from {
        Protocol::OpenAiChat | Protocol::Anthropic => "messages",
        Protocol::OpenAiResponses => "input",
        Protocol::Gemini => "contents",
    };
    let is_call = |part: &&Part| matches!(part, Part::ToolUse(_));
    let calls_of = |parts: &[Part]| parts.iter().filter(is_call).count();
    let calls = request.turns.iter().map(|turn| calls_of(&turn.parts)).max().unwrap_or(0);
    let parts = request.turns.iter().map(|turn| 1 + turn.parts.len()).sum();
    if crowd::are_crowded(arguments(request.turns.iter().flat_map(|turn| &turn.parts))) {
        let problem = "holds tool calls whose arguments have more JSON values than any model reads";
        return Err(InvalidField::new(problem).kind(ErrorKind::TooLarge).at(turns));
    }
    at_most(MOST_TOOLS, request.tools.len(), "tools").map_err(|invalid| invalid.at("tools"))?;
    at_most(MOST_CALLS, calls, "tool calls in one turn").map_err(|invalid| invalid.at(turns))?;
    at_most(MOST_PARTS, parts, "turns and parts").map_err(|invalid| invalid.at(turns))
}

/// The arguments of the tool calls: JSON inside a text, whose values are not counted yet.
pub fn arguments<'a>(parts: impl Iterator<Item = &'a Part> + Clone) -> impl Iterator<Item = &'a str> + Clone {
    parts.filter_map(|part| match part {
        Part::ToolUse(call) => Some(&*call.arguments),
        _ => None,
    })
}

/// Fails with a 400 that states how many were sent and how many are allowed.
pub fn at_most(most: usize, sent: usize, what: &str) -> Outcome<()> {
    if sent <= most {
        return Ok(());
    }
    Err(InvalidField::new(format!("has {sent} {what}; at most {most} are allowed")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::{Event, Maker, Role, Tool, ToolUse};
    use crate::protocol::LocalError;
    use crate::protocol::framing::Frame;
    use crate::protocol::well_framed::assert_well_framed;

    fn refusal(request: &Request, from: Protocol) -> String {
        check(request, from).map_err(LocalError::from).expect_err("refused").message
    }

    #[test]
    fn too_many_of_anything_is_refused_under_its_field() {
        let mut request = Request::new(Maker::OpenAi, "m");
        let call = || Part::ToolUse(ToolUse::default());
        request.add(Role::Assistant, (0..MOST_CALLS).map(|_| call()).collect());
        assert_eq!(check(&request, Protocol::OpenAiChat), Ok(()));
        request.add(Role::Assistant, vec![call()]);
        let problem = "has 4097 tool calls in one turn; at most 4096 are allowed";
        assert_eq!(refusal(&request, Protocol::OpenAiChat), format!("messages: {problem}"));
        assert_eq!(refusal(&request, Protocol::OpenAiResponses), format!("input: {problem}"));
        request.turns.clear();
        request.add(Role::User, (0..MOST_PARTS).map(|_| Part::text("x")).collect());
        assert!(refusal(&request, Protocol::Gemini).starts_with("contents: has 100001 turns and parts"));
        request.tools = (0..=MOST_TOOLS).map(|n| Tool::Hosted { name: n.to_string() }).collect();
        assert_eq!(refusal(&request, Protocol::Gemini), "tools: has 4097 tools; at most 4096 are allowed");
    }

    #[test]
    fn a_meter_stops_at_its_limit() {
        let mut meter = Limits::new(10).of_input();
        assert!(meter.charge(4).is_ok() && meter.charge(6).is_ok() && meter.charge(0).is_ok());
        let error = LocalError::from(meter.charge(1).expect_err("over"));
        assert_eq!(error.kind, ErrorKind::TooLarge);
        assert!(error.message.contains("10 bytes") && error.message.contains("max_body_mb"), "{error}");
        assert!(Limits::new(10).of_output().charge(20).is_ok());
    }

    fn failure(frame: &Frame) -> Option<&str> {
        assert_well_framed(&frame.events);
        match frame.events.last() {
            Some(Event::Failed(failure)) => Some(&failure.message),
            _ => None,
        }
    }

    #[test]
    fn an_answer_of_more_than_any_model_writes_ends_as_a_failure() {
        let mut frame = Frame::default();
        for key in 0..=MOST_CALLS as u64 {
            frame.call(key, "", "tool", false);
        }
        assert_eq!(failure(&frame), Some("the answer has more than 4096 tool calls"));

        let mut frame = Frame::default();
        for _ in 0..=MOST_ANSWER_PARTS / 2 {
            frame.text("a");
            frame.thinking("b");
        }
        assert_eq!(failure(&frame), Some("the answer has more than 16384 parts"));

        let megabyte = "x".repeat(1 << 20);
        for held_back in [false, true] {
            let mut frame = Frame::default();
            frame.call(0, "", "open", false);
            frame.call(1, "", "waiting", false);
            for _ in 0..=MOST_ANSWER_BYTES >> 20 {
                frame.arguments(u64::from(held_back), &megabyte);
                frame.events.retain(|event| !matches!(event, Event::Delta(_)));
            }
            assert_eq!(failure(&frame), Some("the answer is longer than 64 MiB"));
        }
    }
}
