//! Proofs of thought: opaque to everyone but their maker, who wants them back.
//!
//! A client that speaks another protocol still echoes the slot its own protocol has for
//! such a thing. So a foreign signature travels there in a [wrapping](Signature::wrap)
//! that names its maker, and is unwrapped when it returns.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};

use super::{Part, Request, Thinking};

/// The vendor whose models can read a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Maker {
    OpenAi,
    Anthropic,
    Gemini,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    pub maker: Maker,
    /// OpenAI's id of the reasoning item.
    pub id: Option<String>,
    pub value: String,
}

/// Marks a signature that travels in another maker's slot.
const MARK: &str = "portcullis.";

/// In the place of an id: the thoughts themselves are in there, not only their proof.
const REDACTED: &str = "redacted";

impl Signature {
    pub fn new(maker: Maker, value: impl Into<String>) -> Self {
        Self { maker, id: None, value: value.into() }
    }

    /// The text for the slot of a protocol that `slot` owns.
    pub fn wrap(&self, slot: Maker) -> String {
        if self.maker == slot {
            return self.value.clone();
        }
        let id = self.id.as_deref().unwrap_or_default();
        let wrapped = format!("{MARK}{}.{id}.{}", self.maker.name(), self.value);
        // Google's SDKs read their slot as base64.
        if slot == Maker::Gemini { STANDARD.encode(wrapped) } else { wrapped }
    }

    /// The same for thoughts that only their maker can read.
    pub fn wrap_redacted(&self, slot: Maker) -> String {
        Self { id: Some(REDACTED.to_owned()), ..self.clone() }.wrap(slot)
    }

    /// The reverse of [`wrap`](Self::wrap). `None` for an empty slot and for the
    /// stand-ins that Gemini clients send in place of a real signature.
    pub fn unwrap(slot: Maker, text: &str) -> Option<Self> {
        if text.is_empty() || STAND_INS.contains(&text) {
            return None;
        }
        let decoded = if slot == Maker::Gemini { decode_mark(text) } else { None };
        let Some(wrapped) = decoded.as_deref().unwrap_or(text).strip_prefix(MARK) else {
            return Some(Self::new(slot, text));
        };
        let mut fields = wrapped.splitn(3, '.');
        let maker = fields.next().and_then(Maker::from_name)?;
        let id = fields.next()?;
        let value = fields.next()?;
        Some(Self { maker, id: (!id.is_empty()).then(|| id.to_owned()), value: value.to_owned() })
    }

    pub fn is_redacted(&self) -> bool {
        self.id.as_deref() == Some(REDACTED)
    }

    /// The part that this signature came out of a slot for.
    pub fn into_part(mut self, text: String) -> Part {
        if self.is_redacted() {
            self.id = None;
            return Part::RedactedThinking(self);
        }
        Part::Thinking(Thinking { text, signature: Some(self) })
    }
}

/// How many bytes [`is_carried_in`] must see together.
pub const LONGEST_MARK: usize = 16;

/// Whether a request carries a signature in another maker's slot. Its own protocol's
/// upstream would refuse the whole request for it, so it must not pass through as it is.
pub fn is_carried_in(body: &[u8]) -> bool {
    // The mark as it is, and as base64 begins with it.
    [MARK.as_bytes(), b"cG9ydGN1bGxpcy"].iter().any(|mark| memchr::memmem::find(body, mark).is_some())
}

/// A wrapping in base64, in whichever alphabet the SDK wrote it back.
fn decode_mark(text: &str) -> Option<String> {
    let standard = text.replace('-', "+").replace('_', "/");
    let bytes = STANDARD_NO_PAD.decode(standard.trim_end_matches('=')).ok()?;
    String::from_utf8(bytes).ok().filter(|wrapped| wrapped.starts_with(MARK))
}

/// What clients send to Gemini when they have no signature to send
/// (<https://ai.google.dev/gemini-api/docs/thought-signatures>), plain and as base64.
const STAND_INS: [&str; 4] = [
    SKIP_VALIDATION,
    "c2tpcF90aG91Z2h0X3NpZ25hdHVyZV92YWxpZGF0b3I=",
    "context_engineering_is_the_way_to_go",
    "Y29udGV4dF9lbmdpbmVlcmluZ19pc190aGVfd2F5X3RvX2dv",
];

/// Tells Gemini that a call in the history was never signed.
pub const SKIP_VALIDATION: &str = "skip_thought_signature_validator";

impl Maker {
    const ALL: [Self; 3] = [Self::OpenAi, Self::Anthropic, Self::Gemini];

    const fn name(self) -> &'static str {
        match self {
            Self::OpenAi => "openai",
            Self::Anthropic => "anthropic",
            Self::Gemini => "gemini",
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|maker| maker.name() == name)
    }
}

impl Request {
    /// Puts signatures back that a client did not echo: `remembered` gives what was
    /// seen before the call with this id. A call that has one keeps it.
    pub fn restore_signatures(&mut self, mut remembered: impl FnMut(&str) -> Option<Signature>) {
        for turn in &mut self.turns {
            let mut parts: Vec<Part> = Vec::with_capacity(turn.parts.len());
            for part in std::mem::take(&mut turn.parts) {
                let found = match &part {
                    Part::ToolUse(call) if !parts.last().is_some_and(is_signed) => remembered(&call.id),
                    _ => None,
                };
                let thinking = |signature| Thinking { text: String::new(), signature: Some(signature) };
                parts.extend(found.map(|signature| Part::Thinking(thinking(signature))));
                parts.push(part);
            }
            turn.parts = parts;
        }
    }
}

fn is_signed(part: &Part) -> bool {
    matches!(part, Part::Thinking(Thinking { signature: Some(_), .. }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::{Role, ToolUse};

    #[test]
    fn a_signature_returns_from_every_slot_as_it_was() {
        for maker in Maker::ALL {
            for slot in Maker::ALL {
                let id = (maker == Maker::OpenAi && slot != maker).then(|| "rs_1".to_owned());
                let signature = Signature { maker, id, value: "Ab+/=.x".to_owned() };
                assert_eq!(Signature::unwrap(slot, &signature.wrap(slot)), Some(signature));
            }
        }
    }

    #[test]
    fn a_foreign_signature_is_seen_in_a_body_and_an_own_one_is_not() {
        for slot in Maker::ALL {
            for maker in Maker::ALL {
                let body = format!("{{\"signature\":\"{}\"}}", Signature::new(maker, "c2ln").wrap(slot));
                assert_eq!(is_carried_in(body.as_bytes()), maker != slot, "{maker:?} in {slot:?}");
            }
        }
    }

    #[test]
    fn stand_ins_and_nonsense_are_no_signatures() {
        for text in STAND_INS.into_iter().chain(["", "portcullis.", "portcullis.nobody.1.x"]) {
            assert_eq!(Signature::unwrap(Maker::Gemini, text), None, "{text}");
        }
    }

    #[test]
    fn a_remembered_signature_goes_before_its_call_once() {
        let call = |id: &str| Part::ToolUse(ToolUse { id: id.to_owned(), ..ToolUse::default() });
        let mut request = Request::new(Maker::OpenAi, "m");
        request.say(Role::Assistant, vec![call("a"), call("b")]);
        let remembered = |id: &str| (id == "b").then(|| Signature::new(Maker::Gemini, "s"));
        request.restore_signatures(remembered);
        request.restore_signatures(remembered);
        let signed = Part::Thinking(Thinking {
            text: String::new(),
            signature: Some(Signature::new(Maker::Gemini, "s")),
        });
        assert_eq!(request.turns[0].parts, vec![call("a"), signed, call("b")]);
    }
}
