//! The role `mock`: an OpenAI-compatible upstream that answers by script and costs next to nothing.

use std::convert::Infallible;

use anyhow::Result;
use bytes::Bytes;
use futures_util::stream::{self, Stream};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::service::service_fn;
use hyper::{Request, Response};
use serde_json::{Value, json};
use tokio::time::{Instant, MissedTickBehavior, interval_at};

use crate::listener;
use crate::script::{Script, stamp};

/// The first argument that makes this binary the mock upstream.
pub const ROLE: &str = "mock";

/// Bytes of the whole answer.
const REPLY_SIZE: usize = 1024;

type Answer = Response<UnsyncBoxBody<Bytes, Infallible>>;

pub async fn run() -> Result<()> {
    listener::serve(service_fn(answer)).await
}

async fn answer(request: Request<Incoming>) -> Result<Answer, hyper::Error> {
    let body = request.into_body().collect().await?.to_bytes();
    Ok(match Script::asked_for(&body) {
        Some(Script::Reply) => whole(reply()),
        Some(script) => streamed(script),
        // A proxy may ask for the models on its own.
        None => whole(json!({"object": "list", "data": []}).to_string()),
    })
}

fn whole(text: String) -> Answer {
    with_type("application/json", Full::new(Bytes::from(text)).boxed_unsync())
}

fn streamed(script: Script) -> Answer {
    with_type("text/event-stream", StreamBody::new(events(script)).boxed_unsync())
}

fn with_type(content_type: &'static str, body: UnsyncBoxBody<Bytes, Infallible>) -> Answer {
    let mut response = Response::new(body);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

fn reply() -> String {
    let with_content = |content: &str| {
        json!({
            "id": "chatcmpl-bench", "object": "chat.completion", "created": 1_760_000_000, "model": "bench-reply",
            "choices": [{
                "index": 0, "finish_reason": "stop",
                "message": {"role": "assistant", "content": content},
            }],
            "usage": {"prompt_tokens": 200, "completion_tokens": 180, "total_tokens": 380},
        })
        .to_string()
    };
    let padding = REPLY_SIZE - with_content("").len();
    with_content(&"x".repeat(padding))
}

/// The events of a stream, each made when it is due, so that its stamp is true.
fn events(script: Script) -> impl Stream<Item = Result<Frame<Bytes>, Infallible>> + Send {
    let clock = (!script.pace().is_zero()).then(|| {
        let mut clock = interval_at(Instant::now() + script.pace(), script.pace());
        // After a long delay the stream goes on at its pace instead of catching up in a burst.
        clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
        clock
    });
    stream::unfold((0, clock), move |(sent, mut clock)| async move {
        let is_paced = (1..script.chunks()).contains(&sent);
        if let (true, Some(clock)) = (is_paced, &mut clock) {
            clock.tick().await;
        }
        let event = event(script, sent)?;
        Some((Ok(Frame::data(Bytes::from(event))), (sent + 1, clock)))
    })
}

/// Event `number` of a stream: its text chunks, then the two that end it, then nothing.
fn event(script: Script, number: usize) -> Option<String> {
    match number.checked_sub(script.chunks()) {
        None if number == 0 => Some(chunk(script, &json!({"role": "assistant", "content": stamp()}), None)),
        None => Some(chunk(script, &json!({"content": stamp()}), None)),
        Some(0) => Some(chunk(script, &json!({}), Some("stop"))),
        Some(1) => Some("data: [DONE]\n\n".to_owned()),
        Some(_) => None,
    }
}

fn chunk(script: Script, delta: &Value, finish_reason: Option<&str>) -> String {
    let chunk = json!({
        "id": "chatcmpl-bench", "object": "chat.completion.chunk", "created": 1_760_000_000,
        "model": script.model(),
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish_reason}],
    });
    format!("data: {chunk}\n\n")
}
