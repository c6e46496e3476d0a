//! A side call (a token count, embeddings, images) in front of an upstream of another
//! protocol: the request is encoded for the upstream, and the answer for the client. Tokens
//! that no upstream can count are estimated here.

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use futures_util::future::try_join_all;

use super::answer::Answer;
use super::attempt::Attempt;
use super::call::Call;
use super::context::ClientContext;
use super::headers::JSON;
use super::off_thread::{Kind, is_large};
use super::refusal::Refusal;
use super::trial::Trial;
use crate::chat::FailureKind;
use crate::message;
use crate::protocol::side::{self, SideAnswer, SideEncoded, SideRequest, SideResponse};
use crate::protocol::{ErrorKind, LocalError, Operation, Protocol, ResponseContext, failure};
use crate::upstream::{Failure, Fault, Frames};

pub struct SideCall {
    upstream: Protocol,
    /// `None` where the upstream has no such call: the answer is made here.
    encoded: Option<SideEncoded>,
    client: Operation,
    request: Arc<SideRequest>,
    request_id: String,
    context: ResponseContext,
}

impl SideCall {
    /// Encodes the call for an upstream. Fails with a 400 that names what the upstream cannot
    /// be asked.
    pub fn new(
        request: &Arc<SideRequest>,
        operation: Operation,
        upstream: Protocol,
        model: &str,
        client: &ClientContext,
    ) -> Result<Self, LocalError> {
        Ok(Self {
            upstream,
            encoded: side::encode_request(upstream, request, model, client.limits)?,
            client: operation,
            request: Arc::clone(request),
            request_id: client.request_id.clone(),
            context: client.of_answer(),
        })
    }

    /// Bytes of the body for the upstream.
    pub fn body_len(&self) -> usize {
        self.encoded.as_ref().map_or(0, |encoded| encoded.body.len())
    }

    /// Asks the account once; where an upstream answers one image a call, with several calls at
    /// the same time whose answers are joined.
    pub async fn attempt(self: Box<Self>, trial: &Trial<'_>) -> Result<Answer, Refusal> {
        let Some(SideEncoded { operation, body, copies, .. }) = &self.encoded else {
            let answer = estimate(trial.call, &self.request).await?;
            return Ok(Answer { is_from_upstream: false, ..answer });
        };
        let body = Frames::from(Bytes::copy_from_slice(body));
        let attempts = (0..*copies).map(|_| trial.translated(*operation, self.upstream, None, body.clone()));
        let asked = attempts.map(|attempt| self.ask(attempt, *operation, trial));
        let responses = try_join_all(asked).await?;
        let response = responses.into_iter().reduce(SideResponse::join);
        let (client, request, context) = (self.client, Arc::clone(&self.request), self.context.clone());
        let encode = move |_: &_| {
            let answer =
                response.and_then(|response| side::encode_response(client, &request, response, &context));
            Ok::<_, LocalError>(answer)
        };
        let encoded = trial.call.resources.off_thread.run(Kind::Brief, encode).await;
        let encoded = encoded.map_err(|error| self.refusal(&error))?;
        encoded
            .map(answer)
            .ok_or_else(|| Refusal::of_answer(Fault::Unreachable, message!("reason-wrong-answer")))
    }

    /// What the upstream could not be asked.
    pub fn dropped(&self) -> String {
        self.encoded.as_ref().map(|encoded| encoded.dropped.to_string()).unwrap_or_default()
    }

    async fn ask(
        &self,
        attempt: Attempt<'_>,
        operation: Operation,
        trial: &Trial<'_>,
    ) -> Result<SideResponse, Refusal> {
        let resources = &trial.call.resources;
        let (client, request_id) = (self.client.protocol(), self.request_id.as_str());
        let (limit, started) = (attempt.limit, Instant::now());
        let reply = attempt.run(trial.lease.account()).await;
        let reply = reply.map_err(|refusal| refusal.translated(client, request_id))?;
        let body = reply.read(limit.saturating_sub(started.elapsed()), &resources.share).await;
        let body = body.map_err(|error| error.into_refusal(client, request_id))?;
        let response = if is_large(body.len(), 0) {
            let decode = move |_: &_| Ok::<_, LocalError>(side::decode_response(operation, &body));
            resources.off_thread.run(Kind::Long, decode).await.map_err(|error| self.refusal(&error))?
        } else {
            side::decode_response(operation, &body)
        };
        response.map_err(|failure| {
            let reason = failure::for_client(&failure).message.into();
            let fault = match failure.kind {
                FailureKind::InvalidRequest => Fault::Request,
                _ => Fault::Overloaded { retry_after: failure.retry_after },
            };
            Refusal::without_reply(Failure { fault, status: None, reason })
        })
    }

    fn refusal(&self, error: &LocalError) -> Refusal {
        Refusal::of_ours(error, self.client.protocol(), &self.request_id)
    }
}

fn answer(answer: SideAnswer) -> Answer {
    let SideAnswer { body, usage, is_estimate } = answer;
    let answer = Answer::whole(body.into(), JSON, usage);
    if is_estimate { answer.estimated() } else { answer }
}

/// Counts a prompt's tokens, on another thread: even a short prompt takes long enough to
/// delay other requests.
pub async fn estimate(call: &Call<'_>, request: &Arc<SideRequest>) -> Result<Answer, Refusal> {
    let (client, request) = (call.incoming.operation, Arc::clone(request));
    let count = move |_: &_| {
        if let SideRequest::CountTokens(request) = &*request {
            return Ok(side::estimate(client, request));
        }
        let reason = "no upstream of this model can be asked for this";
        Err(LocalError::new(ErrorKind::InvalidRequest, reason))
    };
    let counted = call.resources.off_thread.run(call.kind(), count).await;
    counted.map(answer).map_err(|error| Refusal::of_answer(Fault::Request, error.message.into()))
}
