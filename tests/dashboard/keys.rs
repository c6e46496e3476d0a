//! Keys go to the server they were entered for, and into no password manager.

use serde_json::{Value, json};

use super::browser::Browser;
use super::config_of;
use crate::support::opener::ticket;
use crate::support::proxy::account;
use crate::support::{Answer, FakeUpstream, Home, Reply, TestProxy, request, until};

const STORED: &str = "up-work-secret-key";

/// An agent, the upstream of its account, and an upstream that must never receive a key.
async fn agent(more: &str) -> (TestProxy, FakeUpstream, FakeUpstream) {
    let answer =
        Reply::json(200, &json!({"data": [{"id": "gpt-5-mini", "object": "model"}], "object": "list"}));
    let upstream = FakeUpstream::always(answer.clone()).await;
    let elsewhere = FakeUpstream::always(answer).await;
    let config = format!("language = \"en\"\n{more}{}", account("work", "openai", &upstream, ""));
    let proxy = TestProxy::serve_home(Home::with_config(&config), &["serve", "--port", "0"]).await;
    (proxy, upstream, elsewhere)
}

async fn post(proxy: &TestProxy, secret: &str, path: &str, body: &Value) -> Answer {
    let headers = [("x-portcullis-token", secret)];
    request(proxy.control().0, "POST", &format!("/api/{path}"), &headers, &body.to_string()).await
}

/// A page's session, and the launch's token.
async fn secrets(proxy: &TestProxy) -> [String; 2] {
    [proxy.session().await, proxy.control().1]
}

fn keys_received_by(upstream: &FakeUpstream) -> Vec<String> {
    let seen = upstream.seen();
    seen.iter().filter_map(|seen| seen.header("authorization").map(str::to_owned)).collect()
}

#[tokio::test]
async fn a_stored_key_goes_to_no_other_server() {
    let (proxy, upstream, elsewhere) = agent("").await;
    let before = config_of(&proxy);
    let same = upstream.url();
    let others = [
        format!("{}/v1", elsewhere.url()),
        format!("{}/v1", same.replace("127.0.0.1", "localhost")),
        format!("{}/v1", same.replace("http://", "https://")),
        String::new(),
    ];
    for secret in secrets(&proxy).await {
        for base_url in &others {
            for more in [json!({}), json!({ "models": ["*"], "priority": 1 })] {
                let mut edit = json!({ "name": "work", "base_url": base_url });
                edit.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
                let answer = post(&proxy, &secret, "accounts/edit", &edit).await;
                assert_eq!(answer.status, 422, "{edit}: {}", answer.text());
                let problem = &answer.json()["problems"][0];
                assert_eq!(problem["field"], "api_key", "{problem}");
                assert!(
                    problem["fix"].as_str().is_some_and(|fix| fix.contains("enter the key")),
                    "{problem}"
                );
                assert!(!answer.text().contains(STORED));
                assert_eq!(config_of(&proxy), before, "nothing is written");
            }
        }
        post(&proxy, &secret, "accounts/test", &json!({ "name": "work" })).await;
    }
    assert_eq!(keys_received_by(&elsewhere), Vec::<String>::new());

    let same_server = json!({ "name": "work", "base_url": format!("{same}/other/v1") });
    assert_eq!(post(&proxy, &proxy.session().await, "accounts/edit", &same_server).await.status, 200);
    let moved = json!({ "name": "work", "base_url": others[0], "api_key": "up-new-key" });
    assert_eq!(post(&proxy, &proxy.session().await, "accounts/edit", &moved).await.status, 200);
    post(&proxy, &proxy.session().await, "accounts/test", &json!({ "name": "work" })).await;
    let heard = keys_received_by(&elsewhere);
    assert!(!heard.is_empty() && heard.iter().all(|key| key == "Bearer up-new-key"), "{heard:?}");
}

#[tokio::test]
async fn a_key_that_is_kept_elsewhere_stays_with_its_server_too() {
    let (proxy, _upstream, elsewhere) = agent("").await;
    let sources = ["{ env = \"HOME\" }", "{ file = \"key\" }", "{ command = [\"echo\", \"up-told\"] }"];
    std::fs::write(proxy.home.file("key"), "up-filed\n").expect("written");
    for source in sources {
        let config = config_of(&proxy);
        let start = config.find("api_key = ").expect("a key");
        let end = start + config[start..].find('\n').expect("a line");
        proxy.home.write_config(&format!("{}api_key = {source}{}", &config[..start], &config[end..]));
        for secret in secrets(&proxy).await {
            let edit = json!({ "name": "work", "base_url": format!("{}/v1", elsewhere.url()) });
            let answer = post(&proxy, &secret, "accounts/edit", &edit).await;
            assert_eq!(answer.status, 422, "{source}: {}", answer.text());
        }
    }
    assert_eq!(keys_received_by(&elsewhere), Vec::<String>::new());
}

#[tokio::test]
async fn the_zai_key_stays_with_its_server() {
    let (proxy, _upstream, elsewhere) = agent("[zai]\nenabled = true\napi_key = \"zai-stored-key\"\n").await;
    let before = config_of(&proxy);
    for secret in secrets(&proxy).await {
        let values = json!({ "values": { "zai.base_url": elsewhere.url(), "pool.max_attempts": 5 } });
        let answer = post(&proxy, &secret, "settings", &values).await;
        assert_eq!(answer.status, 422, "{}", answer.text());
        assert_eq!(answer.json()["problems"][0]["field"], "zai.api_key", "{}", answer.text());
        assert_eq!(config_of(&proxy), before, "all or none");
    }
    let values = json!({ "values": { "zai.base_url": elsewhere.url(), "zai.api_key": "zai-new-key" } });
    assert_eq!(post(&proxy, &proxy.session().await, "settings", &values).await.status, 200);
    let back = json!({ "values": { "zai.base_url": "" } });
    assert_eq!(
        post(&proxy, &proxy.session().await, "settings", &back).await.status,
        422,
        "back is elsewhere"
    );
}

#[tokio::test]
async fn a_page_reads_no_variable_and_no_file_that_the_config_does_not_name() {
    let (proxy, upstream, elsewhere) = agent("").await;
    let named = format!(
        "\n[[accounts]]\nname = \"named\"\nprovider = \"openai\"\napi_key = {{ env = \"HOME\" }}\nbase_url = \"{}/v1\"\n",
        upstream.url()
    );
    proxy.home.write_config(&(config_of(&proxy) + &named));
    proxy
        .wait_for_status("two accounts", |status| {
            status["accounts"].as_array().is_some_and(|all| all.len() == 2)
        })
        .await;
    let before = config_of(&proxy);
    let session = proxy.session().await;
    let places = [("api_key_env", "PATH"), ("api_key_file", "/etc/machine-id"), ("api_key_keyring", "login")];
    let here = format!("{}/v1", upstream.url());
    let there = format!("{}/v1", elsewhere.url());
    for (field, place) in places.into_iter().chain([("api_key_env", "HOME")]) {
        let base_url = if place == "HOME" { &there } else { &here };
        let add = json!({ "name": "spy", "provider": "openai", "base_url": base_url, field: place });
        let edit = json!({ "name": "work", "base_url": base_url, field: place });
        for (path, body) in [("accounts/add", &add), ("accounts/edit", &edit)] {
            let answer = post(&proxy, &session, path, body).await;
            assert_eq!(answer.status, 422, "{path} {body}: {}", answer.text());
            assert_eq!(answer.json()["problems"][0]["field"], field, "{}", answer.text());
            assert_eq!(config_of(&proxy), before);
        }
    }
    let answer = post(
        &proxy,
        &session,
        "accounts/add",
        &json!({ "name": "spy", "provider": "openai", "api_key_env": "PATH" }),
    )
    .await;
    assert!(answer.text().contains("portcullis account add --from-env PATH"), "{}", answer.text());
    let again = json!({ "name": "again", "provider": "openai", "base_url": here, "api_key_env": "HOME" });
    assert_eq!(post(&proxy, &session, "accounts/add", &again).await.status, 200, "the file names it already");
    assert_eq!(keys_received_by(&elsewhere), Vec::<String>::new());

    // Nor can a process of the user's own send it elsewhere by naming its place.
    let (_, launch) = proxy.control();
    let elsewhere_too = json!({ "name": "named", "base_url": there, "api_key_env": "HOME" });
    let answer = post(&proxy, &launch, "accounts/edit", &elsewhere_too).await;
    assert_eq!(
        (answer.status.as_u16(), &answer.json()["problems"][0]["field"]),
        (422, &json!("api_key_env"))
    );

    let mut command =
        proxy.home.command(&["account", "add", "mine", "--provider", "openai", "--from-env", "MY_KEY"]);
    command.env("MY_KEY", "up-from-variable");
    let output = tokio::process::Command::from(command).output().await.expect("it runs");
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(proxy.account("mine").await["state"], "ready", "with an agent that runs");
}

#[tokio::test]
async fn no_page_has_a_field_that_a_browser_would_keep_as_a_password() {
    let (proxy, _upstream, _elsewhere) = agent("").await;
    for (path, field) in [
        ("/page/accounts", "add-api_key"),
        ("/page/accounts", "edit-0-api_key"),
        ("/page/settings", "set-zai.api_key"),
        ("/page/settings", "set-proxy.api_key"),
    ] {
        let page = proxy.control_call("GET", path, "").await.text();
        assert!(!page.contains("type=\"password\"") && !page.contains("new-password"), "{path}");
        let start = page.find(&format!("id=\"{field}\"")).unwrap_or_else(|| panic!("{path} has no {field}"));
        let input = &page[page[..start].rfind("<input").expect("an input")
            ..start + page[start..].find('>').expect("its end")];
        for mark in ["type=\"text\"", "autocomplete=\"off\"", "data-1p-ignore", "data-lpignore=\"true\""] {
            assert!(input.contains(mark), "{input}");
        }
        assert!(page.contains(&format!("data-shows=\"{field}\"")), "{path}: {field} can be shown");
    }
}

#[tokio::test]
async fn a_typed_key_is_hidden_until_it_is_asked_for() {
    let Some(browser) = Browser::open().await else { return };
    let (proxy, _upstream, _elsewhere) = agent("").await;
    browser.goto(&proxy.way_in().await).await;
    browser.shows("#title", "Running on").await;
    browser.click("nav a[href='/accounts']").await;
    browser.click("#add-account").await;
    browser.fill("#add-api_key", "up-typed").await;
    let hidden = "getComputedStyle(document.getElementById('add-api_key')).webkitTextSecurity === 'disc'";
    browser.until(hidden).await;
    browser.click("#show-add-api_key").await;
    browser.until(&format!("!({hidden})")).await;
    browser
        .until("document.getElementById('show-add-api_key').getAttribute('aria-pressed') === 'true'")
        .await;
    browser.click("#show-add-api_key").await;
    browser.until(hidden).await;

    browser.click("#add [data-close]").await;
    browser.click("#open-edit-0").await;
    browser.fill("#edit-0-base_url", "http://127.0.0.1:9/v1").await;
    browser.click("#edit-0-save").await;
    browser.shows("#edit-0 [data-problem=api_key]", "another server").await;
}

#[tokio::test]
async fn a_page_survives_a_reload_and_shows_when_its_session_has_ended() {
    let Some(browser) = Browser::open().await else { return };
    let (proxy, _upstream, _elsewhere) = agent("").await;
    let way_in = proxy.way_in().await;
    browser.goto(&way_in).await;
    browser.shows("#title", "Running on").await;
    let kept = browser.run("return sessionStorage.getItem('token')").await;
    assert!(kept != json!(proxy.control().1) && kept != json!(ticket(&way_in)), "{kept}");
    assert_eq!(browser.run("return location.hash").await, "");
    browser.reload().await;
    browser.shows("#title", "Running on").await;

    let headers = [("x-portcullis-token", ticket(&way_in))];
    let second = request(proxy.control().0, "POST", "/api/session", &headers, "{}").await;
    assert_eq!(second.status, 401);
    browser
        .until("!document.getElementById('locked').hidden && !document.getElementById('ended').hidden")
        .await;
    assert_eq!(browser.text("#app").await, "");
    assert!(
        browser
            .text("#ended")
            .await
            .contains("Open the dashboard again from the tray or with portcullis open")
    );
    browser.reload().await;
    browser.until("!document.getElementById('ended').hidden").await;
    browser.goto("about:blank").await;
    browser.goto(&proxy.way_in().await).await;
    browser.shows("#title", "Running on").await;

    // By the file, as `portcullis open` starts the browser.
    let answer = proxy.control_call("POST", "/api/ticket", r#"{"page": true}"#).await.json();
    let page = answer["page"].as_str().expect("a page");
    browser.goto("about:blank").await;
    browser.goto(&format!("file://{page}")).await;
    browser.shows("#title", "Running on").await;
    until("the file is gone", async || (!std::path::Path::new(page).exists()).then_some(())).await;
}

#[tokio::test]
async fn a_missing_file_of_authorities_is_not_saved() {
    let (proxy, _upstream, _elsewhere) = agent("").await;
    std::fs::write(proxy.home.file("empty.pem"), "just text").expect("written");
    let before = config_of(&proxy);
    let (_, launch) = proxy.control();
    for file in ["not-there.pem", "empty.pem", "/nonexistent/authority.pem"] {
        let values = json!({ "values": { "upstream.ca_file": file, "pool.max_attempts": 5 } });
        let answer = post(&proxy, &launch, "settings", &values).await;
        assert_eq!(answer.status, 422, "{file}: {}", answer.text());
        assert_eq!(answer.json()["problems"][0]["key"], "upstream.ca_file", "{}", answer.text());
        assert_eq!(config_of(&proxy), before, "nothing is written");
    }
}
