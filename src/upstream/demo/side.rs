//! The answers to side calls: token counts, embeddings and images.

use super::{embeddings, images, tokens};
use crate::protocol::side::{SideRequest, SideResponse};
use crate::protocol::{LocalError, Protocol};

/// Answers a side call of a client that speaks `protocol`. Fails with a 400 where more
/// dimensions are asked for than the demo makes.
pub fn answer(request: &SideRequest, protocol: Protocol) -> Result<SideResponse, LocalError> {
    Ok(match request {
        SideRequest::CountTokens(request) => SideResponse::CountTokens(tokens::of_request(request)),
        SideRequest::Embeddings(request) => SideResponse::Embeddings(embeddings::answer(request, protocol)?),
        SideRequest::Images(request) => SideResponse::Images(images::answer(request)),
    })
}
