//! `portcullis doctor`: what it finds, and that it always ends.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Output};

use serde_json::{Value, json};

use crate::support::home::{CLIENT_KEY, stderr, stdout};
use crate::support::proxy::{account, free_port, proxy_section};
use crate::support::{FakeUpstream, Home, Reply, TestProxy};

const DEMO: &str = "\n[[accounts]]\nname = \"demo\"\nprovider = \"demo\"\nmodels = [\"demo*\"]\n";

fn well(port: u16) -> Home {
    let home = Home::with_config(&(proxy_section(&format!("port = {port}")) + DEMO));
    fs::set_permissions(home.path(), fs::Permissions::from_mode(0o700)).expect("set");
    home
}

fn findings(output: &Output) -> Vec<Value> {
    let found: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}{}", stdout(output), stderr(output)));
    found.as_array().expect("a list").clone()
}

/// Runs it and looks for one finding; the exit code says whether there is a problem.
#[track_caller]
fn check(command: &mut Command, level: &str, text: &str, fix: &str) {
    let output = command.output().expect("it runs");
    let found = findings(&output);
    let wanted =
        found.iter().find(|finding| finding["text"].as_str().is_some_and(|said| said.contains(text)));
    let wanted = wanted.unwrap_or_else(|| panic!("nothing says {text:?}: {found:#?}"));
    assert_eq!(wanted["level"], level, "{wanted}");
    assert!(wanted["fix"].as_str().unwrap_or_default().contains(fix), "{wanted}");
    let has_problem = found.iter().any(|finding| finding["level"] == "problem");
    assert_eq!(output.status.code(), Some(i32::from(has_problem)));
}

#[test]
fn a_healthy_home_has_no_problem() {
    let home = well(free_port());
    let output = home.run(&["doctor"]);
    assert_eq!(output.status.code(), Some(0), "{}", stdout(&output));
    assert!(stdout(&output).contains("✓ The config file is in order"), "{}", stdout(&output));
    assert!(stdout(&output).contains("No problem"), "{}", stdout(&output));
    check(&mut home.command(&["doctor", "--json"]), "ok", "1 active account", "");
    check(&mut home.command(&["doctor", "--json", "--online"]), "ok", "Account demo answers", "");
}

#[test]
fn what_is_wrong_is_told_with_the_one_thing_to_do() {
    let json = ["doctor", "--json"];
    let home = Home::empty();
    check(&mut home.command(&json), "warning", "no config file yet", "portcullis config init");
    let home = Home::with_config(&proxy_section(&format!("port = {}", free_port())));
    check(&mut home.command(&json), "problem", "No available accounts", "portcullis account add");
    let home = Home::with_config("[proxy]\nprot = 1\n");
    check(&mut home.command(&json), "problem", "config.toml:2:1", "portcullis config check");
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = taken.local_addr().expect("an address").port();
    check(&mut well(port).command(&json), "problem", "in use by tests", "is free");
    let home = well(free_port());
    fs::set_permissions(home.config(), fs::Permissions::from_mode(0o644)).expect("set");
    check(&mut home.command(&json), "warning", "open to other users (mode 644)", "chmod 600");
    let home = well(free_port());
    let open = fs::read_to_string(home.config()).expect("text");
    home.write_config(&open.replace("[proxy]", "[proxy]\nallow_lan_access = true\nauth_mode = \"off\""));
    check(&mut home.command(&json), "warning", "Everyone on this network", "auth_mode");
    check(&mut home.command(&json), "warning", "no session bus", "portcullis serve");
}

#[test]
fn the_environment_of_clients_is_looked_at() {
    let port = free_port();
    let home = well(port);
    let json = ["doctor", "--json"];
    check(
        home.command(&json).env("HTTPS_PROXY", "http://proxy:3128").env("NO_PROXY", "localhost"),
        "warning",
        "HTTPS_PROXY is set",
        "NO_PROXY=127.0.0.1",
    );
    check(
        home.command(&json).env("ALL_PROXY", "http://proxy:3128").env("NO_PROXY", "127.0.0.1"),
        "ok",
        "No proxy in the environment",
        "",
    );
    let cases = [
        ("ANTHROPIC_BASE_URL", format!("http://127.0.0.1:{port}/v1"), format!("http://127.0.0.1:{port}.")),
        ("OPENAI_BASE_URL", format!("http://localhost:{port}"), format!("http://127.0.0.1:{port}/v1")),
        ("GOOGLE_GEMINI_BASE_URL", "https://user:pass@gw.example".to_owned(), format!(":{port}")),
    ];
    for (name, value, fix) in cases {
        check(home.command(&json).env(name, &value), "warning", &format!("{name} points"), &fix);
        let output = home.command(&json).env(name, &value).output().expect("runs");
        assert!(!stdout(&output).contains("user:pass"), "{}", stdout(&output));
    }
    let right = home.command(&json).env("OPENAI_BASE_URL", format!("http://localhost:{port}/v1")).output();
    assert!(!stdout(&right.expect("runs")).contains("OPENAI_BASE_URL"));
}

#[test]
fn tools_that_point_past_the_proxy_are_told() {
    let home = well(free_port());
    let json = ["doctor", "--json"];
    home.run(&["connect", "codex"]);
    check(&mut home.command(&json), "ok", "Codex points here", "");
    let config = fs::read_to_string(home.config()).expect("text");
    let port = config.lines().find(|line| line.starts_with("port")).expect("a port");
    home.write_config(&config.replace(port, &format!("port = {}", free_port())));
    check(
        &mut home.command(&json),
        "warning",
        "Codex points at http://127.0.0.1:",
        "portcullis connect codex",
    );
    fs::create_dir_all(home.file(".claude")).expect("made");
    let settings = json!({"env": {"ANTHROPIC_BASE_URL": "https://gateway.example"}});
    fs::write(home.file(".claude/settings.json"), settings.to_string()).expect("written");
    let shown = stdout(&home.run(&json));
    assert!(!shown.contains("Claude Code"), "somebody else's gateway is nobody's business: {shown}");
    fs::write(home.file(".claude/settings.json"), "{").expect("written");
    check(&mut home.command(&json), "problem", "Claude Code cannot be read", "Correct the file");
}

#[tokio::test]
async fn a_running_agent_says_how_it_is() {
    let error = json!({"error": {"message": "no", "code": "invalid_api_key"}});
    let upstream = FakeUpstream::always(Reply::json(401, &error)).await;
    let proxy = TestProxy::serve(&(account("bad", "openai", &upstream, "") + DEMO)).await;
    proxy.chat("gpt-5").await;
    let output = proxy.run(&["doctor", "--json"]).await;
    let shown = stdout(&output);
    assert!(shown.contains(&format!("Running on http://{}", proxy.address)), "{shown}");
    assert!(shown.contains("Account bad was refused"), "{shown}");
    assert!(!shown.contains(CLIENT_KEY) && !shown.contains("secret-key"), "{shown}");
    let online = stdout(&proxy.run(&["doctor", "--online", "--json"]).await);
    assert!(online.contains("Account demo answers"), "{online}");
    assert_eq!(proxy.run(&["stop"]).await.status.code(), Some(0));
    let output = proxy.run(&["doctor", "--json"]).await;
    assert!(stdout(&output).contains("The proxy is stopped"), "{}", stdout(&output));
}
