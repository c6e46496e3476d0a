//! The requests of the benchmark, written the way the SDKs write them: the messages first, the model after.

use std::iter;

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST, HeaderValue};
use hyper::{Method, Request, Uri};
use serde_json::{Value, json};

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
    body: Bytes,
}

#[derive(Clone, Copy)]
enum Dialect {
    OpenAi,
    Anthropic,
}

impl Call {
    /// `POST /v1/chat/completions` with a body of `size` bytes.
    pub fn openai(script: Script, size: usize) -> Self {
        Self::new(Dialect::OpenAi, script, size)
    }

    /// `POST /v1/messages` with a body of `size` bytes.
    pub fn anthropic(script: Script, size: usize) -> Self {
        Self::new(Dialect::Anthropic, script, size)
    }

    fn new(dialect: Dialect, script: Script, size: usize) -> Self {
        let messages = (size / MESSAGE_SIZE).max(1);
        let overhead = body(dialect, script, messages, "").len();
        let text = text_of_encoded_length(size.saturating_sub(overhead) / messages);
        Self { script, dialect, body: Bytes::from(body(dialect, script, messages, &text)) }
    }

    pub fn request(&self, host: &HeaderValue) -> Request<Full<Bytes>> {
        let mut request = Request::new(Full::new(self.body.clone()));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = Uri::from_static(self.dialect.path());
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

impl Dialect {
    fn path(self) -> &'static str {
        match self {
            Self::OpenAi => "/v1/chat/completions",
            Self::Anthropic => "/v1/messages",
        }
    }
}

fn body(dialect: Dialect, script: Script, messages: usize, text: &str) -> String {
    let messages: Vec<Value> = iter::zip(0..messages, ["user", "assistant"].into_iter().cycle())
        .map(|(_, role)| json!({"role": role, "content": text}))
        .collect();
    let mut body = json!({"messages": messages, "model": script.model(), "stream": script.is_stream()});
    if matches!(dialect, Dialect::Anthropic) {
        body["max_tokens"] = json!(1024);
    }
    body.to_string()
}

/// A text that takes `length` bytes between its quotes once it is JSON.
fn text_of_encoded_length(length: usize) -> String {
    let encoded_sentence = json!(SENTENCE).to_string().len() - "\"\"".len();
    let mut text = SENTENCE.repeat(length / encoded_sentence);
    text.extend(iter::repeat_n('x', length % encoded_sentence));
    text
}
