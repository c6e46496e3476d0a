//! `POST /v1/completions`: OpenAI's older call, one prompt in and its continuation out.

use serde_json::{Value, json};

use super::ask::{Ask, Format, LastTurn, ToolChoice};
use super::fields::{self, Invalid};
use super::reply::{self, Content, Finish, Reply};
use super::{Answer, Stamp, tokens};

pub fn answer(body: &[u8], stamp: &Stamp<'_>) -> Result<Answer, Invalid> {
    let body = fields::object(body)?;
    let ask = read(&body)?;
    let reply = Reply::to(&ask, stamp.model);
    if !fields::is_true(body.get("stream")) {
        return Ok(Answer::json(&whole(&reply, ask.answers, stamp)));
    }
    let wants_usage = fields::is_true(body.pointer("/stream_options/include_usage"));
    Ok(Answer::unnamed_events_until_done(&stream(&reply, ask.answers, wants_usage, stamp)))
}

fn read(body: &Value) -> Result<Ask, Invalid> {
    let prompt = match body.get("prompt") {
        None | Some(Value::Null) => return Err(Invalid::missing("prompt")),
        prompt => fields::typed_text(prompt),
    };
    Ok(Ask {
        last_turn: LastTurn::User(prompt),
        tools: Vec::new(),
        tool_choice: ToolChoice::Never,
        format: Format::Text,
        max_tokens: fields::count(body.get("max_tokens"), "max_tokens")?,
        stop: fields::strings(body.get("stop")),
        answers: fields::count(body.get("n"), "n")?.unwrap_or(1).clamp(1, Ask::MOST_ANSWERS),
        input_tokens: tokens::of_request(body),
    })
}

/// `openai.types.Completion`.
fn whole(reply: &Reply, answers: u64, stamp: &Stamp<'_>) -> Value {
    let choice = |index| choice(index, text(reply), Some(finish_reason(&reply.finish)));
    let mut body = envelope(&(0..answers).map(choice).collect(), stamp);
    body["usage"] = usage(reply);
    body
}

fn stream(reply: &Reply, answers: u64, wants_usage: bool, stamp: &Stamp<'_>) -> Vec<Value> {
    let chunk = |index, text, finish| envelope(&json!([choice(index, text, finish)]), stamp);
    let mut chunks = Vec::new();
    for index in 0..answers {
        chunks.extend(reply::pieces(text(reply)).into_iter().map(|piece| chunk(index, piece, None)));
        chunks.push(chunk(index, "", Some(finish_reason(&reply.finish))));
    }
    if wants_usage {
        for chunk in &mut chunks {
            chunk["usage"] = Value::Null;
        }
        let mut last = envelope(&json!([]), stamp);
        last["usage"] = usage(reply);
        chunks.push(last);
    }
    chunks
}

fn text(reply: &Reply) -> &str {
    match &reply.content {
        Content::Text(text) => text,
        // Never the case: a prompt offers no tools.
        Content::ToolCall { .. } => "",
    }
}

fn choice(index: u64, text: &str, finish_reason: Option<&str>) -> Value {
    json!({"index": index, "text": text, "logprobs": null, "finish_reason": finish_reason})
}

fn envelope(choices: &Value, stamp: &Stamp<'_>) -> Value {
    json!({
        "id": format!("cmpl-{}", stamp.id),
        "object": "text_completion",
        "created": stamp.created_unix_secs,
        "model": stamp.model,
        "choices": choices,
    })
}

const fn finish_reason(finish: &Finish) -> &'static str {
    match finish {
        Finish::TokenLimit => "length",
        Finish::Complete | Finish::StopSequence(_) | Finish::ToolCall => "stop",
    }
}

fn usage(reply: &Reply) -> Value {
    json!({
        "prompt_tokens": reply.usage.input_tokens,
        "completion_tokens": reply.usage.output_tokens,
        "total_tokens": reply.usage.total_tokens(),
    })
}
