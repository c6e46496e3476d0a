//! A side call (a token count, embeddings, pictures) in front of an upstream of another
//! protocol: what is sent instead of the client's own words, and how the answer comes
//! back in them. A count that no upstream can give is estimated here.

use std::sync::Arc;
use std::time::Instant;

use futures_util::future::try_join_all;

use super::attempt::{Attempt, Refused, broken};
use super::translate::{Asked, retell};
use crate::accounts::Account;
use crate::chat::FailureKind;
use crate::message;
use crate::protocol::side::{self, SideAnswer, SideEncoded, SideRequest, SideResponse};
use crate::protocol::{LocalError, Operation, Protocol, ResponseContext, failure};
use crate::upstream::{Failure, Fault};

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
        asked: &Asked<'_>,
    ) -> Result<Self, LocalError> {
        Ok(Self {
            upstream,
            encoded: side::encode_request(upstream, request, model, asked.limits)?,
            client,
            request: Arc::clone(request),
            request_id: asked.request_id.to_owned(),
            context: asked.context(),
        })
    }

    /// Asks as often as it takes, at once, and joins the answers.
    pub async fn ask(
        &self,
        attempts: Vec<Attempt<'_>>,
        operation: Operation,
        account: &Account,
    ) -> Result<SideAnswer, Refused> {
        let asked = attempts.into_iter().map(|attempt| self.ask_once(attempt, operation, account));
        let responses = try_join_all(asked).await?;
        let response = responses.into_iter().reduce(SideResponse::join);
        let (client, request, context) = (self.client, Arc::clone(&self.request), self.context.clone());
        let encode = move || side::encode_response(client, &request, response?, &context);
        let incomplete = || broken(Fault::Unreachable, message!("reason-wrong-answer"));
        off_the_loop(encode).await.ok_or_else(incomplete)
    }

    async fn ask_once(
        &self,
        attempt: Attempt<'_>,
        operation: Operation,
        account: &Account,
    ) -> Result<SideResponse, Refused> {
        let (limit, started) = (attempt.limit, Instant::now());
        let answered = attempt.run(account).await;
        let answered = answered
            .map_err(|refused| retell(refused, self.upstream, self.client.protocol(), &self.request_id))?;
        let body = answered.read(limit.saturating_sub(started.elapsed())).await?;
        side::decode_response(operation, &body).map_err(|told| {
            let error = failure::for_client(&told);
            let fault = match told.kind {
                FailureKind::InvalidRequest => Fault::Request,
                _ => Fault::Overloaded { retry_after: told.retry_after },
            };
            Refused { failure: Failure { fault, status: None, reason: error.message.into() }, reply: None }
        })
    }
}

/// Counts a prompt's tokens here.
pub async fn estimate(client: Operation, request: &Arc<SideRequest>) -> Result<SideAnswer, Refused> {
    let request = Arc::clone(request);
    let count = move || match &*request {
        SideRequest::CountTokens(request) => Some(side::estimate(client, request)),
        _ => None,
    };
    off_the_loop(count).await.ok_or_else(|| {
        let reason = "no upstream of this model can be asked for this";
        broken(Fault::Request, reason.into())
    })
}

/// A server that only resembles a provider's may not know the path that counts tokens; a
/// 404 that speaks of the model is another matter.
pub fn has_no_such_path(refused: &Refused) -> bool {
    matches!(refused.failure.status, Some(404 | 405 | 501))
        && !refused.failure.reason.to_string().contains("model")
}

/// Cutting a long prompt into tokens takes a while that no other request should wait for.
async fn off_the_loop<T: Send + 'static>(work: impl FnOnce() -> Option<T> + Send + 'static) -> Option<T> {
    tokio::task::spawn_blocking(work).await.ok()?
}
