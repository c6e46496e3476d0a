//! Whole answers, as each client reads them.

use portcullis::protocol::{Protocol, decode_response, encode_response};

use super::support::{ANTHROPIC, CHAT, GEMINI, RESPONSES, compare, context, others, pretty, read, word};

fn check(from: Protocol, case: &str) {
    let body = read(from, "responses", &format!("{case}.json"));
    for to in others(from) {
        let text = match decode_response(from, &body) {
            Ok(response) => match encode_response(to, &response, &context()) {
                Ok(encoded) => pretty(&encoded),
                Err(refused) => format!("refused: {} {refused}", refused.kind.status()),
            },
            Err(failure) => format!("failed: {failure:?}"),
        };
        compare(from, "responses", case, word(to), &text);
    }
}

#[test]
fn answers_are_read_by_every_other_client() {
    for (from, cases) in [
        (ANTHROPIC, &["text", "thinking_and_tools", "stop_sequence_and_citations", "error_with_200"][..]),
        (CHAT, &["text", "parallel_tools", "refusal", "truncated_arguments", "reasoning_content"][..]),
        (RESPONSES, &["reasoning_and_tools", "incomplete", "failed"][..]),
        (GEMINI, &["text_with_thoughts", "signed_calls", "blocked", "malformed_call", "grounded"][..]),
    ] {
        for case in cases {
            check(from, case);
        }
    }
}

#[test]
fn a_body_that_is_not_an_answer_is_a_failure() {
    for from in Protocol::ALL {
        for body in ["", "null", "[]", "{", "<html>", r#"{"object":"list"}"#] {
            // An answer of Anthropic's or OpenAI's may be without content.
            let outcome = decode_response(from, body.as_bytes());
            let is_empty = outcome.as_ref().is_ok_and(|response| response.parts.is_empty());
            assert!(outcome.is_err() || is_empty, "{from:?} {body}");
        }
    }
}
