//! Takes known secrets out of text that leaves the program another way than it should:
//! a log line, an upstream's error that echoes its own key.

use std::sync::Arc;

use aho_corasick::{AhoCorasick, MatchKind};
use arc_swap::ArcSwapOption;
use http::{HeaderMap, HeaderValue};
use secrecy::{ExposeSecret, SecretString};

/// What stands in a secret's place.
const MASK: &str = "[secret]";
/// A shorter "secret" would mask ordinary words.
const SHORTEST: usize = 6;

/// Shared by everything that writes; learns the secrets of each new configuration and
/// forgets none of the old ones, because a request in flight may still use them.
#[derive(Clone, Default)]
pub struct Scrubber {
    matcher: Arc<ArcSwapOption<Known>>,
}

/// The secrets of one moment.
#[derive(Clone, Default)]
pub struct Secrets(Option<Arc<Known>>);

struct Known {
    secrets: Vec<SecretString>,
    matcher: AhoCorasick,
}

impl Scrubber {
    pub fn learn<'a>(&self, secrets: impl IntoIterator<Item = &'a SecretString>) {
        let mut all: Vec<SecretString> =
            self.matcher.load().as_ref().map(|known| known.secrets.clone()).unwrap_or_default();
        for secret in secrets {
            let text = secret.expose_secret();
            if text.len() >= SHORTEST && !all.iter().any(|known| known.expose_secret() == text) {
                all.push(secret.clone());
            }
        }
        let patterns = all.iter().map(ExposeSecret::expose_secret);
        // Of two keys that begin alike the longer one is masked whole.
        let matcher = AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(patterns);
        if let Ok(matcher) = matcher {
            self.matcher.store(Some(Arc::new(Known { secrets: all, matcher })));
        }
    }

    /// The text without any known secret; `None` when there is none in it.
    pub fn scrub(&self, text: &[u8]) -> Option<Vec<u8>> {
        self.matcher.load().as_ref()?.scrub(text)
    }

    /// The secrets known so far, for who has many texts.
    pub fn known(&self) -> Secrets {
        Secrets(self.matcher.load_full())
    }

    /// Whether these are all that are known.
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

    pub fn scrub_text(&self, text: String) -> String {
        match self.scrub(text.as_bytes()) {
            Some(scrubbed) => String::from_utf8_lossy(&scrubbed).into_owned(),
            None => text,
        }
    }
}

impl Secrets {
    /// The text without any of them; `None` when there is none in it.
    pub fn scrub(&self, text: &[u8]) -> Option<Vec<u8>> {
        self.0.as_ref()?.scrub(text)
    }
}

impl Known {
    fn scrub(&self, text: &[u8]) -> Option<Vec<u8>> {
        self.matcher.is_match(text).then(|| {
            let masks = vec![MASK; self.secrets.len()];
            self.matcher.replace_all_bytes(text, &masks)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_every_secret_it_ever_learned() {
        let scrubber = Scrubber::default();
        assert_eq!(scrubber.scrub_text("sk-first-key".to_owned()), "sk-first-key");
        scrubber.learn([&SecretString::from("sk-first-key")]);
        scrubber.learn([&SecretString::from("AIzaSecond"), &SecretString::from("abc")]);
        let text = "x sk-first-key, key=AIzaSecond&abc".to_owned();
        assert_eq!(scrubber.scrub_text(text), "x [secret], key=[secret]&abc");
    }

    #[test]
    fn masks_the_longer_of_two_that_begin_alike() {
        let scrubber = Scrubber::default();
        scrubber.learn([&SecretString::from("sk-key"), &SecretString::from("sk-key-of-prod")]);
        assert_eq!(scrubber.scrub_text("sk-key-of-prod sk-key-".to_owned()), "[secret] [secret]-");
    }
}
