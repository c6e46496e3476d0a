//! Accounts that name no models and whose provider owns none: they serve what their own lists
//! name.

use serde_json::{Value, json};

use super::dialect;
use crate::support::home::{stderr, stdout};
use crate::support::proxy::{account, free_port, proxy_section};
use crate::support::{FakeUpstream, Home, Reply, TestProxy};

fn list(ids: &[&str]) -> Reply {
    let entries: Vec<Value> = ids.iter().map(|id| json!({"id": id, "object": "model"})).collect();
    Reply::json(200, &json!({"object": "list", "data": entries}))
}

fn answer(model: &str) -> Reply {
    let message = json!({"role": "assistant", "content": "hello"});
    let choice = json!({"index": 0, "message": message, "finish_reason": "stop"});
    Reply::json(
        200,
        &json!({"id": "c", "object": "chat.completion", "created": 1, "model": model, "choices": [choice]}),
    )
}

fn bare(name: &str, base_url: &str) -> String {
    format!(
        "\n[[accounts]]\nname = \"{name}\"\nprovider = \"openai-compatible\"\nbase_url = \"{base_url}\"\n"
    )
}

fn paths(upstream: &FakeUpstream) -> Vec<String> {
    upstream.seen().into_iter().map(|seen| seen.path).collect()
}

#[tokio::test]
async fn what_its_list_names_is_served_and_nothing_else() {
    let upstream = FakeUpstream::script([list(&["llama3", "qwen3"])], answer("llama3")).await;
    let proxy = TestProxy::serve(&bare("local", &format!("{}/v1", upstream.url()))).await;
    let answered = proxy.chat("llama3").await;
    assert_eq!(answered.status, 200, "{}", answered.text());
    assert_eq!(proxy.chat("llama3").await.status, 200);
    assert_eq!(paths(&upstream), ["/v1/models", "/v1/chat/completions", "/v1/chat/completions"]);
    let unknown = proxy.chat("mistral").await;
    assert_eq!(unknown.status, 404);
    assert!(unknown.text().contains("llama3") && unknown.text().contains("qwen3"), "{}", unknown.text());
    assert_eq!(proxy.account("local").await["reason"], Value::Null);
}

#[tokio::test]
async fn every_protocol_finds_it() {
    let upstream = FakeUpstream::script([list(&["llama3"])], answer("llama3")).await;
    let proxy = TestProxy::serve(&bare("local", &format!("{}/v1", upstream.url()))).await;
    let message = json!([{"role": "user", "content": "hi"}]);
    let anthropic = json!({"model": "llama3", "max_tokens": 9, "messages": message});
    assert_eq!(proxy.post("/v1/messages", &anthropic).await.status, 200);
    let gemini = json!({"contents": [{"role": "user", "parts": [{"text": "hi"}]}]});
    assert_eq!(proxy.post("/v1beta/models/llama3:generateContent", &gemini).await.status, 200);
    assert_eq!(proxy.post("/v1/responses", &json!({"model": "llama3", "input": "hi"})).await.status, 200);
    let names = proxy.get("/v1/models").await.json();
    assert_eq!(names["data"][0]["id"], "llama3", "{names}");
}

#[tokio::test]
async fn a_server_that_starts_later_is_found_when_its_model_is_asked_for() {
    let upstream = FakeUpstream::always(Reply::json(503, &json!({"error": {"message": "starting"}}))).await;
    let proxy = TestProxy::serve(&bare("local", &format!("{}/v1", upstream.url()))).await;
    let status =
        proxy.wait_for_status("that it serves nothing", |status| status["accounts"][0]["reason"].is_string());
    let reason = status.await["accounts"][0]["reason"].as_str().expect("a reason").to_owned();
    assert!(reason.contains("serves no model") && reason.contains("models = [\"*\"]"), "{reason}");
    let refused = proxy.chat("llama3").await;
    assert_eq!(refused.status, 503);
    assert!(refused.text().contains("starting"), "{}", refused.text());
    upstream.now(list(&["llama3"]));
    // A list that could not be read is not asked for again at once; the account is.
    assert_eq!(proxy.chat("llama3").await.status, 200);
    let learned = crate::support::until("the list was read again", async || {
        proxy.chat("llama3").await;
        Some(proxy.account("local").await).filter(|account| account["reason"].is_null())
    });
    learned.await;
}

#[tokio::test]
async fn a_server_out_of_reach_is_reported_and_asked_by_every_request() {
    for dialect in dialect::ALL {
        let port = free_port();
        let proxy = TestProxy::serve(&bare("late", &format!("http://127.0.0.1:{port}/v1"))).await;
        for turn in 0..4 {
            let answer = dialect.ask(&proxy, turn % 2 == 0).await;
            assert_eq!(answer.status, 502, "{} {turn}: {}", dialect.name, answer.text());
            dialect.assert_error(&answer.json());
            assert!(answer.message().contains("127.0.0.1"), "{}", answer.message());
        }
        let upstream = FakeUpstream::at(port, answer("any")).await;
        let answer = dialect.ask(&proxy, false).await;
        assert_eq!(answer.status, 200, "{}: {}", dialect.name, answer.text());
        assert!(!upstream.seen().is_empty(), "{}", dialect.name);
    }
}

#[tokio::test]
async fn a_server_out_of_reach_does_not_take_models_that_another_lists_and_is_reached_by_its_pin() {
    let other = FakeUpstream::always(answer("known")).await;
    let config = bare("late", &format!("http://127.0.0.1:{}/v1", free_port()))
        + &bare("b", &format!("{}/v1", other.url()))
        + "models = [\"known\"]\n";
    let proxy = TestProxy::serve(&config).await;
    assert_eq!(proxy.chat("known").await.status, 200);
    assert_eq!(proxy.chat("unknown").await.status, 502);
    assert_eq!(proxy.chat("late/unknown").await.status, 502);
    let pinned = proxy.chat("b/unknown").await;
    assert_eq!(pinned.status, 404, "{}", pinned.text());
}

#[tokio::test]
async fn a_wait_that_a_server_without_a_list_asked_for_is_kept_and_its_model_is_not_unknown() {
    let busy = Reply::json(503, &json!({"error": {"message": "later"}})).with_header("retry-after", "60");
    let upstream = FakeUpstream::always(busy).await;
    let proxy = TestProxy::serve(&bare("local", &format!("{}/v1", upstream.url()))).await;
    assert_eq!(proxy.chat("llama3").await.status, 503);
    let resting = proxy.chat("llama3").await;
    assert_eq!(resting.status, 429, "{}", resting.text());
    assert!(resting.header("retry-after").is_some(), "{}", resting.text());
}

#[tokio::test]
async fn requests_for_other_accounts_wait_for_no_list() {
    let silent = FakeUpstream::always(Reply::Silence).await;
    let other = FakeUpstream::always(answer("gpt-5")).await;
    let config = bare("silent", &format!("{}/v1", silent.url())) + &account("other", "openai", &other, "");
    let proxy = TestProxy::serve(&config).await;
    silent.wait_for_requests(1).await;
    assert_eq!(proxy.chat("gpt-5").await.status, 200);
    assert_eq!(silent.seen().len(), 1, "only the agent itself asked");
}

#[tokio::test]
async fn learned_models_outlive_a_reload() {
    let upstream = FakeUpstream::script([list(&["llama3"])], answer("llama3")).await;
    let config = bare("local", &format!("{}/v1", upstream.url()));
    let proxy = TestProxy::serve(&config).await;
    assert_eq!(proxy.chat("llama3").await.status, 200);
    proxy.home.write_config(&(config + "priority = 3\n"));
    assert_eq!(proxy.run(&["reload"]).await.status.code(), Some(0));
    assert_eq!(proxy.chat("llama3").await.status, 200);
    let lists = paths(&upstream).iter().filter(|path| *path == "/v1/models").count();
    assert_eq!(lists, 1);
}

#[tokio::test]
async fn every_surface_shows_that_an_account_serves_nothing_and_the_line_that_helps() {
    let line = "models = [\"*\"]";
    for (reply, why) in [
        (list(&[]), "its model list is empty"),
        (Reply::whole(404, "text/plain", "404 page not found"), "its model list could not be read"),
    ] {
        let upstream = FakeUpstream::always(reply).await;
        let home = Home::with_config(&proxy_section("port = 0"));
        let base_url = upstream.url();
        let added = home
            .ask(&["account", "add", "local", "--provider", "openai-compatible", "--base-url", &base_url])
            .await;
        let added = stderr(&added);
        assert!(
            added.contains("Added local") && added.contains("serves no model") && added.contains(why),
            "{added}"
        );
        let tested = home.ask(&["account", "test", "local"]).await;
        assert_eq!(tested.status.code(), Some(1));
        assert!(stdout(&tested).contains("serves no model"), "{}", stdout(&tested));
        let offline = stdout(&home.ask(&["doctor"]).await);
        assert!(offline.contains("serves no model"), "{offline}");
        let proxy = TestProxy::serve_home(home, &["serve", "--port", "0"]).await;
        proxy
            .wait_for_status("that it serves nothing", |status| status["accounts"][0]["reason"].is_string())
            .await;
        for arguments in [["status"].as_slice(), &["account", "list"], &["doctor"]] {
            let shown = stdout(&proxy.run(arguments).await);
            assert!(shown.contains("serves no model") && shown.contains(line), "{arguments:?}: {shown}");
        }
        let page = proxy.control_call("GET", "/page/accounts", "").await.text();
        assert!(page.contains("serves no model"), "{page}");
    }
}

#[tokio::test]
async fn for_an_address_without_a_version_the_one_with_it_is_suggested() {
    let upstream = FakeUpstream::always(Reply::whole(404, "text/plain", "404 page not found")).await;
    let home = Home::with_config(&proxy_section("port = 0"));
    let (base_url, meant) = (upstream.url(), format!("{}/v1", upstream.url()));
    let added = home
        .ask(&["account", "add", "local", "--provider", "openai-compatible", "--base-url", &base_url])
        .await;
    assert!(stderr(&added).contains(&meant), "{}", stderr(&added));
    let tested = home.ask(&["account", "test", "local"]).await;
    assert!(stdout(&tested).contains(&meant), "{}", stdout(&tested));
    let named = home.ask(&["doctor", "--online"]).await;
    assert!(stdout(&named).contains(&meant), "{}", stdout(&named));
}

#[tokio::test]
async fn a_test_names_the_models_that_are_served() {
    let upstream = FakeUpstream::always(list(&["llama3", "qwen3"])).await;
    let home =
        Home::with_config(&(proxy_section("port = 0") + &bare("local", &format!("{}/v1", upstream.url()))));
    let tested = home.ask(&["account", "test", "local"]).await;
    assert_eq!(tested.status.code(), Some(0));
    assert!(stdout(&tested).contains("2 models: llama3, qwen3"), "{}", stdout(&tested));
}

#[tokio::test]
async fn a_mapping_to_a_model_that_only_a_list_names_is_not_a_mistake() {
    let upstream = FakeUpstream::script([list(&["llama3"])], answer("llama3")).await;
    let config = bare("local", &format!("{}/v1", upstream.url())) + "\n[models]\n\"claude-*\" = \"llama3\"\n";
    let proxy = TestProxy::serve(&config).await;
    assert_eq!(proxy.status().await["warnings"], json!([]));
    assert_eq!(proxy.chat("claude-opus-4-8").await.status, 200);
}

#[tokio::test]
async fn a_list_that_needs_no_key_does_not_enable_a_refused_account() {
    let refused = Reply::json(401, &json!({"error": {"message": "no", "code": "invalid_api_key"}}));
    let upstream = FakeUpstream::script([list(&["llama3"])], refused.clone()).await;
    let proxy = TestProxy::serve(&bare("local", &format!("{}/v1", upstream.url()))).await;
    proxy.chat("llama3").await;
    proxy.wait_for_status("disabled", |status| status["accounts"][0]["state"] == "disabled").await;
    for (answer, code, state) in [(refused, 1, "disabled"), (answer("llama3"), 0, "ready")] {
        upstream.script_now([list(&["llama3"]), list(&["llama3"])], answer);
        let tested = proxy.run(&["account", "test", "local"]).await;
        assert_eq!(tested.status.code(), Some(code), "{}", stdout(&tested));
        assert!(stdout(&tested).contains("asked for llama3"), "{}", stdout(&tested));
        assert_eq!(proxy.account("local").await["state"], state);
    }
}
