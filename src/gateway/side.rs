//! A side call (a token count, embeddings, pictures) in front of an upstream of another
//! protocol: what is sent instead of the client's own words, and how the answer comes
//! back in them. A count that no upstream can give is estimated here.

use std::sync::Arc;
use std::time::Instant;

use futures_util::future::try_join_all;

use super::attempt::{Attempt, Refused, Unread, broken};
use super::call::Means;
use super::off_thread::{Kind, OffThread, is_large};
use super::translate::{Asked, refused_here, retell};
use crate::accounts::Account;
use crate::chat::FailureKind;
use crate::message;
use crate::protocol::side::{self, SideAnswer, SideEncoded, SideRequest, SideResponse, decode_request};
use crate::protocol::{ErrorKind, LocalError, Operation, Protocol, ResponseContext, failure};
use crate::upstream::{Failure, Fault, Frames};

pub struct SideCall {
    pub upstream: Protocol,
    /// `None`: the upstream has no such call, and the answer is made here.
    pub encoded: Option<SideEncoded>,
    client: Operation,
    pub request: Arc<SideRequest>,
    request_id: String,
    context: ResponseContext,
}

impl SideCall {
    /// Writes the call for an upstream; a 400 names what it cannot say.
    pub fn new(
        request: &Arc<SideRequest>,
        client: Operation,
        upstream: Protocol,
        model: &str,
        asked: &Asked,
    ) -> Result<Self, LocalError> {
        Ok(Self {
            upstream,
            encoded: side::encode_request(upstream, request, model, asked.limits)?,
            client,
            request: Arc::clone(request),
            request_id: asked.request_id.clone(),
            context: asked.context(),
        })
    }

    /// Asks as often as it takes, at once, and joins the answers.
    pub async fn ask(
        &self,
        attempts: Vec<Attempt<'_>>,
        operation: Operation,
        account: &Account,
        means: &Means<'_>,
    ) -> Result<SideAnswer, Refused> {
        let asked = attempts.into_iter().map(|attempt| self.ask_once(attempt, operation, account, means));
        let responses = try_join_all(asked).await?;
        let response = responses.into_iter().reduce(SideResponse::join);
        let (client, request, context) = (self.client, Arc::clone(&self.request), self.context.clone());
        let encode = move |_: &_| {
            let answer =
                response.and_then(|response| side::encode_response(client, &request, response, &context));
            Ok::<_, LocalError>(answer)
        };
        let answer = means.off_thread.run(Kind::Brief, encode).await;
        let answer = answer.map_err(|error| self.refused_here(&error))?;
        answer.ok_or_else(|| broken(Fault::Unreachable, message!("reason-wrong-answer")))
    }

    fn refused_here(&self, error: &LocalError) -> Refused {
        refused_here(error, self.client.protocol(), &self.request_id)
    }

    async fn ask_once(
        &self,
        attempt: Attempt<'_>,
        operation: Operation,
        account: &Account,
        means: &Means<'_>,
    ) -> Result<SideResponse, Refused> {
        let (limit, started) = (attempt.limit, Instant::now());
        let answered = attempt.run(account).await;
        let answered =
            answered.map_err(|refused| retell(refused, self.client.protocol(), &self.request_id))?;
        let body = answered.read(limit.saturating_sub(started.elapsed()), &means.share).await;
        let body = body.map_err(|unread| match unread {
            Unread::Refused(refused) => *refused,
            Unread::NoRoom(error) => self.refused_here(&error),
        })?;
        let read = if is_large(body.len(), 0) {
            let decode = move |_: &_| Ok::<_, LocalError>(side::decode_response(operation, &body));
            means.off_thread.run(Kind::Long, decode).await.map_err(|error| self.refused_here(&error))?
        } else {
            side::decode_response(operation, &body)
        };
        read.map_err(|told| {
            let error = failure::for_client(&told);
            let fault = match told.kind {
                FailureKind::InvalidRequest => Fault::Request,
                _ => Fault::Overloaded { retry_after: told.retry_after },
            };
            Refused {
                failure: Failure { fault, status: None, reason: error.message.into() },
                reply: None,
                report: None,
            }
        })
    }
}

/// Reads a client's call; a 400 names what is wrong with it.
pub fn read(operation: Operation, frames: &Frames, asked: &str) -> Result<Arc<SideRequest>, LocalError> {
    decode_request(operation, &frames.to_bytes(), asked).map(Arc::new)
}

/// Counts a prompt's tokens here; even a short one takes a while that no other request
/// should wait for.
pub async fn estimate(
    client: Operation,
    request: &Arc<SideRequest>,
    kind: Kind,
    off_thread: &OffThread,
) -> Result<SideAnswer, Refused> {
    let request = Arc::clone(request);
    let count = move |_: &_| {
        if let SideRequest::CountTokens(request) = &*request {
            return Ok(side::estimate(client, request));
        }
        let reason = "no upstream of this model can be asked for this";
        Err(LocalError::new(ErrorKind::InvalidRequest, reason))
    };
    let counted = off_thread.run(kind, count).await;
    counted.map_err(|error| broken(Fault::Request, error.message.into()))
}

/// A server that only resembles a provider's may not know the path that counts tokens; a
/// 404 that speaks of the model is another matter.
pub fn has_no_such_path(refused: &Refused) -> bool {
    matches!(refused.failure.status, Some(404 | 405 | 501))
        && !refused.report.as_ref().is_some_and(|report| report.is_about_a_model())
}
