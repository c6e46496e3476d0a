//! Which path belongs to which protocol, and the errors for all others.

use serde_json::json;

use super::family::{Family, JSON, accounts, proxy_with};
use crate::support::proxy::proxy_section;
use crate::support::{FakeUpstream, Reply, TestProxy};

const FORM: (&str, &str) = ("content-type", "multipart/form-data; boundary=B");

/// A body that names a model of the family that owns the upstream path.
fn body_for(upstream_path: &str) -> (&'static str, (&'static str, &'static str)) {
    match upstream_path {
        "/v1/images/edits" | "/v1/audio/transcriptions" => (
            "--B\r\ncontent-disposition: form-data; name=\"model\"\r\n\r\nwhisper-1\r\n\
             --B\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\n\0\u{1}\r\n--B--\r\n",
            FORM,
        ),
        path if path.starts_with("/v1/messages") => (Family::Anthropic.body(), JSON),
        path if path.contains("/models/") => (Family::Gemini.body(), JSON),
        _ => (Family::OpenAi.body(), JSON),
    }
}

/// Checks that a body posted to each path reaches the upstream's path unchanged. Requests to
/// `odd` paths are recorded with a hint.
async fn reaches(odd: bool, paths: &[(&str, &str)]) {
    let (proxy, upstream) = proxy_with("").await;
    for (path, upstream_path) in paths {
        let (body, content_type) = body_for(upstream_path);
        let answer = proxy.send("POST", path, &[content_type], body).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        let seen = upstream.seen().pop().expect("a request");
        assert_eq!((seen.path.as_str(), &seen.body[..]), (*upstream_path, body.as_bytes()), "{path}");
        assert_eq!(seen.header("content-type"), Some(content_type.1), "{path}");
        let record = &proxy.records().await[0];
        assert_eq!(record["path"], path.split('?').next().expect("a path"));
        assert_eq!(record["hint"].is_string(), odd, "{path}: {}", record["hint"]);
    }
    assert_eq!(upstream.seen().len(), paths.len());
}

#[tokio::test]
async fn every_path_of_the_openai_family_reaches_its_own_call() {
    let same = |path| (path, path);
    reaches(
        false,
        &[
            same("/v1/chat/completions"),
            same("/v1/responses"),
            same("/v1/completions"),
            same("/v1/embeddings"),
            same("/v1/images/generations"),
            same("/v1/images/edits"),
            same("/v1/audio/transcriptions"),
        ],
    )
    .await;
}

#[tokio::test]
async fn every_path_of_the_anthropic_family_reaches_its_own_call() {
    reaches(
        false,
        &[
            ("/v1/messages", "/v1/messages"),
            ("/v1/messages?beta=true", "/v1/messages?beta=true"),
            ("/v1/messages/count_tokens", "/v1/messages/count_tokens"),
        ],
    )
    .await;
}

#[tokio::test]
async fn every_gemini_action_reaches_its_own_call_under_every_version() {
    for action in ["generateContent", "countTokens", "embedContent", "batchEmbedContents"] {
        for version in ["v1", "v1beta", "v1alpha"] {
            // A server other than Google's has one version, whatever the client names.
            let path = format!("/{version}/models/gemini-3-flash:{action}");
            reaches(false, &[(&path, &format!("/v1beta/models/gemini-3-flash:{action}"))]).await;
        }
        let bare = format!("/models/gemini-3-flash:{action}");
        reaches(true, &[(&bare, &format!("/v1beta{bare}"))]).await;
    }
    let stream = "/v1beta/models/gemini-3-flash:streamGenerateContent";
    let upstream = FakeUpstream::always(Reply::json(200, &json!([{}]))).await;
    let proxy = TestProxy::with_upstream("gemini", &upstream).await;
    for query in ["", "?$alt=json;enum-encoding=int"] {
        let path = format!("{stream}{query}");
        let answer = proxy.send("POST", &path, &[JSON], Family::Gemini.body()).await;
        assert_eq!((answer.status.as_u16(), answer.text()), (200, "[{}]".to_owned()));
        assert_eq!(upstream.seen().pop().expect("a request").path, path);
    }
}

#[tokio::test]
async fn misspellings_that_sdks_produce_reach_the_right_handler_with_a_hint() {
    const GEMINI: &str = "/v1beta/models/gemini-3-flash:generateContent";
    reaches(
        true,
        &[
            ("/v1/v1/chat/completions", "/v1/chat/completions"),
            ("/v1/v1/v1/chat/completions", "/v1/chat/completions"),
            ("/chat/completions", "/v1/chat/completions"),
            ("//v1/chat/completions", "/v1/chat/completions"),
            ("/v1//chat/completions", "/v1/chat/completions"),
            ("/v1/chat/completions/chat/completions", "/v1/chat/completions"),
            ("/v1/chat/completions/responses", "/v1/responses"),
            ("/v1/responses/chat/completions", "/v1/chat/completions"),
            ("/v1/chat/completions/v1/messages", "/v1/messages"),
            ("/responses", "/v1/responses"),
            ("/embeddings", "/v1/embeddings"),
            ("/openai/chat/completions", "/v1/chat/completions"),
            ("/messages", "/v1/messages"),
            ("/v1/v1/messages", "/v1/messages"),
            ("/v1/v1/messages/count_tokens", "/v1/messages/count_tokens"),
            ("/v1/messages/v1/messages", "/v1/messages"),
            ("/v1/messages/v1/messages/count_tokens", "/v1/messages/count_tokens"),
            ("/anthropic/v1/v1/messages?beta=true", "/v1/messages?beta=true"),
            ("/v1beta/v1beta/models/gemini-3-flash:generateContent", GEMINI),
            ("/v1/v1beta/models/gemini-3-flash:generateContent", GEMINI),
            ("/gemini/models/gemini-3-flash:generateContent", GEMINI),
        ],
    )
    .await;
}

#[tokio::test]
async fn a_familys_name_in_front_is_not_a_misspelling() {
    reaches(
        false,
        &[
            ("/openai/v1/chat/completions", "/v1/chat/completions"),
            ("/openai/v1/responses", "/v1/responses"),
            ("/anthropic/v1/messages", "/v1/messages"),
            ("/anthropic/v1/messages/count_tokens", "/v1/messages/count_tokens"),
            (
                "/gemini/v1beta/models/gemini-3-flash:generateContent",
                "/v1beta/models/gemini-3-flash:generateContent",
            ),
            ("/v1beta/openai/chat/completions", "/v1/chat/completions"),
        ],
    )
    .await;
}

#[tokio::test]
async fn any_other_path_is_a_404_that_names_the_right_base_url() {
    let (proxy, upstream) = proxy_with("").await;
    let base = format!("http://127.0.0.1:{}", proxy.address.port());
    let openai = format!("{base}/v1");
    for (method, path, headers, family) in [
        ("GET", "/", vec![], Family::OpenAi),
        ("POST", "/v1", vec![], Family::OpenAi),
        ("POST", "/v2/chat/completions", vec![], Family::OpenAi),
        ("POST", "/V1/chat/completions", vec![], Family::OpenAi),
        ("POST", "/v1/chat", vec![("authorization", "Bearer x")], Family::OpenAi),
        ("POST", "/openai/v1/files", vec![("x-api-key", "x")], Family::OpenAi),
        ("POST", "/v1/chat/completions/x", vec![], Family::OpenAi),
        ("GET", "/v1/responses/resp_1", vec![], Family::OpenAi),
        ("POST", "/v1/complete", vec![("anthropic-version", "2023-06-01")], Family::Anthropic),
        ("POST", "/v1/messages/batches", vec![], Family::Anthropic),
        ("POST", "/anthropic/v1/nothing", vec![], Family::Anthropic),
        ("POST", "/v1beta/models/gemini-3-flash:explode", vec![], Family::Gemini),
        ("POST", "/v1beta/cachedContents", vec![], Family::Gemini),
        ("POST", "/upload/v1beta/files", vec![("x-goog-api-key", "x")], Family::Gemini),
        ("POST", "/v1/../v1/messages", vec![], Family::OpenAi),
        ("POST", "/%76%31/messages", vec![], Family::OpenAi),
    ] {
        let answer = proxy.send(method, path, &headers, "").await;
        family.assert_error(&answer, 404, &[&openai, &base, method]);
    }
    assert!(upstream.seen().is_empty());
}

#[tokio::test]
async fn a_404_repeats_a_long_path_only_in_part() {
    let (proxy, _upstream) = proxy_with("").await;
    let answer = proxy.get(&format!("/{}", "x".repeat(5_000))).await;
    Family::OpenAi.assert_error(&answer, 404, &["http://127.0.0.1"]);
    assert!(answer.message().len() < 500, "{}", answer.message());
}

#[tokio::test]
async fn a_wrong_method_is_a_405_that_allows_the_right_ones() {
    let (proxy, upstream) = proxy_with("").await;
    for (method, path, allow, family) in [
        ("POST", "/healthz", "GET, HEAD", Family::OpenAi),
        ("DELETE", "/v1/models", "GET, HEAD", Family::OpenAi),
        ("DELETE", "/v1/models/gpt-5", "GET, HEAD", Family::OpenAi),
        ("POST", "/v1/models/gpt-5", "GET, HEAD", Family::OpenAi),
        ("PUT", "/v1beta/models/gemini-3-flash", "GET, HEAD", Family::Gemini),
        ("GET", "/v1/chat/completions", "POST", Family::OpenAi),
        ("HEAD", "/v1/responses", "POST", Family::OpenAi),
        ("PUT", "/v1/messages", "POST", Family::Anthropic),
        ("GET", "/v1/messages/count_tokens", "POST", Family::Anthropic),
        ("PATCH", "/v1beta/models/gemini-3-flash:generateContent", "POST", Family::Gemini),
        ("GET", "/v1beta/models/gemini-3-flash:streamGenerateContent", "POST", Family::Gemini),
        ("TRACE", "/v1/embeddings", "POST", Family::OpenAi),
    ] {
        let answer = proxy.send(method, path, &[], "").await;
        assert_eq!((answer.status.as_u16(), answer.header("allow")), (405, Some(allow)), "{method} {path}");
        if method != "HEAD" {
            family.assert_error(&answer, 405, &[allow, method]);
        }
    }
    assert!(upstream.seen().is_empty());
}

const PROBES: [(&str, &str); 7] = [
    ("HEAD", "/"),
    ("HEAD", "/api/hello"),
    ("GET", "/api/hello"),
    ("HEAD", "/anthropic/api/hello"),
    ("GET", "/v1/api/hello"),
    ("POST", "/api/event_logging/batch"),
    ("POST", "/api/event_logging/v2/batch"),
];

#[tokio::test]
async fn the_probes_of_interactive_clients_are_answered_empty_and_leave_no_record() {
    let (proxy, upstream) = proxy_with("").await;
    for (method, path) in PROBES {
        let answer = proxy.send(method, path, &[JSON], if method == "POST" { "{}" } else { "" }).await;
        assert_eq!((answer.status.as_u16(), answer.text().as_str()), (200, ""), "{method} {path}");
    }
    assert!(upstream.seen().is_empty());
    let last = proxy.send("GET", "/nowhere", &[], "").await;
    assert_eq!(last.status, 404);
    let records = proxy.wait_for_records(1).await;
    assert_eq!(records.len(), 1, "{records:?}");
    assert_eq!(records[0]["path"], "/nowhere");
}

/// Some of these clients send no key, at every start.
#[tokio::test]
async fn a_probe_without_a_key_is_refused_and_leaves_no_record() {
    let (proxy, _upstream) = proxy_with("auth_mode = \"strict\"").await;
    for (method, path) in PROBES.into_iter().chain([("GET", "/nowhere")]) {
        let answer = proxy.send(method, path, &[JSON], if method == "POST" { "{}" } else { "" }).await;
        assert_eq!(answer.status, 401, "{method} {path}");
    }
    let records = proxy.wait_for_records(1).await;
    assert_eq!(records.len(), 1, "{records:?}");
}

#[tokio::test]
async fn query_parameters_that_a_provider_knows_survive_and_no_others() {
    let (proxy, upstream) = proxy_with("").await;
    for (family, query, sent) in [
        (Family::OpenAi, "", ""),
        (Family::Anthropic, "?beta=true", "?beta=true"),
        (Family::OpenAi, "?key=sk-abc", ""),
        (Family::Gemini, "?alt=json&key=sk-abc&x=%20y&z", "?alt=json"),
        (Family::Gemini, "?key=sk-abc&key=sk-def&monkey=1", ""),
        (Family::Gemini, "?$alt=json;enum-encoding=int", "?$alt=json;enum-encoding=int"),
        (Family::OpenAi, "?a=1&api-version=2026-01-01&c=a+b", "?api-version=2026-01-01"),
    ] {
        let path = family.path();
        let answer = proxy.send("POST", &format!("{path}{query}"), &[JSON], family.body()).await;
        assert_eq!(answer.status, 200, "{path}{query}");
        assert_eq!(upstream.seen().pop().expect("a request").path, format!("{path}{sent}"));
    }
}

#[tokio::test]
async fn every_answer_has_a_request_id_of_its_own() {
    let (proxy, _upstream) = proxy_with("").await;
    let mut ids = std::collections::HashSet::new();
    for (method, path) in
        [("GET", "/healthz"), ("GET", "/nowhere"), ("OPTIONS", "/v1/models"), ("PUT", "/v1/messages")]
    {
        let answer = proxy.send(method, path, &[("x-request-id", "mine")], "").await;
        ids.insert(answer.header("x-request-id").unwrap_or_else(|| panic!("{method} {path}")).to_owned());
    }
    for family in Family::ALL {
        let answer = proxy.send("POST", family.path(), &[JSON], family.body()).await;
        let id = answer.header("x-request-id").expect("an id").to_owned();
        assert_eq!(proxy.records().await[0]["id"], id);
        ids.insert(id);
    }
    assert_eq!(ids.len(), 7, "{ids:?}");
}

#[tokio::test]
async fn a_client_on_this_computer_learns_which_account_answered() {
    let upstream = FakeUpstream::always(Reply::json(200, &json!({}))).await;
    let proxy = TestProxy::serve(&(proxy_section("") + &accounts(&upstream))).await;
    let answer = proxy.send("POST", "/v1/messages", &[JSON], Family::Anthropic.body()).await;
    assert_eq!(answer.header("x-portcullis-account"), Some("anthropic"));
}
