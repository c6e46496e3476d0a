//! `portcullis demo`: the whole path works with no key and no network, and leaves nothing behind.

use std::net::TcpListener;
use std::path::Path;
use std::process::Stdio;

use rustix::process::Signal;
use serde_json::{Value, json};
use tokio::io::AsyncReadExt;

use crate::support::{Home, TestProxy};

/// The command of a demo that makes its throw-away home in the test's own directory.
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

#[tokio::test]
async fn the_commands_it_prints_work_when_pasted() {
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
        "the address on the screen does not open the dashboard: {watch}"
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
async fn its_home_is_removed_when_it_ends() {
    for signal in [Signal::TERM, Signal::INT] {
        let mut proxy = demo().await;
        assert_eq!(throw_away_homes(&proxy.home.path()), 1);
        proxy.signal(signal);
        assert_eq!(proxy.ended().await.0, Some(0));
        assert_eq!(throw_away_homes(&proxy.home.path()), 0, "{signal:?}");
    }
}

#[tokio::test]
async fn the_next_demo_removes_the_home_of_a_killed_one() {
    let home = demo().await.killed().await;
    assert_eq!(throw_away_homes(&home.path()), 1);
    let command = command(&home, &["--port", "0"]);
    let mut proxy = TestProxy::spawn(home, command).await;
    assert_eq!(throw_away_homes(&proxy.home.path()), 1, "its own");
    proxy.signal(Signal::TERM);
    proxy.ended().await;
    assert_eq!(throw_away_homes(&proxy.home.path()), 0);
}

/// The usual port is taken by this test, or by another program already.
#[tokio::test]
async fn it_takes_another_port_with_a_note_when_the_usual_one_is_in_use() {
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
async fn two_demos_run_side_by_side() {
    let (one, other) = (demo().await, demo().await);
    for proxy in [&one, &other] {
        assert_eq!(proxy.chat("gpt-5").await.status, 200);
    }
    assert_ne!(one.address, other.address);
}
