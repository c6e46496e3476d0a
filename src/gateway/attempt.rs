//! One request to one account's upstream, up to the first bytes of its answer. Until they
//! have come the client has received nothing, so another account can still be asked.

use std::time::{Duration, Instant};

use bytes::Bytes;
use http::header::HeaderMap;
use http::{Method, StatusCode};
use http_body_util::{BodyExt, Limited};
use tokio::time::timeout;

use super::opening;
use super::refusal::Refusal;
use super::shape::is_event_stream;
use super::share::Share;
use crate::accounts::Account;
use crate::language::Message;
use crate::message;
use crate::protocol::{ErrorReport, LocalError, Protocol, Provider};
use crate::upstream::cause::innermost;
use crate::upstream::endpoint::{self, Target};
use crate::upstream::failure::classify;
use crate::upstream::hop;
use crate::upstream::{Client, Failure, Fault, Frames, Gather, Reply, ReplyBody, Scrubber};

/// Bytes of a refusal that are read.
const MAX_REFUSAL: usize = 1 << 20;
/// Bytes of the longest answer that is read to its end.
const MAX_ANSWER: usize = 64 << 20;

/// A request to an upstream; the account adds the address and the credential.
pub struct Attempt<'a> {
    pub client: &'a Client,
    pub method: Method,
    pub path: endpoint::Path<'a>,
    pub query: Option<&'a str>,
    pub headers: HeaderMap,
    pub body: Frames,
    /// How long the first bytes may take.
    pub limit: Duration,
}

/// An upstream's answer that has begun well.
pub struct UpstreamAnswer {
    /// When the request was sent.
    pub begun: Instant,
    pub status: StatusCode,
    pub headers: HeaderMap,
    /// The bytes read so far.
    pub first: Bytes,
    pub rest: ReplyBody,
}

impl Attempt<'_> {
    pub async fn run(self, account: &Account) -> Result<UpstreamAnswer, Refusal> {
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
            return Err(Refusal::without_reply(failure));
        }
        Ok(UpstreamAnswer { begun: started, status, headers, first, rest: body })
    }

    async fn send(mut self, account: &Account) -> Result<Reply, Refusal> {
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
        self.client.send(self.method, url, self.headers, self.body).await.map_err(Refusal::without_reply)
    }
}

impl UpstreamAnswer {
    /// Reads the answer to its end. Fails after `limit`, and when `share` has no room for it.
    pub async fn read(self, limit: Duration, share: &Share) -> Result<Bytes, ReadError> {
        let read = timeout(limit, read_whole(self.first, self.rest, share)).await;
        read.unwrap_or_else(|_| Err(Refusal::of_answer(Fault::TimedOut, message!("reason-endless")).into()))
    }
}

/// Why an answer was not read to its end.
pub enum ReadError {
    Refused(Box<Refusal>),
    /// Other requests hold too much memory at present.
    NoRoom(LocalError),
}

impl ReadError {
    pub fn into_refusal(self, client: Protocol, request_id: &str) -> Refusal {
        match self {
            Self::Refused(refusal) => *refusal,
            Self::NoRoom(error) => Refusal::of_ours(&error, client, request_id),
        }
    }
}

impl From<Refusal> for ReadError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(Box::new(refusal))
    }
}

async fn read_whole(first: Bytes, rest: ReplyBody, share: &Share) -> Result<Bytes, ReadError> {
    let broke_off = |error: &dyn std::error::Error| {
        Refusal::of_answer(Fault::Unreachable, message!("reason-broke-off", error = innermost(error)))
    };
    let mut body = Gather::default();
    share.answered(first.len()).map_err(ReadError::NoRoom)?;
    body.push(first);
    let mut rest = std::pin::pin!(Limited::new(rest, MAX_ANSWER));
    while let Some(frame) = rest.frame().await {
        let Ok(bytes) = frame.map_err(|error| broke_off(&*error))?.into_data() else { continue };
        share.answered(bytes.len()).map_err(ReadError::NoRoom)?;
        body.push(bytes);
    }
    Ok(body.into_frames().to_bytes())
}

/// A status other than success, with the beginning of its body. Keys are taken out before
/// the reason is read from it: a reason is cut to length, and half a key would not be
/// recognised.
async fn refusal(provider: Provider, reply: Reply, limit: Duration, scrubber: &Scrubber) -> Refusal {
    let Reply { status, headers, body } = reply;
    if !(200..600).contains(&status.as_u16()) {
        // A status that does not end a request, such as 101, cannot be passed on.
        return Refusal::without_reply(classify(provider, status, &headers, &ErrorReport::default()));
    }
    let read = timeout(limit, Limited::new(body, MAX_REFUSAL).collect()).await;
    let body = read.ok().and_then(Result::ok).map(http_body_util::Collected::to_bytes).unwrap_or_default();
    let body = scrubber.scrub_escaped(&body).map_or(body, Bytes::from);
    let report = ErrorReport::of_body(&body);
    let failure = classify(provider, status, &headers, &report);
    Refusal { failure, reply: Some((status, headers, body)), report: Some(Box::new(report)) }
}

fn timed_out(limit: Duration) -> Refusal {
    let reason = message!("reason-timed-out", seconds = limit.as_secs_f32().to_string());
    Refusal::without_reply(Failure { fault: Fault::TimedOut, status: None, reason })
}

fn broke(error: &impl std::fmt::Display) -> Refusal {
    let reason = message!("reason-broke-early", error = error.to_string());
    Refusal::without_reply(Failure { fault: Fault::Unreachable, status: None, reason })
}

fn empty(status: StatusCode) -> Refusal {
    let reason = message!("reason-empty-answer", status = status.as_u16().to_string());
    Refusal::without_reply(Failure { fault: Fault::Unreachable, status: Some(status.as_u16()), reason })
}

const fn own_fault(reason: Message) -> Refusal {
    Refusal::without_reply(Failure { fault: Fault::Request, status: None, reason })
}

const fn broken_key(reason: Message) -> Refusal {
    Refusal::without_reply(Failure { fault: Fault::Account, status: None, reason })
}
