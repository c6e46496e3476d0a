//! The three families as their clients see them: a call that each understands, and the error that
//! its SDK turns into an exception.

use serde_json::{Value, json};

use crate::support::proxy::{account, proxy_section};
use crate::support::{Answer, FakeUpstream, Reply, TestProxy};

pub const JSON: (&str, &str) = ("content-type", "application/json");

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    OpenAi,
    Anthropic,
    Gemini,
}

impl Family {
    pub const ALL: [Self; 3] = [Self::OpenAi, Self::Anthropic, Self::Gemini];

    /// The path that its SDK posts a conversation to.
    pub const fn path(self) -> &'static str {
        match self {
            Self::OpenAi => "/v1/chat/completions",
            Self::Anthropic => "/v1/messages",
            Self::Gemini => "/v1beta/models/gemini-3-flash:generateContent",
        }
    }

    /// A conversation that starts.
    pub const fn body(self) -> &'static str {
        match self {
            Self::OpenAi => r#"{"model":"gpt-5","messages":[{"role":"user","content":"hi"}]}"#,
            Self::Anthropic => {
                r#"{"model":"claude-opus-5","max_tokens":9,"messages":[{"role":"user","content":"hi"}]}"#
            }
            Self::Gemini => r#"{"contents":[{"role":"user","parts":[{"text":"hi"}]}]}"#,
        }
    }

    /// Fails unless this is the family's own error, with its request id and these words.
    pub fn assert_error(self, answer: &Answer, status: u16, words: &[&str]) {
        let context = format!("{self:?}: {} {:?} {}", answer.status, answer.headers, answer.text());
        assert_eq!(answer.status.as_u16(), status, "{context}");
        assert_eq!(answer.header("content-type"), Some("application/json"), "{context}");
        let request_id = answer.header("x-request-id").unwrap_or_else(|| panic!("no id: {context}"));
        self.assert_shape(&answer.json(), status, request_id);
        for word in words {
            assert!(answer.message().contains(word), "no {word:?} in {context}");
        }
    }

    fn assert_shape(self, body: &Value, status: u16, request_id: &str) {
        let error = &body["error"];
        match self {
            Self::OpenAi => {
                assert_eq!(error["type"], openai_type(status), "{body}");
                assert!(error.get("param").is_some() && error.get("code").is_some(), "{body}");
            }
            Self::Anthropic => {
                assert_eq!(body["type"], "error", "{body}");
                assert_eq!(error["type"], anthropic_type(status), "{body}");
                assert_eq!(body["request_id"], request_id, "{body}");
            }
            Self::Gemini => {
                assert_eq!(error["code"], status, "{body}");
                assert_eq!(error["status"], gemini_status(status), "{body}");
            }
        }
    }
}

fn openai_type(status: u16) -> &'static str {
    match status {
        401 => "authentication_error",
        403 => "permission_error",
        413 => "request_too_large",
        429 => "rate_limit_error",
        400..=499 => "invalid_request_error",
        _ => "server_error",
    }
}

fn anthropic_type(status: u16) -> &'static str {
    match status {
        401 => "authentication_error",
        403 => "permission_error",
        404 => "not_found_error",
        413 => "request_too_large",
        429 => "rate_limit_error",
        503 => "overloaded_error",
        400..=499 => "invalid_request_error",
        _ => "api_error",
    }
}

fn gemini_status(status: u16) -> &'static str {
    match status {
        401 => "UNAUTHENTICATED",
        403 => "PERMISSION_DENIED",
        404 => "NOT_FOUND",
        429 => "RESOURCE_EXHAUSTED",
        400..=499 => "INVALID_ARGUMENT",
        _ => "UNAVAILABLE",
    }
}

/// One account of each family, all at one upstream.
pub fn accounts(upstream: &FakeUpstream) -> String {
    ["openai", "anthropic", "gemini"].map(|provider| account(provider, provider, upstream, "")).concat()
}

/// A proxy with these lines under `[proxy]`, in front of an upstream of every family that accepts
/// every request.
pub async fn proxy_with(lines: &str) -> (TestProxy, FakeUpstream) {
    let upstream = FakeUpstream::always(Reply::json(200, &json!({}))).await;
    let proxy = TestProxy::serve(&(proxy_section(lines) + &accounts(&upstream))).await;
    (proxy, upstream)
}

/// The status in an answer's bytes.
pub fn status_of(raw_answer: &str) -> u16 {
    raw_answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default()
}
