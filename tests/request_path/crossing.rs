//! Which parameters and headers of a client reach a provider: only those it knows, however they
//! are spelt, because a foreign credential makes a good account look broken.

use serde_json::json;

use super::dialect::{ANTHROPIC, Dialect, GEMINI, OPENAI_CHAT};
use crate::support::{FakeUpstream, Reply};

/// Every parameter that could carry a credential for Google, OpenAI or Anthropic.
const CREDENTIALS: &str = "access_token=zzz&%6bey=zzz&key=zzz&k%65y=zzz&oauth_token=zzz&%61ccess_token=zzz\
    &bearer_token=zzz&quotaUser=zzz&userIp=zzz&api_key=zzz&api-key=zzz&$.xgafv=zzz&callback=zzz&uploadType=zzz\
    &upload_protocol=zzz&access%5Ftoken=zzz&client_id=zzz";

async fn path_sent(dialect: &Dialect, stream: bool, query: &str) -> String {
    let upstream = FakeUpstream::always(dialect.whole_reply()).await;
    let proxy = dialect.serve(&upstream, "").await;
    let path = dialect.path(stream);
    let path = format!("{path}{}{query}", if path.contains('?') { '&' } else { '?' });
    proxy.post(&path, &dialect.body(false)).await;
    upstream.seen().pop().expect("a request").path
}

#[tokio::test]
async fn no_credential_in_a_query_crosses_however_it_is_spelt() {
    for (dialect, stream, known, expected) in [
        (&GEMINI, true, "prettyPrint=false", "?alt=sse&prettyPrint=false"),
        (&GEMINI, false, "%61lt=json", "?alt=json"),
        (&GEMINI, false, "x=y", ""),
        (&ANTHROPIC, false, "beta=true", "?beta=true"),
        (&OPENAI_CHAT, false, "api-version=2026-01-01", "?api-version=2026-01-01"),
    ] {
        let path = path_sent(dialect, stream, &format!("{CREDENTIALS}&{known}")).await;
        let query = path.split_once('?').map(|(_, query)| format!("?{query}")).unwrap_or_default();
        assert_eq!(query, expected, "{}: {path}", dialect.name);
    }
}

#[tokio::test]
async fn a_foreign_credential_in_a_query_costs_no_account() {
    let upstream = FakeUpstream::always(GEMINI.whole_reply()).await;
    let proxy = GEMINI.serve(&upstream, "").await;
    for query in ["access_token=zzz", "%6bey=zzz", "oauth_token=zzz"] {
        let path = format!("{}?{query}", GEMINI.path(false));
        assert_eq!(proxy.post(&path, &GEMINI.body(false)).await.status, 200, "{query}");
    }
    assert!(upstream.seen().iter().all(|seen| !seen.path.contains('?')), "{:?}", upstream.seen());
}

#[tokio::test]
async fn headers_that_name_an_account_stay_here() {
    let crossing = [
        ("x-goog-api-client", &GEMINI),
        ("x-goog-request-params", &GEMINI),
        ("anthropic-beta", &ANTHROPIC),
        ("openai-beta", &OPENAI_CHAT),
        ("idempotency-key", &OPENAI_CHAT),
    ];
    let staying = [
        "x-goog-user-project",
        "x-goog-iam-authorization-token",
        "x-goog-iam-authority-selector",
        "x-goog-authenticated-user-email",
        "x-goog-authenticated-user-id",
        "x-goog-something-new",
        "x-goog-api-key",
        "anthropic-organization-id",
        "anthropic-workspace-id",
        "openai-organization",
        "openai-project",
        "x-codex-account-id",
        "chatgpt-account-id",
        "x-amz-security-token",
        "cookie",
        "forwarded",
        "x-forwarded-for",
    ];
    for dialect in [&GEMINI, &ANTHROPIC, &OPENAI_CHAT] {
        let upstream = FakeUpstream::always(dialect.whole_reply()).await;
        let proxy = dialect.serve(&upstream, "").await;
        let names = crossing.iter().map(|(name, _)| *name).chain(staying);
        let headers: Vec<_> = names.map(|name| (name, "of-the-client")).collect();
        let headers = [vec![("content-type", "application/json")], headers].concat();
        let answer =
            proxy.send("POST", dialect.path(false), &headers, &dialect.body(false).to_string()).await;
        assert_eq!(answer.status, 200, "{}", dialect.name);
        let seen = upstream.seen().pop().expect("a request");
        for name in staying {
            assert_ne!(seen.header(name), Some("of-the-client"), "{}: {name}", dialect.name);
        }
        for (name, of) in crossing {
            let expected = (of.name == dialect.name).then_some("of-the-client");
            assert_eq!(seen.header(name), expected, "{}: {name}", dialect.name);
        }
    }
}

#[tokio::test]
async fn a_resource_name_in_a_path_is_the_model_itself() {
    let upstream = FakeUpstream::always(GEMINI.whole_reply()).await;
    let proxy = GEMINI.serve(&upstream, "").await;
    for path in [
        "/v1beta/models/models/gemini-3-flash:generateContent",
        "/v1beta/models/models%2Fgemini-3-flash:generateContent",
        "/v1/models/gemini-3-flash:generateContent",
        "/v1alpha/models/gemini-3-flash:generateContent",
        "/models/gemini-3-flash:generateContent",
    ] {
        let answer = proxy.post(path, &json!({"contents": [{"parts": [{"text": "hi"}]}]})).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        let seen = upstream.seen().pop().expect("a request");
        assert_eq!(seen.path, "/v1beta/models/gemini-3-flash:generateContent", "{path}: it is not Google's");
    }
}

#[tokio::test]
async fn a_base_url_that_names_a_version_is_asked_for_that() {
    let upstream = FakeUpstream::always(GEMINI.whole_reply()).await;
    let text = crate::support::proxy::account("work", "gemini", &upstream, "");
    let text = text.replace(&upstream.url(), &format!("{}/api/v1", upstream.url()));
    let proxy = crate::support::TestProxy::serve(&text).await;
    assert_eq!(GEMINI.ask(&proxy, false).await.status, 200);
    let seen = upstream.seen().pop().expect("a request");
    assert_eq!(seen.path, "/api/v1/models/gemini-3-flash:generateContent");
    upstream.now(Reply::json(200, &json!({"models": []})));
    proxy.get("/v1beta/models").await;
    assert!(upstream.seen().pop().expect("a list").path.starts_with("/api/v1/models"));
}
