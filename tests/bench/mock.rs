//! The role `mock`: an upstream that answers by script, in every dialect, and costs next to nothing.

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
use serde_json::json;
use tokio::time::{Instant, MissedTickBehavior, interval_at};

use crate::dialect::Dialect;
use crate::listener;
use crate::script::Script;

/// The first argument that makes this binary the mock upstream.
pub const ROLE: &str = "mock";

/// Bytes of the whole answer.
const REPLY_SIZE: usize = 1024;

type Answer = Response<UnsyncBoxBody<Bytes, Infallible>>;

pub async fn run() -> Result<()> {
    listener::serve(service_fn(answer)).await
}

async fn answer(request: Request<Incoming>) -> Result<Answer, hyper::Error> {
    let (parts, body) = request.into_parts();
    let (path, body) = (parts.uri.path(), body.collect().await?.to_bytes());
    let dialect = Dialect::of_path(path);
    // Gemini's clients name the model in the path.
    Ok(match Script::asked_for(&body).or_else(|| Script::asked_for(path.as_bytes())) {
        Some(Script::Reply) => whole(reply(dialect)),
        Some(script) => streamed(dialect, script),
        // A proxy may ask for the models on its own.
        None => whole(json!({"object": "list", "data": []}).to_string()),
    })
}

fn whole(text: String) -> Answer {
    with_type("application/json", Full::new(Bytes::from(text)).boxed_unsync())
}

fn streamed(dialect: Dialect, script: Script) -> Answer {
    with_type("text/event-stream", StreamBody::new(events(dialect, script)).boxed_unsync())
}

fn with_type(content_type: &'static str, body: UnsyncBoxBody<Bytes, Infallible>) -> Answer {
    let mut response = Response::new(body);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

fn reply(dialect: Dialect) -> String {
    let padding = REPLY_SIZE - dialect.reply("").to_string().len();
    dialect.reply(&"x".repeat(padding)).to_string()
}

/// The events of a stream, each made when it is due, so that its stamp is true.
fn events(dialect: Dialect, script: Script) -> impl Stream<Item = Result<Frame<Bytes>, Infallible>> + Send {
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
        let event = dialect.event(script, sent)?;
        Some((Ok(Frame::data(Bytes::from(event))), (sent + 1, clock)))
    })
}
