//! One exchange as it is recorded.

use std::borrow::Cow;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;
use smol_str::SmolStr;
use strum::{EnumString, IntoStaticStr, VariantArray};

use super::body::Bodies;
use super::price::Cost;
use super::tokens::OptionalTokens;
use crate::chat::Usage;
use crate::protocol::Operation;

/// The longest text of a client that is kept, in characters: enough to recognise it, and too
/// little to push older records out.
const LONGEST_TEXT: usize = 200;
/// The longest error text that is kept, in characters. It may quote a client's text.
const LONGEST_ERROR: usize = 2_000;

/// A word of a short list in this program, or one read back from the disk.
pub type Word = Cow<'static, str>;

/// Identifies a record and orders all of them: the microseconds since 1970 when it was filed,
/// made unique.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RecordNumber(pub i64);

/// How an exchange ended.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    Hash,
    Serialize,
    Deserialize,
    EnumString,
    IntoStaticStr,
    VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Outcome {
    Done,
    /// Answered with an error.
    Failed,
    /// The client went away before the answer ended.
    #[default]
    Cancelled,
    /// The answer broke off after its first byte.
    Cut,
}

/// One exchange. Each field but `bodies` fills a [column](super::columns).
///
/// Most texts are short enough to be stored inline. Heap memory would be allocated by the
/// threads that serve and freed by the one that writes, which costs more than building the rest
/// of the record.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Zero until it is filed.
    #[serde(default)]
    pub number: RecordNumber,
    /// The answer's `x-request-id`.
    pub id: SmolStr,
    /// When the request came.
    pub at: Timestamp,
    /// The client's protocol.
    pub protocol: Word,
    /// The call, by the provider's own path; `None` for a request that was refused before its
    /// call was known.
    pub operation: Option<Word>,
    /// As the client sent it, without its query.
    pub path: SmolStr,
    /// What is wrong with a path that was understood nevertheless.
    pub hint: Option<Word>,
    /// The client's User-Agent.
    pub client: Option<SmolStr>,
    /// The client's name from its User-Agent, without the version.
    pub client_name: Option<SmolStr>,
    pub peer: Option<SocketAddr>,
    pub model_asked: Option<SmolStr>,
    pub model_used: Option<SmolStr>,
    pub provider: Option<Word>,
    pub account: Option<SmolStr>,
    pub attempts: SmallVec<[AttemptRecord; 1]>,
    pub streamed: bool,
    /// The fields that a translation between protocols could not carry over, with commas.
    pub dropped: String,
    /// The HTTP status of the answer; 0 where there was none.
    pub status: u16,
    pub error: Option<String>,
    /// The kind of error, in one word for counting.
    pub error_kind: Option<Word>,
    #[serde(with = "OptionalTokens", default)]
    pub usage: Option<Usage>,
    /// An estimate of what the tokens cost, by the prices of the time.
    #[serde(rename = "estimated_cost_usd")]
    pub cost: Option<Cost>,
    pub bytes_in: u64,
    pub bytes_out: u64,
    pub first_byte_ms: Option<u64>,
    pub duration_ms: u64,
    pub outcome: Outcome,
    /// The bodies, until the record is written; `None` where none are kept.
    #[serde(skip)]
    pub bodies: Option<Box<Bodies>>,
}

/// One attempt with one account. `failure` is `None` for the attempt that answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttemptRecord {
    pub account: SmolStr,
    /// Milliseconds from the request to the start of this attempt.
    #[serde(default)]
    pub started_ms: u64,
    pub duration_ms: u64,
    /// The HTTP status of the upstream, where it answered.
    #[serde(default)]
    pub status: Option<u16>,
    /// Whose fault the failure is, in one word.
    #[serde(default)]
    pub fault: Option<Word>,
    pub failure: Option<String>,
}

impl Record {
    /// The record of an exchange that begins now. It counts as cancelled by the client until
    /// another outcome is noted.
    pub fn new(id: &str, protocol: &'static str, path: &str) -> Self {
        Self {
            id: id.into(),
            at: Timestamp::now(),
            protocol: protocol.into(),
            path: path.into(),
            ..Self::default()
        }
    }

    /// The record of a call that is known.
    pub fn of_call(id: &str, operation: Operation, path: &str) -> Self {
        Self { operation: Some(operation.path().into()), ..Self::new(id, operation.protocol().name(), path) }
    }

    /// Keeps a part of the request's body, if bodies are kept.
    pub fn keep_request<'a>(&mut self, parts: impl Iterator<Item = &'a Bytes>) {
        if let Some(bodies) = &mut self.bodies {
            parts.for_each(|part| bodies.request.push(part));
        }
    }

    /// Keeps a part of the response's body, if bodies are kept.
    pub fn keep_response(&mut self, part: &[u8]) {
        if let Some(bodies) = &mut self.bodies {
            bodies.response.push(part);
        }
    }

    /// Cuts the texts that clients and upstreams chose.
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

    /// Logs one line: a failure at `info`, the rest at `debug`.
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

/// Where to cut a text of more characters than `longest`; `None` for a shorter one.
fn end_of(text: &str, longest: usize) -> Option<usize> {
    if text.len() <= longest {
        return None;
    }
    text.char_indices().nth(longest).map(|(end, _)| end)
}

impl Outcome {
    /// As in JSON and in the database.
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// Whether the exchange went wrong. A client that went away is not an error.
    pub const fn is_error(self) -> bool {
        matches!(self, Self::Failed | Self::Cut)
    }
}

/// Whole milliseconds.
pub fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_a_client_chose_is_cut() {
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
