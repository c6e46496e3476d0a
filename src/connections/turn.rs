//! One request on a connection, from its head to the last byte of the answer.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use salvo::http::{ReqBody, ResBody};
use salvo::prelude::Response;

use super::connection::Connection;

/// The connection is busy until this is dropped.
pub struct Turn {
    connection: Arc<Connection>,
}

impl Turn {
    /// `is_whole`: the request has no body to come. `None`: the connection is being closed.
    pub(super) fn begin(connection: &Arc<Connection>, is_whole: bool) -> Option<Self> {
        connection.begin(is_whole).then(|| Self { connection: Arc::clone(connection) })
    }

    pub fn connection(&self) -> &Connection {
        &self.connection
    }

    /// The whole request has come.
    pub fn arrived(&self) {
        self.connection.arrived();
    }

    /// The turn ends when the body of this answer has left.
    pub fn lasts_as_long_as(self, response: &mut Response) {
        match response.take_body() {
            // The body leaves in one piece with the head.
            body @ (ResBody::None | ResBody::Once(_) | ResBody::Chunks(_) | ResBody::Error(_)) => {
                response.body(body);
            }
            body => {
                response.body(ResBody::Boxed(Box::pin(AnswerBody { body, _turn: self })));
            }
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.connection.answered();
    }
}

/// The body of a request; marks its connection as busy when the whole body has come.
pub struct RequestBody<'a> {
    pub body: &'a mut ReqBody,
    pub connection: &'a Connection,
}

impl Body for RequestBody<'_> {
    type Data = Bytes;
    type Error = <ReqBody as Body>::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let frame = std::task::ready!(Pin::new(&mut *self.body).poll_frame(cx));
        if frame.is_none() || self.body.is_end_stream() {
            self.connection.arrived();
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// The body of an answer; the turn ends with it.
struct AnswerBody {
    body: ResBody,
    _turn: Turn,
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = Box<dyn std::error::Error + Send + Sync>;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx).map_err(Into::into)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
