//! Signatures of thoughts: opaque texts that a vendor wants back with the next request.
//!
//! A client that speaks another vendor's protocol returns the field that its own protocol
//! has for signatures. A foreign signature therefore travels in that slot, in a
//! [wrapping](Signature::wrap) that names its maker, and is unwrapped when it comes back.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use strum::{EnumString, IntoStaticStr, VariantArray};

/// The vendor whose models can read a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "lowercase", const_into_str)]
pub enum Maker {
    OpenAi,
    Anthropic,
    Gemini,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    pub maker: Maker,
    /// OpenAI: the id of the reasoning item.
    pub id: Option<String>,
    pub value: String,
}

/// Marks a signature that travels in another maker's slot.
const MARK: &str = "portcullis.";

/// Stands in place of an id: the value holds the thoughts themselves, not only a signature.
const REDACTED: &str = "redacted";

impl Signature {
    pub fn new(maker: Maker, value: impl Into<String>) -> Self {
        Self { maker, id: None, value: value.into() }
    }

    /// The text for the slot in a protocol of `slot`.
    pub fn wrap(&self, slot: Maker) -> String {
        if self.maker == slot {
            return self.value.clone();
        }
        let id = self.id.as_deref().unwrap_or_default();
        let wrapped = format!("{MARK}{}.{id}.{}", self.maker.into_str(), self.value);
        // Google's SDKs read their slot as base64.
        if slot == Maker::Gemini { STANDARD.encode(wrapped) } else { wrapped }
    }

    /// The text for thoughts that only the models of their maker can read.
    pub fn wrap_redacted(&self, slot: Maker) -> String {
        Self { id: Some(REDACTED.to_owned()), ..self.clone() }.wrap(slot)
    }

    /// Reads a slot: the reverse of [`wrap`](Self::wrap). `None` for an empty slot and for the
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
        let maker = fields.next()?.parse().ok()?;
        let id = fields.next()?;
        let value = fields.next()?;
        Some(Self { maker, id: (!id.is_empty()).then(|| id.to_owned()), value: value.to_owned() })
    }

    pub fn is_redacted(&self) -> bool {
        self.id.as_deref() == Some(REDACTED)
    }
}

/// The bytes that [`is_carried_in`] must see in one piece.
pub const LONGEST_MARK: usize = 16;

/// Whether a request carries a signature in another maker's slot. An upstream of the client's
/// own protocol would refuse the whole request for it, so the request must not pass unchanged.
pub fn is_carried_in(body: &[u8]) -> bool {
    // The mark itself, and the beginning of its base64.
    [MARK.as_bytes(), b"cG9ydGN1bGxpcy"].iter().any(|mark| memchr::memmem::find(body, mark).is_some())
}

/// A wrapping in base64, in the standard or the URL-safe alphabet: SDKs write back either.
fn decode_mark(text: &str) -> Option<String> {
    let standard = text.replace('-', "+").replace('_', "/");
    let bytes = STANDARD_NO_PAD.decode(standard.trim_end_matches('=')).ok()?;
    String::from_utf8(bytes).ok().filter(|wrapped| wrapped.starts_with(MARK))
}

/// What clients send to Gemini when they have no signature
/// (<https://ai.google.dev/gemini-api/docs/thought-signatures>), plain and as base64.
const STAND_INS: [&str; 4] = [
    SKIP_VALIDATION,
    "c2tpcF90aG91Z2h0X3NpZ25hdHVyZV92YWxpZGF0b3I=",
    "context_engineering_is_the_way_to_go",
    "Y29udGV4dF9lbmdpbmVlcmluZ19pc190aGVfd2F5X3RvX2dv",
];

/// The stand-in for a call in the history that was never signed.
pub const SKIP_VALIDATION: &str = "skip_thought_signature_validator";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_returns_from_every_slot_as_it_was() {
        for &maker in Maker::VARIANTS {
            for &slot in Maker::VARIANTS {
                let id = (maker == Maker::OpenAi && slot != maker).then(|| "rs_1".to_owned());
                let signature = Signature { maker, id, value: "Ab+/=.x".to_owned() };
                assert_eq!(Signature::unwrap(slot, &signature.wrap(slot)), Some(signature));
            }
        }
    }

    #[test]
    fn a_foreign_signature_in_a_body_is_found_and_the_protocols_own_is_not() {
        for &slot in Maker::VARIANTS {
            for &maker in Maker::VARIANTS {
                let body = format!("{{\"signature\":\"{}\"}}", Signature::new(maker, "c2ln").wrap(slot));
                assert_eq!(is_carried_in(body.as_bytes()), maker != slot, "{maker:?} in {slot:?}");
            }
        }
    }

    #[test]
    fn stand_ins_and_nonsense_are_not_signatures() {
        for text in STAND_INS.into_iter().chain(["", "portcullis.", "portcullis.unknown.1.x"]) {
            assert_eq!(Signature::unwrap(Maker::Gemini, text), None, "{text}");
        }
    }
}
