//! The four protocols from both ends: how a client asks, and how an upstream answers by script.

use std::iter;

use serde_json::{Value, json};

use crate::script::{Script, stamp};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Dialect {
    Chat,
    Responses,
    Anthropic,
    Gemini,
}

impl Dialect {
    pub const ALL: [Self; 4] = [Self::Chat, Self::Responses, Self::Anthropic, Self::Gemini];

    /// Also the name of the account that speaks it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Chat => "chat",
            Self::Responses => "responses",
            Self::Anthropic => "anthropic",
            Self::Gemini => "gemini",
        }
    }

    pub fn provider(self) -> &'static str {
        match self {
            Self::Chat => "openai-compatible",
            Self::Responses => "openai",
            Self::Anthropic => "anthropic",
            Self::Gemini => "gemini",
        }
    }

    /// What an account's `base_url` has after the address.
    pub fn base_path(self) -> &'static str {
        match self {
            Self::Chat | Self::Responses => "/v1",
            Self::Anthropic | Self::Gemini => "",
        }
    }

    /// The model that answers by this script, asked of the account that speaks this dialect. The name makes an
    /// account of OpenAI speak Responses, whatever the client speaks.
    pub fn pinned_model(self, script: Script) -> String {
        let kind = if self == Self::Responses { "codex-" } else { "" };
        format!("{}/{kind}{}", self.name(), script.model())
    }

    /// Whether a stream says its text again at the end.
    pub fn repeats_itself(self) -> bool {
        self == Self::Responses
    }

    pub fn path(self, model: &str, streams: bool) -> String {
        match self {
            Self::Chat => "/v1/chat/completions".to_owned(),
            Self::Responses => "/v1/responses".to_owned(),
            Self::Anthropic => "/v1/messages".to_owned(),
            Self::Gemini if streams => format!("/v1beta/models/{model}:streamGenerateContent?alt=sse"),
            Self::Gemini => format!("/v1beta/models/{model}:generateContent"),
        }
    }

    /// A request the way the SDKs write it: the messages first, the model after.
    pub fn request(self, model: &str, streams: bool, messages: usize, text: &str) -> String {
        let roles = if self == Self::Gemini { ["user", "model"] } else { ["user", "assistant"] };
        let messages: Vec<Value> = iter::zip(0..messages, roles.into_iter().cycle())
            .map(|(_, role)| match self {
                Self::Gemini => json!({"role": role, "parts": [{"text": text}]}),
                _ => json!({"role": role, "content": text}),
            })
            .collect();
        match self {
            Self::Chat => json!({"messages": messages, "model": model, "stream": streams}),
            Self::Responses => json!({"input": messages, "model": model, "stream": streams}),
            Self::Anthropic => {
                json!({"messages": messages, "model": model, "stream": streams, "max_tokens": 1024})
            }
            Self::Gemini => json!({"contents": messages}),
        }
        .to_string()
    }

    /// Which dialect an upstream is spoken to in.
    pub fn of_path(path: &str) -> Self {
        match path.rsplit('/').next() {
            Some("responses") => Self::Responses,
            Some("messages") => Self::Anthropic,
            Some(last) if last.contains(':') => Self::Gemini,
            _ => Self::Chat,
        }
    }

    /// A whole answer that says this.
    pub fn reply(self, text: &str) -> Value {
        match self {
            Self::Chat => json!({
                "id": "chatcmpl-bench", "object": "chat.completion", "created": 1_760_000_000, "model": "bench-reply",
                "choices": [{
                    "index": 0, "finish_reason": "stop",
                    "message": {"role": "assistant", "content": text},
                }],
                "usage": {"prompt_tokens": 200, "completion_tokens": 180, "total_tokens": 380},
            }),
            Self::Responses => response("completed", &[message(text)]),
            Self::Anthropic => json!({
                "id": "msg_bench", "type": "message", "role": "assistant", "model": "bench-reply",
                "content": [{"type": "text", "text": text}], "stop_reason": "end_turn", "stop_sequence": null,
                "usage": {"input_tokens": 200, "output_tokens": 180},
            }),
            Self::Gemini => candidate(text, true),
        }
    }

    /// Event `number` of a stream: one for each chunk of text, then what ends it, then nothing.
    pub fn event(self, script: Script, number: usize) -> Option<String> {
        match number.checked_sub(script.chunks()) {
            None => {
                let opening = if number == 0 { self.opening() } else { Vec::new() };
                Some(opening.into_iter().chain([self.chunk(script)]).map(|event| sse(&event)).collect())
            }
            Some(0) => Some(self.ending(script).iter().map(sse).collect()),
            Some(1) if self == Self::Chat => Some("data: [DONE]\n\n".to_owned()),
            Some(_) => None,
        }
    }

    fn opening(self) -> Vec<Value> {
        match self {
            Self::Chat | Self::Gemini => Vec::new(),
            Self::Responses => vec![
                json!({"type": "response.created", "response": response("in_progress", &[])}),
                json!({"type": "response.output_item.added", "output_index": 0, "item": message("")}),
            ],
            Self::Anthropic => vec![
                json!({"type": "message_start", "message": self.reply("")}),
                json!({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}),
            ],
        }
    }

    fn chunk(self, script: Script) -> Value {
        match self {
            Self::Chat => completion_chunk(script, &json!({"content": stamp()}), None),
            Self::Responses => json!({"type": "response.output_text.delta", "item_id": "msg_bench",
                "output_index": 0, "content_index": 0, "delta": stamp(), "logprobs": [], "sequence_number": 7}),
            Self::Anthropic => json!({"type": "content_block_delta", "index": 0,
                "delta": {"type": "text_delta", "text": stamp()}}),
            Self::Gemini => candidate(&stamp(), false),
        }
    }

    fn ending(self, script: Script) -> Vec<Value> {
        match self {
            Self::Chat => vec![completion_chunk(script, &json!({}), Some("stop"))],
            Self::Responses => vec![
                json!({"type": "response.output_item.done", "output_index": 0, "item": message("all of it")}),
                json!({"type": "response.completed", "response": self.reply("all of it")}),
            ],
            Self::Anthropic => vec![
                json!({"type": "content_block_stop", "index": 0}),
                json!({"type": "message_delta", "delta": {"stop_reason": "end_turn", "stop_sequence": null},
                    "usage": {"output_tokens": 180}}),
                json!({"type": "message_stop"}),
            ],
            Self::Gemini => vec![candidate("", true)],
        }
    }
}

fn completion_chunk(script: Script, delta: &Value, finish_reason: Option<&str>) -> Value {
    json!({
        "id": "chatcmpl-bench", "object": "chat.completion.chunk", "created": 1_760_000_000,
        "model": script.model(),
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish_reason}],
    })
}

fn response(status: &str, output: &[Value]) -> Value {
    json!({
        "id": "resp_bench", "object": "response", "created_at": 1_760_000_000, "status": status,
        "model": "bench-reply", "output": output,
        "usage": {"input_tokens": 200, "output_tokens": 180, "total_tokens": 380},
    })
}

fn message(text: &str) -> Value {
    json!({"type": "message", "id": "msg_bench", "role": "assistant", "status": "completed",
        "content": [{"type": "output_text", "text": text, "annotations": []}]})
}

fn candidate(text: &str, is_last: bool) -> Value {
    let mut chunk = json!({
        "candidates": [{"index": 0, "content": {"role": "model", "parts": [{"text": text}]}}],
        "usageMetadata": {"promptTokenCount": 200, "candidatesTokenCount": 180, "totalTokenCount": 380},
        "modelVersion": "bench-reply",
    });
    if is_last {
        chunk["candidates"][0]["finishReason"] = json!("STOP");
    }
    chunk
}

/// An event, named where its protocol names events.
fn sse(event: &Value) -> String {
    match event["type"].as_str() {
        Some(name) => format!("event: {name}\ndata: {event}\n\n"),
        None => format!("data: {event}\n\n"),
    }
}
