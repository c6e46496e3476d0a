//! `openai.types.responses.Response`, both ways.

use serde_json::{Value, json};

use super::item::{encode_item, take_item};
use super::terms::{error_code, finish_reason, incomplete_reason};
use super::wire::{self, Usage};
use crate::chat::{self, Failure, FinishReason, Response};
use crate::protocol::context::ResponseContext;
use crate::protocol::error_report::decode_error_event;
use crate::protocol::framing::Frame;
use crate::protocol::json::nonsense;

pub fn decode(body: &str) -> Result<Response, Failure> {
    let response: wire::Response<'_> = serde_json::from_str(body).map_err(|error| nonsense(&error))?;
    if response.error.is_some() {
        return Err(decode_error_event(body.as_bytes()));
    }
    if !matches!(&*response.status, "" | "completed" | "incomplete") {
        return Err(Failure::broken(format!("the upstream's answer is {}", &*response.status)));
    }
    let mut frame = Frame::default();
    frame.start(response.id.some(), response.model.some(), None);
    let mut has_refused = false;
    for (key, item) in (0..).zip(&response.output) {
        has_refused |= take_item(key, item, &mut frame);
    }
    take_end(&response, has_refused, &mut frame);
    frame.into_response()
}

/// Takes the totals and the reason out of the whole response.
pub fn take_end(response: &wire::Response<'_>, has_refused: bool, frame: &mut Frame) {
    if let Some(usage) = response.usage {
        frame.usage(usage.to_chat());
    }
    frame.finish(finish_reason(&response.status, &response.incomplete_details.reason, has_refused));
}

pub fn encode(response: &Response, context: &ResponseContext) -> Value {
    let items = response.parts.iter().enumerate();
    let output: Vec<Value> = items.filter_map(|(number, part)| encode_item(part, number, context)).collect();
    encode_envelope(context, &output, &Ending::Finished(&response.finish), response.usage)
}

/// The state of an answer.
pub enum Ending<'a> {
    InProgress,
    Finished(&'a FinishReason),
    Failed(&'a Failure),
}

/// `Response` around its items: the whole answer, and part of a stream's first and last events.
pub fn encode_envelope(
    context: &ResponseContext,
    output: &[Value],
    ending: &Ending<'_>,
    usage: Option<chat::Usage>,
) -> Value {
    let (status, reason) = match ending {
        Ending::InProgress => ("in_progress", None),
        Ending::Failed(_) => ("failed", None),
        Ending::Finished(finish) => match incomplete_reason(finish) {
            Some(reason) => ("incomplete", Some(json!({"reason": reason}))),
            None => ("completed", None),
        },
    };
    let error = match ending {
        Ending::Failed(failure) => Some(encode_error(failure)),
        _ => None,
    };
    json!({
        "id": context.id("resp_"),
        "object": "response",
        "created_at": context.created,
        "status": status,
        "error": error,
        "incomplete_details": reason,
        "instructions": null,
        "metadata": {},
        "model": context.model,
        "output": output,
        "parallel_tool_calls": true,
        "temperature": null,
        "tool_choice": "auto",
        "tools": [],
        "top_p": null,
        "usage": usage.map(Usage::of_chat),
    })
}

fn encode_error(failure: &Failure) -> Value {
    json!({"code": error_code(failure), "message": failure.message})
}
