//! The answer that the client gets once an account has one, or the beginning of one.

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use http::{Response, StatusCode};
use percent_encoding::{CONTROLS, utf8_percent_encode};

use super::exchange::{Audience, Exchange};
use super::headers::JSON;
use super::relay::{Relay, Source};
use crate::accounts::Lease;
use crate::chat::Usage;
use crate::protocol::ResponseContext;

/// Which account answered; sent to local callers only.
const ACCOUNT_HEADER: HeaderName = HeaderName::from_static("x-portcullis-account");
/// What a translation could not carry over.
const DROPPED_HEADER: HeaderName = HeaderName::from_static("x-portcullis-dropped");
/// What of the answer was counted here, by a tokenizer that is not the model's own.
const ESTIMATE_HEADER: HeaderName = HeaderName::from_static("x-portcullis-estimate");

/// A client's answer.
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    /// What the upstream could not be asked.
    pub dropped: String,
    /// Whether an upstream was asked at all.
    pub is_from_upstream: bool,
    pub content: Content,
}

pub enum Content {
    /// Read to its end.
    Whole(Bytes, Option<Usage>),
    /// Relayed as it comes.
    Source(Source),
}

/// The body of a response to a client.
pub enum AnswerBody {
    Whole(Bytes),
    Relay(Box<Relay>),
}

impl Answer {
    /// An upstream's answer, read to its end.
    pub fn whole(body: Bytes, content_type: HeaderValue, usage: Option<Usage>) -> Self {
        let headers = HeaderMap::from_iter([(CONTENT_TYPE, content_type)]);
        Self::new(StatusCode::OK, headers, Content::Whole(body, usage))
    }

    /// An upstream's answer, as it comes.
    pub const fn relayed(status: StatusCode, headers: HeaderMap, source: Source) -> Self {
        Self::new(status, headers, Content::Source(source))
    }

    const fn new(status: StatusCode, headers: HeaderMap, content: Content) -> Self {
        Self { status, headers, dropped: String::new(), is_from_upstream: true, content }
    }

    /// The tokens in it were counted here.
    #[must_use]
    pub fn estimated(mut self) -> Self {
        self.headers.insert(ESTIMATE_HEADER, HeaderValue::from_static("tokens"));
        self
    }

    /// The response to the client. The exchange ends with its body, and so does the lease.
    pub fn respond(self, audience: Audience, mut exchange: Exchange, lease: Lease) -> Response<AnswerBody> {
        let Self { status, mut headers, dropped, content, .. } = self;
        let name = utf8_percent_encode(&lease.account().name, CONTROLS);
        if audience == Audience::Local
            && let Ok(name) = HeaderValue::try_from(name.to_string())
        {
            headers.insert(ACCOUNT_HEADER, name);
        }
        if let Ok(dropped) = HeaderValue::try_from(&dropped)
            && !dropped.is_empty()
        {
            headers.insert(DROPPED_HEADER, dropped);
        }
        exchange.begins_to_answer(status, dropped);
        let body = match content {
            Content::Whole(body, usage) => {
                exchange.first_byte();
                exchange.answered(usage, &body);
                AnswerBody::Whole(body)
            }
            Content::Source(source) => AnswerBody::Relay(Box::new(Relay::new(source, exchange, lease))),
        };
        response(status, headers, body)
    }
}

/// The type of a stream to the client.
pub const fn stream_type(context: &ResponseContext) -> HeaderValue {
    if context.json_array { JSON } else { HeaderValue::from_static("text/event-stream") }
}

pub fn response(status: StatusCode, headers: HeaderMap, body: AnswerBody) -> Response<AnswerBody> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}
