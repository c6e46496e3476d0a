//! The models that tools ask for: whether an account serves them, and the lines that make one
//! do so.

use std::fs;
use std::io::Write;

use serde_json::{Value, json};

use super::prompt::{asking, terminal};
use crate::support::home::{stderr, stdout};
use crate::support::proxy::{account, proxy_section};
use crate::support::{FakeUpstream, Home, Reply, TestProxy};

async fn openai() -> FakeUpstream {
    let ids = ["gpt-5-mini", "gpt-5.1", "text-embedding-3-small", "gpt-image-1"];
    let entries: Vec<Value> = ids.iter().map(|id| json!({"id": id, "object": "model"})).collect();
    FakeUpstream::always(Reply::json(200, &json!({"object": "list", "data": entries}))).await
}

fn config(upstream: &FakeUpstream) -> String {
    proxy_section("port = 8045") + &account("mine", "openai", upstream, "")
}

#[tokio::test]
async fn connecting_a_tool_whose_models_no_account_serves_names_the_lines_to_write() {
    let upstream = openai().await;
    let home = Home::with_config(&config(&upstream));
    let connected = home.ask(&["connect", "claude-code"]).await;
    assert_eq!(connected.status.code(), Some(0), "{}", stderr(&connected));
    let words = stderr(&connected);
    assert!(words.contains("No account here serves claude-*"), "{words}");
    assert!(words.contains("gpt-5.1, gpt-5-mini."), "real names, the better first: {words}");
    assert!(words.contains("\"claude-*\" = \"gpt-5.1\""), "{words}");
    assert!(!words.contains("embedding") && !words.contains("gpt-image"), "{words}");
    assert!(
        !fs::read_to_string(home.config()).expect("text").contains("claude-*"),
        "the user did not agree to it"
    );
    let printed = home.ask(&["connect", "gemini-cli", "--print"]).await;
    assert!(stderr(&printed).contains("\"gemini-*\" = \"gpt-5.1\""), "{}", stderr(&printed));
    let json: Value =
        serde_json::from_slice(&home.ask(&["connect", "claude-code", "--json"]).await.stdout).expect("JSON");
    assert_eq!(json["models"]["offers"], json!(["gpt-5.1", "gpt-5-mini"]), "{json}");
    assert_eq!(json["models"]["lines"], json!(["\"claude-*\" = \"gpt-5.1\""]), "{json}");
}

#[tokio::test]
async fn a_tool_whose_models_are_served_gets_no_advice() {
    let upstream = openai().await;
    let home = Home::with_config(&config(&upstream));
    let connected = home.ask(&["connect", "codex"]).await;
    assert!(!stderr(&connected).contains("No account here serves"), "{}", stderr(&connected));
    home.write_config(&(config(&upstream) + "\n[models]\n\"claude-*\" = \"gpt-5-mini\"\n"));
    let connected = home.ask(&["connect", "claude-code"]).await;
    assert!(!stderr(&connected).contains("No account here serves"), "{}", stderr(&connected));
    assert!(upstream.seen().is_empty(), "served models need no list");
}

#[tokio::test]
async fn a_named_model_is_written_without_a_question() {
    let upstream = openai().await;
    let home = Home::with_config(&config(&upstream));
    let printed = home.ask(&["connect", "claude-code", "--model", "gpt-5-mini", "--print"]).await;
    assert!(stdout(&printed).contains("[models]\n\"claude-*\" = \"gpt-5-mini\""), "{}", stdout(&printed));
    assert!(!fs::read_to_string(home.config()).expect("text").contains("claude-*"));
    let connected = home.ask(&["connect", "claude-code", "--model", "gpt-5-mini"]).await;
    assert_eq!(connected.status.code(), Some(0), "{}", stderr(&connected));
    let written = fs::read_to_string(home.config()).expect("text");
    assert!(written.contains("\"claude-*\" = \"gpt-5-mini\""), "{written}");
    assert!(fs::read_to_string(home.file(".claude/settings.json")).expect("text").contains("127.0.0.1:8045"));
    let refused = home.ask(&["connect", "gemini-cli", "--model", "nobody-has-it"]).await;
    assert_eq!(refused.status.code(), Some(1));
    assert!(stderr(&refused).contains("gpt-5.1"), "{}", stderr(&refused));
    assert!(!home.file(".gemini/.env").exists(), "nothing was done halfway");
}

#[tokio::test]
async fn the_model_in_the_tools_own_settings_counts() {
    let upstream = openai().await;
    let home = Home::with_config(&config(&upstream));
    for (settings, is_served) in [
        (json!({"model": "gpt-5.1"}), true),
        (json!({"model": "opus"}), false),
        (json!({"model": "llama-4"}), false),
        (json!({"env": {"ANTHROPIC_MODEL": "gpt-5-mini"}}), true),
    ] {
        fs::create_dir_all(home.file(".claude")).expect("made");
        fs::write(home.file(".claude/settings.json"), settings.to_string()).expect("written");
        let words = stderr(&home.ask(&["connect", "claude-code", "--print"]).await);
        assert_eq!(!words.contains("No account here serves"), is_served, "{settings}: {words}");
    }
}

#[tokio::test]
async fn the_doctor_names_a_connected_tool_whose_models_no_account_serves() {
    let upstream = openai().await;
    let home = Home::with_config(&(proxy_section("") + &account("mine", "openai", &upstream, "")));
    let proxy = TestProxy::serve_home(home, &["serve", "--port", "0"]).await;
    let connected = proxy.run(&["connect", "claude-code"]).await;
    assert!(stderr(&connected).contains("\"claude-*\" = \"gpt-5.1\""), "{}", stderr(&connected));
    proxy.run(&["connect", "codex"]).await;
    let found: Value = serde_json::from_slice(&proxy.run(&["doctor", "--json"]).await.stdout).expect("JSON");
    let about = |text: &str| {
        let found = found.as_array().expect("a list");
        found
            .iter()
            .filter(|finding| finding["text"].as_str().is_some_and(|words| words.contains(text)))
            .collect::<Vec<_>>()
    };
    assert_eq!(about("Claude Code points here")[0]["level"], "ok");
    let unserved = about("No account here serves claude-*");
    assert_eq!(unserved.len(), 1, "{found:#}");
    assert_eq!(unserved[0]["level"], "problem");
    assert!(unserved[0]["fix"].as_str().expect("a fix").contains("\"claude-*\" = \"gpt-5.1\""), "{found:#}");
    assert!(about("No account here serves gpt-*").is_empty(), "{found:#}");
}

#[tokio::test]
async fn without_a_model_to_offer_the_advice_is_to_add_an_account() {
    let home = Home::with_config(&proxy_section("port = 8045"));
    let connected = home.ask(&["connect", "claude-code"]).await;
    assert!(stderr(&connected).contains("portcullis account add"), "{}", stderr(&connected));
}

#[tokio::test]
async fn connected_tools_are_named_when_the_agent_stops() {
    for command in ["stop", "quit"] {
        let upstream = openai().await;
        let home = Home::with_config(&(proxy_section("") + &account("mine", "openai", &upstream, "")));
        let proxy = TestProxy::serve_home(home, &["serve", "--port", "0"]).await;
        let words = stderr(&proxy.run(&["reload"]).await);
        assert!(!words.contains("Codex"), "{words}");
        proxy.run(&["connect", "codex"]).await;
        proxy.run(&["connect", "claude-code"]).await;
        let words = stderr(&proxy.run(&[command]).await);
        assert!(
            words.contains("Claude Code, Codex") && words.contains("portcullis disconnect"),
            "{command}: {words}"
        );
    }
}

#[tokio::test]
async fn a_line_under_models_that_outlives_the_connection_is_named() {
    let upstream = openai().await;
    let home = Home::with_config(&config(&upstream));
    let connected = home.ask(&["connect", "claude-code", "--model", "gpt-5-mini"]).await;
    assert!(stderr(&connected).contains("stays there after"), "{}", stderr(&connected));
    assert!(!stdout(&connected).contains("everything"), "{}", stdout(&connected));
    let undone = home.ask(&["disconnect", "claude-code"]).await;
    assert!(stderr(&undone).contains("\"claude-*\" = \"gpt-5-mini\""), "{}", stderr(&undone));
    home.ask(&["connect", "codex"]).await;
    let undone = home.ask(&["disconnect", "codex"]).await;
    assert!(!stderr(&undone).contains("[models]"), "its models are served as they are: {}", stderr(&undone));
    home.ask(&["connect", "claude-code"]).await;
    let undone = home.ask(&["disconnect", "claude-code", "--json"]).await;
    let json: Value = serde_json::from_slice(&undone.stdout).expect("JSON");
    assert_eq!(json["models"], json!(["\"claude-*\" = \"gpt-5-mini\""]), "{json}");
}

#[tokio::test]
async fn connecting_a_tool_while_no_agent_runs_is_reported() {
    let upstream = openai().await;
    let home = Home::with_config(&config(&upstream));
    let connected = home.ask(&["connect", "codex"]).await;
    assert_eq!(connected.status.code(), Some(0));
    let words = stderr(&connected);
    assert!(words.contains("portcullis is not running") && words.contains("`portcullis serve`"), "{words}");
    let json = home.ask(&["connect", "codex", "--json"]).await;
    assert_eq!(serde_json::from_slice::<Value>(&json.stdout).expect("JSON")["running"], false);

    let home = Home::with_config(&(proxy_section("") + &account("mine", "openai", &upstream, "")));
    let proxy = TestProxy::serve_home(home, &["serve", "--port", "0"]).await;
    let words = stderr(&proxy.run(&["connect", "codex"]).await);
    assert!(!words.contains("is not running"), "{words}");
    let json = proxy.run(&["connect", "codex", "--json"]).await;
    assert_eq!(serde_json::from_slice::<Value>(&json.stdout).expect("JSON")["running"], true);
}

#[tokio::test]
async fn only_changes_by_connect_are_offered_to_be_undone() {
    let upstream = openai().await;
    let home = Home::with_config(&(proxy_section("") + &account("mine", "openai", &upstream, "")));
    let proxy = TestProxy::serve_home(home, &["serve", "--port", "0"]).await;
    proxy.run(&["connect", "codex"]).await;
    proxy.run(&["connect", "claude-code"]).await;
    let written = fs::read_to_string(proxy.home.file(".codex/config.toml")).expect("text");
    proxy.run(&["disconnect", "codex"]).await;
    fs::create_dir_all(proxy.home.file(".codex")).expect("made");
    fs::write(proxy.home.file(".codex/config.toml"), written).expect("written");
    let words = stderr(&proxy.run(&["quit"]).await);
    assert!(words.contains("`portcullis disconnect claude-code`"), "{words}");
    assert!(words.contains("Codex: their own settings point here"), "{words}");
    assert!(!words.contains("disconnect codex"), "{words}");
}

#[tokio::test]
async fn a_model_that_no_account_serves_is_asked_for_again() {
    let upstream = openai().await;
    let home = Home::with_config(&config(&upstream));
    let (mut own, terminal) = terminal();
    let mut child = asking(&home, &terminal, &["connect", "claude-code"]);
    own.write_all(b"junk\n9\ngpt-5-mini\n").expect("typed");
    assert_eq!(child.wait().await.expect("ended").code(), Some(0));
    let written = fs::read_to_string(home.config()).expect("text");
    assert!(written.contains("\"claude-*\" = \"gpt-5-mini\""), "{written}");
}
