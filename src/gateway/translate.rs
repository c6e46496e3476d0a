//! A client of one protocol in front of an upstream of another: what is sent instead of
//! the client's own words, and how the answer comes back in them.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::{Bytes, BytesMut};
use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, StatusCode};
use serde::de::IgnoredAny;

use super::attempt::{Answered, Refused, broken};
use super::conversations::{Conversations, Remembering};
use super::signatures::CallWatch;
use super::{Remembered, passthrough};
use crate::chat::{self, Dropped, Event};
use crate::protocol::failure::{for_client, kind_of_status, of_stranger};
use crate::protocol::openai_responses::reference::{Said, output_of};
use crate::protocol::{
    self, Encoded, ErrorKind, Limits, LocalError, Observer, Operation, Protocol, Provider, RequestTarget,
    ResponseContext, StreamDecoder, StreamEncoder, Usage, capability,
};
use crate::upstream::{Failure, Fault, Frames, Scrubber};

pub const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// Which dialect to speak to an upstream: the client's own where that reaches the model.
pub fn upstream_protocol(client: Protocol, provider: Provider, model: &str) -> Protocol {
    if provider == Provider::OpenAi && capability::openai_only_responds(model) {
        return Protocol::OpenAiResponses;
    }
    if provider.speaks(client) { client } else { provider.protocols()[0] }
}

/// A client's request as a neutral conversation.
pub struct Decoded {
    pub chat: chat::Request,
    /// OpenAI Responses: what is to be remembered of it.
    said: Option<Arc<Said>>,
}

impl Decoded {
    /// A 400 names what is wrong with the request, or what it refers to and nobody knows.
    pub fn read(
        client: Operation,
        frames: &Frames,
        target: &RequestTarget<'_>,
        conversations: &Conversations,
        limits: Limits,
    ) -> Result<Self, LocalError> {
        let body = frames.to_bytes();
        let chat = match client {
            Operation::Completions => protocol::decode_text_completion(&body)?,
            Operation::Responses => {
                let (chat, said) = protocol::decode_responses_request(&body, conversations, limits)?;
                return Ok(Self { chat, said: Some(Arc::new(said)) });
            }
            _ => protocol::decode_request(client.protocol(), &body, target)?,
        };
        Ok(Self { chat, said: None })
    }
}

/// One request in an upstream's words.
pub struct Translation {
    pub upstream: Protocol,
    pub operation: Operation,
    pub query: Option<&'static str>,
    pub body: Frames,
    pub dropped: Dropped,
    client: Protocol,
    request_id: String,
    context: ResponseContext,
    calls: CallWatch,
    remembering: Option<Remembering>,
}

/// What the client is to be answered with, beside the answer.
pub struct Asked<'a> {
    pub client: Protocol,
    pub request_id: &'a str,
    pub model: &'a str,
    /// Gemini without `alt=sse`.
    pub json_array: bool,
    /// OpenAI's older `/v1/completions`.
    pub text_completion: bool,
    pub remembered: &'a Remembered,
    pub limits: Limits,
}

impl Asked<'_> {
    /// For an answer that begins here and now.
    pub fn context(&self) -> ResponseContext {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        ResponseContext::new(self.request_id, now, self.model)
    }
}

impl Translation {
    /// Writes the conversation for an upstream; a 400 names what it cannot say.
    pub fn new(
        decoded: &Decoded,
        upstream: Protocol,
        model: &str,
        asked: &Asked<'_>,
    ) -> Result<Self, LocalError> {
        let mut request = decoded.chat.clone();
        model.clone_into(&mut request.model);
        if upstream == Protocol::Gemini {
            request.restore_signatures(|call_id| asked.remembered.signatures.of_call(call_id));
        }
        let encoded = protocol::encode_request_within(upstream, &request, asked.limits)?;
        let Encoded { body, mut dropped, tool_names } = encoded;
        dropped.extend(&request.dropped);
        let mut context = asked.context().of_request(&request, tool_names);
        context.json_array = asked.json_array;
        context.text_completion = asked.text_completion;
        let remembering = decoded.said.as_ref().map(|said| {
            let conversations = Arc::clone(&asked.remembered.conversations);
            Remembering::new(conversations, Arc::clone(said), context.id("resp_"))
        });
        let calls = CallWatch::new(Arc::clone(&asked.remembered.signatures), asked.client, context.clone());
        let (operation, query) = operation(upstream, request.stream);
        let body = Frames::from(Bytes::from(body));
        Ok(Self {
            upstream,
            operation,
            query,
            body,
            dropped,
            client: asked.client,
            request_id: asked.request_id.to_owned(),
            context,
            calls,
            remembering,
        })
    }

    /// Reads a whole answer, within the rest of its time, and says it to the client.
    pub async fn whole(
        &self,
        answered: Answered,
        limit: Duration,
    ) -> Result<(Bytes, Option<Usage>), Refused> {
        let body = answered.read(limit).await?;
        let mut observer = Observer::object(self.upstream);
        observer.push(&body);
        let mut response = protocol::decode_response(self.upstream, &body).map_err(|failure| {
            broken(Fault::Overloaded { retry_after: failure.retry_after }, failure.message.into())
        })?;
        self.calls.clone().see_whole(&mut response);
        let encoded = protocol::encode_response(self.client, &response, &self.context);
        let encoded = encoded.map_err(|error| self.cannot_be_told(error))?;
        if let Some(mut remembering) = self.remembering.clone() {
            remembering.given(&output_of(&encoded));
            remembering.ended();
        }
        Ok((encoded, observer.usage()))
    }

    /// The model said what the client's protocol has no room for. Neither the request nor
    /// the account is to blame, and another answer may well be better.
    fn cannot_be_told(&self, error: LocalError) -> Refused {
        let told = LocalError { kind: ErrorKind::BadGateway, ..error };
        let status = told.kind.status();
        let body = self.client.family().error_body(&told, &self.request_id).to_string();
        Refused {
            failure: Failure {
                fault: Fault::Request,
                status: Some(status.as_u16()),
                reason: told.message.into(),
            },
            reply: Some((status, HeaderMap::from_iter([(CONTENT_TYPE, JSON)]), Bytes::from(body))),
        }
    }

    /// The upstream's refusal in the client's words.
    pub fn retell(&self, refused: Refused) -> Refused {
        retell(refused, self.upstream, self.client, &self.request_id)
    }

    /// What the client's stream says it is.
    pub const fn content_type(&self) -> HeaderValue {
        if self.context.json_array { JSON } else { HeaderValue::from_static("text/event-stream") }
    }

    /// `scrubber`: for what the upstream may say of a failure.
    pub fn stream(self, scrubber: Scrubber) -> Translator {
        Translator {
            scrubber,
            decoder: StreamDecoder::new(self.upstream),
            encoder: StreamEncoder::new(self.client, self.context),
            events: Vec::new(),
            failure: None,
            calls: self.calls,
            remembering: self.remembering,
        }
    }
}

/// An upstream's refusal in the client's words.
pub fn retell(mut refused: Refused, upstream: Protocol, client: Protocol, request_id: &str) -> Refused {
    if let Some((status, headers, body)) = refused.reply.take() {
        let mut told = protocol::decode_error(upstream, status, &body);
        // A body may claim anything; whose fault it was has been decided by the status.
        let is_servers = kind_of(&told).status().is_server_error();
        if refused.failure.fault == Fault::Request || !is_servers {
            told.kind = kind_of_status(status);
        }
        let error = for_client(&told);
        refused.reply = Some(written(&error, &headers, client, request_id));
    }
    refused
}

/// The same where both speak one protocol: what an upstream's own servers say passes as it
/// is, and a page or a line of something in front of them is told in the client's shape.
pub fn in_shape(mut refused: Refused, client: Protocol, request_id: &str) -> Refused {
    if let Some((status, headers, body)) = &refused.reply
        && serde_json::from_slice::<IgnoredAny>(body).is_err()
    {
        let mut error = for_client(&of_stranger(*status, body));
        if *status == StatusCode::BAD_GATEWAY {
            error.kind = ErrorKind::BadGateway;
        }
        refused.reply = Some(written(&error, headers, client, request_id));
    }
    refused
}

fn kind_of(told: &chat::Failure) -> ErrorKind {
    for_client(told).kind
}

fn written(
    error: &LocalError,
    upstream: &HeaderMap,
    client: Protocol,
    request_id: &str,
) -> (StatusCode, HeaderMap, Bytes) {
    let body = client.family().error_body(error, request_id).to_string();
    let mut kept = passthrough::response_headers(upstream);
    kept.insert(CONTENT_TYPE, JSON);
    kept.remove(CONTENT_ENCODING);
    (error.kind.status(), kept, Bytes::from(body))
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

/// A stream on its way from one protocol to the other.
pub struct Translator {
    scrubber: Scrubber,
    decoder: StreamDecoder,
    encoder: StreamEncoder,
    events: Vec<Event>,
    failure: Option<String>,
    calls: CallWatch,
    remembering: Option<Remembering>,
}

impl Translator {
    /// The client's bytes for the upstream's; often none yet.
    pub fn push(&mut self, bytes: &[u8]) -> Bytes {
        self.decoder.push(bytes, &mut self.events);
        self.encode()
    }

    /// The upstream has ended: what is left to say, be it that it ended too early.
    pub fn finish(&mut self) -> Bytes {
        self.decoder.finish(&mut self.events);
        self.encode()
    }

    /// The upstream broke: says so in the client's words.
    pub fn fail(&mut self, reason: &str) -> Bytes {
        self.events.push(Event::Failed(chat::Failure::broken(reason)));
        self.encode()
    }

    /// Why the answer is not whole, once that is known.
    pub fn failure(&self) -> Option<&str> {
        self.failure.as_deref()
    }

    /// The upstream's answer has ended, well or not.
    pub fn is_over(&self) -> bool {
        self.decoder.is_over()
    }

    fn encode(&mut self) -> Bytes {
        let mut out = BytesMut::new();
        for mut event in self.events.drain(..) {
            self.calls.see(&mut event);
            if let Event::Failed(failure) = &mut event {
                failure.message = self.scrubber.scrub_text(std::mem::take(&mut failure.message));
                self.failure.get_or_insert_with(|| failure.message.clone());
            }
            self.encoder.push(&event, &mut out);
            if let Some(remembering) = &mut self.remembering {
                remembering.given(self.encoder.output());
                if matches!(event, Event::Finished(_)) {
                    remembering.ended();
                }
            }
        }
        out.freeze()
    }
}
