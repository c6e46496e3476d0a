//! Text from outside is shown as text on every page, and never run.

use serde_json::json;

use super::browser::Browser;
use crate::support::{FakeUpstream, Home, Reply, TestProxy};

const EVIL: &str = "\"><img src=x onerror=window.pwned=1><script>window.pwned=1</script>";

#[tokio::test]
async fn hostile_texts_are_shown_and_not_run() {
    let Some(browser) = Browser::open().await else { return };
    let upstream = FakeUpstream::always(Reply::json(400, &json!({ "error": { "message": EVIL } }))).await;
    let proxy = hostile_agent(&upstream).await;
    for model in [EVIL, "={1+1}", "{{constructor.constructor('window.pwned=1')()}}"] {
        let headers = [("content-type", "application/json"), ("user-agent", EVIL)];
        let body = json!({ "model": model, "messages": [{ "role": "user", "content": EVIL }] }).to_string();
        proxy.send("POST", "/v1/chat/completions", &headers, &body).await;
    }
    let records = proxy.wait_for_records(3).await;
    let detail = format!("/requests/{}", records[2]["number"]);
    let search: String = url::form_urlencoded::byte_serialize(EVIL.as_bytes()).collect();
    let pages = [
        "/".to_owned(),
        "/requests".to_owned(),
        format!("/requests?text={search}&account={search}"),
        format!("/requests?{search}=1"),
        detail,
        "/usage?per=hour&by=model".to_owned(),
        "/usage?per=day&by=account".to_owned(),
        "/usage?per=week&by=client".to_owned(),
        "/accounts".to_owned(),
        "/settings".to_owned(),
    ];
    let (address, token) = proxy.control();
    for page in pages {
        browser.goto(&format!("http://{address}{page}#{token}")).await;
        browser.until("document.getElementById('title')").await;
        let shown = browser.run("return document.documentElement.outerHTML").await;
        assert!(shown.as_str().is_some_and(|shown| shown.contains("&lt;img")), "{page} holds it");
        assert_eq!(browser.count("img, #app script, [onerror], [style]").await, 0, "{page}");
        assert_eq!(browser.run("return window.pwned ?? null").await, json!(null), "{page}");
        assert_eq!(browser.complaints().await, Vec::<String>::new(), "{page}");
    }
}

/// Every name in its config is hostile, and bodies are kept.
async fn hostile_agent(upstream: &FakeUpstream) -> TestProxy {
    let name = EVIL.replace('/', "");
    let config = format!(
        "[proxy]\nallowed_hosts = []\n[monitor]\ncapture_bodies = \"all\"\n[models]\n'{EVIL}*' = '{name}'\n\
         [[accounts]]\nname = '{name}'\nprovider = \"openai\"\napi_key = \"up-secret-key\"\nbase_url = \"{}/v1\"\nmodels = ['*']\n",
        upstream.url()
    );
    TestProxy::serve_home(Home::with_config(&config), &["serve", "--port", "0"]).await
}
