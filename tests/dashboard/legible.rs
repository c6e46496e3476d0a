//! Every page can be read: its contrast, its width on a small screen, its controls' names.

use serde_json::{Value, json};

use super::browser::Browser;
use super::furnished::{addresses, furnished};
use crate::support::TestProxy;

const CONTRAST: &str = include_str!("contrast.js");
const OVERFLOW: &str = include_str!("overflow.js");
/// Opens all folds but those of an exclusive group, which would close each other.
const UNFOLD: &str = "document.querySelectorAll('details').forEach((fold) => { fold.removeAttribute('name'); fold.open = true; })";
/// Fields whose only name is their placeholder, which disappears on typing.
const NAMELESS: &str = "return [...document.querySelectorAll('input, select, textarea')]
    .filter((field) => field.labels.length === 0 && !field.ariaLabel && !field.hasAttribute('aria-labelledby'))
    .map((field) => field.outerHTML)";
const DIALOGS: &str = "return [...document.querySelectorAll('dialog')].map((dialog) => dialog.id)";

#[tokio::test]
async fn every_text_has_enough_contrast_in_light_and_in_dark() {
    let Some(browser) = Browser::open().await else { return };
    let (proxy, _upstream) = furnished().await;
    for scheme in ["light", "dark"] {
        browser.scheme(scheme).await;
        for address in addresses(&proxy).await {
            look(&browser, &proxy, &address, async |place: &str| {
                let faint = browser.run(CONTRAST).await;
                assert_eq!(faint, json!([]), "{scheme} {place}: {faint:#}");
            })
            .await;
        }
        browser.goto("about:blank").await;
        browser.goto(&format!("http://{}/#{}", proxy.control().0, "0".repeat(64))).await;
        browser.until("!document.getElementById('locked').hidden").await;
        assert_eq!(browser.run(CONTRAST).await, json!([]), "{scheme}, locked");
    }
}

#[tokio::test]
async fn nothing_overflows_a_small_screen_in_any_language() {
    let Some(browser) = Browser::open().await else { return };
    let (proxy, _upstream) = furnished().await;
    browser.width(360).await;
    for language in ["en", "ja", "zh-CN"] {
        speak(&proxy, language).await;
        for address in addresses(&proxy).await {
            look(&browser, &proxy, &address, async |place: &str| {
                let wide = browser.run(OVERFLOW).await;
                assert_eq!(wide, json!([]), "{language} {place}: {wide:#}");
            })
            .await;
        }
    }
}

#[tokio::test]
async fn every_control_has_a_name() {
    let Some(browser) = Browser::open().await else { return };
    let (proxy, _upstream) = furnished().await;
    for address in addresses(&proxy).await {
        look(&browser, &proxy, &address, async |place: &str| {
            let nameless = browser.run(NAMELESS).await;
            assert_eq!(nameless, json!([]), "{place}: {nameless:#}");
            let tree = browser.cdp("Accessibility.getFullAXTree", json!({})).await;
            let nodes = tree["nodes"].as_array().expect("a tree");
            let mute: Vec<&Value> = nodes.iter().filter(|node| is_control(node) && is_mute(node)).collect();
            assert!(mute.is_empty(), "{place}: {mute:#?}");
        })
        .await;
    }
}

fn is_control(node: &Value) -> bool {
    let properties = node["properties"].as_array().into_iter().flatten();
    let mut focusable = properties.filter(|property| property["name"] == "focusable");
    node["ignored"] == false && focusable.any(|property| property["value"]["value"] == true)
}

fn is_mute(node: &Value) -> bool {
    node["name"]["value"].as_str().is_none_or(|name| name.trim().is_empty())
}

/// Shows a page with all its folds open, then each of its dialogs.
async fn look(browser: &Browser, proxy: &TestProxy, address: &str, check: impl AsyncFn(&str)) {
    let (control, token) = proxy.control();
    browser.goto("about:blank").await;
    browser.goto(&format!("http://{control}{address}#{token}")).await;
    browser.until("document.getElementById('title')").await;
    browser.run(UNFOLD).await;
    check(address).await;
    let dialogs = browser.run(DIALOGS).await;
    for dialog in dialogs.as_array().expect("a list") {
        browser.run(&format!("document.getElementById({dialog}).showModal()")).await;
        check(&format!("{address} {dialog}")).await;
        browser.run(&format!("document.getElementById({dialog}).close()")).await;
    }
}

async fn speak(proxy: &TestProxy, language: &str) {
    let body = json!({ "values": { "language": language } }).to_string();
    assert_eq!(proxy.control_call("POST", "/api/settings", &body).await.status, 200);
}
