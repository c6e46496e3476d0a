//! `GET /api/served?protocol=anthropic&model=…&model=…`: which of these models no account
//! serves, and which could answer instead.

use serde_json::json;

use super::answer::{Answer, CallResult};
use super::call::Call;
use super::query::unknown;
use crate::protocol::Protocol;

/// No tool asks for as many.
const MODELS_AT_MOST: usize = 32;

pub async fn served(call: Call) -> CallResult {
    let (mut protocol, mut models) = (Protocol::OpenAiChat, Vec::new());
    for (key, value) in call.fields() {
        let named = Protocol::ALL.into_iter().find(|protocol| protocol.name() == value);
        match (&*key, named) {
            ("model", _) if models.len() < MODELS_AT_MOST => models.push(value.into_owned()),
            ("protocol", Some(named)) => protocol = named,
            _ => return Err(unknown(&key, "model and protocol")),
        }
    }
    let served = call.control.gateway.coverage(protocol, models).await;
    Ok(Answer::json(&json!(served)))
}
