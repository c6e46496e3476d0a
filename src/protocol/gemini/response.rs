//! `google.genai.types.GenerateContentResponse`, both ways, whole.

use serde_json::{Value, json};

use super::chunk::{encode_call, encode_chunk, encode_usage, push_signature};
use super::stream::Decoder;
use super::terms::{finish_name, grounding};
use crate::chat::{Failure, FinishReason, Maker, Part, Response, Thinking};
use crate::protocol::context::ResponseContext;
use crate::protocol::error::{LocalError, unusable_arguments};
use crate::protocol::framing::Frame;
use crate::protocol::json::nonsense;

/// Reads a whole answer, which is a stream of one chunk.
pub fn decode(body: &str) -> Result<Response, Failure> {
    let mut frame = Frame::default();
    let mut decoder = Decoder::default();
    decoder.take(body, &mut frame).map_err(|error| nonsense(&error))?;
    decoder.end(&mut frame);
    frame.into_response()
}

/// Fails if arguments are not a JSON object, unless a token limit cut them off.
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
    body["usageMetadata"] = encode_usage(response.usage);
    Ok(body)
}
