//! A user's way through all pages in one browser, from the first look to another language.

use tokio::net::TcpStream;

use super::browser::Browser;
use super::{KEY, agent, ask, config_of};
use crate::support::TestProxy;

const UP_KEY: &str = "up-q7Jd0aVwPzK4tLx2";

#[tokio::test]
async fn a_user_finds_the_way() {
    let Some(browser) = Browser::open().await else { return };
    let proxy = agent().await;
    opens_and_reloads(&browser, &proxy).await;
    stops_and_starts(&browser, &proxy).await;
    makes_a_first_request(&browser, &proxy).await;
    watches_requests(&browser, &proxy).await;
    sees_what_was_used(&browser).await;
    manages_accounts(&browser, &proxy).await;
    changes_settings(&browser, &proxy).await;
    assert_eq!(browser.complaints().await, Vec::<String>::new());
}

async fn opens_and_reloads(browser: &Browser, proxy: &TestProxy) {
    let (address, token) = proxy.control();
    browser.open_dashboard(proxy).await;
    assert_eq!(browser.address().await, format!("http://{address}/"), "the ticket is gone from the bar");
    let session = browser.run("return sessionStorage.getItem('token')").await;
    assert!(session.as_str().is_some_and(|session| session.len() == 64 && session != token), "{session}");
    assert_eq!(browser.run("return document.cookie").await, "");
    browser.reload().await;
    browser.shows("#title", "Running on").await;
    assert!(!browser.source().await.contains(&token));
}

async fn stops_and_starts(browser: &Browser, proxy: &TestProxy) {
    browser.click("#stop").await;
    browser.shows("#title", "Stopped").await;
    assert!(TcpStream::connect(proxy.address).await.is_err(), "the port is free");
    browser.shows("#state", "Stopped").await;
    browser.click("#start").await;
    browser.shows("#title", "Running on").await;
    assert_eq!(proxy.get("/healthz").await.status, 200);
}

async fn makes_a_first_request(browser: &Browser, proxy: &TestProxy) {
    browser.shows("#first-request", "Waiting").await;
    browser.click("#check-health").await;
    browser.shows("#health", r#"{"status":"ok"}"#).await;
    let address = proxy.address.to_string();
    for id in ["curl", "openai", "anthropic", "gemini", "claude-code", "codex", "gemini-cli"] {
        let snippet = browser.text(&format!("#snippet-{id}")).await;
        assert!(snippet.contains(&address) && !snippet.contains(KEY), "{snippet}");
    }
    assert!(!browser.source().await.contains(KEY), "the key comes only when asked for");
    browser.click("#reveal").await;
    browser.shows("#snippet-openai", KEY).await;
    browser.click("#reveal").await;
    browser.until(&format!("!document.body.textContent.includes('{KEY}')")).await;
    ask(proxy, "unserved-this", "curl/8.5.0").await;
    browser.shows("#first-request", "unserved-this").await;
    ask(proxy, "gpt-5-mini", "claude-cli/2.1.197 (external, cli)").await;
    browser.shows("#first-request", "Claude Code got an answer from gpt-5-mini").await;
}

async fn watches_requests(browser: &Browser, proxy: &TestProxy) {
    browser.click("nav a[href='/requests']").await;
    browser.shows("#title", "Requests").await;
    browser.until("document.querySelectorAll('#rows tr').length === 2").await;
    ask(proxy, "demo-live", "OpenAI/Python 3.54.0").await;
    browser.shows("#rows tr:first-child", "demo-live").await;
    browser.shows("#rows tr:first-child", "OpenAI SDK (Python)").await;

    browser.click("#filter-errors").await;
    browser.until("location.search === '?errors=true'").await;
    browser.until("document.querySelectorAll('#rows tr').length === 1").await;
    browser.shows("#rows", "unserved-this").await;
    // Only requests that match the filter appear.
    ask(proxy, "demo-again", "curl/8").await;
    ask(proxy, "unserved-that", "curl/8").await;
    browser.shows("#rows tr:first-child", "unserved-that").await;
    assert_eq!(browser.count("#rows tr").await, 2);
    browser.back().await;
    browser.until("location.search === ''").await;
    browser.until("document.querySelectorAll('#rows tr').length === 5").await;

    browser.fill("#filter-text", "demo-live").await;
    browser.click(".filters button[type=submit]").await;
    browser.until("document.querySelectorAll('#rows tr').length === 1").await;
    browser.click("#rows .model a").await;
    browser.shows("#title", "demo-live").await;
    browser.shows(".facts", "OpenAI/Python 3.54.0").await;
    assert_eq!(browser.count(".timeline li").await, 2, "the attempt and the answer");
    browser.reload().await;
    browser.shows("#title", "demo-live").await;
}

async fn sees_what_was_used(browser: &Browser) {
    browser.click("nav a[href='/usage']").await;
    browser.until("document.querySelectorAll('.chart svg').length >= 3").await;
    browser.click("#by-client").await;
    browser.shows(".legend", "Claude Code").await;
    browser.shows("table", "Total").await;
}

async fn manages_accounts(browser: &Browser, proxy: &TestProxy) {
    browser.click("nav a[href='/accounts']").await;
    browser.shows("#accounts", "demo").await;
    browser.click("#test-0").await;
    browser.shows("#test-result", "demo works").await;

    browser.click("#add-account").await;
    browser.fill("#add-name", "spare").await;
    browser.choose("#add-provider", "openai").await;
    browser.click("#add-save").await;
    browser.shows("[data-problem=api_key]", "is missing").await;
    browser.fill("#add-api_key", UP_KEY).await;
    browser.fill("#add-base_url", "http://127.0.0.1:9/v1").await;
    browser.click("#add-save").await;
    browser.shows("#accounts", "spare").await;
    browser.shows("#said", "added").await;
    assert!(config_of(proxy).contains(UP_KEY));
    assert!(!browser.source().await.contains(UP_KEY), "it went in and does not come out");
    browser.click("#test-1").await;
    browser.shows("#test-result", "spare does not work").await;

    browser.click("#up-1").await;
    browser.until("document.querySelector('#accounts li strong').textContent === 'spare'").await;
    browser.click("#disable-0").await;
    browser.shows("#accounts li:first-child", "off").await;
    assert!(config_of(proxy).contains("enabled = false"), "{}", config_of(proxy));
    browser.click("#open-remove-0").await;
    browser.click("#remove-0 button.danger").await;
    browser.until("!document.querySelector('#accounts').textContent.includes('spare')").await;
    let config = config_of(proxy);
    assert!(
        !config.contains(UP_KEY) && config.contains("# the first\n[[accounts]]\nname = \"demo\""),
        "{config}"
    );
}

async fn changes_settings(browser: &Browser, proxy: &TestProxy) {
    browser.click("nav a[href='/settings']").await;
    browser.shows("#config-path", "config.toml").await;
    let before = config_of(proxy);
    browser.fill("[id='set-proxy.allowed_hosts']", "http://not-a-host/").await;
    browser.click("#save").await;
    browser.shows("[data-problem='proxy.allowed_hosts']", "is not a bare host name").await;
    assert_eq!(config_of(proxy), before, "nothing was written");

    browser.reload().await;
    browser.fill("[id='set-pool.max_attempts']", "5").await;
    browser.click("#save").await;
    browser.shows("#said", "Saved").await;
    assert_eq!(config_of(proxy), before.replace("max_attempts = 2 # few", "max_attempts = 5 # few"));

    browser.fill("#add-model [name=asked]", "claude-*").await;
    browser.fill("#add-model [name=sent]", "demo").await;
    browser.click("#add-model button[type=submit]").await;
    browser.shows(".mapping code", "claude-*").await;
    assert!(config_of(proxy).contains("\"claude-*\" = \"demo\""), "{}", config_of(proxy));

    browser.choose("#set-language", "ja").await;
    browser.click("#save").await;
    browser.shows("#title", "設定").await;
    browser.until("document.documentElement.lang === 'ja'").await;
    assert!(config_of(proxy).contains("language = \"ja\" # spoken"), "{}", config_of(proxy));
    // Another program changes the file: the page follows.
    proxy.home.write_config(&config_of(proxy).replace("\"ja\"", "\"zh-CN\""));
    browser.shows("#title", "设置").await;
}
