//! `models/{model}:generateContent`, `:streamGenerateContent` and `:countTokens`.

mod read;
mod write;

use serde_json::json;

use super::ask::Ask;
use super::fields::{self, Invalid};
use super::reply::Reply;
use super::{Answer, Stamp};

pub use read::either;

pub fn answer(body: &[u8], stamp: &Stamp<'_>) -> Result<Answer, Invalid> {
    let (ask, reply) = reply(body, stamp)?;
    Ok(Answer::json(&write::whole(&reply, ask.answers, stamp)))
}

pub fn stream(body: &[u8], stamp: &Stamp<'_>, sse: bool) -> Result<Answer, Invalid> {
    let (ask, reply) = reply(body, stamp)?;
    let responses = write::stream(&reply, ask.answers, stamp);
    Ok(if sse { Answer::unnamed_events(&responses) } else { Answer::array(&responses) })
}

pub fn count_tokens(body: &[u8]) -> Result<Answer, Invalid> {
    let body = fields::object(body)?;
    let total = read::input_tokens(&body)?;
    let details = json!([{"modality": "TEXT", "tokenCount": total}]);
    Ok(Answer::json(&json!({"totalTokens": total, "promptTokensDetails": details})))
}

fn reply(body: &[u8], stamp: &Stamp<'_>) -> Result<(Ask, Reply), Invalid> {
    let ask = read::ask(&fields::object(body)?)?;
    let reply = Reply::to(&ask, stamp.model);
    Ok((ask, reply))
}
