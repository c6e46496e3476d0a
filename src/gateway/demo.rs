//! The demo account answers in this process. Its request is read as if for another vendor,
//! and the translators that serve real providers write its answer for the client; the answer
//! is then relayed like an upstream's, with a little time between the events of a stream.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use http::StatusCode;
use http::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use http_body::{Body, Frame};
use tokio::time::{Sleep, sleep};

use super::answer::{Answer, stream_type};
use super::attempt::UpstreamAnswer;
use super::conversations::{LookupError, Remembering};
use super::decoded::Decoded;
use super::event_writer::EventWriter;
use super::headers::JSON;
use super::pass::Pass;
use super::task::Task;
use super::trial::Trial;
use crate::chat::{Dropped, Usage};
use crate::protocol::openai_responses::reference::output_of;
use crate::protocol::side::{self, SideRequest};
use crate::protocol::{self, ErrorKind, LocalError, Operation, StreamEncoder, ToolNames};
use crate::upstream::demo::audio::Transcript;
use crate::upstream::{ReplyBody, Scrubber, demo};

const EVENT_STREAM: HeaderValue = HeaderValue::from_static("text/event-stream");
const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");
/// Between the events of a stream: long enough to see that it streams, too short to wait for.
const PAUSE: Duration = Duration::from_millis(12);

/// A call that the demo has answered.
pub struct DemoCall {
    content_type: HeaderValue,
    content: Content,
    dropped: Dropped,
}

enum Content {
    Whole(Bytes, Option<Usage>),
    /// The client's bytes for each event.
    Stream(VecDeque<Bytes>),
}

impl DemoCall {
    /// Answers the call. Fails with a 400 that names what is wrong with the request.
    pub fn new(task: &Task) -> Result<Self, LocalError> {
        match task.operation {
            Operation::AudioTranscriptions => transcript(task),
            operation if operation.is_conversation() => conversation(task),
            _ => side_call(task),
        }
    }

    /// Always succeeds: the answer is there.
    pub fn attempt(self: Box<Self>, trial: &Trial<'_>) -> Answer {
        match self.content {
            Content::Whole(body, usage) => Answer::whole(body, self.content_type, usage),
            Content::Stream(mut frames) => {
                let headers = HeaderMap::from_iter([(CONTENT_TYPE, self.content_type)]);
                let first = frames.pop_front().unwrap_or_default();
                let rest = ReplyBody::wrap(Paced::new(frames));
                let reply =
                    UpstreamAnswer { begun: Instant::now(), status: StatusCode::OK, headers, first, rest };
                Pass.answer(reply, trial)
            }
        }
    }

    /// What the answer leaves out, such as a second alternative (`n`).
    pub fn dropped(&self) -> String {
        self.dropped.to_string()
    }

    fn whole(content_type: HeaderValue, body: impl Into<Bytes>, usage: Option<Usage>) -> Self {
        Self { content_type, content: Content::Whole(body.into(), usage), dropped: Dropped::default() }
    }

    fn stream(content_type: HeaderValue, frames: impl IntoIterator<Item = Bytes>) -> Self {
        let frames = frames.into_iter().collect();
        Self { content_type, content: Content::Stream(frames), dropped: Dropped::default() }
    }
}

fn conversation(task: &Task) -> Result<DemoCall, LocalError> {
    let Decoded { chat, said } = task.read(usize::MAX).map_err(LookupError::into_error)?;
    let response = demo::answer(&chat, &task.model)?;
    let context = task.client.of_answer().of_request(&chat, ToolNames::default());
    let remembering = said.map(|said| {
        let conversations = Arc::clone(&task.client.memory.conversations);
        Remembering::new(conversations, said, context.id("resp_"))
    });
    let client = task.client.protocol;
    let call = if task.streams {
        let content_type = stream_type(&context);
        let encoder = StreamEncoder::new(client, context);
        let mut writer = EventWriter::new(encoder, None, remembering, Scrubber::default());
        let frames = demo::events(response).map(|event| {
            let mut frame = BytesMut::new();
            writer.write(event, &mut frame);
            frame.freeze()
        });
        DemoCall::stream(content_type, frames.filter(|frame| !frame.is_empty()))
    } else {
        let body = protocol::encode_response(client, &response, &context)?;
        if let Some(mut remembering) = remembering {
            remembering.given(&output_of(&body));
            remembering.ended();
        }
        DemoCall::whole(JSON, body, response.usage)
    };
    Ok(DemoCall { dropped: chat.dropped, ..call })
}

fn side_call(task: &Task) -> Result<DemoCall, LocalError> {
    let body = task.frames.to_bytes();
    let request = match task.operation {
        Operation::ImageEdits => SideRequest::Images(demo::read_edit(&body)?),
        operation => side::decode_request(operation, &body, &task.client.model)?,
    };
    let response = demo::answer_side(&request, task.client.protocol)?;
    let answer = side::encode_response(task.operation, &request, response, &task.client.of_answer());
    let answer =
        answer.ok_or_else(|| LocalError::new(ErrorKind::Internal, "the demo answered something else"))?;
    Ok(DemoCall::whole(JSON, answer.body, answer.usage))
}

fn transcript(task: &Task) -> Result<DemoCall, LocalError> {
    Ok(match demo::audio::answer(&task.frames.to_bytes())? {
        Transcript::Json(text) => DemoCall::whole(JSON, text, None),
        Transcript::Text(text) => DemoCall::whole(TEXT, text, None),
        Transcript::Events(events) => DemoCall::stream(EVENT_STREAM, events.into_iter().map(Bytes::from)),
    })
}

/// Frames with a pause before each.
struct Paced {
    frames: VecDeque<Bytes>,
    pause: Pin<Box<Sleep>>,
}

impl Paced {
    fn new(frames: VecDeque<Bytes>) -> Self {
        Self { frames, pause: Box::pin(sleep(PAUSE)) }
    }
}

impl Body for Paced {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if !self.frames.is_empty() {
            ready!(self.pause.as_mut().poll(cx));
            self.pause = Box::pin(sleep(PAUSE));
        }
        Poll::Ready(self.frames.pop_front().map(|frame| Ok(Frame::data(frame))))
    }
}
