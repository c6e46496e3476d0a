//! A conversation in front of an upstream of another protocol: the request is encoded for the
//! upstream, and the answer for the client.

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use http::StatusCode;
use http::header::{CONTENT_TYPE, HeaderMap};

use super::answer::{Answer, stream_type};
use super::attempt::UpstreamAnswer;
use super::codec::Codec;
use super::context::ClientContext;
use super::conversations::Remembering;
use super::decoded::Decoded;
use super::event_writer::EventWriter;
use super::refusal::Refusal;
use super::relay::Source;
use super::retelling::Retelling;
use super::shape::{Shape, is_event_stream};
use super::signatures::CallWatch;
use super::translator::Translator;
use super::trial::Trial;
use crate::chat::Dropped;
use crate::protocol::{
    self, Encoded, LocalError, Operation, Protocol, Provider, ResponseContext, StreamEncoder, capability,
};
use crate::upstream::{Frames, Scrubber};

/// The protocol to ask an upstream in: the client's own, where the model can be reached with
/// it.
pub fn upstream_protocol(client: Protocol, provider: Provider, model: &str) -> Protocol {
    if provider == Provider::OpenAi && capability::openai_only_responds(model) {
        return Protocol::OpenAiResponses;
    }
    if provider.speaks(client) { client } else { provider.protocols()[0] }
}

/// One request, encoded for an upstream.
pub struct Translation {
    pub body: Frames,
    upstream: Protocol,
    operation: Operation,
    query: Option<&'static str>,
    dropped: Dropped,
    client: Protocol,
    request_id: String,
    context: ResponseContext,
    calls: CallWatch,
    remembering: Option<Remembering>,
}

impl Translation {
    /// Encodes the conversation for an upstream. Fails with a 400 that names what the upstream
    /// cannot be asked.
    pub fn new(
        decoded: &Decoded,
        upstream: Protocol,
        model: &str,
        client: &ClientContext,
    ) -> Result<Self, LocalError> {
        let mut request = decoded.chat.clone();
        model.clone_into(&mut request.model);
        if upstream == Protocol::Gemini {
            request.restore_signatures(|call_id| client.memory.signatures.of_call(call_id));
        }
        let encoded = protocol::encode_request_within(upstream, &request, client.limits)?;
        let Encoded { body, mut dropped, tool_names } = encoded;
        dropped.extend(&request.dropped);
        let context = client.of_answer().of_request(&request, tool_names);
        let remembering = decoded.said.as_ref().map(|said| {
            let conversations = Arc::clone(&client.memory.conversations);
            Remembering::new(conversations, Arc::clone(said), context.id("resp_"))
        });
        let calls = CallWatch::new(Arc::clone(&client.memory.signatures), client.protocol, context.clone());
        let (operation, query) = operation(upstream, request.stream);
        Ok(Self {
            body: Frames::from(Bytes::from(body)),
            upstream,
            operation,
            query,
            dropped,
            client: client.protocol,
            request_id: client.request_id.clone(),
            context,
            calls,
            remembering,
        })
    }

    /// Asks the account once, up to the point where the client can be answered.
    pub async fn attempt(self: Box<Self>, trial: &Trial<'_>) -> Result<Answer, Refusal> {
        let started = Instant::now();
        let attempt = trial.translated(self.operation, self.upstream, self.query, self.body.clone());
        let limit = attempt.limit;
        let reply = attempt.run(trial.lease.account()).await;
        let reply = reply.map_err(|refusal| refusal.translated(self.client, &self.request_id))?;
        let from_events = is_event_stream(&reply.headers);
        if trial.call.streams() && from_events {
            return Ok(self.answer(reply, trial));
        }
        let retelling = Retelling {
            upstream: self.upstream,
            client: self.client,
            context: self.context,
            from_events,
            to_stream: trial.call.streams(),
            calls: Some(self.calls),
            remembering: self.remembering,
            share: Arc::clone(&trial.call.resources.share),
        };
        retelling.answer(reply, limit.saturating_sub(started.elapsed()), trial.call).await
    }

    /// The upstream's stream, translated as it comes.
    fn answer(self, reply: UpstreamAnswer, trial: &Trial<'_>) -> Answer {
        let UpstreamAnswer { begun, first, rest, .. } = reply;
        let headers = HeaderMap::from_iter([(CONTENT_TYPE, stream_type(&self.context))]);
        let client = self.client;
        let source = Source {
            begun,
            first,
            rest,
            codec: Codec::translate(self.translator(trial.client.scrubber.clone()), client),
            shape: Shape::Events,
            length: None,
            limit: trial.settings.config.proxy.request_timeout,
        };
        Answer::relayed(StatusCode::OK, headers, source)
    }

    fn translator(self, scrubber: Scrubber) -> Translator {
        let encoder = StreamEncoder::new(self.client, self.context);
        let writer = EventWriter::new(encoder, Some(self.calls), self.remembering, scrubber);
        Translator::new(self.upstream, writer)
    }

    /// What the upstream could not be asked.
    pub fn dropped(&self) -> String {
        self.dropped.to_string()
    }
}

const fn operation(upstream: Protocol, stream: bool) -> (Operation, Option<&'static str>) {
    match (upstream, stream) {
        (Protocol::OpenAiChat, _) => (Operation::ChatCompletions, None),
        (Protocol::OpenAiResponses, _) => (Operation::Responses, None),
        (Protocol::Anthropic, _) => (Operation::Messages, None),
        (Protocol::Gemini, false) => (Operation::GenerateContent, None),
        (Protocol::Gemini, true) => (Operation::StreamGenerateContent, Some("alt=sse")),
    }
}
