//! One exchange as it is remembered.

use std::borrow::Cow;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;
use smol_str::SmolStr;

use super::body::Bodies;
use super::price::Cost;
use super::tokens;
use crate::chat::Usage;
use crate::protocol::Operation;

/// Characters that are kept of a text which a client chose: enough to know it by. Whoever
/// sends more would push everybody's history out.
const LONGEST_TEXT: usize = 200;
/// … and of what was said of an error, which may quote such texts.
const LONGEST_ERROR: usize = 2_000;

/// A word from a short list of our own; read back from the disk it may be another's.
pub type Word = Cow<'static, str>;

/// Where a record stands among all: microseconds since 1970 when it was filed, made
/// unique. A larger one was filed later.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RecordNumber(pub i64);

/// Whichever way an exchange ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Done,
    /// Answered with an error.
    Failed,
    /// The client went away first.
    Cancelled,
    /// The answer broke after its first byte.
    Cut,
}

/// Texts that every exchange has are mostly short enough to need no memory of their own: it
/// would be taken on the threads that serve and given back on the one that writes, which
/// costs the first more than building the record does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Zero until it is filed.
    #[serde(default)]
    pub number: RecordNumber,
    /// What the client was told in `x-request-id`.
    pub id: SmolStr,
    pub at: Timestamp,
    pub protocol: Word,
    /// The call as it was understood, by the provider's own path; `None` for one that
    /// was turned away at the door.
    pub operation: Option<Word>,
    /// As the client sent it, without its query.
    pub path: SmolStr,
    /// What is wrong with the path, when it was understood all the same.
    pub hint: Option<Word>,
    /// The client's User-Agent.
    pub client: Option<SmolStr>,
    /// What the client is called, without its version.
    pub client_name: Option<SmolStr>,
    pub peer: Option<SocketAddr>,
    pub model_asked: Option<SmolStr>,
    pub model_used: Option<SmolStr>,
    pub provider: Option<Word>,
    pub account: Option<SmolStr>,
    pub attempts: SmallVec<[AttemptRecord; 1]>,
    pub streamed: bool,
    /// What a translation between protocols could not carry over.
    pub dropped: String,
    pub status: u16,
    pub error: Option<String>,
    /// What kind of error, in one word that can be counted.
    pub error_kind: Option<Word>,
    #[serde(with = "tokens::optional", default)]
    pub usage: Option<Usage>,
    /// What the tokens cost by the price table of the time; an estimate.
    #[serde(rename = "estimated_cost_usd")]
    pub cost: Option<Cost>,
    pub bytes_in: u64,
    pub bytes_out: u64,
    pub first_byte_ms: Option<u64>,
    pub duration_ms: u64,
    pub outcome: Outcome,
    /// While it is under way, and only when bodies are kept at all.
    #[serde(skip)]
    pub bodies: Option<Box<Bodies>>,
}

/// One try with one account. `failure` is `None` for the try that answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttemptRecord {
    pub account: SmolStr,
    /// Since the request came.
    #[serde(default)]
    pub started_ms: u64,
    pub duration_ms: u64,
    /// The upstream's, where it answered.
    #[serde(default)]
    pub status: Option<u16>,
    /// Whose fault, in one word.
    #[serde(default)]
    pub fault: Option<Word>,
    pub failure: Option<String>,
}

impl Record {
    /// An exchange that has begun. Until something else is noted, the client has gone.
    pub fn new(id: &str, protocol: &'static str, path: &str) -> Self {
        Self {
            number: RecordNumber::default(),
            id: id.into(),
            at: Timestamp::now(),
            protocol: protocol.into(),
            operation: None,
            path: path.into(),
            hint: None,
            client: None,
            client_name: None,
            peer: None,
            model_asked: None,
            model_used: None,
            provider: None,
            account: None,
            attempts: SmallVec::new(),
            streamed: false,
            dropped: String::new(),
            status: 0,
            error: None,
            error_kind: None,
            usage: None,
            cost: None,
            bytes_in: 0,
            bytes_out: 0,
            first_byte_ms: None,
            duration_ms: 0,
            outcome: Outcome::Cancelled,
            bodies: None,
        }
    }

    /// The record of a call that was understood.
    pub fn of_call(id: &str, operation: Operation, path: &str) -> Self {
        Self { operation: Some(operation.path().into()), ..Self::new(id, operation.protocol().name(), path) }
    }

    /// Keeps what passes on its way up, if anybody asked for that.
    pub fn keep_request<'a>(&mut self, parts: impl Iterator<Item = &'a Bytes>) {
        if let Some(bodies) = &mut self.bodies {
            parts.for_each(|part| bodies.request.push(part));
        }
    }

    /// The same on its way down.
    pub fn keep_response(&mut self, part: &[u8]) {
        if let Some(bodies) = &mut self.bodies {
            bodies.response.push(part);
        }
    }

    /// Cuts what a client has chosen to a length that is worth keeping.
    pub(super) fn shorten(&mut self) {
        shorten(&mut self.path, LONGEST_TEXT);
        let texts = [&mut self.client, &mut self.client_name, &mut self.model_asked, &mut self.model_used];
        for text in texts.into_iter().flatten() {
            shorten(text, LONGEST_TEXT);
        }
        let failures = self.attempts.iter_mut().map(|attempt| &mut attempt.failure);
        for text in failures.chain([&mut self.error]).flatten() {
            if let Some(end) = end_of(text, LONGEST_ERROR) {
                text.truncate(end);
            }
        }
    }

    /// One line: `info` for what a user would want to see, `debug` for the rest.
    pub(super) fn log(&self) {
        let model = self.model_asked.as_deref().unwrap_or("-");
        let account = self.account.as_deref().unwrap_or("-");
        let Self { status, protocol, path, outcome, duration_ms: ms, .. } = self;
        let id = self.id.as_str();
        if let Some(error) = &self.error {
            tracing::info!(id, status, model, account, ms, "{protocol} {path} failed: {error}");
        } else {
            tracing::debug!(id, status, model, account, ms, "{protocol} {path} {outcome:?}");
        }
    }
}

fn shorten(text: &mut SmolStr, longest: usize) {
    if let Some(end) = end_of(text, longest) {
        *text = text[..end].into();
    }
}

/// Where a text of more characters than this has to end.
fn end_of(text: &str, longest: usize) -> Option<usize> {
    if text.len() <= longest {
        return None;
    }
    text.char_indices().nth(longest).map(|(end, _)| end)
}

impl Outcome {
    pub const ALL: [Self; 4] = [Self::Done, Self::Failed, Self::Cancelled, Self::Cut];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Cut => "cut",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.name() == name)
    }

    /// Whether something went wrong; a client that went away is not that.
    pub const fn is_error(self) -> bool {
        matches!(self, Self::Failed | Self::Cut)
    }
}

pub fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_client_chose_is_kept_to_a_length() {
        let long = "ü".repeat(60_000);
        let mut record = Record::new("id", "openai", &long);
        record.client = Some(long.as_str().into());
        record.model_asked = Some(long.as_str().into());
        record.error = Some(long.clone());
        record.shorten();
        let kept =
            [&record.path, record.client.as_ref().expect("kept"), record.model_asked.as_ref().expect("kept")];
        assert!(kept.iter().all(|text| **text == "ü".repeat(LONGEST_TEXT)));
        assert_eq!(record.error, Some("ü".repeat(LONGEST_ERROR)));
        let before = record.clone();
        record.shorten();
        assert_eq!(record, before);
    }
}
