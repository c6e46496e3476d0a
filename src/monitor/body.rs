//! Kept bodies: only when the config asks for them, at most [`MAX_BODY`] bytes each, and without
//! known secrets.

use serde::Serialize;

use crate::upstream::Scrubber;

/// The most bytes kept of one body.
pub const MAX_BODY: usize = 256 << 10;
/// Bytes held beyond that until the body is stored, so that a secret at the end is found whole:
/// half a secret would not be recognised.
const MARGIN: usize = 8 << 10;

/// The two bodies of an exchange under way.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Bodies {
    pub request: Body,
    pub response: Body,
}

impl Bodies {
    /// Bytes in memory.
    pub const fn memory(&self) -> usize {
        self.request.memory() + self.response.memory()
    }
}

/// The beginning of a body, and its whole length.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Body {
    kept: Vec<u8>,
    length: u64,
}

/// A body as it is stored.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct KeptBody {
    /// Bytes that are not UTF-8 appear as `�`.
    pub text: String,
    /// Bytes of the whole body.
    pub length: u64,
    /// Whether `text` is only its beginning.
    pub truncated: bool,
}

impl Body {
    /// Adds a piece. It is copied: a small piece may be a slice of a large buffer and would keep
    /// all of it.
    pub fn push(&mut self, bytes: &[u8]) {
        self.length += bytes.len() as u64;
        let room = (MAX_BODY + MARGIN).saturating_sub(self.kept.len());
        self.kept.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }

    /// Bytes in memory.
    pub const fn memory(&self) -> usize {
        self.kept.len()
    }

    /// Bytes of the whole body.
    pub const fn length(&self) -> u64 {
        self.length
    }

    /// The part to store, without secrets, and whether it is only the beginning.
    pub fn redacted(&self, scrubber: &Scrubber) -> (Vec<u8>, bool) {
        let mut text = scrubber.scrub_escaped(&self.kept).unwrap_or_else(|| self.kept.clone());
        let is_whole = self.kept.len() as u64 == self.length;
        let sure = if is_whole { text.len() } else { text.len().saturating_sub(MARGIN) };
        let truncated = !is_whole || sure > MAX_BODY;
        text.truncate(sure.min(MAX_BODY));
        (text, truncated)
    }
}

#[cfg(test)]
mod tests {
    use secrecy::SecretString;

    use super::*;

    const SECRET: &str = "sk-0123456789abcdef";

    fn redacted(text: &str, piece: usize) -> String {
        let scrubber = Scrubber::default();
        scrubber.learn([&SecretString::from(SECRET)]);
        let mut body = Body::default();
        text.as_bytes().chunks(piece).for_each(|part| body.push(part));
        assert_eq!(body.length(), text.len() as u64);
        let (kept, truncated) = body.redacted(&scrubber);
        assert_eq!(truncated, text.len() > MAX_BODY + MARGIN || kept.len() == MAX_BODY);
        String::from_utf8(kept).expect("text")
    }

    #[test]
    fn a_short_body_is_kept_whole_without_its_secrets() {
        let text = format!("before {SECRET} after {SECRET}");
        assert_eq!(redacted(&text, 5), "before [secret] after [secret]");
    }

    #[test]
    fn no_part_of_a_secret_is_left_at_the_cut() {
        for start in MAX_BODY - 30..MAX_BODY + 2 {
            let text = format!("{}{SECRET}{}", "x".repeat(start), "y".repeat(2 * MARGIN));
            let kept = redacted(&text, 4096);
            assert!(kept.len() <= MAX_BODY && !kept.contains("sk-"), "secret at {start}");
        }
    }

    #[test]
    fn many_secrets_before_the_cut_do_not_bring_a_part_of_one_in() {
        let many = SECRET.repeat((MAX_BODY + MARGIN) / SECRET.len() + 1000);
        for offset in 0..SECRET.len() {
            let kept = redacted(&format!("{}{many}", "x".repeat(offset)), 1000);
            assert!(!kept.contains("sk-"), "offset {offset}");
        }
    }

    #[test]
    fn the_memory_of_a_body_is_bounded() {
        let mut body = Body::default();
        (0..1000).for_each(|_| body.push(&[b'a'; 4096]));
        assert_eq!((body.memory(), body.length()), (MAX_BODY + MARGIN, 4_096_000));
    }
}
