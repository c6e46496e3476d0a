//! Everything can be done without a mouse.

use fantoccini::key::Key;
use serde_json::json;

use super::browser::Browser;
use super::furnished::{addresses, furnished};
use super::{agent, ask, config_of};
use crate::support::TestProxy;

const TAB_ORDER: &str = include_str!("tab_order.js");

#[tokio::test]
async fn tab_reaches_every_control_in_order_and_in_sight() {
    let Some(browser) = Browser::open().await else { return };
    let (proxy, _upstream) = furnished().await;
    for width in [1200, 360] {
        browser.width(width).await;
        for address in addresses(&proxy).await {
            visit(&browser, &proxy, &address).await;
            tab_through(&browser, &format!("{address} at {width}")).await;
        }
    }
}

#[tokio::test]
async fn tab_stays_in_an_open_dialog_and_escape_closes_it() {
    let Some(browser) = Browser::open().await else { return };
    let proxy = agent().await;
    visit(&browser, &proxy, "/accounts").await;
    for (opener, dialog) in [("add-account", "add"), ("open-edit-0", "edit-0"), ("open-remove-0", "remove-0")]
    {
        focus(&browser, opener).await;
        browser.press(Key::Enter, 1).await;
        browser.until(&format!("document.getElementById('{dialog}').open")).await;
        assert!(is_focus_in(&browser, dialog).await, "{dialog}");
        browser
            .run("document.querySelectorAll('dialog[open] details').forEach((fold) => fold.open = true)")
            .await;
        browser.press(Key::Escape, 1).await;
        browser.until(&format!("!document.getElementById('{dialog}').open")).await;
        assert_eq!(focused(&browser).await, opener, "the focus is back where it came from");
    }
}

#[tokio::test]
async fn a_form_that_is_being_filled_in_is_not_taken_away() {
    let Some(browser) = Browser::open().await else { return };
    let proxy = agent().await;
    visit(&browser, &proxy, "/accounts").await;
    browser.click("#add-account").await;
    browser.fill("#add-name", "half-typed").await;
    let japanese = json!({ "values": { "language": "ja" } }).to_string();
    assert_eq!(proxy.control_call("POST", "/api/settings", &japanese).await.status, 200);
    let fetches = "performance.getEntriesByType('resource').filter((entry) => entry.name.includes('/page/'))";
    browser.until(&format!("{fetches}.length > 1")).await;
    let form = "return document.getElementById('add').open && document.getElementById('add-name').value";
    assert_eq!(browser.run(form).await, "half-typed");
    browser.press(Key::Escape, 1).await;
    browser.shows("#title", "アカウント").await;
}

#[tokio::test]
async fn the_skip_link_leads_past_the_menu() {
    let Some(browser) = Browser::open().await else { return };
    let proxy = agent().await;
    visit(&browser, &proxy, "/requests").await;
    browser.press(Key::Tab, 1).await;
    browser.press(Key::Enter, 1).await;
    browser.until("document.activeElement.id === 'title'").await;
    browser.press(Key::Tab, 1).await;
    browser.until("document.activeElement.closest('main') !== null").await;
    assert!(browser.text("#title").await.contains("Requests"));
}

#[tokio::test]
async fn accounts_are_managed_without_a_mouse() {
    let Some(browser) = Browser::open().await else { return };
    let (proxy, _upstream) = furnished().await;
    visit(&browser, &proxy, "/accounts").await;
    focus(&browser, "disable-0").await;
    browser.press(Key::Space, 1).await;
    browser.until("document.activeElement.id === 'enable-0'").await;
    assert_eq!(proxy.account("demo").await["state"], "off");

    // The focus follows an account that moves, also to a place where it can move no further.
    focus(&browser, "down-0").await;
    browser.press(Key::Enter, 1).await;
    browser.until("document.activeElement.id === 'down-1'").await;
    browser.press(Key::Enter, 1).await;
    browser.until("document.activeElement.id === 'down-2'").await;
    browser.press(Key::Enter, 1).await;
    browser.until("document.activeElement.id === 'up-3'").await;
    browser.shows("#accounts li:last-child", "demo").await;

    focus(&browser, "open-remove-2").await;
    browser.press(Key::Enter, 1).await;
    browser.until("document.activeElement.closest('#remove-2') !== null").await;
    assert_eq!(browser.run("return document.activeElement.hasAttribute('data-close')").await, json!(true));
    browser.press(Key::Tab, 1).await;
    browser.press(Key::Enter, 1).await;
    browser.shows("#said", "removed").await;
    assert_eq!(focused(&browser).await, "open-remove-2", "the next one's");

    focus(&browser, "add-account").await;
    browser.press(Key::Enter, 1).await;
    browser.until("document.activeElement.id === 'add-name'").await;
    browser.type_text("typed").await;
    browser.press(Key::Tab, 1).await;
    browser.type_text("demo").await;
    browser.press(Key::Tab, 1).await;
    browser.press(Key::Enter, 1).await;
    browser.shows("#accounts", "typed").await;
    assert_eq!(focused(&browser).await, "add-account");
}

#[tokio::test]
async fn settings_are_changed_without_a_mouse() {
    let Some(browser) = Browser::open().await else { return };
    let proxy = agent().await;
    visit(&browser, &proxy, "/settings").await;
    focus(&browser, "set-monitor.enabled").await;
    browser.press(Key::Space, 1).await;
    focus(&browser, "set-pool.max_attempts").await;
    browser.press(Key::Up, 2).await;
    browser.press(Key::Enter, 1).await;
    browser.shows("#said", "Saved").await;
    assert_eq!(focused(&browser).await, "set-pool.max_attempts");
    let config = config_of(&proxy);
    assert!(config.contains("max_attempts = 4 # few") && config.contains("enabled = false"), "{config}");
    let sight = "const box = document.getElementById('said').getBoundingClientRect();
        return box.top >= 0 && box.bottom <= innerHeight";
    assert_eq!(browser.run(sight).await, json!(true), "what became of it is said where one looks");
}

#[tokio::test]
async fn requests_are_filtered_and_paged_without_a_mouse() {
    let Some(browser) = Browser::open().await else { return };
    let proxy = agent().await;
    for number in 0..60 {
        ask(&proxy, if number % 2 == 0 { "demo-even" } else { "unserved-odd" }, "curl/8").await;
    }
    proxy.wait_for_records(50).await;
    visit(&browser, &proxy, "/requests").await;
    focus(&browser, "older").await;
    browser.press(Key::Enter, 1).await;
    browser.until("document.querySelectorAll('#rows tr').length === 10").await;
    assert_eq!(focused(&browser).await, "title");
    focus(&browser, "newest").await;
    browser.press(Key::Enter, 1).await;
    browser.until("document.querySelectorAll('#rows tr').length === 50").await;

    focus(&browser, "filter-errors").await;
    browser.press(Key::Space, 1).await;
    browser.until("document.querySelectorAll('#rows tr').length === 30").await;
    assert_eq!(focused(&browser).await, "filter-errors");
    browser.press(Key::Space, 1).await;
    browser.until("document.querySelectorAll('#rows tr').length === 50").await;
    focus(&browser, "filter-model").await;
    browser.type_text("*even").await;
    browser.press(Key::Enter, 1).await;
    browser.until("document.querySelectorAll('#rows tr').length === 30").await;
    assert_eq!(focused(&browser).await, "filter-model");

    browser.run("document.querySelector('#rows a').focus()").await;
    browser.press(Key::Enter, 1).await;
    browser.shows("#title", "demo-even").await;
    assert_eq!(focused(&browser).await, "title");
}

async fn visit(browser: &Browser, proxy: &TestProxy, address: &str) {
    let (control, token) = proxy.control();
    browser.goto("about:blank").await;
    browser.goto(&format!("http://{control}{address}#{token}")).await;
    browser.until("document.getElementById('title')").await;
}

async fn tab_through(browser: &Browser, place: &str) {
    let controls = browser.run(TAB_ORDER).await.as_u64().expect("a number");
    let times = usize::try_from(controls).expect("few") + 1;
    browser.press(Key::Tab, times).await;
    let journey = browser.run("return window.journey").await;
    assert_eq!(journey["reached"], journey["controls"], "{place}");
    assert_eq!(journey["unseen"], json!([]), "{place}");
}

async fn focus(browser: &Browser, id: &str) {
    browser.until(&format!("document.getElementById('{id}')")).await;
    browser.run(&format!("document.getElementById('{id}').focus()")).await;
    assert_eq!(focused(browser).await, id, "it can have the focus");
}

async fn focused(browser: &Browser) -> String {
    let id = browser.run("return document.activeElement?.id ?? ''").await;
    id.as_str().expect("text").to_owned()
}

async fn is_focus_in(browser: &Browser, id: &str) -> bool {
    browser.run(&format!("return document.activeElement.closest('#{id}') !== null")).await == json!(true)
}
