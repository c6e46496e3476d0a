//! What clients ask beside conversations, from one protocol to another: how many tokens a
//! prompt has, where texts stand (embeddings), and pictures. Each has a neutral request
//! and answer of its own; this is their front door, one `match` for each way.

pub mod count_tokens;
pub mod embeddings;
pub mod estimate;
pub mod images;

use serde_json::Value;

use super::field::{self, Outcome};
use super::limits::Limits;
use super::{Family, LocalError, Operation, Protocol, ResponseContext, capability, json};
use crate::chat::{self, Dropped, Failure, Usage};

/// Whether a conversation with this model is really a wish for a picture.
pub fn is_drawing(operation: Operation, to: Protocol, model: &str) -> bool {
    operation == Operation::GenerateContent
        && to.family() == Family::OpenAi
        && capability::openai_draws(model)
}

/// A side call as the client meant it.
#[derive(Clone, Debug, PartialEq)]
pub enum SideRequest {
    CountTokens(Box<chat::Request>),
    Embeddings(embeddings::Request),
    Images(images::Request),
}

/// The same for an upstream.
#[derive(Clone, Debug, PartialEq)]
pub struct SideEncoded {
    pub operation: Operation,
    pub body: Vec<u8>,
    /// How often to ask it: some upstreams draw one picture a call.
    pub copies: usize,
    pub dropped: Dropped,
}

/// What an upstream answers.
#[derive(Clone, Debug, PartialEq)]
pub enum SideResponse {
    CountTokens(u64),
    Embeddings(embeddings::Response),
    Images(images::Response),
}

impl SideResponse {
    /// Joins the answers to several calls for one request.
    #[must_use]
    pub fn join(self, other: Self) -> Self {
        match (self, other) {
            (Self::Images(one), Self::Images(other)) => Self::Images(one.join(other)),
            (one, _) => one,
        }
    }
}

/// What the client is answered.
#[derive(Clone, Debug, PartialEq)]
pub struct SideAnswer {
    pub body: Vec<u8>,
    pub usage: Option<Usage>,
    /// The token counts in it are ours, not the upstream's.
    pub is_estimate: bool,
}

/// Reads what a client sent. A 400 names the field that is wrong.
pub fn decode_request(operation: Operation, body: &[u8], model: &str) -> Result<SideRequest, LocalError> {
    Ok(decode(operation, field::parse_body(body)?, model)?)
}

fn decode(operation: Operation, body: field::Object, model: &str) -> Outcome<SideRequest> {
    Ok(match operation {
        Operation::Embeddings => SideRequest::Embeddings(embeddings::openai::decode_request(&body)?),
        Operation::EmbedContent => SideRequest::Embeddings(embeddings::gemini::decode_request(body)?),
        Operation::BatchEmbedContents => {
            SideRequest::Embeddings(embeddings::gemini::decode_batch_request(body)?)
        }
        Operation::ImageGenerations => SideRequest::Images(images::openai::decode_request(body)?),
        Operation::GenerateContent => SideRequest::Images(images::gemini::decode_request(body)?),
        _ => SideRequest::CountTokens(Box::new(count_tokens::decode_request(operation, body, model)?)),
    })
}

/// Writes it for an upstream; `None` if that has no such call. A 400 names what it cannot
/// say, a 413 says that it would become too large.
pub fn encode_request(
    to: Protocol,
    request: &SideRequest,
    model: &str,
    limits: Limits,
) -> Result<Option<SideEncoded>, LocalError> {
    Ok(match (request, to) {
        (SideRequest::CountTokens(request), to) => count_tokens::encode_request(to, request, model, limits)?,
        (SideRequest::Embeddings(request), Protocol::Gemini) => {
            Some(embeddings::gemini::encode_request(request, model, limits)?)
        }
        (SideRequest::Embeddings(request), _) => Some(embeddings::openai::encode_request(request, model)),
        (SideRequest::Images(request), Protocol::Gemini) => Some(images::gemini::encode_request(request)),
        (SideRequest::Images(request), _) => Some(images::openai::encode_request(request, model)),
    })
}

/// Reads an upstream's answer. Fails if it is none, or is one without what was asked for.
pub fn decode_response(operation: Operation, body: &[u8]) -> Result<SideResponse, Failure> {
    let body = json::mended(body);
    match operation {
        Operation::Embeddings => embeddings::openai::decode_response(&body).map(SideResponse::Embeddings),
        Operation::BatchEmbedContents => {
            embeddings::gemini::decode_response(&body).map(SideResponse::Embeddings)
        }
        Operation::GenerateContent => images::gemini::decode_response(&body).map(SideResponse::Images),
        Operation::ImageGenerations => images::openai::decode_response(&body).map(SideResponse::Images),
        _ => count_tokens::decode_response(operation, &body).map(SideResponse::CountTokens),
    }
}

/// Writes an answer for the client that asked. `None` if it answers something else, or not
/// all of it.
pub fn encode_response(
    operation: Operation,
    request: &SideRequest,
    response: SideResponse,
    context: &ResponseContext,
) -> Option<SideAnswer> {
    let answer = |body: Value, usage| SideAnswer { body: json::to_bytes(&body), usage, is_estimate: false };
    Some(match (request, response) {
        (SideRequest::CountTokens(_), SideResponse::CountTokens(tokens)) => {
            answer(count_tokens::encode_response(operation, tokens), None)
        }
        (SideRequest::Embeddings(request), SideResponse::Embeddings(response))
            if response.vectors.len() == request.inputs.len() =>
        {
            let usage = response.tokens.map(|input| Usage { input, ..Usage::default() });
            match operation {
                Operation::EmbedContent => answer(embeddings::gemini::encode_response(&response), usage),
                Operation::BatchEmbedContents => {
                    answer(embeddings::gemini::encode_batch_response(&response), usage)
                }
                _ => {
                    let tokens = response.tokens.unwrap_or_else(|| estimate::of_texts(&request.inputs));
                    let body = embeddings::openai::encode_response(request, response, tokens, context);
                    SideAnswer { is_estimate: usage.is_none(), ..answer(body, usage) }
                }
            }
        }
        (SideRequest::Images(_), SideResponse::Images(response)) => {
            let usage = response.usage;
            match operation {
                Operation::GenerateContent => {
                    answer(images::gemini::encode_response(&response, context), usage)
                }
                _ => answer(images::openai::encode_response(response, context), usage),
            }
        }
        _ => return None,
    })
}

/// Answers a token count here, for upstreams that have no such call.
pub fn estimate(operation: Operation, request: &chat::Request) -> SideAnswer {
    let body = count_tokens::encode_response(operation, estimate::of_request(request));
    SideAnswer { body: json::to_bytes(&body), usage: None, is_estimate: true }
}

/// The upstream's answer is not what its protocol says.
fn nonsense(error: &serde_json::Error) -> Failure {
    Failure::broken(format!("the upstream's answer makes no sense: {error}"))
}
