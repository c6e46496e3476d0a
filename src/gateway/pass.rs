//! A client in front of an upstream of its own protocol: the request and the answer cross as
//! they are. An answer of the wrong shape (one object in place of a stream, or the reverse)
//! is encoded anew, because SDKs cannot read it.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use http::Method;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH};

use super::answer::Answer;
use super::attempt::{Attempt, UpstreamAnswer};
use super::call::Call;
use super::codec::Codec;
use super::exchange::IncomingRequest;
use super::passage::Passage;
use super::reencoding::Reencoding;
use super::refusal::Refusal;
use super::relay::Source;
use super::shape::{Shape, is_event_stream};
use super::trial::Trial;
use super::{headers, nested_model};
use crate::protocol::{Observer, Operation};
use crate::upstream::{Frames, endpoint};

/// Both sides speak the same protocol.
pub struct Pass;

#[expect(clippy::unused_self, reason = "the ways look alike")]
impl Pass {
    /// Asks the account once, up to the point where the client can be answered.
    pub async fn attempt(self, trial: &Trial<'_>) -> Result<Answer, Refusal> {
        let started = Instant::now();
        let call = trial.call;
        let (client, request_id) = (call.protocol, call.incoming.id.as_str());
        let attempt = request(trial);
        let limit = attempt.limit;
        let reply = attempt.run(trial.lease.account()).await;
        let reply = reply.map_err(|refusal| refusal.in_shape(client, request_id))?;
        if is_other_than_asked(call, &reply) {
            self.reencode(reply, limit.saturating_sub(started.elapsed()), call).await
        } else {
            Ok(self.answer(reply, trial))
        }
    }

    /// The answer in the shape that the client asked for.
    async fn reencode(
        self,
        reply: UpstreamAnswer,
        limit: Duration,
        call: &Call<'_>,
    ) -> Result<Answer, Refusal> {
        let mut context = call.client_context().of_answer();
        context.include_usage = call.asks_for_usage().await;
        let reencoding = Reencoding {
            upstream: call.protocol,
            client: call.protocol,
            context,
            from_events: is_event_stream(&reply.headers),
            to_stream: call.streams(),
            calls: None,
            keeper: None,
            share: Arc::clone(&call.resources.share),
        };
        let mut headers = headers::response_headers(&reply.headers);
        let mut answer = reencoding.answer(reply, limit, call).await?;
        headers.remove(CONTENT_ENCODING);
        headers.extend(std::mem::take(&mut answer.headers));
        Ok(Answer { headers, ..answer })
    }

    /// The upstream's answer, relayed as it comes.
    pub fn answer(self, reply: UpstreamAnswer, trial: &Trial<'_>) -> Answer {
        let UpstreamAnswer { asked_at, status, headers, first, rest } = reply;
        let call = trial.call;
        let operation = call.incoming.operation;
        let shape = Shape::of(operation, &headers);
        let observer = match (operation.is_conversation(), shape) {
            (true, Shape::Events) => Observer::events(call.protocol),
            (true, Shape::Stream) => Observer::array(),
            (false, Shape::Events) => Observer::Blind,
            (_, Shape::Whole | Shape::Stream) => Observer::object(call.protocol),
        };
        let length = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
        let source = Source {
            asked_at,
            first,
            rest,
            codec: Codec::Pass(Passage::new(observer, shape, call.protocol, trial.client.scrubber.clone())),
            shape,
            // A stream may become shorter: known keys are taken out of its errors.
            length: length.filter(|_| shape == Shape::Whole),
            limit: trial.settings.config.proxy.request_timeout,
        };
        Answer::relayed(status, headers::response_headers(&headers), source)
    }

    /// Nothing: the request crosses as it is.
    pub const fn dropped(&self) -> String {
        String::new()
    }
}

/// Whether a client that asked for a stream gets one object, or the reverse. The first byte
/// tells an object, whatever content type the server gives it: events do not begin with a brace.
fn is_other_than_asked(call: &Call<'_>, reply: &UpstreamAnswer) -> bool {
    let operation = call.incoming.operation;
    if !operation.is_conversation() || operation == Operation::Completions {
        return false;
    }
    match (call.streams(), is_event_stream(&reply.headers)) {
        (true, false) => reply.first.trim_ascii_start().starts_with(b"{"),
        (asked, given) => asked != given,
    }
}

/// Whether the body repeats the model inside, so that it has to be read for a new name.
pub const fn names_model_inside(operation: Operation) -> bool {
    matches!(operation, Operation::BatchEmbedContents | Operation::GeminiCountTokens)
}

/// The client's own request, with the account's name of the model.
fn request<'a>(trial: &Trial<'a>) -> Attempt<'a> {
    let (call, model) = (trial.call, trial.lease.model());
    let IncomingRequest { operation, version, headers, .. } = call.incoming;
    Attempt {
        client: trial.client,
        method: Method::POST,
        path: endpoint::Path::Operation { operation: *operation, model, version: *version },
        query: call.query.as_deref(),
        headers: headers::request_headers(headers, call.protocol),
        body: body(call, model),
        limit: trial.settings.config.proxy.request_timeout,
    }
}

fn body(call: &Call<'_>, model: &str) -> Frames {
    let named = named_in_body(call, model);
    let body = if call.peek.model.as_ref().is_none_or(|asked| *asked == named) {
        call.frames.clone()
    } else {
        call.peek.with_model(&call.frames, &named)
    };
    if names_model_inside(call.incoming.operation) {
        nested_model::renamed(body, &call.asked, model)
    } else {
        body
    }
}

/// The model's name in the body. Gemini bodies repeat the model of the path as a resource
/// name.
fn named_in_body<'a>(call: &Call<'_>, model: &'a str) -> Cow<'a, str> {
    const PREFIX: &str = "models/";
    let repeats = call.incoming.model_in_path.is_some()
        && call.peek.model.as_ref().is_some_and(|named| named.starts_with(PREFIX));
    if repeats && !model.starts_with(PREFIX) { format!("{PREFIX}{model}").into() } else { model.into() }
}
