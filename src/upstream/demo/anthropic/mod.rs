//! `POST /v1/messages` and `/v1/messages/count_tokens`.

mod read;
mod write;

use serde_json::json;

use super::fields::{self, Invalid};
use super::reply::Reply;
use super::{Answer, Stamp};

pub fn answer(body: &[u8], stamp: &Stamp<'_>) -> Result<Answer, Invalid> {
    let body = fields::object(body)?;
    let ask = read::ask(&body)?;
    let reply = Reply::to(&ask, stamp.model);
    if fields::is_true(body.get("stream")) {
        Ok(Answer::named_events(&write::stream(&reply, stamp)))
    } else {
        Ok(Answer::json(&write::whole(&reply, stamp)))
    }
}

pub fn count_tokens(body: &[u8]) -> Result<Answer, Invalid> {
    let body = fields::object(body)?;
    let input_tokens = read::input_tokens(&body)?;
    Ok(Answer::json(&json!({"input_tokens": input_tokens})))
}
