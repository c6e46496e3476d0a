//! The hub's front door: bytes of one protocol to the neutral chat and back, one `match` for
//! each way. Streams go through [`super::decoder`] and [`super::encoder`].

use bytes::Bytes;
use serde_json::Value;

use super::context::ResponseContext;
use super::dialect::{Family, Protocol};
use super::encoded::Encoded;
use super::error::LocalError;
use super::limits::{self, Limits};
use super::openai_responses::reference::{AnswerStore, Continuation, NoAnswers};
use super::operation::RequestTarget;
use super::{anthropic, field, gemini, json, openai_chat, openai_completions, openai_responses};
use crate::chat::{Failure, Request, Response, crowd};

/// Reads a client's request. Fails with a 400 that names the wrong field, or a 413 where it
/// holds more than any model reads. A Responses request may not refer to earlier answers: see
/// [`decode_responses_request`].
pub fn decode_request(
    from: Protocol,
    body: &[u8],
    target: &RequestTarget<'_>,
) -> Result<Request, LocalError> {
    let parse = || field::parse_body(body);
    let request = match from {
        Protocol::OpenAiChat => openai_chat::request::decode(parse()?),
        Protocol::OpenAiResponses => {
            return Ok(decode_responses_request(body, &NoAnswers, Limits::default())?.0);
        }
        Protocol::Anthropic => anthropic::request::decode(parse()?),
        Protocol::Gemini => gemini::request::decode(parse()?, target),
    }?;
    limits::check(&request, from)?;
    Ok(request)
}

/// Reads an OpenAI Responses request, which may refer to earlier answers: `store` supplies
/// their items. Also returns what the request adds to its conversation. Fails with a 413
/// where the request with all that it refers to is over the limits.
pub fn decode_responses_request(
    body: &[u8],
    store: &dyn AnswerStore,
    limits: Limits,
) -> Result<(Request, Continuation), LocalError> {
    let length = body.len();
    let mut body = field::parse_body(body)?;
    let continuation = openai_responses::reference::resolve(&mut body, length, store, limits)?;
    let request = openai_responses::request::decode(body)?;
    limits::check(&request, Protocol::OpenAiResponses)?;
    Ok((request, continuation))
}

/// Reads a client's request to OpenAI's older `/v1/completions`.
pub fn decode_text_completion(body: &[u8]) -> Result<Request, LocalError> {
    Ok(openai_completions::request::decode(field::parse_body(body)?)?)
}

/// Writes a request for an upstream. Fails with a 400 that names a field which the protocol
/// lacks, where leaving it out would change the meaning of the answer.
pub fn encode_request(to: Protocol, request: &Request) -> Result<Encoded, LocalError> {
    encode_request_within(to, request, Limits::default())
}

/// The same. Also fails with a 413 where the request would become larger than the limits allow.
pub fn encode_request_within(to: Protocol, request: &Request, limits: Limits) -> Result<Encoded, LocalError> {
    let encoded = match to {
        Protocol::OpenAiChat => openai_chat::request::encode(request, limits),
        Protocol::OpenAiResponses => openai_responses::request::encode(request, limits),
        Protocol::Anthropic => anthropic::request::encode(request, limits),
        Protocol::Gemini => gemini::request::encode(request, limits),
    };
    Ok(encoded?)
}

/// Reads a whole answer. Fails if the body is not one, or is an error with status 200.
pub fn decode_response(from: Protocol, body: &[u8]) -> Result<Response, Failure> {
    let crowded = || Failure::broken("the upstream's answer holds more JSON values than any answer");
    if crowd::is_crowded(body) {
        return Err(crowded());
    }
    let body = json::mended(body);
    let body = json::text(&body);
    let response = match from {
        Protocol::OpenAiChat => openai_chat::response::decode(&body),
        Protocol::OpenAiResponses => openai_responses::response::decode(&body),
        Protocol::Anthropic => anthropic::response::decode(&body),
        Protocol::Gemini => gemini::response::decode(&body),
    }?;
    let is_crowded = crowd::are_crowded(limits::arguments(response.parts.iter()));
    if is_crowded { Err(crowded()) } else { Ok(response) }
}

/// Writes a whole answer for a client. Fails where the model's arguments for a tool are not a
/// JSON object and the client's protocol takes nothing else.
pub fn encode_response(
    to: Protocol,
    response: &Response,
    context: &ResponseContext,
) -> Result<Bytes, LocalError> {
    let body = match to {
        Protocol::OpenAiChat if context.text_completion => {
            openai_completions::response::encode(response, context)
        }
        Protocol::OpenAiChat => openai_chat::response::encode(response, context),
        Protocol::OpenAiResponses => openai_responses::response::encode(response, context),
        Protocol::Anthropic => anthropic::response::encode(response, context)?,
        Protocol::Gemini => gemini::response::encode(response, context)?,
    };
    Ok(Bytes::from(json::to_bytes(&body)))
}

/// What keeps the client waiting while the upstream is alive but silent. `None` for Gemini:
/// `google-genai` for Python raises on a comment.
pub const fn stream_keep_alive(to: Protocol) -> Option<&'static [u8]> {
    match to {
        Protocol::Anthropic => Some(b"event: ping\ndata: {\"type\": \"ping\"}\n\n"),
        Protocol::OpenAiChat | Protocol::OpenAiResponses => Some(b": keep-alive\n\n"),
        Protocol::Gemini => None,
    }
}

impl Family {
    /// The JSON body that an SDK of this family turns into its own exception class.
    pub fn error_body(self, error: &LocalError, request_id: &str) -> Value {
        match self {
            Self::OpenAi => openai_chat::error::body(error),
            Self::Anthropic => anthropic::error::body(error, request_id),
            Self::Gemini => gemini::error::body(error),
        }
    }
}

impl Protocol {
    /// The end of a stream that broke after its first byte. It makes the client's SDK raise
    /// instead of taking the torn answer for a whole one.
    pub fn stream_error(self, error: &LocalError, request_id: &str) -> Vec<u8> {
        let body = self.family().error_body(error, request_id);
        match self {
            Self::OpenAiChat | Self::Gemini => format!("data: {body}\n\n"),
            Self::OpenAiResponses => {
                let [error, failed] = openai_responses::error::stream_events(error, request_id);
                format!("event: error\ndata: {error}\n\nevent: response.failed\ndata: {failed}\n\n")
            }
            Self::Anthropic => format!("event: error\ndata: {body}\n\n"),
        }
        .into_bytes()
    }
}
