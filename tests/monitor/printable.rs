//! Texts of clients and upstreams, wherever they are shown: none moves a cursor, changes the
//! direction of writing, is invisible, or runs in a spreadsheet.

use serde_json::json;

use crate::support::home::stdout;
use crate::support::proxy::account;
use crate::support::{FakeUpstream, Reply, TestProxy};

/// ESC, BEL, CR, the C1 form of CSI, right-to-left override, isolate, zero width, BOM, tag.
const HOSTILE: &str = "x\u{1b}[2J\u{7}\r\n\u{9b}31m\u{85}\u{202e}\u{2066}\u{200b}\u{feff}\u{e0041}y";

fn is_harmful(character: char) -> bool {
    (character.is_control() && character != '\n')
        || matches!(
            character,
            '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}'
        )
}

#[track_caller]
fn assert_harmless(what: &str, text: &str) {
    assert!(text.contains('y'), "{what} does not show it: {text}");
    let found: Vec<char> = text.chars().filter(|&character| is_harmful(character)).collect();
    assert!(found.is_empty(), "{what} has {found:?}");
}

/// A request full of hostile texts, and an upstream whose answer has them, too.
async fn recorded() -> (TestProxy, FakeUpstream) {
    let refusal = json!({"error": {"message": HOSTILE, "code": HOSTILE}});
    let upstream = FakeUpstream::always(Reply::json(400, &refusal)).await;
    let proxy = TestProxy::serve(&account("work", "openai", &upstream, "models = [\"*\"]")).await;
    let body = json!({"model": format!("{HOSTILE};=cmd|' /C calc'!A0"), "messages": [{"role": "user", "content": "hi"}]});
    let agent = "y;=HYPERLINK(1)\t@SUM(1)";
    proxy.send("POST", "/v1/chat/completions", &[("user-agent", agent)], &body.to_string()).await;
    proxy.wait_for_records(1).await;
    (proxy, upstream)
}

#[tokio::test]
async fn logs_in_both_forms_are_harmless() {
    let (proxy, _upstream) = recorded().await;
    let json = stdout(&proxy.run(&["--json", "logs"]).await);
    assert_harmless("--json logs", &json);
    let record: serde_json::Value = serde_json::from_str(json.trim()).expect("one JSON object");
    assert!(
        record["model_asked"].as_str().expect("a model").starts_with(HOSTILE),
        "no character is lost: {record}"
    );
    assert_harmless("logs", &stdout(&proxy.run(&["logs"]).await));
    assert_harmless("usage", &stdout(&proxy.run(&["usage"]).await));
    assert_harmless("--json usage", &stdout(&proxy.run(&["--json", "usage"]).await));
}

#[tokio::test]
async fn metrics_are_harmless() {
    let (proxy, _upstream) = recorded().await;
    let text = proxy.control_call("GET", "/metrics", "").await.text();
    assert_harmless("/metrics", &text);
    assert!(text.lines().all(|line| line.starts_with('#') || line.starts_with("portcullis_")), "{text}");
}

#[tokio::test]
async fn exports_are_harmless() {
    let (proxy, _upstream) = recorded().await;
    let lines = proxy.control_call("GET", "/api/records/export?format=jsonl", "").await.text();
    assert_harmless("JSON Lines", &lines);
    let csv = proxy.control_call("GET", "/api/records/export?format=csv", "").await.text();
    assert_harmless("CSV", &csv.replace("\r\n", "\n"));
    for separator in [';', '\t', '|'] {
        for cell in csv.lines().flat_map(|line| line.split(separator).skip(1)) {
            let cell = cell.trim_start_matches(['"', ' ']);
            assert!(
                !cell.starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠']),
                "{separator:?} makes {cell:?}"
            );
        }
    }
}

#[tokio::test]
async fn the_log_of_serve_is_harmless() {
    let upstream = FakeUpstream::always(Reply::json(401, &json!({"error": {"message": HOSTILE}}))).await;
    let mut proxy = TestProxy::serve(&account("work", "openai", &upstream, "models = [\"*\"]")).await;
    let asked = format!("a\u{202e}\u{9b}{HOSTILE}");
    let body = json!({"model": asked, "messages": [{"role": "user", "content": "hi"}]});
    proxy.post("/v1/chat/completions", &body).await;
    proxy.post("/v1/embeddings", &json!({"model": asked, "input": "x"})).await;
    proxy.wait_for_records(1).await;
    proxy.signal(rustix::process::Signal::TERM);
    let (_, log) = proxy.ended().await;
    assert_harmless("the log on the terminal", &log);
    let file = std::fs::read_to_string(proxy.home.file("portcullis.log")).expect("a log file");
    assert_harmless("the log file", &file);
}
