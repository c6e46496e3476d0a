//! A client of one protocol in front of an upstream of another: what is sent instead of
//! the client's own words, and how the answer comes back in them.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use bytes::{Bytes, BytesMut};
use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, StatusCode};

use super::attempt::{self, Refused, broken};
use super::call::Means;
use super::conversations::{Known, Remembering};
use super::retelling::{Retelling, Untold};
use super::signatures::CallWatch;
use super::{Remembered, ids, passthrough};
use crate::chat::{self, Dropped, Event, Usage};
use crate::protocol::error_report::Form;
use crate::protocol::failure::{for_client, kind_of_status};
use crate::protocol::openai_responses::reference::Said;
use crate::protocol::{
    self, Encoded, ErrorKind, Limits, LocalError, Operation, Protocol, Provider, RequestTarget,
    ResponseContext, StreamDecoder, StreamEncoder, capability,
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

/// Why a request was not read.
pub enum Unread {
    Wrong(LocalError),
    /// It refers to more than was to be looked up here.
    RefersToMuch,
}

impl Unread {
    pub fn into_error(self) -> LocalError {
        match self {
            Self::Wrong(error) => error,
            Self::RefersToMuch => LocalError::new(ErrorKind::TooLarge, "the request refers to too much"),
        }
    }
}

impl From<LocalError> for Unread {
    fn from(error: LocalError) -> Self {
        Self::Wrong(error)
    }
}

impl Decoded {
    /// A 400 names what is wrong with the request, or what it refers to and nobody knows.
    pub fn read(
        client: Operation,
        frames: &Frames,
        target: &RequestTarget<'_>,
        known: &Known<'_>,
        limits: Limits,
    ) -> Result<Self, Unread> {
        let body = frames.to_bytes();
        let chat = match client {
            Operation::Completions => protocol::decode_text_completion(&body)?,
            Operation::Responses => {
                let read = protocol::decode_responses_request(&body, known, limits);
                known.refusal().map_or(Ok(()), Err)?;
                let (chat, said) = read?;
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
pub struct Asked {
    pub client: Protocol,
    pub request_id: String,
    pub model: String,
    /// Gemini without `alt=sse`.
    pub json_array: bool,
    /// OpenAI's older `/v1/completions`.
    pub text_completion: bool,
    pub remembered: Remembered,
    pub limits: Limits,
}

impl Asked {
    /// For an answer that begins here and now, with ids that tell nothing of the request's.
    pub fn context(&self) -> ResponseContext {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let mut context = ResponseContext::new(&ids::random(), now, self.model.as_str());
        context.request_id.clone_from(&self.request_id);
        context
    }
}

impl Translation {
    /// Writes the conversation for an upstream; a 400 names what it cannot say.
    pub fn new(
        decoded: &Decoded,
        upstream: Protocol,
        model: &str,
        asked: &Asked,
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
            request_id: asked.request_id.clone(),
            context,
            calls,
            remembering,
        })
    }

    /// Says a whole answer to the client.
    pub async fn whole(&self, body: Bytes, means: &Means<'_>) -> Result<(Bytes, Option<Usage>), Refused> {
        let retelling = Retelling {
            upstream: self.upstream,
            client: self.client,
            context: self.context.clone(),
            calls: self.calls.clone(),
            remembering: self.remembering.clone(),
            share: Arc::clone(&means.share),
        };
        retelling.tell(body, means.off_thread).await.map_err(|untold| match untold {
            Untold::ByUpstream(failure) => {
                broken(Fault::Overloaded { retry_after: failure.retry_after }, failure.message.into())
            }
            Untold::InItsProtocol(error) => self.cannot_be_told(error),
            Untold::Here(error) => refused_here(&error, self.client, &self.request_id),
        })
    }

    /// There was no room to read the answer, or its time was over.
    pub fn unread(&self, unread: attempt::Unread) -> Refused {
        match unread {
            attempt::Unread::Refused(refused) => *refused,
            attempt::Unread::NoRoom(error) => refused_here(&error, self.client, &self.request_id),
        }
    }

    /// The model said what the client's protocol has no room for. Neither the request nor
    /// the account is to blame, and another answer may well be better.
    fn cannot_be_told(&self, error: LocalError) -> Refused {
        refused_here(&LocalError { kind: ErrorKind::BadGateway, ..error }, self.client, &self.request_id)
    }

    /// The upstream's refusal in the client's words.
    pub fn retell(&self, refused: Refused) -> Refused {
        retell(refused, self.client, &self.request_id)
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

/// An answer of our own in place of the upstream's. Neither the request nor the account is
/// to blame.
pub fn refused_here(told: &LocalError, client: Protocol, request_id: &str) -> Refused {
    let status = told.kind.status();
    let body = client.family().error_body(told, request_id).to_string();
    let failure =
        Failure { fault: Fault::Request, status: Some(status.as_u16()), reason: told.message.clone().into() };
    Refused {
        failure,
        reply: Some((status, HeaderMap::from_iter([(CONTENT_TYPE, JSON)]), Bytes::from(body))),
        report: None,
    }
}

/// An upstream's refusal in the client's words.
pub fn retell(mut refused: Refused, client: Protocol, request_id: &str) -> Refused {
    if let Some((status, headers, _)) = refused.reply.take() {
        let mut told = refused.report.as_deref().cloned().unwrap_or_default().with_status(status);
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
    if let Some((status, headers, _)) = &refused.reply
        && let Some(report) = refused.report.as_deref().filter(|report| report.form != Form::Json)
    {
        let mut error = for_client(&report.clone().with_status(*status));
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
