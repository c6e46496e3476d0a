//! `[prices]` in *Settings*: the rest of the file stays as it was.

use serde_json::json;

use super::browser::Browser;
use super::{KEY, config_of};
use crate::support::{FakeUpstream, Home, Reply, TestProxy};

const FILE: &str = "# the head

# what we pay
[prices] # dollars
# a friend's
\"mine-*\" = { input = 1.50, output = 6 } # agreed in May

# the first
[[accounts]]
name = \"demo\" # no key
provider = \"demo\"
";

async fn agent() -> TestProxy {
    agent_with("").await
}

async fn agent_with(account: &str) -> TestProxy {
    let config = format!("[proxy]\napi_key = \"{KEY}\"\n{FILE}{account}");
    TestProxy::serve_home(Home::with_config(&config), &["serve", "--port", "0"]).await
}

#[tokio::test]
async fn a_price_is_added_changed_and_removed_by_hand() {
    let Some(browser) = Browser::open().await else { return };
    let proxy = agent().await;
    let (address, token) = proxy.control();
    browser.goto(&format!("http://{address}/settings#{token}")).await;
    browser.shows(".price code", "mine-*").await;
    let before = config_of(&proxy);

    browser.fill("#price-0-cached_input", "0.15").await;
    browser.fill("#price-0-output", "7.25").await;
    browser.click(".price button[type=submit]").await;
    browser.shows("#said", "Saved").await;
    let line = "\"mine-*\" = { input = 1.50, output = 7.25, cached_input = 0.15 } # agreed in May";
    let changed = before.replace("\"mine-*\" = { input = 1.50, output = 6 } # agreed in May", line);
    assert_eq!(config_of(&proxy), changed);

    browser.fill("#new-price-model", "gpt-5.1*").await;
    browser.fill("#new-price-input", "2000000").await;
    browser.fill("#new-price-output", "10").await;
    browser.click("#add-price button[type=submit]").await;
    browser.shows("#add-price [data-problem=input]", "out of range").await;
    assert_eq!(config_of(&proxy), changed, "nothing was written");
    browser.fill("#new-price-input", "1.25").await;
    browser.click("#add-price button[type=submit]").await;
    browser.shows("#prices", "gpt-5.1*").await;
    assert_eq!(
        config_of(&proxy),
        changed.replace(line, &format!("{line}\n\"gpt-5.1*\" = {{ input = 1.25, output = 10 }}"))
    );

    browser.click("#remove-price-1").await;
    browser.until("document.querySelectorAll('.price code').length === 1").await;
    assert_eq!(config_of(&proxy), changed, "and every comment is where it was");
    assert_eq!(browser.complaints().await, Vec::<String>::new());
}

#[tokio::test]
async fn a_price_is_in_force_at_once_and_wrong_ones_are_refused() {
    let answer = json!({ "choices": [], "usage": { "prompt_tokens": 1, "completion_tokens": 1 } });
    let upstream = FakeUpstream::always(Reply::json(200, &answer)).await;
    // Answers of the demo cost nothing.
    let base_url = format!("{}/v1", upstream.url());
    let proxy = agent_with(&format!(
        "\n[[accounts]]\nname = \"paid\"\nprovider = \"openai\"\napi_key = \"upkey-1\"\nbase_url = \"{base_url}\"\n"
    ))
    .await;
    let post = async |path: &str, body: serde_json::Value| {
        proxy.control_call("POST", &format!("/api/prices/{path}"), &body.to_string()).await
    };
    let price = json!({ "model": "gpt-5-mini", "input": 1_000_000, "output": 1_000_000 });
    assert_eq!(post("set", price).await.status, 200);
    super::ask(&proxy, "gpt-5-mini", "curl/8").await;
    let records = proxy.wait_for_records(1).await;
    assert!(records[0]["estimated_cost_usd"].as_f64().is_some_and(|cost| cost >= 1.0), "{}", records[0]);

    let before = config_of(&proxy);
    for (path, body, status, field) in [
        ("set", json!({ "model": "a", "input": -1, "output": 1 }), 422, "input"),
        ("set", json!({ "model": "a", "input": 1 }), 422, "output"),
        ("set", json!({ "model": "a.b", "input": 1, "cached_input": 1e9, "output": 1 }), 422, "cached_input"),
        ("set", json!({ "model": "", "input": 1, "output": 1 }), 422, "model"),
        ("set", json!({ "model": "a", "input": "1", "output": 1 }), 400, ""),
        ("set", json!({ "model": "a", "input": 1, "output": 1, "cached": 1 }), 400, ""),
        ("remove", json!({ "model": "a", "input": 1 }), 400, ""),
    ] {
        let answer = post(path, body.clone()).await;
        assert_eq!(answer.status, status, "{body}: {}", answer.text());
        let said = &answer.json()["problems"][0]["field"];
        assert_eq!(said.as_str().unwrap_or_default(), field, "{body}: {}", answer.text());
        assert_eq!(config_of(&proxy), before, "{body}");
    }
}
