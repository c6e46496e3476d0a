//! The four protocols as tests need them: how to ask, what an upstream answers, and how a
//! stream marks a good end and a bad one.

use serde_json::{Value, json};

use crate::support::proxy::account;
use crate::support::{Answer, FakeUpstream, Reply, TestProxy};

pub struct Dialect {
    /// Its name in records.
    pub name: &'static str,
    pub provider: &'static str,
    pub model: &'static str,
    path: &'static str,
    stream_path: &'static str,
    /// A whole answer that cost 11 and 5 tokens.
    pub whole: &'static str,
    /// The events of a whole stream that cost the same; only the last one ends it.
    pub events: &'static [&'static str],
    /// Text that a broken stream must not have.
    pub terminator: &'static str,
    /// A first event with which an upstream takes its status 200 back.
    pub overloaded: &'static str,
}

pub const ALL: [&Dialect; 4] = [&OPENAI_CHAT, &OPENAI_RESPONSES, &ANTHROPIC, &GEMINI];

pub const OPENAI_CHAT: Dialect = Dialect {
    name: "openai-chat",
    provider: "openai",
    model: "gpt-5",
    path: "/v1/chat/completions",
    stream_path: "/v1/chat/completions",
    whole: r#"{"id":"c1","object":"chat.completion","choices":[{"index":0,"message":{"role":"assistant","content":"Grüße 😀"},"finish_reason":"stop"}],"usage":{"prompt_tokens":11,"completion_tokens":5,"total_tokens":16}}"#,
    events: &[
        "data: {\"id\":\"c1\",\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}\n\n",
        "data: {\"id\":\"c1\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Grüße 😀\"}}]}\n\n",
        "data: {\"id\":\"c1\",\"choices\":[{\"index\":0,\"delta\":{}}],\"usage\":{\"prompt_tokens\":11,\"completion_tokens\":5}}\n\n",
        "data: [DONE]\n\n",
    ],
    terminator: "[DONE]",
    overloaded: "data: {\"error\":{\"message\":\"The server is overloaded\",\"type\":\"server_error\",\"param\":null,\"code\":null}}\n\n",
};

pub const OPENAI_RESPONSES: Dialect = Dialect {
    name: "openai-responses",
    provider: "openai",
    model: "gpt-5",
    path: "/v1/responses",
    stream_path: "/v1/responses",
    whole: r#"{"id":"r1","object":"response","status":"completed","output":[],"usage":{"input_tokens":11,"output_tokens":5,"total_tokens":16}}"#,
    events: &[
        "event: response.created\ndata: {\"type\":\"response.created\",\"sequence_number\":0,\"response\":{\"id\":\"r1\",\"status\":\"in_progress\"}}\n\n",
        "event: response.output_text.delta\ndata: {\"type\":\"response.output_text.delta\",\"sequence_number\":1,\"delta\":\"Grüße 😀\"}\n\n",
        "event: response.completed\ndata: {\"type\":\"response.completed\",\"sequence_number\":2,\"response\":{\"id\":\"r1\",\"status\":\"completed\",\"usage\":{\"input_tokens\":11,\"output_tokens\":5}}}\n\n",
    ],
    terminator: "response.completed",
    overloaded: "event: error\ndata: {\"type\":\"error\",\"sequence_number\":0,\"code\":\"server_error\",\"message\":\"The server is overloaded\",\"param\":null}\n\n",
};

pub const ANTHROPIC: Dialect = Dialect {
    name: "anthropic",
    provider: "anthropic",
    model: "claude-opus-4-5",
    path: "/v1/messages",
    stream_path: "/v1/messages",
    whole: r#"{"id":"m1","type":"message","role":"assistant","content":[{"type":"text","text":"Grüße 😀"}],"stop_reason":"end_turn","usage":{"input_tokens":11,"output_tokens":5}}"#,
    events: &[
        "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"m1\",\"usage\":{\"input_tokens\":11,\"output_tokens\":1}}}\n\n",
        "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"Grüße 😀\"}}\n\n",
        "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"},\"usage\":{\"output_tokens\":5}}\n\n",
        "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n",
    ],
    terminator: "message_stop",
    overloaded: "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"We are overloaded\"}}\n\n",
};

pub const GEMINI: Dialect = Dialect {
    name: "gemini",
    provider: "gemini",
    model: "gemini-3-flash",
    path: "/v1beta/models/gemini-3-flash:generateContent",
    stream_path: "/v1beta/models/gemini-3-flash:streamGenerateContent?alt=sse",
    whole: r#"{"candidates":[{"content":{"role":"model","parts":[{"text":"Grüße 😀"}]},"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":11,"candidatesTokenCount":5,"totalTokenCount":16}}"#,
    events: &[
        "data: {\"candidates\":[{\"content\":{\"role\":\"model\",\"parts\":[{\"text\":\"Grüße\"}]}}],\"usageMetadata\":{\"promptTokenCount\":11}}\n\n",
        "data: {\"candidates\":[{\"content\":{\"role\":\"model\",\"parts\":[{\"text\":\" 😀\"}]}}]}\n\n",
        "data: {\"candidates\":[{\"content\":{\"parts\":[]},\"finishReason\":\"STOP\"}],\"usageMetadata\":{\"promptTokenCount\":11,\"candidatesTokenCount\":5}}\n\n",
    ],
    terminator: "finishReason",
    overloaded: "data: {\"error\":{\"code\":503,\"message\":\"The model is overloaded.\",\"status\":\"UNAVAILABLE\"}}\n\n",
};

impl Dialect {
    pub fn path(&self, stream: bool) -> &'static str {
        if stream { self.stream_path } else { self.path }
    }

    pub fn body(&self, stream: bool) -> Value {
        let turn = json!([{"role": "user", "content": "hi"}]);
        match self.name {
            "gemini" => json!({"contents": [{"role": "user", "parts": [{"text": "hi"}]}]}),
            "openai-responses" => json!({"model": self.model, "stream": stream, "input": turn}),
            "anthropic" => {
                json!({"model": self.model, "stream": stream, "max_tokens": 9, "messages": turn})
            }
            _ => json!({"model": self.model, "stream": stream, "messages": turn}),
        }
    }

    pub async fn ask(&self, proxy: &TestProxy, stream: bool) -> Answer {
        proxy.post(self.path(stream), &self.body(stream)).await
    }

    /// Asks for a stream and returns once its head is here.
    pub async fn open(&self, proxy: &TestProxy) -> crate::support::client::Stream {
        let headers = [("content-type", "application/json")];
        let body = self.body(true).to_string();
        crate::support::client::open(proxy.address, "POST", self.stream_path, &headers, body).await
    }

    /// A proxy with one account of this dialect's provider.
    pub async fn serve(&self, upstream: &FakeUpstream, proxy_section: &str) -> TestProxy {
        let account = account("work", self.provider, upstream, "");
        TestProxy::serve(&format!("[proxy]\n{proxy_section}\n{account}")).await
    }

    pub fn stream(&self) -> String {
        self.events.concat()
    }

    pub fn whole_reply(&self) -> Reply {
        Reply::whole(200, "application/json", self.whole)
    }

    /// Asserts that this is an error in the family's own shape: a body or an event's data.
    #[track_caller]
    pub fn assert_error(&self, error: &Value) {
        let fields: &[&str] = match self.name {
            "openai-chat" => &["/error/message", "/error/type"],
            "anthropic" => &["/type", "/error/type", "/error/message"],
            "gemini" => &["/error/code", "/error/status", "/error/message"],
            // Error events of Responses have a shape of their own.
            _ if error["type"] == "error" => &["/type", "/code", "/message"],
            _ => &["/error/message", "/error/type"],
        };
        for field in fields {
            assert!(
                error.pointer(field).is_some_and(|value| !value.is_null()),
                "{}: {field}: {error}",
                self.name
            );
        }
    }
}

/// The data of a stream's events, read as an SDK does: the lines of one event are joined.
pub fn data_of(stream: &str) -> Vec<String> {
    let lines = stream.replace("\r\n", "\n").replace('\r', "\n");
    let data = |event: &str| {
        let lines: Vec<_> =
            event.lines().filter_map(|line| line.strip_prefix("data:")).map(str::trim).collect();
        lines.join("\n")
    };
    lines.split("\n\n").map(data).filter(|data| !data.is_empty()).collect()
}
