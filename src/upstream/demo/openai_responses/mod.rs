//! `POST /v1/responses`.

mod read;
mod write;

use super::fields::{self, Invalid};
use super::reply::Reply;
use super::{Answer, Stamp};

pub fn answer(body: &[u8], stamp: &Stamp<'_>) -> Result<Answer, Invalid> {
    let body = fields::object(body)?;
    let ask = read::ask(&body)?;
    let reply = Reply::to(&ask, stamp.model);
    let response = write::Response { reply: &reply, request: &body, stamp };
    if fields::is_true(body.get("stream")) {
        Ok(Answer::named_events(&response.stream()))
    } else {
        Ok(Answer::json(&response.whole()))
    }
}
