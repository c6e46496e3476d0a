//! A request as it goes to an upstream.

use serde_json::Value;

use super::field::Object;
use super::invalid::Outcome;
use super::limits::Limits;
use super::names::ToolNames;
use super::{capability, json};
use crate::chat::{Dropped, Request};

/// A request for an upstream, and the fields it could not carry over.
#[derive(Clone, Debug, PartialEq)]
pub struct Encoded {
    pub body: Vec<u8>,
    pub dropped: Dropped,
    /// Needed again to name the tools that the answer calls.
    pub tool_names: ToolNames,
}

impl Encoded {
    /// Writes the body. Fails with a 413 where it is longer than the limits allow.
    pub fn new(body: Object, dropped: Dropped, tool_names: ToolNames, limits: Limits) -> Outcome<Self> {
        let body = json::to_bytes_within(&Value::Object(body), limits.of_output())?;
        Ok(Self { body, dropped, tool_names })
    }
}

/// The limit to ask for, in tokens: the client's, or the model's where that is lower.
pub fn max_output(request: &Request, dropped: &mut Dropped) -> Option<u64> {
    let wanted = request.sampling.max_output?;
    let limit = capability::most_output(&request.model).map_or(wanted, |most| most.min(wanted));
    dropped.note_if(limit < wanted, "max_tokens");
    Some(limit)
}
