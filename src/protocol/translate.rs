//! The hub's front door: bytes of one protocol to the neutral chat and back, one `match`
//! for each way. Streams have doors of their own: [`super::decoder`], [`super::encoder`].

use bytes::Bytes;
use serde_json::Value;

use super::context::ResponseContext;
use super::field::{self, Object, Outcome};
use super::limits::{self, Limits};
use super::names::ToolNames;
use super::openai_responses::reference::{Remembered, Said};
use super::{
    LocalError, Protocol, anthropic, capability, gemini, json, openai_chat, openai_completions,
    openai_responses,
};
use crate::chat::{Dropped, Failure, Request, Response, crowd};

/// What the path says and the body does not: Gemini names the model and the action there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RequestTarget<'a> {
    pub model: Option<&'a str>,
    pub stream: bool,
}

/// A request for an upstream, and what it could not say.
#[derive(Clone, Debug, PartialEq)]
pub struct Encoded {
    pub body: Vec<u8>,
    pub dropped: Dropped,
    /// Needed again to name the tools that the answer calls.
    pub tool_names: ToolNames,
}

pub(super) fn encoded(
    body: Object,
    dropped: Dropped,
    tool_names: ToolNames,
    limits: Limits,
) -> Outcome<Encoded> {
    let body = json::to_bytes_within(&Value::Object(body), limits.of_output())?;
    Ok(Encoded { body, dropped, tool_names })
}

/// The limit to ask for: the client's, or the model's where that is lower.
pub(super) fn max_output(request: &Request, dropped: &mut Dropped) -> Option<u64> {
    let wanted = request.sampling.max_output?;
    let limit = capability::most_output(&request.model).map_or(wanted, |most| most.min(wanted));
    dropped.note_if(limit < wanted, "max_tokens");
    Some(limit)
}

/// Reads what a client sent. A 400 names the field that is wrong.
pub fn decode_request(
    from: Protocol,
    body: &[u8],
    target: &RequestTarget<'_>,
) -> Result<Request, LocalError> {
    let body = field::parse_body(body)?;
    let request = match from {
        Protocol::OpenAiChat => openai_chat::request::decode(body),
        Protocol::OpenAiResponses => openai_responses::request::decode(body),
        Protocol::Anthropic => anthropic::request::decode(body),
        Protocol::Gemini => gemini::request::decode(body, target),
    }?;
    limits::check(&request, from)?;
    Ok(request)
}

/// The same for OpenAI Responses, where a request may refer to what was said before it. A
/// 413 says that all of it together is too much.
pub fn decode_responses_request(
    body: &[u8],
    remembered: &dyn Remembered,
    limits: Limits,
) -> Result<(Request, Said), LocalError> {
    let length = body.len();
    let mut body = field::parse_body(body)?;
    let said = openai_responses::reference::resolve(&mut body, length, remembered, limits)?;
    let request = openai_responses::request::decode(body)?;
    limits::check(&request, Protocol::OpenAiResponses)?;
    Ok((request, said))
}

/// Reads what a client sent to OpenAI's older `/v1/completions`.
pub fn decode_text_completion(body: &[u8]) -> Result<Request, LocalError> {
    Ok(openai_completions::request::decode(field::parse_body(body)?)?)
}

/// Writes it for an upstream. Fails with a 400 where leaving something out would change
/// what the answer means, and names it.
pub fn encode_request(to: Protocol, request: &Request) -> Result<Encoded, LocalError> {
    encode_request_within(to, request, Limits::default())
}

/// The same, and a 413 where it would become larger than the limits allow.
pub fn encode_request_within(to: Protocol, request: &Request, limits: Limits) -> Result<Encoded, LocalError> {
    let encoded = match to {
        Protocol::OpenAiChat => openai_chat::request::encode(request, limits),
        Protocol::OpenAiResponses => openai_responses::request::encode(request, limits),
        Protocol::Anthropic => anthropic::request::encode(request, limits),
        Protocol::Gemini => gemini::request::encode(request, limits),
    };
    Ok(encoded?)
}

/// Reads a whole answer. Fails if it is none, or if it tells of a failure with status 200.
pub fn decode_response(from: Protocol, body: &[u8]) -> Result<Response, Failure> {
    let crowded = || Failure::broken("the upstream's answer is made of more pieces than an answer has");
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

/// Writes a whole answer for a client. Fails where the model's arguments for a tool are
/// not the JSON object that the client's protocol has room for.
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

/// What keeps a client patient while the upstream is silent but alive. Gemini clients get
/// nothing: `google-genai` for Python raises on a comment.
pub const fn stream_keep_alive(to: Protocol) -> Option<&'static [u8]> {
    match to {
        Protocol::Anthropic => Some(b"event: ping\ndata: {\"type\": \"ping\"}\n\n"),
        Protocol::OpenAiChat | Protocol::OpenAiResponses => Some(b": keep-alive\n\n"),
        Protocol::Gemini => None,
    }
}
