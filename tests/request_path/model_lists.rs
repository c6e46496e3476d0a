//! The models that clients can ask for: the accounts' own lists and the configured names, in
//! the shape of the client's family, if an account would serve them.

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::family::Family;
use crate::support::proxy::account;
use crate::support::{Answer, FakeUpstream, Reply, TestProxy};

/// The header that makes `GET /v1/models` a family's own.
fn asks_as(family: Family) -> Vec<(&'static str, &'static str)> {
    match family {
        Family::OpenAi => vec![("authorization", "Bearer x")],
        Family::Anthropic => vec![("anthropic-version", "2026-10-21"), ("authorization", "Bearer x")],
        Family::Gemini => vec![("x-goog-api-key", "x")],
    }
}

async fn list_of(proxy: &TestProxy, family: Family) -> Answer {
    proxy.send("GET", "/v1/models", &asks_as(family), "").await
}

async fn one_of(proxy: &TestProxy, family: Family, id: &str) -> Answer {
    proxy.send("GET", &format!("/v1/models/{id}"), &asks_as(family), "").await
}

/// The entries of a list in the family's shape.
fn entries(family: Family, answer: &Answer) -> Vec<Value> {
    assert_eq!(answer.status, 200, "{family:?}: {}", answer.text());
    let list = answer.json();
    let entries = match family {
        Family::OpenAi => {
            assert_eq!(list["object"], "list", "{list}");
            &list["data"]
        }
        Family::Anthropic => {
            assert_eq!(list["has_more"], false, "{list}");
            &list["data"]
        }
        Family::Gemini => &list["models"],
    };
    entries.as_array().unwrap_or_else(|| panic!("no list: {list}")).clone()
}

/// Their names, as a client asks for them.
fn names(family: Family, answer: &Answer) -> Vec<String> {
    let name = |entry: &Value| match family {
        Family::Gemini => entry["name"].as_str()?.strip_prefix("models/").map(str::to_owned),
        _ => entry["id"].as_str().map(str::to_owned),
    };
    entries(family, answer).iter().map(|entry| name(entry).expect("a name")).collect()
}

/// An entry as this family's provider writes it, with a field that only it knows.
fn entry(family: Family, id: &str) -> Value {
    match family {
        Family::OpenAi => json!({"id": id, "object": "model", "created": 7, "owned_by": "them", "rich": 1.5}),
        Family::Anthropic => {
            json!({"type": "model", "id": id, "display_name": "Rich", "created_at": "2025-02-19T00:00:00Z",
                   "max_tokens": 64000})
        }
        Family::Gemini => json!({"name": format!("models/{id}"), "inputTokenLimit": 1_048_576,
                                 "supportedGenerationMethods": ["generateContent"]}),
    }
}

fn page(family: Family, ids: &[&str]) -> Value {
    let entries: Vec<Value> = ids.iter().map(|id| entry(family, id)).collect();
    match family {
        Family::OpenAi => json!({"object": "list", "data": entries}),
        Family::Anthropic => json!({"data": entries, "has_more": false, "last_id": ids.last()}),
        Family::Gemini => json!({"models": entries}),
    }
}

async fn listing(family: Family, ids: &[&str]) -> FakeUpstream {
    FakeUpstream::always(Reply::json(200, &page(family, ids))).await
}

/// An account of each family with a model or two of its own.
async fn three_families() -> (TestProxy, [FakeUpstream; 3]) {
    let upstreams = [
        listing(Family::OpenAi, &["o3", "gpt-5"]).await,
        listing(Family::Anthropic, &["claude-opus-5"]).await,
        listing(Family::Gemini, &["gemini-3-flash", "gemma-4"]).await,
    ];
    let config = ["openai", "anthropic", "gemini"].iter().zip(&upstreams);
    let config: String =
        config.map(|(provider, upstream)| account(provider, provider, upstream, "")).collect();
    (TestProxy::serve(&config).await, upstreams)
}

const DEMO: &str =
    "[[accounts]]\nname = \"d\"\nprovider = \"demo\"\n[models]\n\"mine\" = \"demo\"\n\"any-*\" = \"demo\"\n";

#[tokio::test]
async fn the_model_list_is_in_the_shape_of_the_clients_family() {
    let proxy = TestProxy::serve(DEMO).await;
    for family in Family::ALL {
        let mut paths = vec!["/v1/models", "/models", "/v1/v1/models"];
        if family == Family::Gemini {
            paths.extend(["/v1beta/models", "/v1alpha/models", "/gemini/v1beta/models?pageSize=50"]);
        }
        for path in paths {
            let names = names(family, &proxy.send("GET", path, &asks_as(family), "").await);
            assert!(names.contains(&"mine".to_owned()), "{family:?} {path}: {names:?}");
            assert!(!names.iter().any(|name| name.contains('*')), "{names:?}");
        }
        let one = one_of(&proxy, family, "mine").await;
        let (id, name) = if family == Family::Gemini { ("name", "models/mine") } else { ("id", "mine") };
        assert_eq!((one.status.as_u16(), one.json()[id].as_str()), (200, Some(name)), "{}", one.text());
        family.assert_error(&one_of(&proxy, family, "nobody").await, 404, &["nobody", "mine"]);
        let head = proxy.send("HEAD", "/v1/models", &asks_as(family), "").await;
        assert_eq!((head.status.as_u16(), head.text()), (200, String::new()));
    }
    let plain = proxy.get("/v1beta/models").await;
    assert!(names(Family::Gemini, &plain).contains(&"mine".to_owned()));
}

#[tokio::test]
async fn every_family_sees_the_models_of_all_with_its_own_entries_as_the_provider_wrote_them() {
    let (proxy, _upstreams) = three_families().await;
    for (family, own) in
        [(Family::OpenAi, "gpt-5"), (Family::Anthropic, "claude-opus-5"), (Family::Gemini, "gemini-3-flash")]
    {
        let list = list_of(&proxy, family).await;
        assert_eq!(names(family, &list), ["claude-opus-5", "gemini-3-flash", "gpt-5", "o3"], "{family:?}");
        assert_eq!(list.text(), list_of(&proxy, family).await.text(), "the same again");
        let entries = entries(family, &list);
        let written = entries.iter().filter(|entry| **entry == self::entry(family, own)).count();
        assert_eq!(written, 1, "{family:?}: {entries:?}");
        assert_eq!(one_of(&proxy, family, own).await.json(), entry(family, own));
    }
}

#[tokio::test]
async fn each_account_is_asked_once_in_its_own_protocol_when_a_list_is_asked_for() {
    let (proxy, upstreams) = three_families().await;
    assert!(upstreams.iter().all(|upstream| upstream.seen().is_empty()));
    let families = Family::ALL.into_iter().cycle().take(9);
    join_all(families.map(|family| list_of(&proxy, family))).await;
    let asked = [
        ("/v1/models", ("authorization", "Bearer up-openai-secret-key")),
        ("/v1/models?limit=1000", ("x-api-key", "up-anthropic-secret-key")),
        ("/v1beta/models?pageSize=1000", ("x-goog-api-key", "up-gemini-secret-key")),
    ];
    for (upstream, (path, (header, key))) in upstreams.iter().zip(asked) {
        let [seen] = &upstream.seen()[..] else { panic!("{:?}", upstream.seen()) };
        assert_eq!((&*seen.method, &*seen.path, seen.header(header)), ("GET", path, Some(key)));
    }
}

#[tokio::test]
async fn another_key_gets_another_list() {
    let upstream = listing(Family::OpenAi, &["gpt-old"]).await;
    let config = account("work", "openai", &upstream, "");
    let proxy = TestProxy::serve(&config).await;
    assert_eq!(names(Family::OpenAi, &list_of(&proxy, Family::OpenAi).await), ["gpt-old"]);
    upstream.now(Reply::json(200, &page(Family::OpenAi, &["gpt-new"])));
    proxy.home.write_config(&config.replace("up-work-secret-key", "up-work-other-key"));
    assert!(proxy.run(&["reload"]).await.status.success());
    assert_eq!(names(Family::OpenAi, &list_of(&proxy, Family::OpenAi).await), ["gpt-new"]);
    assert_eq!(upstream.seen()[1].header("authorization"), Some("Bearer up-work-other-key"));
}

#[tokio::test]
async fn a_list_in_pages_is_read_to_its_end() {
    let first =
        json!({"data": [entry(Family::Anthropic, "claude-a")], "has_more": true, "last_id": "claude-a"});
    let anthropic = FakeUpstream::script(
        [Reply::json(200, &first)],
        Reply::json(200, &page(Family::Anthropic, &["claude-b"])),
    )
    .await;
    let first = json!({"models": [entry(Family::Gemini, "gemini-a")], "nextPageToken": "a/b&key=c"});
    let gemini = FakeUpstream::script(
        [Reply::json(200, &first)],
        Reply::json(200, &page(Family::Gemini, &["gemini-b"])),
    )
    .await;
    let config = account("a", "anthropic", &anthropic, "") + &account("g", "gemini", &gemini, "");
    let proxy = TestProxy::serve(&config).await;
    let list = list_of(&proxy, Family::Anthropic).await;
    assert_eq!(names(Family::Anthropic, &list), ["claude-a", "claude-b", "gemini-a", "gemini-b"]);
    assert_eq!(anthropic.seen()[1].path, "/v1/models?limit=1000&after_id=claude%2Da");
    assert_eq!(gemini.seen()[1].path, "/v1beta/models?pageSize=1000&pageToken=a%2Fb%26key%3Dc");
}

#[tokio::test]
async fn a_list_without_an_end_is_cut() {
    let endless = json!({"models": [entry(Family::Gemini, "gemini-a")], "nextPageToken": "again"});
    let upstream = FakeUpstream::always(Reply::json(200, &endless)).await;
    let proxy = TestProxy::with_upstream("gemini", &upstream).await;
    assert_eq!(names(Family::Gemini, &list_of(&proxy, Family::Gemini).await), ["gemini-a"]);
    assert_eq!(upstream.seen().len(), 20);
}

#[tokio::test]
async fn an_account_whose_list_fails_is_left_out_and_asked_again_next_time() {
    let refusals = [
        Reply::json(401, &json!({"error": {"message": "no", "code": "invalid_api_key"}})),
        Reply::json(403, &json!({"error": {"message": "Missing scopes: api.model.read"}})),
        Reply::json(429, &json!({"error": {"message": "slow down"}})),
        Reply::whole(200, "text/html", "<html>"),
        // The connection was reused, so it is asked once more on a new one.
        Reply::HangUp,
        Reply::HangUp,
    ];
    let count = refusals.len() - 1;
    let last = Reply::json(200, &page(Family::OpenAi, &["gpt-5"]));
    let ailing = FakeUpstream::script(refusals, last).await;
    let well = listing(Family::Gemini, &["gemini-3-flash"]).await;
    let config = account("ailing", "openai", &ailing, "") + &account("well", "gemini", &well, "");
    let proxy = TestProxy::serve(&config).await;
    for _ in 0..count {
        let list = list_of(&proxy, Family::OpenAi).await;
        assert_eq!(names(Family::OpenAi, &list), ["gemini-3-flash"], "asked {} times", ailing.seen().len());
        let status = proxy.status().await;
        assert_eq!((&status["active_accounts"], &status["cooling_accounts"]), (&json!(2), &json!(0)));
    }
    let list = list_of(&proxy, Family::OpenAi).await;
    assert_eq!(names(Family::OpenAi, &list), ["gemini-3-flash", "gpt-5"]);
    assert_eq!((ailing.seen().len(), well.seen().len()), (count + 2, 1));
}

#[tokio::test]
async fn a_silent_account_does_not_delay_the_list_for_long() {
    let silent = FakeUpstream::always(Reply::Silence).await;
    let well = listing(Family::Gemini, &["gemini-3-flash"]).await;
    let config = account("silent", "openai", &silent, "") + &account("well", "gemini", &well, "");
    let proxy = TestProxy::serve(&config).await;
    let lists = join_all((0..3).map(|_| list_of(&proxy, Family::OpenAi))).await;
    for list in lists {
        assert_eq!(names(Family::OpenAi, &list), ["gemini-3-flash"]);
    }
    silent.now(Reply::json(200, &page(Family::OpenAi, &["gpt-5"])));
    let list = list_of(&proxy, Family::OpenAi).await;
    assert_eq!(names(Family::OpenAi, &list), ["gemini-3-flash", "gpt-5"]);
}

#[tokio::test]
async fn only_models_that_an_account_would_serve_are_listed() {
    let limited = listing(Family::OpenAi, &["gpt-5", "gpt-4o", "gpt-moved", "gpt-lost"]).await;
    let local = listing(Family::OpenAi, &["llama-4", "qwen-4", "gpt-5"]).await;
    let off = listing(Family::Gemini, &["gemini-3-flash"]).await;
    let config = account("limited", "openai", &limited, "models = [\"gpt-4*\", \"tuned\", \"gpt-moved\"]")
        + &account("local", "openai-compatible", &local, "models = [\"llama-*\", \"not-listed\"]")
        + &account("off", "gemini", &off, "enabled = false\nmodels = [\"gemini-named\"]")
        + "[models]\n\"fast\" = \"llama-4\"\n\"pinned\" = \"local/llama-4\"\n\"gpt-moved\" = \"llama-4\"\n\
           \"gpt-lost\" = \"gemini-3-flash\"\n\"nowhere\" = \"gemini-3-flash\"\n\"claude-*\" = \"llama-4\"\n";
    let proxy = TestProxy::serve(&config).await;
    let list = list_of(&proxy, Family::OpenAi).await;
    let expected = ["fast", "gpt-4o", "gpt-moved", "llama-4", "not-listed", "pinned", "tuned"];
    assert_eq!(names(Family::OpenAi, &list), expected);
    let moved = one_of(&proxy, Family::OpenAi, "gpt-moved").await.json();
    assert_eq!(moved["owned_by"], "portcullis", "the provider's words are about another model: {moved}");
    assert!(off.seen().is_empty());
}

#[tokio::test]
async fn the_models_that_stand_in_for_claude_are_listed_where_zai_takes_part() {
    let upstream = FakeUpstream::always(Reply::json(404, &json!({}))).await;
    let zai = format!(
        "[zai]\nenabled = true\ndispatch_mode = \"pooled\"\nbase_url = \"{}\"\napi_key = \"zai-secret\"\n\
         models = {{ opus = \"glm-5\", sonnet = \"glm-4.7\", haiku = \"glm-4.5-air\" }}\n",
        upstream.url()
    );
    let proxy = TestProxy::serve(&zai).await;
    for family in Family::ALL {
        let list = list_of(&proxy, family).await;
        assert_eq!(names(family, &list), ["glm-4.5-air", "glm-4.7", "glm-5"], "{family:?}");
    }
}

#[tokio::test]
async fn a_model_is_found_by_its_name_with_slashes_and_all() {
    let upstream = listing(Family::OpenAi, &["org/llama-4:8b", "qwen"]).await;
    let proxy = TestProxy::with_upstream("openai-compatible", &upstream).await;
    for id in ["org/llama-4:8b", "org%2Fllama-4:8b", "models/qwen"] {
        let found = one_of(&proxy, Family::OpenAi, id).await;
        let name = id.replace("%2F", "/").replace("models/", "");
        assert_eq!(found.json(), entry(Family::OpenAi, &name), "{id}");
    }
    let gemini = proxy.get("/v1beta/models/org/llama-4:8b").await;
    assert_eq!(gemini.json()["name"], "models/org/llama-4:8b");
}

#[tokio::test]
async fn a_name_that_is_not_listed_but_would_be_answered_is_found() {
    let upstream = listing(Family::Anthropic, &["claude-opus-5-20260101"]).await;
    let config =
        account("work", "anthropic", &upstream, "") + "[models]\n\"gpt-*\" = \"claude-opus-5-20260101\"\n";
    let proxy = TestProxy::serve(&config).await;
    let mapped = one_of(&proxy, Family::OpenAi, "gpt-5").await;
    assert_eq!((mapped.status.as_u16(), &mapped.json()["id"]), (200, &json!("gpt-5")), "{}", mapped.text());
    assert_eq!(upstream.seen().len(), 1, "the list alone");

    // Anthropic does not list the aliases that it knows.
    upstream.now(Reply::json(200, &entry(Family::Anthropic, "claude-opus-5-20260101")));
    let alias = one_of(&proxy, Family::Anthropic, "claude-opus-5").await;
    assert_eq!(alias.json()["id"], "claude-opus-5-20260101");
    assert_eq!(upstream.seen()[1].path, "/v1/models/claude-opus-5");

    upstream.now(Reply::json(
        404,
        &json!({"type": "error", "error": {"type": "not_found_error", "message": "no"}}),
    ));
    for id in ["claude-nobody", "qwen", "gemini-3-flash"] {
        let unknown = one_of(&proxy, Family::Anthropic, id).await;
        Family::Anthropic.assert_error(&unknown, 404, &[id, "claude-opus-5-20260101"]);
    }
}

#[tokio::test]
async fn a_model_of_an_account_without_a_list_is_assumed_to_exist() {
    let upstream = FakeUpstream::always(Reply::json(500, &json!({}))).await;
    let proxy = TestProxy::with_upstream("openai", &upstream).await;
    let found = one_of(&proxy, Family::OpenAi, "gpt-5").await;
    assert_eq!((found.status.as_u16(), &found.json()["id"]), (200, &json!("gpt-5")), "{}", found.text());
    Family::OpenAi.assert_error(&one_of(&proxy, Family::OpenAi, "qwen").await, 404, &["qwen"]);
}
