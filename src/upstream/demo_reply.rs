//! Gives the demo's answers the shape of an upstream's, a little time between the
//! events included.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use http_body::{Body, Frame};
use tokio::time::{Sleep, sleep};

use super::client::{Reply, ReplyBody};
use super::demo::{self, Operation as DemoOperation};
use super::endpoint::Path;
use crate::protocol::Operation;

/// Enough to see that the answer streams, too little to wait for.
const PAUSE: Duration = Duration::from_millis(12);

pub fn reply(path: &Path<'_>, query: Option<&str>, body: &Bytes) -> Reply {
    let Path::Operation { operation, model, .. } = *path else {
        // Model lists are answered from what the accounts serve, the demo's included.
        return Reply {
            status: http::StatusCode::NOT_FOUND,
            headers: HeaderMap::new(),
            body: ReplyBody::from(Bytes::new()),
        };
    };
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let answer = demo::answer(&demo_operation(operation, query), model, body, now);
    let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static(answer.content_type))]);
    let body = Paced { frames: answer.frames.into(), pause: None };
    Reply { status: answer.status, headers, body: ReplyBody::wrap(body) }
}

fn demo_operation(operation: Operation, query: Option<&str>) -> DemoOperation {
    match operation {
        Operation::ChatCompletions => DemoOperation::ChatCompletions,
        Operation::Completions => DemoOperation::Completions,
        Operation::Embeddings => DemoOperation::Embeddings,
        Operation::ImageGenerations | Operation::ImageEdits => DemoOperation::Images,
        Operation::AudioTranscriptions => DemoOperation::Audio,
        Operation::Responses => DemoOperation::Responses,
        Operation::Messages => DemoOperation::Messages,
        Operation::CountTokens => DemoOperation::CountTokens,
        Operation::GenerateContent => DemoOperation::GenerateContent,
        Operation::StreamGenerateContent => {
            let sse = query.is_some_and(|query| query.split('&').any(|pair| pair == "alt=sse"));
            DemoOperation::StreamGenerateContent { sse }
        }
        Operation::GeminiCountTokens => DemoOperation::GeminiCountTokens,
        Operation::EmbedContent => DemoOperation::EmbedContent,
        Operation::BatchEmbedContents => DemoOperation::BatchEmbedContents,
    }
}

/// One frame after another, with a pause before each but the first.
struct Paced {
    frames: VecDeque<Bytes>,
    pause: Option<Pin<Box<Sleep>>>,
}

impl Body for Paced {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        if let Some(pause) = &mut self.pause {
            ready!(pause.as_mut().poll(cx));
        }
        let frame = self.frames.pop_front();
        self.pause = (!self.frames.is_empty()).then(|| Box::pin(sleep(PAUSE)));
        Poll::Ready(frame.map(|frame| Ok(Frame::data(frame))))
    }
}
