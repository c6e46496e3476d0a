//! `portcullis demo`: the whole path with no key and no network, and nothing left behind.

use std::net::TcpListener;
use std::path::Path;
use std::process::Stdio;

use rustix::process::Signal;
use serde_json::{Value, json};
use tokio::io::AsyncReadExt;

use crate::support::{Home, TestProxy};

/// A demo whose throw-away home is made in this test's own directory.
fn command(home: &Home, arguments: &[&str]) -> std::process::Command {
    let mut command = home.command(&[&["demo"], arguments].concat());
    command.env("TMPDIR", home.path());
    command
}

async fn demo() -> TestProxy {
    let home = Home::empty();
    let command = command(&home, &["--port", "0"]);
    TestProxy::spawn(home, command).await
}

fn throw_away_homes(directory: &Path) -> usize {
    std::fs::read_dir(directory).expect("readable").count()
}

#[tokio::test]
async fn it_answers_in_all_four_protocols() {
    let proxy = demo().await;
    let message = json!([{"role": "user", "content": "hello"}]);
    let gemini = json!({"contents": [{"role": "user", "parts": [{"text": "hello"}]}]});
    let cases: [(&str, Value, &str); 4] = [
        (
            "/v1/chat/completions",
            json!({"model": "gpt-5", "messages": message}),
            "/choices/0/message/content",
        ),
        ("/v1/responses", json!({"model": "gpt-5", "input": "hello"}), "/output/0/content/0/text"),
        (
            "/v1/messages",
            json!({"model": "claude-sonnet-4-5", "max_tokens": 50, "messages": message}),
            "/content/0/text",
        ),
        ("/v1beta/models/gemini-3-flash:generateContent", gemini, "/candidates/0/content/parts/0/text"),
    ];
    for (path, body, text) in cases {
        let answer = proxy.post(path, &body).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        let json = answer.json();
        let said = json.pointer(text).and_then(Value::as_str).unwrap_or_default();
        assert!(!said.is_empty(), "{path}: {json}");
    }
}

/// The lines it prints, run as they are.
#[tokio::test]
async fn what_it_prints_can_be_pasted() {
    let home = Home::empty();
    let command = command(&home, &["--port", "0"]);
    let mut child = tokio::process::Command::from(command)
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("the binary starts");
    let mut stdout = child.stdout.take().expect("piped");
    let mut greeting = String::new();
    while !greeting.contains("portcullis serve`.") {
        let mut chunk = [0; 4096];
        let length = stdout.read(&mut chunk).await.expect("readable");
        assert!(length > 0, "it ended: {greeting}");
        greeting.push_str(&String::from_utf8_lossy(&chunk[..length]));
    }
    for client in ["openai.OpenAI(", "anthropic.Anthropic(", "genai.Client(", "ANTHROPIC_BASE_URL="] {
        assert!(greeting.contains(client), "{client}: {greeting}");
    }
    let (_, watch) =
        greeting.split_once("Watch the requests at http://127.0.0.1:").expect("the dashboard's address");
    assert!(
        !watch.lines().next().expect("a line").contains('#'),
        "nothing that opens it stands there: {watch}"
    );
    let open = watch.lines().nth(1).expect("a command").trim();
    let printed = tokio::process::Command::new("sh").args(["-c", &format!("{open} --print")]).output();
    let printed = String::from_utf8(printed.await.expect("a shell").stdout).expect("text");
    assert!(printed.starts_with("http://127.0.0.1:"), "{open}: {printed}");
    let joined = greeting.replace("\\\n", "");
    let lines: Vec<_> = joined.lines().map(str::trim).filter(|line| line.starts_with("curl ")).collect();
    assert_eq!(lines.len(), 2, "{greeting}");
    for (line, expected) in lines.into_iter().zip(["{\"status\":\"ok\"}", "data: [DONE]"]) {
        let output = tokio::process::Command::new("sh").args(["-c", line]).output().await.expect("a shell");
        let answer = String::from_utf8_lossy(&output.stdout);
        assert!(answer.contains(expected), "{line}: {answer}{}", String::from_utf8_lossy(&output.stderr));
    }
}

#[tokio::test]
async fn its_home_is_gone_when_it_has_ended() {
    for signal in [Signal::TERM, Signal::INT] {
        let mut proxy = demo().await;
        assert_eq!(throw_away_homes(&proxy.home.path()), 1);
        proxy.signal(signal);
        assert_eq!(proxy.ended().await.0, Some(0));
        assert_eq!(throw_away_homes(&proxy.home.path()), 0, "{signal:?}");
    }
}

#[tokio::test]
async fn the_home_of_a_killed_demo_is_swept_by_the_next() {
    let home = demo().await.killed().await;
    assert_eq!(throw_away_homes(&home.path()), 1);
    let command = command(&home, &["--port", "0"]);
    let mut proxy = TestProxy::spawn(home, command).await;
    assert_eq!(throw_away_homes(&proxy.home.path()), 1, "its own");
    proxy.signal(Signal::TERM);
    proxy.ended().await;
    assert_eq!(throw_away_homes(&proxy.home.path()), 0);
}

/// Whoever has the usual port (this test, unless somebody was quicker), a demo takes another.
#[tokio::test]
async fn a_busy_port_sends_it_to_another_with_a_note() {
    let occupant = TcpListener::bind("127.0.0.1:8045");
    let home = Home::empty();
    let command = command(&home, &[]);
    let mut proxy = TestProxy::spawn(home, command).await;
    assert_ne!(proxy.address.port(), 8045);
    assert_eq!(proxy.get("/healthz").await.status, 200);
    proxy.signal(Signal::TERM);
    let (code, log) = proxy.ended().await;
    drop(occupant);
    assert_eq!(code, Some(0));
    assert!(log.contains("Port 8045 is in use; the demo takes another."), "{log}");
}

#[tokio::test]
async fn demos_run_beside_each_other() {
    let (one, other) = (demo().await, demo().await);
    for proxy in [&one, &other] {
        assert_eq!(proxy.chat("gpt-5").await.status, 200);
    }
    assert_ne!(one.address, other.address);
}
