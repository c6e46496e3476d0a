//! The pages as the shell's script fetches them.

use serde_json::{Value, json};

use super::{agent, ask};
use crate::support::client::{Stream, open, request};
use crate::support::proxy::account;
use crate::support::{FakeUpstream, Home, Reply, TestProxy};

const PAGES: [&str; 6] = ["/", "/requests", "/usage", "/usage?per=hour&by=client", "/accounts", "/settings"];

/// The patches of a live stream, one by one.
struct Patches {
    stream: Stream,
    rest: String,
}

impl Patches {
    async fn of(proxy: &TestProxy, at: &str) -> Self {
        let (address, token) = proxy.control();
        let path = format!("/live?at={at}");
        let stream = open(address, "GET", &path, &[("x-portcullis-token", &token)], "").await;
        assert_eq!(stream.status, 200);
        Self { stream, rest: String::new() }
    }

    /// The next patch that satisfies the condition.
    async fn until(&mut self, condition: impl Fn(&Value) -> bool) -> Value {
        loop {
            while let Some(end) = self.rest.find('\n') {
                let line: String = self.rest.drain(..=end).collect();
                let patch: Value = serde_json::from_str(&line).expect("JSON");
                if condition(&patch) {
                    return patch;
                }
            }
            let chunk = self.stream.chunk().await.expect("it goes on").expect("whole");
            self.rest.push_str(std::str::from_utf8(&chunk).expect("text"));
        }
    }
}

fn shows(patch: &Value, target: &str, text: &str) -> bool {
    patch["target"] == target && patch["html"].as_str().is_some_and(|html| html.contains(text))
}

#[tokio::test]
async fn every_page_is_in_every_language() {
    let proxy = agent().await;
    ask(&proxy, "demo", "curl/8").await;
    for (language, home) in [("en", "Home"), ("ja", "ホーム"), ("zh-CN", "主页")] {
        let settings = json!({ "values": { "language": language } }).to_string();
        assert_eq!(proxy.control_call("POST", "/api/settings", &settings).await.status, 200);
        for page in PAGES {
            let answer = proxy.control_call("GET", &format!("/page{page}"), "").await;
            let text = answer.text();
            assert_eq!(answer.status, 200, "{page}");
            assert!(text.contains(&format!("lang=\"{language}\"")) && text.contains(home), "{page}: {text}");
            assert!(!text.contains("style=") && !text.contains("<script"), "{page}: {text}");
        }
        // A page that was loaded just before the change learns it from the first patch.
        let first = Patches::of(&proxy, "/settings").await.until(|_| true).await;
        assert_eq!(first, json!({ "how": "language", "language": language }));
    }
}

#[tokio::test]
async fn every_page_can_be_reloaded_and_a_wrong_address_is_not_found() {
    let proxy = agent().await;
    let (address, _) = proxy.control();
    for page in ["/", "/requests", "/requests/42", "/usage", "/accounts", "/settings"] {
        let shell = request(address, "GET", page, &[], "").await;
        assert!(shell.status == 200 && shell.text().contains("/app.js"), "{page}: {}", shell.status);
    }
    let policy = request(address, "GET", "/", &[], "").await;
    let policy = policy.header("content-security-policy").expect("a policy");
    assert!(policy.contains("require-trusted-types-for 'script'"), "{policy}");
    for (page, status) in
        [("/nowhere", 404), ("/requests/42", 404), ("/requests?color=red", 400), ("/accounts?x=1", 400)]
    {
        let answer = proxy.control_call("GET", &format!("/page{page}"), "").await;
        assert_eq!(answer.status, status, "{page}");
        assert!(answer.text().contains("id=\"title\""), "{page}: {}", answer.text());
    }
    assert_eq!(proxy.control_call("GET", "/live", "").await.status, 400);
    assert_eq!(proxy.control_call("GET", "/live?at=/&more=1", "").await.status, 400);
}

#[tokio::test]
async fn a_page_follows_what_happens() {
    let proxy = agent().await;
    let mut home = Patches::of(&proxy, "/").await;
    let mut errors = Patches::of(&proxy, "/requests?errors=true").await;
    home.until(|patch| shows(patch, "first-request", "Waiting")).await;
    errors.until(|patch| patch["target"] == "rows").await;
    ask(&proxy, "demo", "curl/8").await;
    home.until(|patch| shows(patch, "first-request", "curl got an answer")).await;
    ask(&proxy, "unserved-this", "curl/8").await;
    let row = errors.until(|patch| patch["how"] == "prepend").await;
    assert!(shows(&row, "rows", "unserved-this"), "only rows that match the filter: {row}");
    proxy.control_call("POST", "/api/stop", "").await;
    home.until(|patch| shows(patch, "home-state", "Stopped")).await;
    errors.until(|patch| shows(patch, "state", "Stopped")).await;
    let settings = json!({ "values": { "language": "ja" } }).to_string();
    proxy.control_call("POST", "/api/settings", &settings).await;
    home.until(|patch| patch["how"] == "page").await;
}

#[tokio::test]
async fn a_refused_client_gets_advice_on_what_to_change() {
    let upstream =
        FakeUpstream::always(Reply::json(401, &json!({ "error": { "message": "Incorrect API key" } }))).await;
    let config = format!(
        "[proxy]\napi_key = \"{}\"\nauth_mode = \"strict\"\n{}",
        super::KEY,
        account("work", "openai", &upstream, "models = [\"gpt-*\"]\n")
    );
    let proxy = TestProxy::serve_home(Home::with_config(&config), &["serve", "--port", "0"]).await;
    let key = format!("Bearer {}", super::KEY);
    let base_url = format!("http://{}/v1", proxy.address);
    for (path, key, model, advice) in [
        ("/v1/chat/completions", "", "gpt-5", "x-api-key: KEY"),
        ("/v1/messages", "Bearer sk-not-the-key", "gpt-5", "x-api-key: KEY"),
        ("/v2/nowhere", &key, "gpt-5", &base_url),
        ("/v1/chat/completions", &key, "llama-3", "No account serves the model llama-3"),
        ("/v1/chat/completions", &key, "gpt-5", "Incorrect API key"),
    ] {
        let headers =
            [("content-type", "application/json"), ("user-agent", "curl/8"), ("authorization", key)];
        let body = crate::support::client::chat(model, false).to_string();
        proxy.send("POST", path, &headers, &body).await;
        let page = proxy.control_call("GET", "/page/", "").await.text();
        let (_, said) = page.split_once("id=\"first-request\"").expect("the third step");
        assert!(said.contains("curl sent a request") && said.contains(advice), "{path} {model}: {said}");
    }
}

#[tokio::test]
async fn a_broken_file_is_shown_with_its_problems_and_can_be_corrected() {
    let proxy = agent().await;
    let broken = super::config_of(&proxy).replace("max_attempts = 2", "max_attempts = 0");
    proxy.home.write_config(&broken);
    proxy.wait_for_status("a problem", |status| status["problem"].is_string()).await;
    let page = proxy.control_call("GET", "/page/settings", "").await.text();
    assert!(page.contains("too small"), "{page}");
    let mended = json!({ "values": { "pool.max_attempts": 4 } }).to_string();
    assert_eq!(proxy.control_call("POST", "/api/settings", &mended).await.status, 200);
    assert_eq!(proxy.status().await["problem"], json!(null));
}

#[tokio::test]
async fn a_problem_of_a_setting_is_in_the_language_of_the_page() {
    let proxy = agent().await;
    let chosen = json!({ "values": { "language": "zh-CN" } }).to_string();
    assert_eq!(proxy.control_call("POST", "/api/settings", &chosen).await.status, 200);
    let wrong = json!({ "values": { "pool.max_attempts": 0 } }).to_string();
    let answer = proxy.control_call("POST", "/api/settings", &wrong).await;
    assert_eq!(answer.status, 422);
    let problem = &answer.json()["problems"][0];
    let (message, fix) = ("0 太小", "请改为：1 到 100 之间的整数");
    assert_eq!(
        *problem,
        json!({ "key": "pool.max_attempts", "field": "pool.max_attempts", "message": message, "fix": fix })
    );
    let broken = super::config_of(&proxy).replace("max_attempts = 2", "max_attempts = 0");
    proxy.home.write_config(&broken);
    proxy.wait_for_status("a problem", |status| status["problem"].is_string()).await;
    let said = format!("{message}；{fix}");
    for page in ["/", "/settings"] {
        let text = proxy.control_call("GET", &format!("/page{page}"), "").await.text();
        assert!(text.contains(&said), "{page}: {text}");
    }
}

#[tokio::test]
async fn without_an_account_the_home_page_offers_to_add_one() {
    let home = Home::with_config("[proxy]\nstart_with_agent = false\n");
    let command = home.command(&["serve", "--port", "0"]);
    let proxy = TestProxy::spawn_stopped(home, command).await;
    let page = proxy.control_call("GET", "/page/", "").await.text();
    assert!(page.contains("No accounts yet") && page.contains("id=\"start\""), "{page}");
    assert!(page.contains("href=\"/accounts\">Add account"), "{page}");
}
