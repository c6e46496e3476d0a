//! One try with one account: send, wait for the first bytes, and only then call it an
//! answer. Until that point nothing has reached the client, so a failure can still
//! become another account's turn.

use std::time::{Duration, Instant};

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderMap};
use http::{Method, StatusCode};
use http_body_util::{BodyExt, Limited};
use tokio::time::timeout;

use super::opening;
use super::share::Share;
use crate::accounts::Account;
use crate::language::Message;
use crate::message;
use crate::protocol::{ErrorReport, LocalError, Operation, Provider};
use crate::upstream::client::describe;
use crate::upstream::endpoint::{self, Target};
use crate::upstream::failure::classify;
use crate::upstream::hop;
use crate::upstream::{Client, Failure, Fault, Frames, Gather, Reply, ReplyBody, Scrubber, demo_reply};

/// How much of a refusal is read.
const MAX_REFUSAL: usize = 1 << 20;
/// The longest whole answer that is translated.
const MAX_ANSWER: usize = 64 << 20;

/// What is sent, whoever it is sent to.
pub struct Attempt<'a> {
    pub client: &'a Client,
    pub method: Method,
    pub path: endpoint::Path<'a>,
    pub query: Option<&'a str>,
    pub headers: HeaderMap,
    pub body: Frames,
    /// For the first bytes.
    pub limit: Duration,
}

/// The upstream has begun to answer well.
pub struct Answered {
    /// When the request was sent.
    pub begun: Instant,
    pub status: StatusCode,
    pub headers: HeaderMap,
    /// Read already.
    pub first: Bytes,
    pub rest: ReplyBody,
}

/// The upstream refused, or did not answer. `reply` is what it said, when it said something.
pub struct Refused {
    pub failure: Failure,
    pub reply: Option<(StatusCode, HeaderMap, Bytes)>,
    /// The body of the reply, as it was read.
    pub report: Option<Box<ErrorReport>>,
}

impl Attempt<'_> {
    pub async fn run(self, account: &Account) -> Result<Answered, Refused> {
        let (limit, scrubber) = (self.limit, &self.client.scrubber);
        let started = Instant::now();
        let reply = timeout(limit, self.send(account)).await.map_err(|_| timed_out(limit))??;
        if !reply.status.is_success() {
            let remaining = limit.saturating_sub(started.elapsed());
            return Err(refusal(account.provider, reply, remaining, scrubber).await);
        }
        let Reply { status, headers, mut body } = reply;
        let remaining = limit.saturating_sub(started.elapsed());
        let opening = opening::read(&mut body, is_event_stream(&headers));
        let opening = timeout(remaining, opening).await.map_err(|_| timed_out(limit))?;
        let Some(first) = opening.map_err(|error| broke(&error))? else { return Err(empty(status)) };
        if is_event_stream(&headers)
            && let Some(failure) = opening::error(account.provider, &headers, &first, scrubber)
        {
            return Err(without_reply(failure));
        }
        Ok(Answered { begun: started, status, headers, first, rest: body })
    }

    async fn send(mut self, account: &Account) -> Result<Reply, Refused> {
        if account.provider == Provider::Demo {
            return Ok(demo_reply::reply(&self.path, self.query, &self.body.to_bytes()));
        }
        let target = Target {
            provider: account.provider,
            base: account.base.as_ref(),
            path: self.path,
            query: self.query,
        };
        let url = endpoint::url(&target).map_err(|error| own_fault(error.to_string().into()))?;
        if let Some(key) = account.api_key.as_known() {
            let (name, value) = endpoint::credential(account.provider, key)
                .map_err(|_| broken_key(message!("reason-key-header")))?;
            self.headers.insert(name, value);
        }
        hop::mark(&mut self.headers);
        self.client.send(self.method, url, self.headers, self.body).await.map_err(without_reply)
    }
}

impl Answered {
    /// Reads it to its end, within the rest of its time and what the request may hold.
    pub async fn read(self, limit: Duration, share: &Share) -> Result<Bytes, Unread> {
        let read = timeout(limit, read_whole(self.first, self.rest, share)).await;
        read.unwrap_or_else(|_| Err(broken(Fault::TimedOut, message!("reason-endless")).into()))
    }
}

/// Why an answer was not read to its end.
pub enum Unread {
    Refused(Box<Refused>),
    /// Others hold too much at present.
    NoRoom(LocalError),
}

impl From<Refused> for Unread {
    fn from(refused: Refused) -> Self {
        Self::Refused(Box::new(refused))
    }
}

async fn read_whole(first: Bytes, rest: ReplyBody, share: &Share) -> Result<Bytes, Unread> {
    let broke_off = |error: &dyn std::error::Error| {
        broken(Fault::Unreachable, message!("reason-broke-off", error = describe(error)))
    };
    let mut body = Gather::default();
    share.answered(first.len()).map_err(Unread::NoRoom)?;
    body.push(first);
    let mut rest = std::pin::pin!(Limited::new(rest, MAX_ANSWER));
    while let Some(frame) = rest.frame().await {
        let Ok(bytes) = frame.map_err(|error| broke_off(&*error))?.into_data() else { continue };
        share.answered(bytes.len()).map_err(Unread::NoRoom)?;
        body.push(bytes);
    }
    Ok(body.into_frames().to_bytes())
}

/// A status that is no success, with as much of its body as makes sense to read. Keys
/// are taken out before anything is told from it: a reason is cut to length, and half a
/// key would not be recognised.
async fn refusal(provider: Provider, reply: Reply, limit: Duration, scrubber: &Scrubber) -> Refused {
    let Reply { status, headers, body } = reply;
    if !(200..600).contains(&status.as_u16()) {
        // What ends no request, such as a 101, is no answer to be handed on.
        return without_reply(classify(provider, status, &headers, &ErrorReport::default()));
    }
    let read = timeout(limit, Limited::new(body, MAX_REFUSAL).collect()).await;
    let body = read.ok().and_then(Result::ok).map(http_body_util::Collected::to_bytes).unwrap_or_default();
    let body = scrubber.scrub_told(&body).map_or(body, Bytes::from);
    let report = ErrorReport::of_body(&body);
    let failure = classify(provider, status, &headers, &report);
    Refused { failure, reply: Some((status, headers, body)), report: Some(Box::new(report)) }
}

pub fn is_event_stream(headers: &HeaderMap) -> bool {
    headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.starts_with("text/event-stream"))
}

const fn without_reply(failure: Failure) -> Refused {
    Refused { failure, reply: None, report: None }
}

/// The upstream has begun to answer, and the answer is no good.
pub const fn broken(fault: Fault, reason: Message) -> Refused {
    without_reply(Failure { fault, status: None, reason })
}

fn timed_out(limit: Duration) -> Refused {
    let reason = message!("reason-timed-out", seconds = limit.as_secs_f32().to_string());
    without_reply(Failure { fault: Fault::TimedOut, status: None, reason })
}

fn broke(error: &impl std::fmt::Display) -> Refused {
    let reason = message!("reason-broke-early", error = error.to_string());
    without_reply(Failure { fault: Fault::Unreachable, status: None, reason })
}

fn empty(status: StatusCode) -> Refused {
    let reason = message!("reason-empty-answer", status = status.as_u16().to_string());
    without_reply(Failure { fault: Fault::Unreachable, status: Some(status.as_u16()), reason })
}

const fn own_fault(reason: Message) -> Refused {
    without_reply(Failure { fault: Fault::Request, status: None, reason })
}

const fn broken_key(reason: Message) -> Refused {
    without_reply(Failure { fault: Fault::Account, status: None, reason })
}

/// Whether an operation asked of an upstream comes back as a stream of events, a JSON
/// array or one object.
pub const fn streams_as_array(operation: Operation, is_event_stream: bool) -> bool {
    matches!(operation, Operation::StreamGenerateContent) && !is_event_stream
}
