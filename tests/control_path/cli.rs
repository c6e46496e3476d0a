//! Results go to stdout, everything else to stderr, and a reader may leave at any time.

use std::process::Stdio;

use serde_json::{Value, json};

use crate::support::home::{stderr, stdout};
use crate::support::proxy::proxy_section;
use crate::support::{FakeUpstream, Home, Reply, TestProxy};

/// Every command that prints a result prints JSON on request.
#[tokio::test]
async fn stdout_holds_json_only() {
    let upstream = FakeUpstream::always(Reply::json(200, &json!({"data": []}))).await;
    let proxy = TestProxy::with_upstream("openai", &upstream).await;
    let commands: [&[&str]; 13] = [
        &["status"],
        &["stop"],
        &["start"],
        &["restart"],
        &["reload"],
        &["account", "list"],
        &["account", "test", "work"],
        &["account", "clear-cooldown"],
        &["config", "path"],
        &["config", "check"],
        &["config", "schema"],
        &["key", "rotate"],
        &["key", "show"],
    ];
    for command in commands {
        let output = proxy.run(&[&["--json"], command].concat()).await;
        assert_eq!(output.status.code(), Some(0), "{command:?}: {}", stderr(&output));
        let parsed = serde_json::from_slice::<Value>(&output.stdout);
        assert!(parsed.is_ok(), "{command:?}: {}", stdout(&output));
        assert_eq!(stderr(&output), "", "{command:?}");
    }
}

#[test]
fn errors_go_to_stderr_only() {
    let home = Home::with_config(&proxy_section(""));
    let commands: [&[&str]; 8] = [
        &["stop"],
        &["start"],
        &["reload"],
        &["quit"],
        &["open", "--print"],
        &["account", "remove", "nobody"],
        &["account", "test", "nobody"],
        &["config", "init"],
    ];
    for command in commands {
        let output = home.run(command);
        assert!(matches!(output.status.code(), Some(1 | 3)), "{command:?}: {:?}", output.status);
        assert_eq!(stdout(&output), "", "{command:?}");
        assert!(!stderr(&output).is_empty(), "{command:?}");
    }
    let output = home.run(&["account", "list"]);
    assert_eq!((output.status.code(), stdout(&output)), (Some(0), String::new()));
    assert!(stderr(&output).contains("No accounts yet"), "{}", stderr(&output));
}

/// As with `portcullis … | head -0`.
#[test]
fn no_command_panics_when_its_reader_goes_away() {
    let home = Home::empty();
    home.run(&["config", "init"]);
    let commands: [&[&str]; 6] = [
        &["--help"],
        &["status"],
        &["config", "schema"],
        &["config", "show"],
        &["config", "check"],
        &["key", "show"],
    ];
    for command in commands {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        let output = home.command(command).stdout(writer).stderr(Stdio::piped()).output().expect("runs");
        let code = output.status.code().expect("no signal ends it");
        assert!(code == 0 || code == 3, "{command:?}: {code}");
        assert!(!stderr(&output).contains("panicked"), "{command:?}: {}", stderr(&output));
    }
}

#[test]
fn help_names_every_command() {
    let home = Home::empty();
    let help = stdout(&home.run(&["--help"]));
    let commands = [
        "serve", "demo", "status", "start", "stop", "restart", "reload", "quit", "open", "account", "config",
        "key",
    ];
    for command in commands {
        assert!(help.lines().any(|line| line.trim_start().starts_with(command)), "{command}: {help}");
        let output = home.run(&[command, "--help"]);
        assert_eq!(output.status.code(), Some(0), "{command}");
        assert!(stdout(&output).contains("Usage: portcullis"), "{command}");
    }
    let version = stdout(&home.run(&["--version"]));
    assert_eq!(version, format!("portcullis {}\n", env!("CARGO_PKG_VERSION")));
}

/// The language comes from the config file that the command line names, wherever it stands.
#[test]
fn help_is_in_the_language_of_the_config() {
    let home = Home::with_config("language = \"ja\"\n");
    let help = stdout(&home.run(&["--help"]));
    let lines: Vec<&str> = help.lines().collect();
    assert!(lines[0].starts_with("言語モデル API のローカルリバースプロキシ。"), "{help}");
    for line in [
        "使い方: portcullis [OPTIONS] [COMMAND]",
        "コマンド:",
        "  serve        トレイなしで、エージェントをフォアグラウンドで動かす",
        "オプション:",
        "      --json           結果を JSON で出力する",
        "  -h, --help           ヘルプを表示する",
    ] {
        assert!(lines.contains(&line), "{line:?} is not in:\n{help}");
    }
    let help = stdout(&home.run(&["account", "add", "--help"]));
    assert!(help.contains("\n引数:\n  [NAME]  アカウントの名前 [既定値: プロバイダーの名前]\n"), "{help}");
    assert!(help.contains("[選択肢: gemini, anthropic, openai,"), "{help}");
    home.write_config("language = \"zh-CN\"\n");
    for arguments in [&["help", "logs"][..], &["logs", "-h"]] {
        let help = stdout(&home.run(arguments));
        assert!(help.contains("用法: portcullis logs [OPTIONS]"), "{help}");
        assert!(help.contains("显示最近的多少条 [默认值: 50]"), "{help}");
        let english = ["Usage", "Options", "Only", "Print", "default", "possible"];
        assert!(!english.iter().any(|word| help.contains(word)), "{help}");
    }
    let wrong = home.run(&["stautus"]);
    assert_eq!(wrong.status.code(), Some(2));
    assert!(stderr(&wrong).contains("stautus"), "{}", stderr(&wrong));
}
