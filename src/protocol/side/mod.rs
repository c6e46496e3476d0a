//! Calls beside conversations, from one protocol to another: token counts, embeddings and
//! pictures. Each has a neutral request and answer of its own. This is their front door, one
//! `match` for each way.

pub mod count_tokens;
pub mod embeddings;
pub mod estimate;
pub mod images;

use serde_json::Value;

use super::field;
use super::invalid::Outcome;
use super::limits::Limits;
use super::{Family, LocalError, Operation, Protocol, ResponseContext, capability, json};
use crate::chat::{self, Dropped, Failure, Usage};

/// Whether a conversation with this model is a request for a picture.
pub fn is_drawing(operation: Operation, to: Protocol, model: &str) -> bool {
    operation == Operation::GenerateContent
        && to.family() == Family::OpenAi
        && capability::openai_draws(model)
}

/// A client's side call.
#[derive(Clone, Debug, PartialEq)]
pub enum SideRequest {
    CountTokens(Box<chat::Request>),
    Embeddings(embeddings::Request),
    Images(images::Request),
}

/// A side call for an upstream.
#[derive(Clone, Debug, PartialEq)]
pub struct SideEncoded {
    pub operation: Operation,
    pub body: Vec<u8>,
    /// How many times to send it: some upstreams draw one picture a call.
    pub copies: usize,
    pub dropped: Dropped,
}

/// An upstream's answer.
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

/// The answer for the client.
#[derive(Clone, Debug, PartialEq)]
pub struct SideAnswer {
    pub body: Vec<u8>,
    pub usage: Option<Usage>,
    /// The token counts in the body are an estimate of ours, not the upstream's.
    pub is_estimate: bool,
}

/// Reads a client's side call. Fails with a 400 that names the wrong field.
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

/// Writes a side call for an upstream. `None` if the protocol has no such call. Fails with a
/// 400 that names what the protocol lacks, or a 413 where the call would become too large.
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

/// Reads an upstream's answer. Fails if the body is not one, or lacks what was asked for.
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

/// Writes the answer for the client. `None` if the response is of another kind, or has fewer
/// results than the request.
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

/// Estimates a token count, for upstreams without such a call.
pub fn estimate(operation: Operation, request: &chat::Request) -> SideAnswer {
    let body = count_tokens::encode_response(operation, estimate::of_request(request));
    SideAnswer { body: json::to_bytes(&body), usage: None, is_estimate: true }
}
