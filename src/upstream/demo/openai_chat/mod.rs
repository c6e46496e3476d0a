//! `POST /v1/chat/completions`.

mod read;
mod write;

use super::fields::{self, Invalid};
use super::reply::Reply;
use super::{Answer, Stamp};

pub fn answer(body: &[u8], stamp: &Stamp<'_>) -> Result<Answer, Invalid> {
    let body = fields::object(body)?;
    let ask = read::ask(&body)?;
    let reply = Reply::to(&ask, stamp.model);
    if !fields::is_true(body.get("stream")) {
        return Ok(Answer::json(&write::whole(&reply, ask.answers, stamp)));
    }
    let wants_usage = fields::is_true(body.pointer("/stream_options/include_usage"));
    Ok(Answer::unnamed_events_until_done(&write::stream(&reply, ask.answers, wants_usage, stamp)))
}
