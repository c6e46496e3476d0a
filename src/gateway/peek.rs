//! Finds in a request body what routing needs, without decoding it: the model, whether it
//! asks for a stream, and which conversation it belongs to.

use std::ops::Range;

use bytes::Bytes;
use http::HeaderMap;
use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::protocol::scan::{Member, Scanner};
use crate::protocol::{ErrorKind, LocalError, form};
use crate::upstream::Frames;

/// The members looked for. `metadata` and the conversation's start identify its session.
const WANTED: &[&str] = &[
    "model",
    "stream",
    "metadata",
    "prompt_cache_key",
    "system",
    "instructions",
    "systemInstruction",
    "system_instruction",
    "messages",
    "input",
    "contents",
];
/// Bytes of each that are kept: the first ones identify a conversation.
const CAPTURE: usize = 4 << 10;

/// The headers in which clients name their session.
const SESSION_HEADERS: [&str; 6] = [
    "x-session-affinity",
    "x-claude-code-session-id",
    "session-id",
    "session_id",
    "conversation_id",
    "x-session-id",
];

#[derive(Debug, Default)]
pub struct Peek {
    pub model: Option<String>,
    /// The place of the model's value in the body.
    model_range: Option<Range<usize>>,
    /// Whether the model is the field of a form, which is not quoted, instead of JSON.
    in_form: bool,
    pub stream: bool,
    members: Vec<Member>,
}

impl Peek {
    /// Looks into a JSON body. Fails with a 400 when it is not an object, or the members have
    /// other types.
    pub fn json(frames: &Frames) -> Result<Self, LocalError> {
        let mut scanner = Scanner::new(WANTED, CAPTURE);
        let scanned = frames.iter().try_for_each(|frame| scanner.push(frame));
        let members = scanned.and_then(|()| scanner.finish()).map_err(|error| invalid(error.to_string()))?;
        let mut peek = Self::default();
        if let Some(member) = find(&members, "model") {
            peek.model =
                Some(serde_json::from_slice(&member.value).map_err(|_| invalid("`model` must be a string"))?);
            peek.model_range = Some(member.range.clone());
        }
        if let Some(member) = find(&members, "stream") {
            peek.stream = match member.value.as_slice() {
                b"true" => true,
                b"false" | b"null" => false,
                _ => return Err(invalid("`stream` must be true or false")),
            };
        }
        peek.members = members;
        Ok(peek)
    }

    /// Looks into a form with files, for its `model` and `stream`.
    pub fn multipart(frames: &Frames) -> Self {
        let body = frames.to_bytes();
        let range = form::field(&body, "model");
        Self {
            model: range.clone().and_then(|range| String::from_utf8(body[range].to_vec()).ok()),
            model_range: range,
            in_form: true,
            stream: form::field(&body, "stream").is_some_and(|range| &body[range] == b"true"),
            members: Vec::new(),
        }
    }

    /// The body with the name of another model.
    pub fn with_model(&self, frames: &Frames, model: &str) -> Frames {
        let Some(range) = self.model_range.clone() else { return frames.clone() };
        let value = if self.in_form { model.to_owned() } else { serde_json::Value::from(model).to_string() };
        frames.splice(range, &Bytes::from(value))
    }

    /// A number for the conversation: from the client's name for its session, or else from
    /// the conversation's start.
    pub fn session(&self, headers: &HeaderMap) -> Option<u64> {
        if let Some(named) = SESSION_HEADERS.iter().find_map(|name| headers.get(*name)) {
            return Some(digest(&[named.as_bytes()]));
        }
        if let Some(user) = find(&self.members, "metadata").and_then(|member| user_id(&member.value)) {
            return Some(digest(&[user.as_bytes()]));
        }
        if let Some(key) = find(&self.members, "prompt_cache_key") {
            return Some(digest(&[&key.value]));
        }
        self.conversation_start()
    }

    fn conversation_start(&self) -> Option<u64> {
        let member = |names: &[&str]| names.iter().find_map(|name| find(&self.members, name));
        let turns = member(&["messages", "contents", "input"])?;
        let system = member(&["system", "instructions", "systemInstruction", "system_instruction"]);
        Some(digest(&[system.map_or(&[], |member| &member.value), first_element(&turns.value)]))
    }
}

fn find<'a>(members: &'a [Member], name: &str) -> Option<&'a Member> {
    members.iter().find(|member| member.name == name)
}

fn invalid(message: impl Into<String>) -> LocalError {
    LocalError::new(ErrorKind::InvalidRequest, message)
}

fn digest(parts: &[&[u8]]) -> u64 {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    let bytes = hash.finalize();
    u64::from_le_bytes(std::array::from_fn(|index| bytes[index]))
}

/// `metadata.user_id`, where Claude Code puts its session.
fn user_id(metadata: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Metadata {
        user_id: Option<String>,
    }
    serde_json::from_slice::<Metadata>(metadata).ok()?.user_id
}

/// The first element of a JSON array, as far as it was kept; for a string, the string.
fn first_element(json: &[u8]) -> &[u8] {
    let Some(elements) = json.strip_prefix(b"[") else { return json };
    let mut depth = 0_usize;
    let mut in_string = false;
    let mut escaped = false;
    for (at, byte) in elements.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => in_string = !in_string,
            _ if in_string => {}
            b'{' | b'[' => depth += 1,
            b',' | b']' if depth == 0 => return &elements[..at],
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    elements
}

#[cfg(test)]
mod tests {
    use memchr::memmem;

    use super::*;

    fn frames(text: &str) -> Frames {
        Frames::from(Bytes::copy_from_slice(text.as_bytes()))
    }

    fn session(body: &str) -> Option<u64> {
        Peek::json(&frames(body)).expect("an object").session(&HeaderMap::new())
    }

    #[test]
    fn puts_another_model_in_place_and_leaves_every_other_byte() {
        let body = frames(r#"{ "messages":[{"model":"x"}],"model" : "g\u0070t-5" , "odd":1.0}"#);
        let peek = Peek::json(&body).expect("an object");
        assert_eq!(peek.model.as_deref(), Some("gpt-5"));
        assert_eq!(
            peek.with_model(&body, "a\"b").to_bytes(),
            r#"{ "messages":[{"model":"x"}],"model" : "a\"b" , "odd":1.0}"#
        );
    }

    #[test]
    fn finds_the_model_of_a_form() {
        let body = frames(
            "--B\r\ncontent-disposition: form-data; name=\"file\"; filename=\"name=\"model\".wav\"\r\n\r\n\u{1}\u{2}\r\n\
             --B\r\ncontent-disposition: form-data; name=\"model\"\r\n\r\nwhisper-1\r\n--B--\r\n",
        );
        let peek = Peek::multipart(&body);
        assert_eq!(peek.model.as_deref(), Some("whisper-1"));
        let changed = peek.with_model(&body, "other").to_bytes();
        assert!(memmem::find(&changed, b"\r\n\r\nother\r\n--B--").is_some());
    }

    #[test]
    fn a_conversation_keeps_its_session_as_it_grows() {
        let first = r#"{"model":"m","system":"s","messages":[{"role":"user","content":"hi, [you]"}]}"#;
        let later = r#"{"model":"m","system":"s","messages":[{"role":"user","content":"hi, [you]"},{"role":"assistant","content":"yes"}]}"#;
        let other = r#"{"model":"m","system":"s","messages":[{"role":"user","content":"bye"}]}"#;
        assert_eq!(session(first), session(later));
        assert_ne!(session(first), session(other));
        assert!(session(first).is_some());
    }

    #[test]
    fn a_named_session_beats_the_words() {
        let one = r#"{"metadata":{"user_id":"u1"},"messages":[1]}"#;
        let same = r#"{"metadata":{"user_id":"u1"},"messages":[2]}"#;
        let other = r#"{"metadata":{"user_id":"u2"},"messages":[1]}"#;
        assert_eq!(session(one), session(same));
        assert_ne!(session(one), session(other));
        let mut headers = HeaderMap::new();
        headers.insert("session-id", "abc".parse().expect("a value"));
        let peek = |body| Peek::json(&frames(body)).expect("an object").session(&headers);
        assert_eq!(peek(one), peek(other));
    }

    #[test]
    fn says_what_is_wrong() {
        for (body, part) in [
            ("[]", "not a JSON object"),
            ("{\"model\":5}", "`model` must be a string"),
            ("{\"model\":\"a\",\"stream\":\"yes\"}", "`stream` must be"),
            ("{\"model\":\"a\"", "ends in the middle"),
        ] {
            let error = Peek::json(&frames(body)).expect_err("invalid");
            assert!(error.message.contains(part), "{body}: {error}");
        }
    }
}
