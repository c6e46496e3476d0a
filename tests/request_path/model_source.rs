//! `GET …/models` where an upstream's own list cannot be read: the configured names.

use bytes::Bytes;
use serde_json::{Value, json};

use crate::support::proxy::account;
use crate::support::{FakeUpstream, Reply, TestProxy};

/// A family and how it asks for its models.
struct Family {
    provider: &'static str,
    path: &'static str,
    /// Known by this.
    header: (&'static str, &'static str),
}

const FAMILIES: [Family; 3] = [
    Family { provider: "openai", path: "/v1/models", header: ("authorization", "Bearer sk-any") },
    Family { provider: "anthropic", path: "/v1/models", header: ("anthropic-version", "2026-10-21") },
    Family { provider: "gemini", path: "/v1beta/models", header: ("x-goog-api-key", "any") },
];

/// The ids in a list of any family.
fn ids(family: &str, list: &Value) -> Vec<String> {
    let (list, id) = if family == "gemini" { (&list["models"], "name") } else { (&list["data"], "id") };
    let entries = list.as_array().unwrap_or_else(|| panic!("{family}: {list}"));
    entries.iter().map(|entry| entry[id].as_str().expect("a name").replace("models/", "")).collect()
}

#[tokio::test]
async fn configured_names_stand_in_for_an_upstream_that_fails() {
    let broken = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 900\r\n\r\n{\"data\":";
    let failures = [
        Reply::HangUp,
        Reply::Silence,
        Reply::json(500, &json!({"error": {"message": "trouble"}})),
        Reply::json(404, &json!({"error": {"message": "no lists here"}})),
        Reply::whole(200, "application/json", ""),
        Reply::Raw(Bytes::from_static(broken.as_bytes())),
    ];
    for says in failures {
        let upstream = FakeUpstream::always(says.clone()).await;
        let account = account("work", "openai-compatible", &upstream, "models = [\"llama-3\", \"qwen-*\"]");
        let proxy = format!(
            "[proxy]\nrequest_timeout_secs = 1\n{account}[models]\n\"mine\" = \"llama-3\"\n\"gpt-*\" = \"llama-3\"\n"
        );
        let proxy = TestProxy::serve(&proxy).await;
        for Family { provider: family, path, header } in FAMILIES {
            let answer = proxy.send("GET", path, &[header], "").await;
            assert_eq!(answer.status, 200, "{family} {says:?}: {}", answer.text());
            assert_eq!(ids(family, &answer.json()), ["llama-3", "mine"], "{family} {says:?}");
        }
    }
}

#[tokio::test]
async fn a_list_that_stops_in_the_middle_is_not_waited_for() {
    let upstream = FakeUpstream::always(Reply::fed("application/json")).await;
    let account = account("work", "openai-compatible", &upstream, "models = [\"llama-3\"]");
    let proxy = TestProxy::serve(&format!("[proxy]\nrequest_timeout_secs = 1\n{account}")).await;
    let (answer, ()) = tokio::join!(proxy.get("/v1/models"), upstream.feed_text("{\"data\":"));
    assert_eq!(ids("openai", &answer.json()), ["llama-3"]);
}

#[tokio::test]
async fn one_model_is_found_or_missed_in_the_familys_own_shape() {
    let upstream = FakeUpstream::always(Reply::json(500, &json!({}))).await;
    let proxy =
        TestProxy::serve(&account("work", "openai-compatible", &upstream, "models = [\"llama-3\"]")).await;
    for Family { provider: family, path, header } in FAMILIES {
        let found = proxy.send("GET", &format!("{path}/llama-3"), &[header], "").await;
        let name = if family == "gemini" { &found.json()["name"] } else { &found.json()["id"] };
        assert!(name.as_str().is_some_and(|name| name.ends_with("llama-3")), "{family}: {}", found.text());
        let missed = proxy.send("GET", &format!("{path}/llama-9"), &[header], "").await;
        assert_eq!(missed.status, 404, "{family}");
        assert!(missed.message().contains("llama-3"), "{family} is told what there is: {}", missed.text());
    }
}
