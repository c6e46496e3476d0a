//! Upstream errors, as each client's SDK reads them.

use std::fmt::Write;

use http::StatusCode;
use portcullis::chat::FailureKind;
use portcullis::protocol::failure::for_client;
use portcullis::protocol::{Protocol, decode_error};

use super::support::{cases, compare, read};

/// The files are named `<status>_<case>.json`.
#[test]
fn errors_arrive_in_the_clients_own_protocol() {
    for from in [Protocol::OpenAiChat, Protocol::Anthropic, Protocol::Gemini] {
        for file in cases(from, "errors", "json") {
            let case = file.strip_suffix(".json").expect("listed by its ending");
            let status: u16 = case[..3].parse().expect("a status");
            let status = StatusCode::from_u16(status).expect("a status");
            let failure = decode_error(status, &read(from, "errors", &file));
            let error = for_client(&failure);
            let mut text = format!("{failure:?}\n{} for the client\n", error.kind.status());
            for to in Protocol::ALL {
                let body = to.family().error_body(&error, "req_1");
                let _ = writeln!(text, "{}: {body}", to.name());
            }
            compare(from, "errors", case, "all", &text);
        }
    }
}

#[test]
fn a_refused_credential_never_looks_like_the_clients_own() {
    for from in Protocol::ALL {
        for status in [401, 402, 403] {
            let status = StatusCode::from_u16(status).expect("a status");
            for body in ["", "{}", r#"{"error":{"message":"no","type":"permission_error"}}"#] {
                let error = for_client(&decode_error(status, body.as_bytes()));
                let answered = error.kind.status().as_u16();
                assert!(matches!(answered, 502 | 503), "{from:?} {status} {body}: {answered}");
            }
        }
    }
}

#[test]
fn a_status_that_is_more_exact_than_its_body_counts() {
    for (from, status, body, expected) in [
        (Protocol::Gemini, 413, r#"{"error":{"status":"INVALID_ARGUMENT","message":"no"}}"#, 413),
        (Protocol::Gemini, 529, r#"{"error":{"status":"INTERNAL","message":"no"}}"#, 503),
        (Protocol::Anthropic, 503, r#"{"error":{"type":"api_error","message":"no"}}"#, 503),
        (Protocol::Anthropic, 504, r#"{"error":{"type":"api_error","message":"no"}}"#, 504),
        (Protocol::Anthropic, 500, r#"{"error":{"type":"overloaded_error","message":"no"}}"#, 503),
        (Protocol::OpenAiChat, 503, r#"{"error":{"type":"server_error","message":"no"}}"#, 503),
        (Protocol::OpenAiChat, 500, r#"{"error":{"type":"server_error","message":"no"}}"#, 500),
        (Protocol::OpenAiChat, 400, r#"{"error":{"type":"server_error","message":"no"}}"#, 500),
    ] {
        let status = StatusCode::from_u16(status).expect("a status");
        let error = for_client(&decode_error(status, body.as_bytes()));
        assert_eq!(error.kind.status().as_u16(), expected, "{from:?} {status} {body}");
    }
}

#[test]
fn a_body_that_is_not_an_error_still_gives_a_message() {
    for (body, expected) in [
        ("", "the upstream answered 502 (Bad Gateway)"),
        ("<html>nginx</html>", "the upstream answered 502 (Bad Gateway)"),
        ("upstream connect error", "the upstream answered 502: upstream connect error"),
    ] {
        let failure = decode_error(StatusCode::BAD_GATEWAY, body.as_bytes());
        assert_eq!((failure.message.as_str(), failure.kind), (expected, FailureKind::Overloaded));
    }
}
