//! The memory that a request or an answer takes, by the size of its text.

use serde_json::json;

use super::Work;
use crate::chat::crowd::{most_values, values_in};
use crate::protocol::{
    ErrorKind, Protocol, RequestTarget, StreamDecoder, decode_error, decode_request, decode_response,
    encode_request,
};

const TARGET: RequestTarget<'_> = RequestTarget { model: Some("m"), stream: false };

/// The protocol, the text before the crowd, one piece of it, and the text after it.
const CROWDS: &[(Protocol, &str, &str, &str)] = &[
    (
        Protocol::OpenAiChat,
        r#"{"model":"m","messages":[],"tools":[{"type":"function","function":{"name":"t","parameters":{"enum":["#,
        "0,",
        "0]}}}]}",
    ),
    (
        Protocol::OpenAiChat,
        r#"{"model":"m","messages":[],"tools":[{"type":"function","function":{"name":"t","parameters":{"allOf":["#,
        "{},",
        "0]}}}]}",
    ),
    (Protocol::OpenAiChat, r#"{"model":"m","messages":["#, "0,", "0]}"),
    (Protocol::OpenAiChat, r#"{"model":"m","messages":[],"metadata":["#, "[0],", "0]}"),
    (Protocol::OpenAiResponses, r#"{"model":"m","input":["#, "0,", "0]}"),
    (Protocol::OpenAiResponses, r#"{"model":"m","input":[{"type":"reasoning","summary":["#, "{},", "{}]}]}"),
    (
        Protocol::Anthropic,
        r#"{"model":"m","messages":[{"role":"assistant","content":[{"type":"tool_use","id":"i","name":"n","input":{"a":["#,
        r#"{"":0},"#,
        "0]}}]}]}",
    ),
    (Protocol::Gemini, r#"{"contents":["#, "\"\",", "\"\"]}"),
    (Protocol::Gemini, r#"{"contents":[{"parts":["#, "\"x\",", "\"x\"]}]}"),
    (Protocol::Gemini, r#"{"contents":[],"x":{"#, "\"\":0,", "\"\":0}}"),
];

fn crowd(before: &str, piece: &str, after: &str, bytes: usize) -> String {
    format!("{before}{}{after}", piece.repeat(bytes / piece.len()))
}

#[test]
fn a_crowd_of_values_is_refused_before_it_is_parsed() {
    for (from, before, piece, after) in CROWDS {
        let body = crowd(before, piece, after, 20 << 20);
        let work = Work::of(|| {
            let error = decode_request(*from, body.as_bytes(), &TARGET).expect_err("refused");
            assert_eq!(error.kind, ErrorKind::TooLarge, "{error}");
            assert!(error.message.contains("600000 JSON values"), "{error}");
        });
        assert!(work.peak < 10_000, "{from:?} {piece}: {} bytes", work.peak);
    }
}

/// A text is one value until the JSON in it is parsed.
#[test]
fn a_crowd_within_a_text_is_refused_too() {
    let arguments = format!("{{\"a\":[{}0]}}", "0,".repeat(2 << 20));
    let call = json!({"id": "c", "type": "function", "function": {"name": "f", "arguments": arguments}});
    let message = json!({"role": "assistant", "tool_calls": [call]});
    let body = json!({"model": "m", "messages": [message]}).to_string();
    let item = json!({"type": "function_call", "call_id": "c", "name": "f", "arguments": arguments});
    let input = json!({"model": "m", "input": [item]}).to_string();
    for (from, body) in [(Protocol::OpenAiChat, &body), (Protocol::OpenAiResponses, &input)] {
        let work = Work::of(|| {
            let error = decode_request(from, body.as_bytes(), &TARGET).expect_err("refused");
            assert_eq!(error.kind, ErrorKind::TooLarge, "{error}");
        });
        assert!(work.peak < 8 * body.len() as u64, "{from:?}: {} bytes", work.peak);
    }
    let answer = json!({"choices": [{"message": message}]}).to_string();
    let work = Work::of(|| {
        let failure = decode_response(Protocol::OpenAiChat, answer.as_bytes()).expect_err("no answer");
        assert!(failure.message.contains("more JSON values than any answer"), "{failure:?}");
    });
    assert!(work.peak < 8 * answer.len() as u64, "{} bytes", work.peak);
    let call = crate::chat::ToolUse { arguments, ..crate::chat::ToolUse::default() };
    assert_eq!(call.arguments_object(), None);
}

#[test]
fn an_upstreams_crowd_of_values_is_not_an_answer() {
    for (from, before, after) in [
        (Protocol::OpenAiChat, r#"{"choices":[{"message":{"tool_calls":["#, "{}]}}]}"),
        (Protocol::OpenAiResponses, r#"{"output":["#, "{}]}"),
        (Protocol::Anthropic, r#"{"content":["#, "{}]}"),
        (Protocol::Gemini, r#"{"candidates":[{"content":{"parts":["#, "{}]}}]}"),
    ] {
        let body = crowd(before, "{},", after, 12 << 20);
        let work = Work::of(|| {
            let failure = decode_response(from, body.as_bytes()).expect_err("no answer");
            assert!(failure.message.contains("more JSON values than any answer"), "{failure:?}");
            decode_error(http::StatusCode::BAD_REQUEST, body.as_bytes());
            let mut events = Vec::new();
            let mut decoder = StreamDecoder::new(from);
            decoder.push(format!("data: {body}\n\n").as_bytes(), &mut events);
            assert!(decoder.is_over());
        });
        // Both the line and the text that it was cut from are held.
        assert!(work.peak < 8 * body.len() as u64, "{from:?}: {} bytes", work.peak);
    }
}

/// The densest bodies that are allowed, alone and beside a text that makes room for more.
#[test]
fn the_memory_of_a_request_is_bounded_whatever_it_holds() {
    for (from, before, piece, after) in CROWDS {
        for bytes in [200_000, 8 << 20] {
            let pieces = (most_values(bytes) - 20) / (values_in(piece.as_bytes()) - 1);
            let mut body = crowd(before, piece, after, pieces * piece.len());
            let text = format!("{{\"f\":\"{}\",", "x".repeat(bytes.saturating_sub(body.len())));
            body.replace_range(0..1, &text);
            let work = Work::of(|| {
                let Ok(request) = decode_request(*from, body.as_bytes(), &TARGET) else { return };
                for to in Protocol::ALL {
                    let _ = encode_request(to, &request);
                }
            });
            let most = (40 << 20) + 24 * body.len() as u64;
            assert!(work.peak < most, "{from:?} {piece}: {} bytes for {}", work.peak, body.len());
        }
    }
}

#[test]
fn a_long_text_is_held_only_a_few_times() {
    let text = "x".repeat(4 << 20);
    let body = json!({"model": "m", "messages": [{"role": "user", "content": text}]}).to_string();
    for to in Protocol::ALL {
        let work = Work::of(|| {
            let request = decode_request(Protocol::OpenAiChat, body.as_bytes(), &TARGET).expect("valid");
            encode_request(to, &request).expect("encoded");
        });
        assert!(work.peak < 6 * body.len() as u64, "{to:?}: {} bytes", work.peak);
    }
}
