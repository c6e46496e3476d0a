//! Finds top-level members of a JSON object while its bytes pass by, split anywhere.
//!
//! Routing needs the `model` of a request and records need the `usage` of an answer;
//! neither is worth collecting a megabyte into one buffer and parsing all of it. The
//! scanner checks only what decides where a member starts and ends: the grammar of the
//! outermost object, balanced brackets and closed strings below it, and a depth that the
//! strictest JSON parser in the path accepts.
//!
//! ```text
//! Start ──{──▶ Key ──"…"──▶ Colon ──:──▶ Value ──▶ Comma ──,──▶ Key …
//!                                                     └──}──▶ Done
//! ```

use std::borrow::Cow;
use std::ops::Range;

use memchr::{memchr2, memmem};

/// Nesting below the outermost object; `serde_json` refuses the same depth.
const MAX_DEPTH: usize = 127;
/// No wanted key is longer than this.
const MAX_KEY: usize = 64;

/// A wanted member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Which of the wanted names.
    pub name: &'static str,
    /// Where its value is, counted from the first byte pushed.
    pub range: Range<usize>,
    /// The value's bytes, up to the capture limit.
    pub value: Vec<u8>,
}

/// Why the bytes are not a JSON object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScanError {
    #[error("the body is not a JSON object")]
    NotAnObject,
    #[error("the body is not valid JSON at byte {0}")]
    Invalid(usize),
    #[error("the body is nested more than {MAX_DEPTH} levels deep")]
    TooDeep,
    #[error("the body ends in the middle of its JSON")]
    Truncated,
    #[error("the body has {0:?} more than once")]
    Repeated(&'static str),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Start,
    /// Before a key; `first` when `}` may still close an empty object.
    Key {
        first: bool,
    },
    InKey {
        escaped: bool,
    },
    Colon,
    Value,
    /// Inside a string, at the top level or deeper.
    InString {
        escaped: bool,
    },
    /// Inside an array or object below the outermost one.
    Nested,
    /// A number, `true`, `false` or `null` at the top level.
    Bare,
    Comma,
    Done,
}

pub struct Scanner {
    wanted: &'static [&'static str],
    capture: usize,
    state: State,
    offset: usize,
    key: Vec<u8>,
    depth: usize,
    /// One bit a level: set for an object, clear for an array.
    brackets: u128,
    current: Option<Member>,
    found: Vec<Member>,
}

impl Scanner {
    /// `capture`: the number of bytes of each wanted value that are kept.
    pub const fn new(wanted: &'static [&'static str], capture: usize) -> Self {
        Self {
            wanted,
            capture,
            state: State::Start,
            offset: 0,
            key: Vec::new(),
            depth: 0,
            brackets: 0,
            current: None,
            found: Vec::new(),
        }
    }

    /// Walks over the next bytes; fails at the first that cannot be part of a JSON object.
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), ScanError> {
        let mut at = 0;
        while at < bytes.len() {
            let start = at;
            at = self.step(bytes, at)?;
            self.keep(&bytes[start..at]);
            self.offset += at - start;
        }
        Ok(())
    }

    /// Ends the scan; fails if the object was not closed.
    pub fn finish(self) -> Result<Vec<Member>, ScanError> {
        match self.state {
            State::Done => Ok(self.found),
            State::Start => Err(ScanError::NotAnObject),
            _ => Err(ScanError::Truncated),
        }
    }

    /// The members found so far; the object may still be open.
    pub fn found(&self) -> &[Member] {
        &self.found
    }

    /// Consumes at least one byte, or changes the state without consuming, and returns the
    /// position after it.
    fn step(&mut self, bytes: &[u8], at: usize) -> Result<usize, ScanError> {
        let byte = bytes[at];
        match self.state {
            State::InString { escaped } => return Ok(self.string(bytes, at, escaped)),
            State::Nested => return self.nested(bytes, at),
            State::InKey { escaped } => self.in_key(byte, escaped)?,
            State::Bare => return self.bare(bytes, at),
            _ if byte.is_ascii_whitespace() => {}
            State::Start if byte == b'{' => self.state = State::Key { first: true },
            // A byte order mark is not JSON, but some clients send one.
            State::Start if matches!(byte, 0xEF | 0xBB | 0xBF) => {}
            State::Start => return Err(ScanError::NotAnObject),
            State::Key { .. } if byte == b'"' => {
                self.key.clear();
                self.state = State::InKey { escaped: false };
            }
            State::Key { first: true } | State::Comma if byte == b'}' => self.state = State::Done,
            State::Colon if byte == b':' => self.state = State::Value,
            State::Value => self.value(byte)?,
            State::Comma if byte == b',' => self.state = State::Key { first: false },
            _ => return Err(ScanError::Invalid(self.offset)),
        }
        Ok(at + 1)
    }

    fn in_key(&mut self, byte: u8, escaped: bool) -> Result<(), ScanError> {
        if !escaped && byte == b'"' {
            self.state = State::Colon;
            return self.open_member();
        }
        if self.key.len() <= MAX_KEY {
            self.key.push(byte);
        }
        self.state = State::InKey { escaped: !escaped && byte == b'\\' };
        Ok(())
    }

    /// The key is complete: opens its member if it is a wanted one.
    fn open_member(&mut self) -> Result<(), ScanError> {
        let key = unescaped(&self.key);
        let Some(name) = self.wanted.iter().find(|name| name.as_bytes() == &*key) else {
            return Ok(());
        };
        if self.found.iter().any(|member| member.name == *name) {
            return Err(ScanError::Repeated(name));
        }
        self.current = Some(Member { name, range: 0..0, value: Vec::new() });
        Ok(())
    }

    fn value(&mut self, byte: u8) -> Result<(), ScanError> {
        if let Some(member) = &mut self.current {
            member.range = self.offset..self.offset;
        }
        self.state = match byte {
            b'"' => State::InString { escaped: false },
            b'{' | b'[' => {
                self.open(byte == b'{')?;
                State::Nested
            }
            b'-' | b'0'..=b'9' | b't' | b'f' | b'n' => State::Bare,
            _ => return Err(ScanError::Invalid(self.offset)),
        };
        Ok(())
    }

    /// Runs to the end of the string or of the bytes, past the escapes on the way.
    fn string(&mut self, bytes: &[u8], at: usize, escaped: bool) -> usize {
        let mut at = at + usize::from(escaped);
        while let Some(stop) = bytes.get(at..).and_then(|rest| memchr2(b'"', b'\\', rest)) {
            at += stop;
            if bytes[at] == b'"' {
                self.state = if self.depth > 0 { State::Nested } else { State::Comma };
                return at + 1;
            }
            at += 2;
        }
        // An escape may be cut after its backslash.
        self.state = State::InString { escaped: at > bytes.len() };
        bytes.len()
    }

    /// Runs to the next string, the end of the value or the end of the bytes.
    fn nested(&mut self, bytes: &[u8], mut at: usize) -> Result<usize, ScanError> {
        while at < bytes.len() {
            let byte = bytes[at];
            at += 1;
            match byte {
                b'"' => {
                    self.state = State::InString { escaped: false };
                    return Ok(at);
                }
                b'{' | b'[' => self.open(byte == b'{')?,
                b'}' | b']' => {
                    if (self.brackets & 1 == 1) != (byte == b'}') {
                        return Err(ScanError::Invalid(self.offset));
                    }
                    self.brackets >>= 1;
                    self.depth -= 1;
                    if self.depth == 0 {
                        self.state = State::Comma;
                        return Ok(at);
                    }
                }
                _ => {}
            }
        }
        Ok(at)
    }

    fn open(&mut self, object: bool) -> Result<(), ScanError> {
        if self.depth == MAX_DEPTH {
            return Err(ScanError::TooDeep);
        }
        self.depth += 1;
        self.brackets = self.brackets << 1 | u128::from(object);
        Ok(())
    }

    fn bare(&mut self, bytes: &[u8], at: usize) -> Result<usize, ScanError> {
        let end = bytes[at..]
            .iter()
            .position(|byte| !matches!(byte, b'a'..=b'z' | b'E' | b'0'..=b'9' | b'+' | b'-' | b'.'))
            .map_or(bytes.len(), |length| at + length);
        if end == bytes.len() {
            return Ok(end);
        }
        if end == at {
            // The first byte after the value closes it, and is then read for itself.
            self.close_member(self.offset);
            self.state = State::Comma;
            return self.step(bytes, at);
        }
        Ok(end)
    }

    /// Adds the bytes just walked over to the member they belong to, and closes it if its value
    /// has ended.
    fn keep(&mut self, walked: &[u8]) {
        let ended = self.state == State::Comma;
        if !ended && !matches!(self.state, State::InString { .. } | State::Nested | State::Bare) {
            return;
        }
        let Some(member) = &mut self.current else { return };
        let room = self.capture.saturating_sub(member.value.len());
        member.value.extend_from_slice(&walked[..walked.len().min(room)]);
        if ended {
            self.close_member(self.offset + walked.len());
        }
    }

    fn close_member(&mut self, end: usize) {
        if let Some(mut member) = self.current.take() {
            member.range.end = end;
            self.found.push(member);
        }
    }
}

/// A key as JSON parsers read it: a key spelled in escapes is the same key.
fn unescaped(key: &[u8]) -> Cow<'_, [u8]> {
    if !key.contains(&b'\\') {
        return Cow::Borrowed(key);
    }
    let quoted = [b"\"", key, b"\""].concat();
    serde_json::from_slice::<String>(&quoted).map_or(Cow::Borrowed(key), |key| key.into_bytes().into())
}

/// Whether the bytes hold this marker; most do not, and need no parsing.
pub fn has(bytes: &[u8], marker: &[u8]) -> bool {
    memmem::find(bytes, marker).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    const WANTED: &[&str] = &["model", "stream", "usage"];

    /// The members found when the bytes are split after every `step`.
    fn scan(json: &str, step: usize) -> Result<Vec<(&'static str, String)>, ScanError> {
        let mut scanner = Scanner::new(WANTED, 1000);
        for piece in json.as_bytes().chunks(step) {
            scanner.push(piece)?;
        }
        let members = scanner.finish()?;
        for member in &members {
            assert_eq!(json.as_bytes()[member.range.clone()], member.value, "the range is the value");
        }
        Ok(members
            .into_iter()
            .map(|member| (member.name, String::from_utf8(member.value).expect("the input is UTF-8")))
            .collect())
    }

    #[test]
    fn top_level_members_are_found_wherever_the_bytes_are_split() {
        let json = r#" {"messages":[{"model":"inner","a":"}]\"{"}], "model" : "gpt\"5", "n":1e3,"stream":true ,"usage":{"in":[1,{"x":"]"}]}} "#;
        for step in 1..=json.len() {
            assert_eq!(
                scan(json, step).expect("valid"),
                [
                    ("model", r#""gpt\"5""#.to_owned()),
                    ("stream", "true".to_owned()),
                    ("usage", r#"{"in":[1,{"x":"]"}]}"#.to_owned())
                ],
                "step {step}"
            );
        }
    }

    #[test]
    fn a_body_that_is_not_an_object_is_refused_with_its_reason() {
        for (json, error) in [
            ("", ScanError::NotAnObject),
            ("[1]", ScanError::NotAnObject),
            ("\"x\"", ScanError::NotAnObject),
            ("{", ScanError::Truncated),
            (r#"{"model":"x""#, ScanError::Truncated),
            (r#"{"model":"x"#, ScanError::Truncated),
            (r#"{"model" "x"}"#, ScanError::Invalid(9)),
            (r#"{"model":"x",}"#, ScanError::Invalid(13)),
            (r#"{"a":[1}}"#, ScanError::Invalid(6)),
            (r#"{"model":"x"} {"#, ScanError::Invalid(14)),
            (r#"{"model":"x","model":"y"}"#, ScanError::Repeated("model")),
            (r#"{"model":"x","mo\u0064el":"y"}"#, ScanError::Repeated("model")),
        ] {
            assert_eq!(scan(json, 1000), Err(error), "{json}");
        }
    }

    #[test]
    fn the_depth_that_serde_json_refuses_is_refused() {
        let nested = |levels: usize| format!("{{\"a\":{}{}}}", "[".repeat(levels), "]".repeat(levels));
        assert!(scan(&nested(MAX_DEPTH), 7).is_ok());
        assert!(serde_json::from_str::<serde_json::Value>(&nested(MAX_DEPTH - 1)).is_ok());
        assert_eq!(scan(&nested(MAX_DEPTH + 1), 7), Err(ScanError::TooDeep));
    }

    #[test]
    fn a_value_is_kept_up_to_the_capture_limit() {
        let mut scanner = Scanner::new(WANTED, 4);
        scanner.push(br#"{"model":"0123456789"}"#).expect("valid");
        let found = scanner.finish().expect("closed");
        assert_eq!((found[0].range.clone(), found[0].value.as_slice()), (9..21, b"\"012".as_slice()));
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_give_the_same_result_wherever_they_are_split(bytes: Vec<u8>, step in 1_usize..9) {
            let run = |step: usize| {
                let mut scanner = Scanner::new(WANTED, 100);
                for piece in bytes.chunks(step) {
                    scanner.push(piece)?;
                }
                scanner.finish()
            };
            proptest::prop_assert_eq!(run(step), run(bytes.len().max(1)));
        }
    }
}
