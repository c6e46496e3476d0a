//! A connection's turn to be answered: from its request to the last byte of the answer.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use salvo::http::{ReqBody, ResBody};
use salvo::prelude::Response;

use super::Connection;

/// The connection is busy until this is dropped.
pub struct Turn {
    connection: Arc<Connection>,
}

impl Turn {
    pub(super) fn of(connection: Arc<Connection>) -> Self {
        Self { connection }
    }

    pub fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Its request has come whole.
    pub fn arrived(&self) {
        self.connection.arrived();
    }

    /// The turn ends when the body of this answer has left.
    pub fn lasts_as_long_as(self, response: &mut Response) {
        match response.take_body() {
            // It leaves in one piece with the head.
            body @ (ResBody::None | ResBody::Once(_) | ResBody::Chunks(_) | ResBody::Error(_)) => {
                response.body(body);
            }
            body => {
                response.body(ResBody::Boxed(Box::pin(Answer { body, _turn: self })));
            }
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.connection.answered();
    }
}

/// The body of a request; tells its connection when it is whole.
pub struct Arriving<'a> {
    pub body: &'a mut ReqBody,
    pub connection: &'a Connection,
}

impl Body for Arriving<'_> {
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

struct Answer {
    body: ResBody,
    _turn: Turn,
}

impl Body for Answer {
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
