//! `google.genai.types.GenerateContentResponse`, both ways, whole.

use serde_json::{Value, json};

use super::stream::Decoder;
use super::wire::Usage;
use crate::chat::{
    self, Citation, Collector, Failure, FinishReason, Maker, Part, Response, Thinking, ToolUse,
};
use crate::protocol::LocalError;
use crate::protocol::anthropic::response::unusable_arguments;
use crate::protocol::context::ResponseContext;
use crate::protocol::framing::Frame;

/// A whole answer is a stream of one chunk.
pub fn decode(body: &str) -> Result<Response, Failure> {
    let mut frame = Frame::default();
    let mut decoder = Decoder::default();
    decoder
        .take(body, &mut frame)
        .map_err(|error| Failure::broken(format!("the upstream's answer makes no sense: {error}")))?;
    decoder.end(&mut frame);
    let mut collector = Collector::default();
    frame.events.into_iter().for_each(|event| collector.push(event));
    collector.finish()
}

/// Fails if arguments are no JSON object, unless a token limit explains it.
pub fn encode(response: &Response, context: &ResponseContext) -> Result<Value, LocalError> {
    let (mut parts, mut citations) = (Vec::new(), Vec::new());
    let mut signature: Option<String> = None;
    for (number, part) in response.parts.iter().enumerate() {
        let encoded = match part {
            Part::Text { text, citations: found } => {
                citations.extend(found);
                Some(json!({"text": text}))
            }
            Part::Thinking(Thinking { text, signature: own }) => {
                if !text.is_empty() && !context.hides_thoughts {
                    parts.push(json!({"text": text, "thought": true}));
                }
                let slot = own.as_ref().map(|own| own.wrap(Maker::Gemini));
                push_signature(&mut signature, slot, &mut parts);
                None
            }
            Part::RedactedThinking(own) => {
                push_signature(&mut signature, Some(own.wrap_redacted(Maker::Gemini)), &mut parts);
                None
            }
            Part::ToolUse(call) => match encode_call(call, number, context) {
                None if response.finish != FinishReason::Length => return Err(unusable_arguments(part)),
                encoded => encoded,
            },
            _ => None,
        };
        if let Some(mut encoded) = encoded {
            if let Some(signature) = signature.take() {
                encoded["thoughtSignature"] = json!(signature);
            }
            parts.push(encoded);
        }
    }
    push_signature(&mut signature, Some(String::new()), &mut parts);
    let finish = Some(finish_name(&response.finish));
    let mut body = encode_chunk(&parts, finish, context);
    if !citations.is_empty() {
        body["candidates"][0]["groundingMetadata"] = grounding(citations);
    }
    body["usageMetadata"] = json!(Usage::of_chat(response.usage.unwrap_or_default()));
    Ok(body)
}

/// Keeps a signature for the part that follows; one that is still waiting gets an empty
/// part of its own, as Gemini does it.
pub fn push_signature(waiting: &mut Option<String>, next: Option<String>, parts: &mut Vec<Value>) {
    let Some(next) = next else { return };
    if let Some(earlier) = waiting.take() {
        parts.push(json!({"text": "", "thoughtSignature": earlier}));
    }
    *waiting = Some(next).filter(|next| !next.is_empty());
}

/// `None` if the arguments are not a JSON object.
pub fn encode_call(call: &ToolUse, number: usize, context: &ResponseContext) -> Option<Value> {
    Some(json!({"functionCall": {
        "id": context.call_id(&call.id, "call_", number),
        "name": context.tool_names.original(&call.name),
        "args": call.arguments_object()?,
    }}))
}

pub fn encode_chunk(parts: &[Value], finish: Option<&str>, context: &ResponseContext) -> Value {
    let mut candidate = json!({"content": {"parts": parts, "role": "model"}, "index": 0});
    if let Some(finish) = finish {
        candidate["finishReason"] = json!(finish);
    }
    json!({
        "candidates": [candidate],
        "modelVersion": context.model,
        "responseId": context.id(""),
    })
}

/// `GroundingMetadata`: the sources, and what each supports.
pub fn grounding<'a>(citations: impl IntoIterator<Item = &'a Citation>) -> Value {
    let (mut chunks, mut supports) = (Vec::new(), Vec::new());
    for (index, citation) in citations.into_iter().enumerate() {
        chunks.push(json!({"web": {"uri": citation.url, "title": citation.title}}));
        if !citation.cited_text.is_empty() {
            supports.push(json!({
                "segment": {"text": citation.cited_text},
                "groundingChunkIndices": [index],
            }));
        }
    }
    json!({"groundingChunks": chunks, "groundingSupports": supports})
}

pub const fn finish_name(finish: &FinishReason) -> &'static str {
    match finish {
        FinishReason::Stop
        | FinishReason::StopSequence(_)
        | FinishReason::ToolUse
        | FinishReason::Pause
        | FinishReason::Other(_) => "STOP",
        FinishReason::Length | FinishReason::ContextWindow => "MAX_TOKENS",
        FinishReason::ContentFilter | FinishReason::Refusal => "SAFETY",
    }
}

/// The totals, for the last chunk of a stream.
pub fn usage(usage: Option<chat::Usage>) -> Value {
    json!(Usage::of_chat(usage.unwrap_or_default()))
}
