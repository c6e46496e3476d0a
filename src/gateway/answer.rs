//! What goes back to the client once an account has answered, or begun to.

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use http::{Response, StatusCode};
use percent_encoding::{CONTROLS, utf8_percent_encode};

use super::attempt::{self, Answered};
use super::exchange::{Exchange, Incoming};
use super::plan::Plan;
use super::relay::{Codec, Relay, Shape, Source};
use super::translate::{JSON, Translation};
use super::{Settings, passthrough};
use crate::accounts::Lease;
use crate::chat::Usage;
use crate::protocol::Observer;
use crate::protocol::side::SideAnswer;
use crate::upstream::Scrubber;

/// Which account answered; the server shows it to local callers only.
pub const ACCOUNT_HEADER: HeaderName = HeaderName::from_static("x-portcullis-account");
/// What a translation could not carry over.
const DROPPED_HEADER: HeaderName = HeaderName::from_static("x-portcullis-dropped");
/// What of the answer was counted here, by a tokenizer that is not the model's own.
const ESTIMATE_HEADER: HeaderName = HeaderName::from_static("x-portcullis-estimate");

pub enum AnswerBody {
    Whole(Bytes),
    Relay(Box<Relay>),
}

/// An account has answered, or begun to.
pub enum Reply {
    Begun(Answered),
    /// Read to its end and said again in the client's protocol.
    Whole {
        body: Bytes,
        usage: Option<Usage>,
        /// The tokens in it are counted here.
        is_estimate: bool,
    },
    /// Tokens counted here, and no upstream asked.
    Estimate(Bytes),
}

impl From<SideAnswer> for Reply {
    fn from(answer: SideAnswer) -> Self {
        Self::Whole { body: answer.body.into(), usage: answer.usage, is_estimate: answer.is_estimate }
    }
}

impl Reply {
    pub const fn is_from_upstream(&self) -> bool {
        !matches!(self, Self::Estimate(_))
    }

    const fn is_estimate(&self) -> bool {
        matches!(self, Self::Estimate(_) | Self::Whole { is_estimate: true, .. })
    }
}

pub struct Answering {
    pub reply: Reply,
    pub lease: Lease,
    pub plan: Plan,
}

impl Answering {
    pub fn respond(
        self,
        incoming: &Incoming,
        mut exchange: Exchange,
        settings: &Settings,
        scrubber: &Scrubber,
    ) -> Response<AnswerBody> {
        let Self { reply, lease, plan } = self;
        let (status, mut headers) = match (&reply, &plan) {
            (Reply::Begun(_), Plan::Translate(translation)) => {
                (StatusCode::OK, HeaderMap::from_iter([(CONTENT_TYPE, translation.content_type())]))
            }
            (Reply::Begun(answered), _) => {
                (answered.status, passthrough::response_headers(&answered.headers))
            }
            (Reply::Whole { .. } | Reply::Estimate(_), _) => {
                (StatusCode::OK, HeaderMap::from_iter([(CONTENT_TYPE, JSON)]))
            }
        };
        let name = utf8_percent_encode(&lease.account().name, CONTROLS);
        if let Ok(name) = HeaderValue::try_from(name.to_string()) {
            headers.insert(ACCOUNT_HEADER, name);
        }
        if reply.is_estimate() {
            headers.insert(ESTIMATE_HEADER, HeaderValue::from_static("tokens"));
        }
        let dropped = plan.dropped().map(ToString::to_string).unwrap_or_default();
        if let Ok(dropped) = HeaderValue::try_from(&dropped)
            && !dropped.is_empty()
        {
            headers.insert(DROPPED_HEADER, dropped);
        }
        exchange.note(|record| {
            record.status = status.as_u16();
            record.dropped = dropped;
        });
        let body = match reply {
            Reply::Estimate(body) => {
                exchange.answered(None, &body);
                AnswerBody::Whole(body)
            }
            Reply::Whole { body, usage, .. } => {
                exchange.answered(usage, &body);
                AnswerBody::Whole(body)
            }
            Reply::Begun(answered) => {
                let source = source(answered, plan.into_translation(), incoming, settings, scrubber);
                AnswerBody::Relay(Box::new(Relay::new(source, exchange, lease)))
            }
        };
        response(status, headers, body)
    }
}

/// What the relay is to read, and how.
fn source(
    answered: Answered,
    translation: Option<Translation>,
    incoming: &Incoming,
    settings: &Settings,
    scrubber: &Scrubber,
) -> Source {
    let Answered { begun, headers, first, rest, .. } = answered;
    let (operation, protocol) = (incoming.operation, incoming.operation.protocol());
    let events = attempt::is_event_stream(&headers);
    let upstream = translation.as_ref().map_or(protocol, |translation| translation.upstream);
    let observer = match (operation.is_conversation(), events) {
        (true, true) => Observer::events(upstream),
        (true, false) if attempt::streams_as_array(operation, events) => Observer::array(),
        (_, false) => Observer::object(protocol),
        (false, true) => Observer::Blind,
    };
    let shape = match (events, attempt::streams_as_array(operation, events)) {
        (true, _) => Shape::Events,
        (false, true) => Shape::Stream,
        (false, false) => Shape::Whole,
    };
    let length = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
    Source {
        begun,
        first,
        rest,
        codec: translation.map_or(Codec::Pass, |translation| {
            Codec::translate(translation.stream(scrubber.clone()), protocol)
        }),
        scrubber: scrubber.clone(),
        shape,
        protocol,
        observer,
        // Others may end up longer or shorter: an error in them is told without its keys.
        length: length.filter(|_| shape == Shape::Whole),
        limit: settings.config.proxy.request_timeout,
    }
}

pub fn response(status: StatusCode, headers: HeaderMap, body: AnswerBody) -> Response<AnswerBody> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}
