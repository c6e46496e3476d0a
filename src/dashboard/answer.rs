//! What a call is answered with: JSON, a page's HTML, a text or a stream; and why a call is
//! refused, as `{"error": "…"}`.

use std::convert::Infallible;

use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use http::{HeaderValue, StatusCode};
use maud::Markup;
use salvo::http::ResBody;
use salvo::prelude::Response;
use serde_json::{Value, json};

use crate::control::CommandError;
use crate::monitor::HistoryError;

pub type CallResult = Result<Answer, Refusal>;

pub struct Answer {
    status: StatusCode,
    content_type: &'static str,
    /// The name that a browser saves it under.
    file_name: Option<&'static str>,
    body: ResBody,
}

impl Answer {
    pub const fn new(content_type: &'static str, body: ResBody) -> Self {
        Self { status: StatusCode::OK, content_type, file_name: None, body }
    }

    pub fn json(value: &Value) -> Self {
        Self::text("application/json", value.to_string())
    }

    pub fn html(html: Markup) -> Self {
        Self::text("text/html; charset=utf-8", html.into_string())
    }

    pub fn text(content_type: &'static str, text: String) -> Self {
        Self::new(content_type, ResBody::Once(text.into()))
    }

    /// A body that is sent as it is made. It breaks off at the first error.
    pub fn stream<E: std::error::Error + Send + Sync + 'static>(
        content_type: &'static str,
        stream: impl Stream<Item = Result<Bytes, E>> + Send + 'static,
    ) -> Self {
        Self::new(content_type, ResBody::stream(stream))
    }

    /// Server-sent events, each with its name and its data.
    pub fn events(events: impl Stream<Item = (&'static str, Value)> + Send + 'static) -> Self {
        let texts = events.map(|(name, data)| format!("event: {name}\ndata: {data}\n\n"));
        Self::stream("text/event-stream", texts.map(|text| Ok::<_, Infallible>(Bytes::from(text))))
    }

    pub fn with_status(self, status: StatusCode) -> Self {
        Self { status, ..self }
    }

    pub fn in_file(self, name: &'static str) -> Self {
        Self { file_name: Some(name), ..self }
    }

    pub fn write(self, response: &mut Response) {
        response.status_code(self.status);
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(self.content_type));
        let disposition = self.file_name.map(|name| format!("attachment; filename=\"{name}\""));
        if let Some(Ok(disposition)) = disposition.map(HeaderValue::try_from) {
            headers.insert(CONTENT_DISPOSITION, disposition);
        }
        response.body(self.body);
    }
}

/// Why a call is not carried out.
#[derive(Debug)]
pub struct Refusal {
    status: StatusCode,
    pub message: String,
    /// The fields of a form that are wrong.
    problems: Option<Vec<Value>>,
}

impl Refusal {
    pub fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self { status, message: message.into(), problems: None }
    }

    /// The call is wrong in itself.
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    /// The call cannot be carried out as things are.
    pub fn conflict(message: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, message)
    }

    /// The agent or the system cannot carry out any such call at present.
    pub fn unavailable(message: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, message)
    }

    /// The config file's rules refuse the change.
    pub fn problems(message: String, problems: Vec<Value>) -> Self {
        Self { status: StatusCode::UNPROCESSABLE_ENTITY, message, problems: Some(problems) }
    }

    pub fn write(self, response: &mut Response) {
        let mut body = json!({ "error": self.message });
        if let Some(problems) = self.problems {
            body["problems"] = Value::Array(problems);
        }
        Answer::json(&body).with_status(self.status).write(response);
    }
}

impl From<CommandError> for Refusal {
    fn from(error: CommandError) -> Self {
        match error {
            CommandError::Failed(reason) => Self::conflict(reason),
            CommandError::Gone => Self::unavailable(error.to_string()),
        }
    }
}

impl From<HistoryError> for Refusal {
    fn from(error: HistoryError) -> Self {
        Self::unavailable(error.to_string())
    }
}
