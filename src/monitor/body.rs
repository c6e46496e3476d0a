//! Bodies as far as they are kept: only when the config asks for them, never more than
//! so many bytes, and without any known secret.

use serde::{Deserialize, Serialize};

use crate::upstream::Scrubber;

/// How much of one body is kept.
pub const MAX_BODY: usize = 256 << 10;
/// Read beyond that while it passes, so that no secret is cut in half at the end: half a
/// secret would not be recognised.
const MARGIN: usize = 8 << 10;

/// The two bodies of an exchange under way.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Bodies {
    pub request: Body,
    pub response: Body,
}

impl Bodies {
    /// Bytes held.
    pub const fn held(&self) -> usize {
        self.request.held() + self.response.held()
    }
}

/// The beginning of a body, and how long all of it is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Body {
    kept: Vec<u8>,
    length: u64,
}

/// A body as it is stored.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptBody {
    /// Bytes that are no UTF-8 are shown as `�`.
    pub text: String,
    /// Bytes in all, kept or not.
    pub length: u64,
    /// Whether `text` is only its beginning.
    pub truncated: bool,
}

impl Body {
    /// Takes in what passes. Copies: a small piece may be part of a large buffer, and would
    /// keep all of it.
    pub fn push(&mut self, bytes: &[u8]) {
        self.length += bytes.len() as u64;
        let room = (MAX_BODY + MARGIN).saturating_sub(self.kept.len());
        self.kept.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }

    /// Bytes held.
    pub const fn held(&self) -> usize {
        self.kept.len()
    }

    /// Bytes in all.
    pub const fn length(&self) -> u64 {
        self.length
    }

    /// What may be stored of it, and whether that is only its beginning.
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
    fn no_half_of_a_secret_is_left_at_the_cut() {
        for start in MAX_BODY - 30..MAX_BODY + 2 {
            let text = format!("{}{SECRET}{}", "x".repeat(start), "y".repeat(2 * MARGIN));
            let kept = redacted(&text, 4096);
            assert!(kept.len() <= MAX_BODY && !kept.contains("sk-"), "secret at {start}");
        }
    }

    #[test]
    fn many_secrets_before_the_cut_do_not_pull_a_half_one_in() {
        let many = SECRET.repeat((MAX_BODY + MARGIN) / SECRET.len() + 1000);
        for offset in 0..SECRET.len() {
            let kept = redacted(&format!("{}{many}", "x".repeat(offset)), 1000);
            assert!(!kept.contains("sk-"), "offset {offset}");
        }
    }

    #[test]
    fn what_is_held_is_bounded() {
        let mut body = Body::default();
        (0..1000).for_each(|_| body.push(&[b'a'; 4096]));
        assert_eq!((body.held(), body.length()), (MAX_BODY + MARGIN, 4_096_000));
    }
}
