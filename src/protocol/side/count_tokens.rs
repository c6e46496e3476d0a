//! Token counts of a prompt: `anthropic.types.MessageCountTokensParams` and
//! `MessageTokensCount`, `google.genai.types.CountTokensConfig` and `CountTokensResponse`,
//! both ways. The prompt itself is a conversation and goes through the hub.

use serde::Deserialize;
use serde_json::{Value, json};

use super::SideEncoded;
use crate::chat::{Dropped, Failure, Request};
use crate::protocol::encoded::Encoded;
use crate::protocol::field::{self, Object};
use crate::protocol::invalid::Outcome;
use crate::protocol::limits::{self, Limits};
use crate::protocol::models::bare_id;
use crate::protocol::operation::RequestTarget;
use crate::protocol::{Operation, Protocol, anthropic, gemini, json};

/// The fields that Anthropic takes. It refuses those about the answer (`max_tokens`, sampling).
const ANTHROPIC_COUNTS: [&str; 8] =
    ["model", "messages", "system", "tools", "tool_choice", "thinking", "output_config", "cache_control"];
/// The fields that Google takes, beside the model's name.
const GEMINI_COUNTS: [&str; 4] = ["contents", "systemInstruction", "tools", "toolConfig"];

pub fn decode_request(operation: Operation, body: Object, model: &str) -> Outcome<Request> {
    let request = decode(operation, body, model)?;
    limits::check(&request, operation.protocol())?;
    Ok(request)
}

fn decode(operation: Operation, mut body: Object, model: &str) -> Outcome<Request> {
    if operation.protocol() == Protocol::Anthropic {
        return anthropic::request::decode(body);
    }
    let target = RequestTarget { model: Some(model), stream: false };
    for key in ["generateContentRequest", "generate_content_request"] {
        field::object(&body, key)?;
        if let Some(Value::Object(whole)) = body.remove(key) {
            return gemini::request::decode(whole, &target).map_err(|invalid| invalid.at(key));
        }
    }
    gemini::request::decode(body, &target)
}

/// `None` where the protocol has no such call.
pub fn encode_request(
    to: Protocol,
    request: &Request,
    model: &str,
    limits: Limits,
) -> Outcome<Option<SideEncoded>> {
    let request = Request { model: model.to_owned(), stream: false, ..request.clone() };
    Ok(match to {
        Protocol::Anthropic => {
            let (body, dropped) = counted(&anthropic::request::encode(&request, limits)?, &ANTHROPIC_COUNTS)?;
            let body = json::to_bytes(&Value::Object(body));
            Some(SideEncoded { operation: Operation::CountTokens, body, copies: 1, dropped })
        }
        Protocol::Gemini => {
            let (mut body, dropped) = counted(&gemini::request::encode(&request, limits)?, &GEMINI_COUNTS)?;
            body.insert("model".to_owned(), json!(format!("models/{}", bare_id(model))));
            let body = json::to_bytes(&json!({"generateContentRequest": body}));
            Some(SideEncoded { operation: Operation::GeminiCountTokens, body, copies: 1, dropped })
        }
        Protocol::OpenAiChat | Protocol::OpenAiResponses => None,
    })
}

/// The fields of a request that are counted.
fn counted(encoded: &Encoded, fields: &[&str]) -> Outcome<(Object, Dropped)> {
    let mut body = field::parse_body(&encoded.body)?;
    body.retain(|key, _| fields.contains(&key.as_str()));
    Ok((body, encoded.dropped.clone()))
}

pub fn decode_response(operation: Operation, body: &[u8]) -> Result<u64, Failure> {
    #[derive(Deserialize)]
    struct MessageTokensCount {
        input_tokens: u64,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct CountTokensResponse {
        /// Left out where it is zero, as in protobuf.
        #[serde(default)]
        total_tokens: u64,
    }
    let tokens = match operation.protocol() {
        Protocol::Gemini => {
            serde_json::from_slice(body).map(|CountTokensResponse { total_tokens }| total_tokens)
        }
        _ => serde_json::from_slice(body).map(|MessageTokensCount { input_tokens }| input_tokens),
    };
    tokens.map_err(|error| json::nonsense(&error))
}

pub fn encode_response(operation: Operation, tokens: u64) -> Value {
    match operation.protocol() {
        Protocol::Gemini => json!({"totalTokens": tokens}),
        _ => json!({"input_tokens": tokens}),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(operation: Operation, body: &Value) -> Request {
        decode_request(operation, body.as_object().expect("an object").clone(), "m").expect("valid")
    }

    fn written(to: Protocol, request: &Request) -> Value {
        let encoded =
            encode_request(to, request, "models/up", Limits::default()).expect("encodable").expect("a call");
        serde_json::from_slice(&encoded.body).expect("JSON")
    }

    #[test]
    fn what_anthropic_counts_reaches_google_as_a_whole_request() {
        let body = json!({"model": "m", "system": "s", "messages": [{"role": "user", "content": "hello"}]});
        assert_eq!(
            written(Protocol::Gemini, &read(Operation::CountTokens, &body)),
            json!({"generateContentRequest": {
                "systemInstruction": {"parts": [{"text": "s"}]},
                "contents": [{"role": "user", "parts": [{"text": "hello"}]}],
                "model": "models/up",
            }})
        );
    }

    #[test]
    fn both_spellings_of_google_reach_anthropic_without_the_fields_it_refuses() {
        let contents = json!([{"role": "user", "parts": [{"text": "hello"}]}]);
        let config = json!({"maxOutputTokens": 9, "temperature": 0.5});
        for body in [
            json!({"contents": contents}),
            json!({"generateContentRequest": {"contents": contents, "generationConfig": config}}),
            json!({"generate_content_request": {"contents": contents, "generation_config": config}}),
        ] {
            let sent = written(Protocol::Anthropic, &read(Operation::GeminiCountTokens, &body));
            let keys: Vec<_> = sent.as_object().expect("an object").keys().collect();
            assert_eq!(keys, ["model", "messages"], "{body}");
            assert_eq!(sent["messages"][0]["role"], "user");
        }
    }

    #[test]
    fn counts_are_read_and_written_in_each_protocol() {
        for (operation, body) in [
            (Operation::CountTokens, json!({"input_tokens": 7})),
            (Operation::GeminiCountTokens, json!({"totalTokens": 7})),
        ] {
            assert_eq!(decode_response(operation, body.to_string().as_bytes()), Ok(7));
            assert_eq!(encode_response(operation, 7), body);
        }
        assert!(decode_response(Operation::CountTokens, b"{}").is_err());
        assert_eq!(decode_response(Operation::GeminiCountTokens, b"{}"), Ok(0));
    }
}
