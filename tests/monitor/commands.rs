use std::process::Stdio;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::time::timeout;

use super::recorded;
use crate::support::home::{stderr, stdout};
use crate::support::proxy::LIMIT;

fn rows(output: &std::process::Output) -> Vec<Value> {
    stdout(output).lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

#[tokio::test]
async fn logs_are_the_same_with_and_without_the_agent() {
    let (mut proxy, _upstream) = recorded("").await;
    for model in ["gpt-5", "gpt-5-mini", "no-such-model"] {
        proxy.chat(model).await;
    }
    let cases: [(&[&str], usize); 5] = [
        (&[], 3),
        (&["-n", "2"], 2),
        (&["--errors"], 1),
        (&["--model", "gpt-*", "--account", "work", "--protocol", "openai-chat"], 2),
        (&["--since", "1h", "--text", "MINI"], 1),
    ];
    let mut answers = Vec::new();
    for (arguments, count) in cases {
        let output = proxy.run(&[&["--json", "logs"], arguments].concat()).await;
        assert_eq!(rows(&output).len(), count, "{arguments:?}: {}", stderr(&output));
        answers.push(rows(&output));
    }
    let usage = rows_of_usage(&proxy.run(&["--json", "usage", "--by", "model", "--per", "day"]).await);
    proxy.run(&["quit"]).await;
    proxy.ended().await;
    for ((arguments, _), with_agent) in cases.iter().zip(answers) {
        let output = proxy.home.run(&[&["--json", "logs"], *arguments].concat());
        assert_eq!(rows(&output), with_agent, "{arguments:?}: {}", stderr(&output));
    }
    assert_eq!(rows_of_usage(&proxy.home.run(&["--json", "usage", "--by", "model", "--per", "day"])), usage);
    assert_eq!(usage.as_array().map(Vec::len), Some(3));
}

fn rows_of_usage(output: &std::process::Output) -> Value {
    serde_json::from_str(&stdout(output)).expect("JSON")
}

#[tokio::test]
async fn logs_as_text_show_errors_and_move_no_cursor() {
    let (proxy, _upstream) = recorded("").await;
    proxy.chat("gpt-5").await;
    proxy.chat("evil\u{1b}[2J").await;
    let text = stdout(&proxy.run(&["logs"]).await);
    let lines: Vec<_> = text.lines().collect();
    assert!(
        lines[0].contains("  200  ") && lines[0].contains("gpt-5") && lines[0].contains("1000+200"),
        "{text}"
    );
    assert!(lines[1].contains("  404  ") && lines[2].starts_with("    no account serves"), "{text}");
    assert!(!text.contains('\u{1b}'), "{text:?}");
    let usage = stdout(&proxy.run(&["usage"]).await);
    assert!(usage.lines().count() == 3 && usage.contains("≈ $"), "{usage}");
}

#[tokio::test]
async fn following_shows_past_and_new_records_once() {
    let (mut proxy, _upstream) = recorded("").await;
    proxy.chat("gpt-5").await;
    let mut command =
        tokio::process::Command::from(proxy.home.command(&["--json", "logs", "-f", "--model", "gpt-*"]));
    let mut following = command.stdout(Stdio::piped()).kill_on_drop(true).spawn().expect("it starts");
    let mut lines = BufReader::new(following.stdout.take().expect("piped")).lines();
    let mut next = async || {
        let line = timeout(LIMIT, lines.next_line()).await.expect("in time").expect("readable");
        line.map(|line| serde_json::from_str::<Value>(&line).expect("JSON")["model_asked"].clone())
    };
    assert_eq!(next().await, Some("gpt-5".into()));
    proxy.chat("no-such-model").await;
    for model in ["gpt-5-mini", "gpt-5-nano"] {
        proxy.chat(model).await;
        assert_eq!(next().await, Some(model.into()));
    }
    proxy.run(&["quit"]).await;
    proxy.ended().await;
    assert_eq!(next().await, None);
    assert_eq!(following.wait().await.expect("it ends").code(), Some(0));
}

#[test]
fn without_an_agent_and_a_record_the_logs_are_empty() {
    let home = crate::support::Home::empty();
    let output = home.run(&["logs"]);
    assert_eq!((stdout(&output).as_str(), output.status.code()), ("", Some(0)));
    assert_eq!(home.run(&["logs", "-f"]).status.code(), Some(3));
    assert_eq!(home.run(&["usage"]).status.code(), Some(0));
    assert_eq!(home.run(&["logs", "--since", "soon"]).status.code(), Some(2));
    assert!(!home.file("monitor.db").exists(), "reading creates no file");
}
