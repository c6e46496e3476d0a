//! `openai.types.responses.Response` and its events (`ResponseStreamEvent`).

use serde_json::{Value, json};

use crate::upstream::demo::reply::{self, Content, Finish, Reply, Usage};
use crate::upstream::demo::{Stamp, fields};

pub struct Response<'a> {
    pub reply: &'a Reply,
    /// A response repeats its request's settings.
    pub request: &'a Value,
    pub stamp: &'a Stamp<'a>,
}

impl Response<'_> {
    pub fn whole(&self) -> Value {
        let status = self.status();
        let mut response = self.envelope(status, &json!([self.item(status)]));
        response["usage"] = usage(self.reply.usage);
        if status == "incomplete" {
            response["incomplete_details"] = json!({"reason": "max_output_tokens"});
        } else {
            response["completed_at"] = json!(self.stamp.created_unix_secs);
        }
        response
    }

    /// Every event, numbered from 0; the last one holds the whole response.
    pub fn stream(&self) -> Vec<Value> {
        let started = self.envelope("in_progress", &json!([]));
        let mut events = vec![
            json!({"type": "response.created", "response": started}),
            json!({"type": "response.in_progress", "response": started}),
            json!({"type": "response.output_item.added", "output_index": 0, "item": self.item_begun()}),
        ];
        events.extend(self.content_events());
        events.extend([
            json!({"type": "response.output_item.done", "output_index": 0, "item": self.item(self.status())}),
            json!({"type": format!("response.{}", self.status()), "response": self.whole()}),
        ]);
        for (number, event) in events.iter_mut().enumerate() {
            event["sequence_number"] = json!(number);
        }
        events
    }

    fn content_events(&self) -> Vec<Value> {
        match &self.reply.content {
            Content::Text(text) => self.text_events(text),
            Content::ToolCall { name, arguments } => self.argument_events(name, &arguments.to_string()),
        }
    }

    fn text_events(&self, text: &str) -> Vec<Value> {
        let event = |kind: &str| json!({"type": kind, "item_id": self.item_id(), "output_index": 0, "content_index": 0});
        let part_event = |kind: &str, text: &str| with(event(kind), json!({"part": output_text(text)}));
        let text_event =
            |kind: &str, key: &str, text: &str| with(event(kind), json!({key: text, "logprobs": []}));
        let delta = |piece: &str| text_event("response.output_text.delta", "delta", piece);

        let mut events = vec![part_event("response.content_part.added", "")];
        events.extend(reply::pieces(text).into_iter().map(delta));
        events.push(text_event("response.output_text.done", "text", text));
        events.push(part_event("response.content_part.done", text));
        events
    }

    fn argument_events(&self, name: &str, arguments: &str) -> Vec<Value> {
        let event = |kind: &str, more: Value| {
            with(json!({"type": kind, "item_id": self.item_id(), "output_index": 0}), more)
        };
        let delta = |piece| event("response.function_call_arguments.delta", json!({"delta": piece}));
        // Some SDK versions require the name here, others do not know it.
        let done = json!({"name": name, "arguments": arguments});
        let mut events = Vec::from(reply::halves(arguments).map(delta));
        events.push(event("response.function_call_arguments.done", done));
        events
    }

    /// `ResponseOutputMessage` or `ResponseFunctionToolCall`, finished.
    fn item(&self, status: &str) -> Value {
        match &self.reply.content {
            Content::Text(text) => self.message(status, &json!([output_text(text)])),
            Content::ToolCall { name, arguments } => self.call(status, name, &arguments.to_string()),
        }
    }

    /// The same item, empty.
    fn item_begun(&self) -> Value {
        match &self.reply.content {
            Content::Text(_) => self.message("in_progress", &json!([])),
            Content::ToolCall { name, .. } => self.call("in_progress", name, ""),
        }
    }

    fn message(&self, status: &str, content: &Value) -> Value {
        json!({"id": self.item_id(), "type": "message", "status": status, "role": "assistant", "content": content})
    }

    fn call(&self, status: &str, name: &str, arguments: &str) -> Value {
        json!({"id": self.item_id(), "type": "function_call", "status": status,
               "call_id": format!("call_{}", self.stamp.id), "name": name, "arguments": arguments})
    }

    fn item_id(&self) -> String {
        let prefix = match self.reply.content {
            Content::Text(_) => "msg",
            Content::ToolCall { .. } => "fc",
        };
        format!("{prefix}_{}", self.stamp.id)
    }

    const fn status(&self) -> &'static str {
        match self.reply.finish {
            Finish::TokenLimit => "incomplete",
            Finish::Complete | Finish::StopSequence(_) | Finish::ToolCall => "completed",
        }
    }

    fn envelope(&self, status: &str, output: &Value) -> Value {
        let asked = |field: &str, otherwise: Value| match self.request.get(field) {
            Some(value) if !value.is_null() => value.clone(),
            _ => otherwise,
        };
        json!({
            "id": format!("resp_{}", self.stamp.id),
            "object": "response",
            "created_at": self.stamp.created_unix_secs,
            "status": status,
            "background": false,
            "completed_at": null,
            "error": null,
            "incomplete_details": null,
            "instructions": asked("instructions", Value::Null),
            "max_output_tokens": asked("max_output_tokens", Value::Null),
            "max_tool_calls": null,
            "metadata": asked("metadata", json!({})),
            "model": self.stamp.model,
            "output": output,
            "parallel_tool_calls": asked("parallel_tool_calls", json!(true)),
            "previous_response_id": asked("previous_response_id", Value::Null),
            "prompt_cache_key": asked("prompt_cache_key", Value::Null),
            "reasoning": asked("reasoning", json!({"effort": null, "summary": null})),
            "service_tier": "default",
            "temperature": asked("temperature", json!(1.0)),
            "text": text_config(self.request),
            "tool_choice": asked("tool_choice", json!("auto")),
            "tools": function_tools(self.request),
            "top_p": asked("top_p", json!(1.0)),
            "truncation": "disabled",
            "usage": null,
            "user": null,
        })
    }
}

fn output_text(text: &str) -> Value {
    json!({"type": "output_text", "text": text, "annotations": [], "logprobs": []})
}

fn text_config(request: &Value) -> Value {
    match request.pointer("/text/format") {
        Some(format) if format.is_object() => json!({"format": format}),
        _ => json!({"format": {"type": "text"}}),
    }
}

/// The tools the demo can call, each with the members that the SDK's type requires.
fn function_tools(request: &Value) -> Value {
    let functions = fields::list(request.get("tools")).iter().filter(|tool| tool["type"] == "function");
    let complete = |tool: &Value| with(json!({"parameters": null, "strict": null}), tool.clone());
    functions.map(complete).collect()
}

/// Newer SDKs require `cache_write_tokens`.
fn usage(usage: Usage) -> Value {
    json!({
        "input_tokens": usage.input_tokens,
        "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
        "output_tokens": usage.output_tokens,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": usage.total_tokens(),
    })
}

fn with(mut object: Value, more: Value) -> Value {
    if let (Value::Object(members), Value::Object(more)) = (&mut object, more) {
        members.extend(more);
    }
    object
}
