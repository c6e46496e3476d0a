//! An upstream's refusal, or its silence, and its form in the client's protocol.

use bytes::Bytes;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use http::{HeaderMap, StatusCode};

use super::headers::{self, JSON};
use crate::language::Message;
use crate::protocol::error_report::Form;
use crate::protocol::failure::{for_client, kind_of_status};
use crate::protocol::{ErrorKind, ErrorReport, LocalError, Protocol};
use crate::upstream::{Failure, Fault};

/// An attempt that did not end in an answer.
pub struct Refusal {
    pub failure: Failure,
    /// The upstream's own answer, if it gave one.
    pub reply: Option<(StatusCode, HeaderMap, Bytes)>,
    /// The body of that answer, decoded.
    pub report: Option<Box<ErrorReport>>,
}

impl Refusal {
    pub const fn without_reply(failure: Failure) -> Self {
        Self { failure, reply: None, report: None }
    }

    /// The upstream has begun to answer, and the answer is no good.
    pub const fn of_answer(fault: Fault, reason: Message) -> Self {
        Self::without_reply(Failure { fault, status: None, reason })
    }

    /// An error of our own in place of the upstream's answer. Neither the request nor the
    /// account is to blame.
    pub fn of_ours(error: &LocalError, client: Protocol, request_id: &str) -> Self {
        let status = error.kind.status();
        let body = client.family().error_body(error, request_id).to_string();
        let reason = error.message.clone().into();
        let failure = Failure { fault: Fault::Request, status: Some(status.as_u16()), reason };
        let reply = (status, HeaderMap::from_iter([(CONTENT_TYPE, JSON)]), Bytes::from(body));
        Self { failure, reply: Some(reply), report: None }
    }

    /// Whether the upstream does not know the path, as a server that only resembles a
    /// provider's may not. A 404 about a model is another matter.
    pub fn is_of_path(&self) -> bool {
        let is_about_a_model = self.report.as_ref().is_some_and(|report| report.is_about_a_model());
        matches!(self.failure.status, Some(404 | 405 | 501)) && !is_about_a_model
    }

    /// The same refusal in the protocol of the client.
    #[must_use]
    pub fn translated(mut self, client: Protocol, request_id: &str) -> Self {
        if let Some((status, headers, _)) = self.reply.take() {
            let mut failure = self.report.as_deref().cloned().unwrap_or_default().with_status(status);
            // A body may claim anything; whose fault it was has been decided by the status.
            let is_servers = for_client(&failure).kind.status().is_server_error();
            if self.failure.fault == Fault::Request || !is_servers {
                failure.kind = kind_of_status(status);
            }
            self.reply = Some(reply(&for_client(&failure), &headers, client, request_id));
        }
        self
    }

    /// The same where both sides speak one protocol: what the upstream's own servers say
    /// passes as it is, and the page or line of something in front of them becomes an error
    /// in the client's shape.
    #[must_use]
    pub fn in_shape(mut self, client: Protocol, request_id: &str) -> Self {
        if let Some((status, headers, _)) = &self.reply
            && let Some(report) = self.report.as_deref().filter(|report| report.form != Form::Json)
        {
            let mut failure = report.clone().with_status(*status);
            failure.kind = kind_of_status(*status);
            let mut error = for_client(&failure);
            if *status == StatusCode::BAD_GATEWAY {
                error.kind = ErrorKind::BadGateway;
            }
            self.reply = Some(reply(&error, headers, client, request_id));
        }
        self
    }
}

fn reply(
    error: &LocalError,
    upstream: &HeaderMap,
    client: Protocol,
    request_id: &str,
) -> (StatusCode, HeaderMap, Bytes) {
    let body = client.family().error_body(error, request_id).to_string();
    let mut kept = headers::response_headers(upstream);
    kept.insert(CONTENT_TYPE, JSON);
    kept.remove(CONTENT_ENCODING);
    (error.kind.status(), kept, Bytes::from(body))
}
