//! `portcullis key`: the key that clients send.

use serde_json::{Value, json};

use crate::support::home::{CLIENT_KEY, stderr, stdout};
use crate::support::proxy::{account, proxy_section};
use crate::support::{FakeUpstream, Home, Reply, TestProxy};

#[test]
fn show_prints_the_key_and_nothing_else() {
    let home = Home::with_config(&proxy_section(""));
    assert_eq!(stdout(&home.run(&["key", "show"])), format!("{CLIENT_KEY}\n"));
    let json: Value = serde_json::from_slice(&home.run(&["key", "show", "--json"]).stdout).expect("JSON");
    assert_eq!(json, json!({ "api_key": CLIENT_KEY }));
}

#[test]
fn show_reports_that_there_is_no_key() {
    let home = Home::with_config("[proxy]\nport = 0\n");
    let output = home.run(&["key", "show"]);
    assert_eq!((output.status.code(), stdout(&output)), (Some(1), String::new()));
    assert!(stderr(&output).contains("portcullis key rotate"), "{}", stderr(&output));
}

#[tokio::test]
async fn a_rotated_key_is_in_force_at_once_and_the_old_one_is_refused() {
    let upstream = FakeUpstream::always(Reply::json(200, &json!({}))).await;
    let config = format!(
        "# above\n{}# below\n{}",
        proxy_section("auth_mode = \"strict\" # all of them"),
        account("work", "openai", &upstream, "")
    );
    let proxy = TestProxy::serve(&config).await;
    let mut old = CLIENT_KEY.to_owned();
    for _ in 0..3 {
        let output = proxy.run(&["key", "rotate"]).await;
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        let new = stdout(&output).trim_end().to_owned();
        assert!(new.starts_with("sk-") && new.len() >= 32, "{new}");
        let asks = async |key: &str| proxy.send("GET", "/v1/models", &[("x-api-key", key)], "").await.status;
        assert_eq!(asks(&new).await, 200);
        assert_eq!(asks(&old).await, 401);
        let text = std::fs::read_to_string(proxy.home.config()).expect("readable");
        assert_eq!(text, config.replace(CLIENT_KEY, &new), "only the key has changed");
        assert_eq!(stdout(&proxy.run(&["key", "show"]).await).trim_end(), new);
        old = new;
    }
}

#[test]
fn a_key_that_is_kept_elsewhere_is_not_replaced_in_the_file() {
    let text = "[proxy]\napi_key = { env = \"MY_CLIENT_KEY\" }\n";
    let home = Home::with_config(text);
    let output = home.run(&["key", "rotate"]);
    assert_eq!((output.status.code(), stdout(&output)), (Some(1), String::new()));
    assert_eq!(std::fs::read_to_string(home.config()).expect("readable"), text);
    let shown = home.command(&["key", "show"]).env("MY_CLIENT_KEY", "sk-from-the-environment").output();
    assert_eq!(stdout(&shown.expect("it runs")), "sk-from-the-environment\n");
}
