//! The requests of the benchmark, written the way the SDKs write them: the messages first, the model after.

use std::iter;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST, HeaderValue};
use hyper::{Method, Request, Uri};
use serde_json::json;

use crate::dialect::Dialect;
use crate::process::CLIENT_KEY;
use crate::script::Script;

/// Bytes of one message; longer requests have more of them.
const MESSAGE_SIZE: usize = 4096;

/// Escapes at the rate of source code in a conversation, since those are what a scanner of JSON stumbles over.
const SENTENCE: &str = "let answer = ask(\"the question\");\n";

/// One request, to be sent any number of times.
#[derive(Clone)]
pub struct Call {
    pub script: Script,
    dialect: Dialect,
    uri: Uri,
    body: Bytes,
}

impl Call {
    /// `POST /v1/chat/completions` with a body of `size` bytes.
    pub fn openai(script: Script, size: usize) -> Self {
        Self::new(Dialect::Chat, script, script.model(), size)
    }

    /// `POST /v1/messages` with a body of `size` bytes.
    pub fn anthropic(script: Script, size: usize) -> Self {
        Self::new(Dialect::Anthropic, script, script.model(), size)
    }

    /// What `client` asks of the account that speaks `upstream`, in `size` bytes.
    pub fn pinned(client: Dialect, upstream: Dialect, script: Script, size: usize) -> Self {
        Self::new(client, script, &upstream.pinned_model(script), size)
    }

    fn new(dialect: Dialect, script: Script, model: &str, size: usize) -> Self {
        let messages = (size / MESSAGE_SIZE).max(1);
        let body = |text: &str| dialect.request(model, script.is_stream(), messages, text);
        let text = text_of_encoded_length(size.saturating_sub(body("").len()) / messages);
        let uri = dialect.path(model, script.is_stream()).parse().unwrap_or_default();
        Self { script, dialect, uri, body: Bytes::from(body(&text)) }
    }

    /// The delays of an answer's chunks; `None` if they are not those that the script promises.
    pub fn chunks(&self, mut delays: Vec<Duration>) -> Option<Vec<Duration>> {
        let promised = self.script.chunks();
        if self.dialect.repeats_itself() {
            delays.truncate(promised);
        }
        (delays.len() == promised).then_some(delays)
    }

    pub fn request(&self, host: &HeaderValue) -> Request<Full<Bytes>> {
        let mut request = Request::new(Full::new(self.body.clone()));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.uri.clone();
        let headers = request.headers_mut();
        headers.insert(HOST, host.clone());
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(AUTHORIZATION, HeaderValue::from_static(CLIENT_KEY.bearer));
        if matches!(self.dialect, Dialect::Anthropic) {
            headers.insert("anthropic-version", HeaderValue::from_static("2023-06-01"));
        }
        request
    }
}

/// A text that takes `length` bytes between its quotes once it is JSON.
fn text_of_encoded_length(length: usize) -> String {
    let encoded_sentence = json!(SENTENCE).to_string().len() - "\"\"".len();
    let mut text = SENTENCE.repeat(length / encoded_sentence);
    text.extend(iter::repeat_n('x', length % encoded_sentence));
    text
}
