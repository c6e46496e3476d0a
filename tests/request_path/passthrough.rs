//! The same protocol on both sides: the bytes pass, and only the model may change.

use bytes::Bytes;
use serde_json::{Value, json};

use super::dialect::{self, ANTHROPIC, Dialect, GEMINI, OPENAI_CHAT};
use crate::support::client::Answer;
use crate::support::proxy::account;
use crate::support::upstream::Seen;
use crate::support::{FakeUpstream, Reply, TestProxy};

const JSON: (&str, &str) = ("content-type", "application/json");

#[tokio::test]
async fn a_request_and_its_answer_cross_unchanged() {
    let answer = json!({"id": "x", "unknown": [1.0, {"a": null}], "usage": {"prompt_tokens": 3, "completion_tokens": 2}});
    let upstream = FakeUpstream::always(Reply::json(200, &answer)).await;
    let proxy = TestProxy::with_upstream("openai", &upstream).await;
    let body = "{ \"model\":\"gpt-5\",  \"messages\": [], \"odd\\u0020key\": 1.50 }";
    let response = proxy.send("POST", "/v1/chat/completions", &[JSON], body).await;
    assert_eq!((response.status.as_u16(), response.text()), (200, answer.to_string()));
    let seen = &upstream.seen()[0];
    assert_eq!((seen.path.as_str(), &seen.body[..]), ("/v1/chat/completions", body.as_bytes()));
    assert_eq!(seen.header("authorization"), Some("Bearer up-work-secret-key"));
    let record = &proxy.wait_for_records(1).await[0];
    assert_eq!(record["usage"]["input"], 3);
    assert_eq!(record["outcome"], "done");
}

/// Checks that a request reaches this path byte for byte, and that its answer comes back so.
async fn check(
    provider: &str,
    path: &str,
    upstream_path: &str,
    body: &str,
    answer: (&'static str, &'static [u8]),
) {
    let (content_type, bytes) = answer;
    let upstream = FakeUpstream::always(Reply::whole(200, content_type, Bytes::from_static(bytes))).await;
    let proxy = TestProxy::with_upstream(provider, &upstream).await;
    let response = proxy.send("POST", path, &[JSON], body).await;
    assert_eq!(response.status, 200, "{path}: {}", response.text());
    assert_eq!((&response.body[..], response.header("content-type")), (bytes, Some(content_type)), "{path}");
    let seen = &upstream.seen()[0];
    assert_eq!((seen.path.as_str(), &seen.body[..]), (upstream_path, body.as_bytes()), "{path}");
    assert_eq!(proxy.wait_for_records(1).await[0]["outcome"], "done", "{path}");
}

#[tokio::test]
async fn side_endpoints_cross_unchanged() {
    let json: (&str, &[u8]) = ("application/json", b"{\"odd\": 1.50}");
    let image: (&str, &[u8]) = ("image/png", b"\x89PNG\r\n\x1a\n\0\xff");
    let same = |path: &'static str| (path, path);
    for ((path, upstream_path), provider, body, answer) in [
        (same("/v1/embeddings"), "openai", r#"{"input":["a"],"model":"text-embedding-3-small"}"#, json),
        (same("/v1/images/generations"), "openai", r#"{"model":"gpt-image-1","prompt":"a cat"}"#, image),
        (same("/v1/completions"), "openai", r#"{"model":"gpt-3.5-turbo-instruct","prompt":"a"}"#, json),
        (same("/v1/responses"), "openai", r#"{"model":"gpt-5","input":[{"odd":null}]}"#, json),
        (
            same("/v1/messages/count_tokens"),
            "anthropic",
            r#"{"model":"claude-opus-4-5","messages":[]}"#,
            json,
        ),
        (same("/v1/messages?beta=true"), "anthropic", r#"{"model":"claude-opus-4-5","messages":[]}"#, json),
        (same("/v1beta/models/gemini-3-flash:countTokens"), "gemini", r#"{"contents":[]}"#, json),
        (
            same("/v1beta/models/gemini-embedding-001:embedContent"),
            "gemini",
            r#"{"model":"models/gemini-embedding-001","content":{"parts":[]}}"#,
            json,
        ),
        (
            same("/v1beta/models/gemini-embedding-001:batchEmbedContents"),
            "gemini",
            r#"{"requests":[{"model":"models/gemini-embedding-001"}]}"#,
            json,
        ),
        (
            ("/models/gemini-3-flash:generateContent", "/v1beta/models/gemini-3-flash:generateContent"),
            "gemini",
            r#"{"contents":[]}"#,
            json,
        ),
        (
            (
                "/v1beta/models/gemini-3-flash:generateContent?$alt=json;enum-encoding=int&key=mine",
                "/v1beta/models/gemini-3-flash:generateContent?$alt=json;enum-encoding=int",
            ),
            "gemini",
            r#"{"contents":[]}"#,
            json,
        ),
    ] {
        check(provider, path, upstream_path, body, answer).await;
    }
}

/// The request that the upstream gets when the map turns `mine` into this model.
async fn mapped(provider: &str, to: &str, path: &str, content_type: &str, body: &str) -> (Answer, Seen) {
    let upstream = FakeUpstream::always(Reply::json(200, &json!({}))).await;
    let account = account("work", provider, &upstream, "");
    let proxy = TestProxy::serve(&format!("{account}[models]\nmine = \"{to}\"\n")).await;
    let answer = proxy.send("POST", path, &[("content-type", content_type)], body).await;
    assert_eq!(answer.status, 200, "{path}: {}", answer.text());
    let seen = upstream.seen().remove(0);
    (answer, seen)
}

#[tokio::test]
async fn only_the_model_changes_in_a_json_body() {
    let body = "{ \"messages\": [{\"model\":\"mine\"}], \"model\" :\"mine\" , \"odd\": 1.50, \"stop\":null}";
    let (_, seen) = mapped("openai", "gpt-5", "/v1/chat/completions", JSON.1, body).await;
    let expected = body.replace("\"model\" :\"mine\"", "\"model\" :\"gpt-5\"");
    assert_eq!(String::from_utf8_lossy(&seen.body), expected);
    assert_eq!(seen.header("content-length"), Some(expected.len().to_string().as_str()));
}

#[tokio::test]
async fn only_the_model_changes_in_a_form() {
    const TYPE: &str = "multipart/form-data; boundary=XX";
    let form = "--XX\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.wav\"\r\nContent-Type: audio/wav\r\n\r\n\
                RIFF\u{0}\u{1}mine\r\n--XX\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nmine\r\n\
                --XX\r\nContent-Disposition: form-data; name=\"prompt\"\r\n\r\nmine\r\n--XX--\r\n";
    for (path, to) in [("/v1/audio/transcriptions", "whisper-1"), ("/v1/images/edits", "gpt-image-1")] {
        let (_, seen) = mapped("openai", to, path, TYPE, form).await;
        let expected = form.replace("name=\"model\"\r\n\r\nmine", &format!("name=\"model\"\r\n\r\n{to}"));
        assert_eq!(String::from_utf8_lossy(&seen.body), expected, "{path}");
        assert_eq!((seen.path.as_str(), seen.header("content-type")), (path, Some(TYPE)));
    }
}

#[tokio::test]
async fn a_gemini_model_changes_in_the_path_and_wherever_the_body_repeats_it() {
    let path = |action: &str| format!("/v1beta/models/mine:{action}");
    let (_, seen) =
        mapped("gemini", "gemini-3-pro", &path("generateContent"), JSON.1, "{\"contents\": []}").await;
    assert_eq!(seen.path, "/v1beta/models/gemini-3-pro:generateContent");
    assert_eq!(&seen.body[..], b"{\"contents\": []}");
    let body = r#"{"model":"models/mine","content":{}}"#;
    let (_, seen) = mapped("gemini", "gemini-embedding-001", &path("embedContent"), JSON.1, body).await;
    assert_eq!(seen.json()["model"], "models/gemini-embedding-001");
}

#[tokio::test]
async fn a_model_name_cannot_bend_the_upstreams_url() {
    let upstream = FakeUpstream::always(GEMINI.whole_reply()).await;
    let more = "models = [\"*\"]";
    let proxy = TestProxy::serve(&account("work", "gemini", &upstream, more)).await;
    for name in ["a%2F..%2F..%2Fsecret", "a%3Fkey=1", "a%23b", "a%5Cb", "%2e%2e%2fx"] {
        let path = format!("/v1beta/models/{name}:generateContent");
        proxy.post(&path, &GEMINI.body(false)).await;
    }
    for seen in upstream.seen() {
        let path = seen.path.strip_prefix("/v1beta/models/").unwrap_or_else(|| panic!("{}", seen.path));
        assert!(!path.contains(['/', '?', '#']), "{}", seen.path);
    }
}

/// Headers that concern only the client and this proxy, or would mislead the upstream.
const PRIVATE: [(&str, &str); 12] = [
    ("authorization", "Bearer sk-mine-private"),
    ("x-api-key", "sk-mine-private"),
    ("x-goog-api-key", "sk-mine-private"),
    ("cookie", "session=private"),
    ("proxy-authorization", "Basic private"),
    ("x-forwarded-for", "10.0.0.1"),
    ("forwarded", "for=10.0.0.1"),
    ("referer", "http://private.example/"),
    ("x-real-ip", "10.0.0.1"),
    ("accept-encoding", "gzip, br"),
    ("te", "trailers"),
    ("x-anything-else", "private"),
];

#[tokio::test]
async fn request_headers_cross_only_when_they_are_the_familys_own() {
    let own: [(&Dialect, &[(&str, &str)]); 3] = [
        (&OPENAI_CHAT, &[("openai-beta", "b1"), ("x-stainless-lang", "js"), ("idempotency-key", "i1")]),
        (&ANTHROPIC, &[("anthropic-beta", "a,b"), ("anthropic-version", "2026-10-21"), ("x-app", "cli")]),
        (&GEMINI, &[("x-goog-api-client", "genai/1")]),
    ];
    for (dialect, own) in own {
        let upstream = FakeUpstream::always(dialect.whole_reply()).await;
        let proxy = dialect.serve(&upstream, "").await;
        let shared = [JSON, ("accept", "application/json"), ("user-agent", "client/1.0")];
        let headers = [&PRIVATE[..], own, &shared].concat();
        let body = dialect.body(false).to_string();
        let answer = proxy.send("POST", dialect.path(false), &headers, &body).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        let seen = &upstream.seen()[0];
        for (name, value) in own.iter().chain(&shared) {
            assert_eq!(seen.header(name), Some(*value), "{} {name}", dialect.name);
        }
        for (name, value) in PRIVATE {
            assert_ne!(seen.header(name), Some(value), "{} {name}", dialect.name);
        }
        assert!(!format!("{:?}", seen.headers).contains("private"), "{:?}", seen.headers);
        assert_eq!(seen.header("accept-encoding"), Some("identity"), "{}", dialect.name);
    }
}

#[tokio::test]
async fn anthropic_is_told_a_version_when_the_client_names_none() {
    let upstream = FakeUpstream::always(ANTHROPIC.whole_reply()).await;
    let proxy = ANTHROPIC.serve(&upstream, "").await;
    ANTHROPIC.ask(&proxy, false).await;
    assert_eq!(upstream.seen()[0].header("anthropic-version"), Some("2023-06-01"));
}

#[tokio::test]
async fn each_provider_gets_its_own_credential_header() {
    for (provider, dialect, name, value) in [
        ("openai", &OPENAI_CHAT, "authorization", "Bearer up-work-secret-key"),
        ("openai-compatible", &OPENAI_CHAT, "authorization", "Bearer up-work-secret-key"),
        ("anthropic", &ANTHROPIC, "x-api-key", "up-work-secret-key"),
        ("gemini", &GEMINI, "x-goog-api-key", "up-work-secret-key"),
    ] {
        let upstream = FakeUpstream::always(dialect.whole_reply()).await;
        let proxy = TestProxy::with_upstream(provider, &upstream).await;
        assert_eq!(dialect.ask(&proxy, false).await.status, 200);
        let seen = &upstream.seen()[0];
        assert_eq!(seen.header(name), Some(value), "{provider}");
        let credentials = ["authorization", "x-api-key", "x-goog-api-key"];
        let sent = credentials.iter().filter(|name| seen.header(name).is_some());
        assert_eq!(sent.count(), 1, "{provider}");
    }
}

#[tokio::test]
async fn response_headers_cross_only_when_an_sdk_reads_them() {
    let crossing = [
        ("retry-after-ms", "5"),
        ("request-id", "req_up"),
        ("x-ratelimit-remaining-tokens", "7"),
        ("anthropic-ratelimit-requests-remaining", "7"),
        ("openai-processing-ms", "7"),
        ("x-should-retry", "false"),
    ];
    let staying = [
        ("set-cookie", "a=b"),
        ("access-control-allow-origin", "*"),
        ("strict-transport-security", "max-age=1"),
        ("alt-svc", "h3=\":443\""),
        ("content-security-policy", "default-src *"),
        ("refresh", "0;url=http://evil"),
        ("server", "upstream/1"),
        ("x-request-id", "upstreams-own"),
        ("x-portcullis-account", "forged"),
        ("x-anything-else", "1"),
    ];
    for stream in [false, true] {
        let reply = if stream { Reply::sse(OPENAI_CHAT.stream()) } else { OPENAI_CHAT.whole_reply() };
        let reply = crossing
            .iter()
            .chain(&staying)
            .fold(reply, |reply, (name, value)| reply.with_header(name, value));
        let upstream = FakeUpstream::always(reply).await;
        let proxy = OPENAI_CHAT.serve(&upstream, "").await;
        let answer = OPENAI_CHAT.ask(&proxy, stream).await;
        for (name, value) in crossing {
            assert_eq!(answer.header(name), Some(value), "{name}");
        }
        for (name, value) in staying {
            assert_ne!(answer.header(name), Some(value), "{name}");
        }
        assert_eq!(answer.header("x-portcullis-account"), Some("work"));
    }
}

#[tokio::test]
async fn an_upstream_that_echoes_its_key_is_not_quoted() {
    for status in [400, 401, 429, 500] {
        let echo =
            json!({"error": {"message": "Incorrect API key provided: up-work-secret-key", "code": "x"}});
        let upstream = FakeUpstream::always(Reply::json(status, &echo)).await;
        let proxy = OPENAI_CHAT.serve(&upstream, "").await;
        let answer = OPENAI_CHAT.ask(&proxy, false).await;
        assert!(!answer.text().contains("up-work-secret"), "{status}: {}", answer.text());
        let record = Value::from(proxy.wait_for_records(1).await);
        let told = format!("{record}{}", proxy.status().await);
        assert!(!told.contains("up-work-secret"), "{status}: {told}");
    }
}

#[tokio::test]
async fn a_large_body_crosses_whole_wherever_its_model_stands() {
    let filler = "x".repeat(3 << 20);
    for dialect in dialect::ALL {
        let mut body = json!({"messages": filler, "contents": filler});
        body.as_object_mut()
            .expect("an object")
            .extend(dialect.body(false).as_object().expect("one").clone());
        body["odd"] = json!(filler);
        let upstream = FakeUpstream::always(dialect.whole_reply()).await;
        let proxy = dialect.serve(&upstream, "").await;
        let answer = proxy.post(dialect.path(false), &body).await;
        assert_eq!(answer.status, 200, "{}: {}", dialect.name, answer.text());
        assert!(upstream.seen()[0].body == body.to_string().as_bytes(), "{}", dialect.name);
    }
}
