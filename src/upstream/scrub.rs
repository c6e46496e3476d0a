//! Masks known secrets in text that must not carry any: log lines, and upstreams' errors that
//! repeat the key they were sent.

use std::sync::Arc;

use aho_corasick::{AhoCorasick, MatchKind};
use arc_swap::ArcSwapOption;
use http::{HeaderMap, HeaderValue};
use memchr::memchr;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

/// The text in place of a secret.
const MASK: &str = "[secret]";
/// How often escapes are undone: JSON within JSON within JSON is the deepest error seen.
const MOST_ESCAPED: usize = 3;

/// Whether a secret is long enough to be masked: a shorter one would mask ordinary words.
pub const fn can_be_masked(secret: &str) -> bool {
    const SHORTEST: usize = 6;
    secret.len() >= SHORTEST
}

/// Shared by everything that writes. It learns the secrets of each new configuration and
/// keeps the old ones, because a request in flight may still use them.
#[derive(Clone, Default)]
pub struct Scrubber {
    matcher: Arc<ArcSwapOption<Matcher>>,
}

/// The secrets of one moment.
#[derive(Clone, Default)]
pub struct Secrets(Option<Arc<Matcher>>);

struct Matcher {
    secrets: Vec<SecretString>,
    automaton: AhoCorasick,
}

impl Scrubber {
    pub fn learn<'a>(&self, secrets: impl IntoIterator<Item = &'a SecretString>) {
        let mut all: Vec<SecretString> =
            self.matcher.load().as_ref().map(|matcher| matcher.secrets.clone()).unwrap_or_default();
        for secret in secrets {
            let text = secret.expose_secret();
            if can_be_masked(text) && !all.iter().any(|known| known.expose_secret() == text) {
                all.push(secret.clone());
            }
        }
        let patterns = all.iter().map(ExposeSecret::expose_secret);
        // Of two keys with the same beginning the longer one is masked whole.
        let automaton = AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(patterns);
        if let Ok(automaton) = automaton {
            self.matcher.store(Some(Arc::new(Matcher { secrets: all, automaton })));
        }
    }

    /// The text with every known secret masked; `None` if it holds none.
    pub fn scrub(&self, text: &[u8]) -> Option<Vec<u8>> {
        self.matcher.load().as_ref()?.scrub(text)
    }

    /// The secrets known at this moment, for scrubbing many texts.
    pub fn known(&self) -> Secrets {
        Secrets(self.matcher.load_full())
    }

    /// Whether no secret has been learned since `secrets` was taken.
    pub fn knows(&self, secrets: &Secrets) -> bool {
        let known = self.matcher.load();
        known.as_ref().map(Arc::as_ptr) == secrets.0.as_ref().map(Arc::as_ptr)
    }

    pub fn scrub_headers(&self, headers: &mut HeaderMap) {
        for value in headers.values_mut() {
            if let Some(scrubbed) = self.scrub(value.as_bytes()) {
                *value = HeaderValue::from_bytes(&scrubbed).unwrap_or(HeaderValue::from_static(MASK));
            }
        }
    }

    /// The text with every known secret masked, also where it is written with JSON escapes, which
    /// a client undoes. `None` if it holds none.
    pub fn scrub_escaped(&self, text: &[u8]) -> Option<Vec<u8>> {
        let matcher = self.matcher.load();
        let matcher = matcher.as_ref()?;
        let masked = matcher.scrub(text);
        matcher.mask_escaped(masked.as_deref().unwrap_or(text)).or(masked)
    }

    /// The same for the lines of an event stream, whose data is JSON.
    pub fn scrub_events(&self, lines: &[u8]) -> Option<Vec<u8>> {
        let mut is_changed = false;
        let mut scrubbed = Vec::with_capacity(lines.len());
        for line in lines.split_inclusive(|byte| matches!(byte, b'\n' | b'\r')) {
            let text = line.trim_ascii_end();
            let name = if text.starts_with(b"data:") { b"data:".len() } else { 0 };
            match self.scrub_escaped(&text[name..]) {
                Some(clean) => {
                    is_changed = true;
                    scrubbed.extend_from_slice(&line[..name]);
                    scrubbed.extend_from_slice(&clean);
                    scrubbed.extend_from_slice(&line[text.len()..]);
                }
                None => scrubbed.extend_from_slice(line),
            }
        }
        is_changed.then_some(scrubbed)
    }

    pub fn scrub_text(&self, text: String) -> String {
        match self.scrub_escaped(text.as_bytes()) {
            Some(scrubbed) => String::from_utf8_lossy(&scrubbed).into_owned(),
            None => text,
        }
    }
}

impl Secrets {
    /// The text with every one of them masked; `None` if it holds none.
    pub fn scrub(&self, text: &[u8]) -> Option<Vec<u8>> {
        self.0.as_ref()?.scrub(text)
    }
}

impl Matcher {
    fn scrub(&self, text: &[u8]) -> Option<Vec<u8>> {
        self.automaton.is_match(text).then(|| {
            let masks = vec![MASK; self.secrets.len()];
            self.automaton.replace_all_bytes(text, &masks)
        })
    }

    fn mask_escaped(&self, text: &[u8]) -> Option<Vec<u8>> {
        let plain = self.unescaped(text)?;
        let Ok(mut value) = serde_json::from_slice::<Value>(text) else { return self.scrub(&plain) };
        self.mask(&mut value);
        Some(value.to_string().into_bytes())
    }

    /// The text with its escapes undone until a secret shows; `None` if none does.
    fn unescaped(&self, text: &[u8]) -> Option<Vec<u8>> {
        let mut plain = text.to_owned();
        for _ in 0..MOST_ESCAPED {
            memchr(b'\\', &plain)?;
            plain = unescaped(&plain);
            if self.automaton.is_match(&plain) {
                return Some(plain);
            }
        }
        None
    }

    fn mask(&self, value: &mut Value) {
        match value {
            Value::String(text) => {
                let plain = self.unescaped(text.as_bytes());
                if let Some(masked) = self.scrub(plain.as_deref().unwrap_or(text.as_bytes())) {
                    *text = String::from_utf8_lossy(&masked).into_owned();
                }
            }
            Value::Array(list) => list.iter_mut().for_each(|value| self.mask(value)),
            Value::Object(members) => {
                let masked = std::mem::take(members).into_iter().map(|(name, mut value)| {
                    self.mask(&mut value);
                    let mut name = Value::String(name);
                    self.mask(&mut name);
                    (name.as_str().unwrap_or_default().to_owned(), value)
                });
                *members = masked.collect();
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
}

/// The text with JSON's escapes undone, inside strings and outside.
fn unescaped(text: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = memchr(b'\\', rest) {
        plain.extend_from_slice(&rest[..at]);
        rest = &rest[at + 1..];
        let Some((&kind, after)) = rest.split_first() else { return plain };
        rest = after;
        match kind {
            b'u' => {
                let digits = after.get(..4).and_then(|digits| std::str::from_utf8(digits).ok());
                let letter = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok());
                if let Some(letter) = letter.and_then(char::from_u32) {
                    plain.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
                    rest = &after[4..];
                }
            }
            b'n' | b'r' | b't' => plain.push(b' '),
            other => plain.push(other),
        }
    }
    plain.extend_from_slice(rest);
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_every_secret_it_has_learned() {
        let scrubber = Scrubber::default();
        assert_eq!(scrubber.scrub_text("sk-first-key".to_owned()), "sk-first-key");
        scrubber.learn([&SecretString::from("sk-first-key")]);
        scrubber.learn([&SecretString::from("AIzaSecond"), &SecretString::from("abc")]);
        let text = "x sk-first-key, key=AIzaSecond&abc".to_owned();
        assert_eq!(scrubber.scrub_text(text), "x [secret], key=[secret]&abc");
    }

    #[test]
    fn masks_the_longer_of_two_secrets_with_the_same_beginning() {
        let scrubber = Scrubber::default();
        scrubber.learn([&SecretString::from("sk-key"), &SecretString::from("sk-key-of-prod")]);
        assert_eq!(scrubber.scrub_text("sk-key-of-prod sk-key-".to_owned()), "[secret] [secret]-");
    }

    #[test]
    fn a_secret_is_masked_in_every_spelling_that_json_undoes() {
        let scrubber = Scrubber::default();
        scrubber.learn([&SecretString::from("sk-a/key+1")]);
        let nested = serde_json::json!({"error": {"message": r#"{"m":"sk-a\/key+1"}"#}}).to_string();
        for error in [
            r#"{"error":{"message":"sk-a\/key+1"}}"#,
            r#"{"error":{"message":"\u0073k-a\u002fkey\u002B1"}}"#,
            r#"{"sk-\u0061/key+1":1}"#,
            r#"[{"error":"x \"sk-a/key\u002b1\""}]"#,
            r#"{"error":{"message":"cut \u0073k-a/key+1"#,
            r"plain \u0073k-a\/key+1",
            &nested,
        ] {
            let clean = scrubber.scrub_escaped(error.as_bytes()).expect("it is in there");
            let clean = String::from_utf8(clean).expect("text");
            assert!(clean.contains(MASK), "{error}: {clean}");
            let mut plain = clean.clone().into_bytes();
            for _ in 0..MOST_ESCAPED {
                assert!(memchr::memmem::find(&plain, b"sk-a/key").is_none(), "{error}: {clean}");
                plain = unescaped(&plain);
            }
            if serde_json::from_str::<Value>(error).is_ok() {
                assert!(serde_json::from_str::<Value>(&clean).is_ok(), "{clean}");
            }
        }
        assert_eq!(scrubber.scrub_escaped(br#"{"error":"a \"quoted\" \u0061 \\"}"#), None);
    }

    #[test]
    fn lines_of_events_keep_their_shape() {
        let scrubber = Scrubber::default();
        scrubber.learn([&SecretString::from("sk-a/key+1")]);
        let lines = b"event: error\r\ndata: {\"m\":\"sk-a\\/key+1\"}\r\n\r\n: sk-a/key+1\ndata: {}\n";
        let clean = scrubber.scrub_events(lines).expect("it is in there");
        let expected = "event: error\r\ndata:{\"m\":\"[secret]\"}\r\n\r\n: [secret]\ndata: {}\n";
        assert_eq!(String::from_utf8_lossy(&clean), expected);
        assert_eq!(scrubber.scrub_events(b"data: {}\n\n"), None);
    }
}
