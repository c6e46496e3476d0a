//! Another user of the same computer at the control plane and the edit lock.

use std::fs::{self, File, Permissions};
use std::io::Write;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::TcpStream;
use tokio::process::Child;

use crate::support::home::{stderr, stdout};
use crate::support::proxy::free_port;
use crate::support::stranger::{self, ask};
use crate::support::{FakeUpstream, Home, Reply, TestProxy, raw, request};

async fn agent() -> TestProxy {
    let upstream = FakeUpstream::always(Reply::HangUp).await;
    TestProxy::with_upstream("openai", &upstream).await
}

#[tokio::test]
async fn the_control_plane_serves_its_own_user_only_even_if_another_has_the_token() {
    let proxy = agent().await;
    let (address, token) = proxy.control();
    let with_token = ("x-portcullis-token", &*token);
    for (method, path) in [
        ("GET", "/"),
        ("GET", "/app.js"),
        ("GET", "/accounts"),
        ("GET", "/nowhere"),
        ("GET", "/api/status"),
        ("GET", "/api/key"),
        ("GET", "/metrics"),
        ("POST", "/api/stop"),
        ("POST", "/api/quit"),
        ("POST", "/api/session"),
    ] {
        for headers in [&[] as &[_], &[with_token]] {
            let answer = ask(address, method, path, headers, "").await;
            assert_eq!(answer.status, 403, "{method} {path}: {}", answer.text());
            assert!(answer.json()["error"].as_str().expect("a text").contains("user"), "{}", answer.text());
            assert!(!answer.text().contains(&token));
            assert_eq!(
                answer.header("x-frame-options"),
                Some("DENY"),
                "every answer has the protecting headers"
            );
        }
    }
    assert_eq!(proxy.status().await["state"], "running");
    assert_eq!(request(address, "GET", "/", &[], "").await.status, 200);
}

/// A home and a program that a user without any privilege can use.
fn belongings(user: u32, config: &str) -> (Home, tempfile::TempDir) {
    let home = Home::with_config(config);
    for path in [home.path(), home.config()] {
        std::os::unix::fs::chown(path, Some(user), Some(user)).expect("this test needs root, as in CI");
    }
    let shared = tempfile::tempdir().expect("a directory");
    fs::set_permissions(shared.path(), Permissions::from_mode(0o755)).expect("set");
    fs::copy(env!("CARGO_BIN_EXE_portcullis"), shared.path().join("portcullis")).expect("copied");
    (home, shared)
}

fn serve_as(user: u32, home: &Home, shared: &tempfile::TempDir, arguments: &[&str]) -> std::process::Command {
    let program = shared.path().join("portcullis");
    let mut command = stranger::command_as(user, program.to_str().expect("text"));
    command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default()).env("HOME", home.path());
    command.arg("--home").arg(home.path()).arg("serve").args(arguments);
    command
}

#[tokio::test]
async fn the_agent_of_a_plain_user_serves_that_user_and_root() {
    const ALICE: u32 = stranger::USER;
    const BOB: u32 = 65_533;
    let upstream = FakeUpstream::always(Reply::HangUp).await;
    let config = crate::support::proxy::account("work", "openai", &upstream, "");
    let (home, shared) = belongings(ALICE, &config);
    let command = serve_as(ALICE, &home, &shared, &["--port", "0"]);
    let proxy = TestProxy::spawn(home, command).await;
    let (control, _) = proxy.control();
    for (user, health, page) in [(ALICE, 200, 200), (0, 200, 200), (BOB, 403, 403)] {
        assert_eq!(stranger::status_as(user, proxy.address, "/healthz").await, health, "{user}");
        assert_eq!(stranger::status_as(user, control, "/").await, page, "{user}");
    }
}

#[tokio::test]
async fn a_user_without_a_number_in_the_agents_namespace_is_a_stranger() {
    let upstream = FakeUpstream::always(Reply::HangUp).await;
    let home = Home::with_config(&crate::support::proxy::account("work", "openai", &upstream, ""));
    let serve = home.command(&["serve", "--port", "0"]);
    let mut command = std::process::Command::new("unshare");
    command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default()).env("HOME", home.path());
    command.args(["--user", "--map-root-user", "--"]).arg(serve.get_program()).args(serve.get_args());
    let proxy = TestProxy::spawn(home, command).await;
    assert_eq!(proxy.get("/healthz").await.status, 200);
    assert_eq!(ask(proxy.address, "GET", "/healthz", &[], "").await.status, 403);
    assert_eq!(ask(proxy.control().0, "GET", "/", &[], "").await.status, 403);
}

#[tokio::test]
async fn a_command_whose_sender_is_gone_has_no_effect() {
    let proxy = agent().await;
    let (address, token) = proxy.control();
    for command in ["stop", "quit"].repeat(15) {
        let call = format!(
            "POST /api/{command} HTTP/1.1\r\nhost: {address}\r\nx-portcullis-token: {token}\r\ncontent-length: 0\r\n\r\n"
        );
        stranger::shout(address, &call).await;
    }
    // Commands take effect in order, so the earlier ones are done when the reload is.
    proxy.control_call("POST", "/api/reload", "").await;
    assert_eq!(proxy.status().await["state"], "running");
    assert_eq!(proxy.get("/healthz").await.status, 200);
}

#[tokio::test]
async fn idle_connections_do_not_keep_a_command_waiting() {
    let proxy = agent().await;
    let (address, _) = proxy.control();
    let mut crowd = Vec::new();
    for _ in 0..400 {
        crowd.push(TcpStream::connect(address).await.expect("connected"));
    }
    // They would be closed when their time to send a head is over, and not before.
    let status = proxy.run(&["status"]).await;
    assert_eq!(status.status.code(), Some(0));
    let mut still_open = 0;
    for stream in &crowd {
        let is_open =
            stream.try_read(&mut [0]).is_err_and(|error| error.kind() == std::io::ErrorKind::WouldBlock);
        still_open += usize::from(is_open);
    }
    assert!(still_open > 0, "no connection had been closed by its own timeout");
}

#[tokio::test]
async fn a_head_over_the_limit_is_refused() {
    let proxy = agent().await;
    let (address, token) = proxy.control();
    for (length, expected) in [(60_000, "200"), (70_000, "431"), (100_000, "431"), (130_000, "431")] {
        let call = format!(
            "GET /api/status HTTP/1.1\r\nhost: {address}\r\nx-portcullis-token: {token}\r\nx-long: {}\r\n\
             connection: close\r\n\r\n",
            "x".repeat(length)
        );
        let answer = raw(address, call.as_bytes()).await;
        assert_eq!(answer.split(' ').nth(1), Some(expected), "{length}");
    }
}

/// A program that another user runs until the test ends, after its first line of output.
async fn busy(program: &str, arguments: &[&str]) -> Child {
    let mut command = stranger::command(program);
    let mut child = command.args(arguments).stdout(Stdio::piped()).spawn().expect("it starts");
    let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
    assert!(lines.next_line().await.expect("readable").is_some(), "it says that it is ready");
    child
}

const ACCOUNT: &str = "[[accounts]]\nname = \"one\"\nprovider = \"openai\"\napi_key = \"up-key\"\n";

#[tokio::test]
async fn another_user_cannot_block_an_edit() {
    let home = Home::with_config(ACCOUNT);
    fs::set_permissions(home.path(), Permissions::from_mode(0o755)).expect("set");
    assert_eq!(home.ask(&["account", "disable", "one"]).await.status.code(), Some(0));
    let path = home.path();
    let directory = path.to_str().expect("text");
    let _holder = busy("flock", &["--no-fork", directory, "sh", "-c", "echo held; exec sleep 600"]).await;
    let output = home.ask(&["account", "enable", "one"]).await;
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    for entry in fs::read_dir(home.path()).expect("read") {
        let entry = entry.expect("an entry").path();
        let mut flock = stranger::command("flock");
        let tried = flock.arg("--nonblock").arg(&entry).arg("true").stderr(Stdio::null()).status().await;
        assert!(!tried.expect("it runs").success(), "{} is not theirs to lock", entry.display());
    }
}

#[tokio::test]
async fn an_edit_that_waits_for_another_program_ends_and_names_it() {
    let home = Home::with_config(ACCOUNT);
    assert_eq!(home.ask(&["account", "disable", "one"]).await.status.code(), Some(0));
    let lock = fs::read_dir(home.path()).expect("read").map(|entry| entry.expect("an entry").path());
    let lock = lock.into_iter().find(|path| path.to_string_lossy().ends_with("edit.lock")).expect("a lock");
    let mut held = File::options().write(true).truncate(true).open(&lock).expect("ours");
    held.lock().expect("free");
    writeln!(held, "4242").expect("written");
    let output = home.ask(&["account", "enable", "one"]).await;
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    let text = stderr(&output);
    assert!(text.contains("pid 4242") && text.contains(lock.to_str().expect("text")), "{text}");
    held.unlock().expect("held");
    assert_eq!(home.ask(&["account", "enable", "one"]).await.status.code(), Some(0));
}

#[tokio::test]
async fn a_program_that_the_system_hides_is_named_by_its_user() {
    let held = TcpListener::bind("[::1]:0").expect("this test needs IPv6 on loopback");
    let port = held.local_addr().expect("an address").port();
    let upstream = FakeUpstream::always(Reply::HangUp).await;
    let config = crate::support::proxy::account("work", "openai", &upstream, "");
    let (home, shared) = belongings(stranger::USER, &(format!("[proxy]\nport = {port}\n") + &config));
    let command = serve_as(stranger::USER, &home, &shared, &[]);
    let proxy = TestProxy::spawn(home, command).await;
    let status = proxy.status().await;
    let warning = status["warnings"][0].as_str().expect("a warning");
    assert!(warning.contains("another user (root)"), "{warning}");
}

/// Fails unless every surface names the owner of `[::1]` and the consequence.
async fn assert_named_everywhere(port: u16, owner: &str) {
    let upstream = FakeUpstream::always(Reply::HangUp).await;
    let config = crate::support::proxy::account("work", "openai", &upstream, "");
    let home = Home::with_config(&(format!("[proxy]\nport = {port}\n") + &config));
    let check = |words: &str| {
        assert!(words.contains(&format!("[::1]:{port}")) && words.contains(owner), "{words}");
        assert!(words.contains("the key and the prompts"), "{words}");
    };
    let doctor = async |home: &Home| {
        let found: Value =
            serde_json::from_slice(&home.ask(&["doctor", "--json"]).await.stdout).expect("JSON");
        let found =
            found.as_array().expect("a list").iter().find(|finding| finding["check"] == "ipv6").cloned();
        let found = found.expect("doctor knows");
        check(found["text"].as_str().expect("a text"));
        assert!(found["fix"].as_str().expect("a fix").contains("127.0.0.1"), "{found}");
    };
    doctor(&home).await;
    let mut proxy = TestProxy::serve_home(home, &["serve"]).await;
    let status = proxy.status().await;
    check(status["warnings"][0].as_str().expect("a warning"));
    check(&stdout(&proxy.run(&["status"]).await));
    doctor(&proxy.home).await;
    assert_eq!(proxy.get("/healthz").await.status, 200, "IPv4 serves all the same");
    proxy.signal(rustix::process::Signal::TERM);
    let (_, log) = proxy.ended().await;
    let line = log.lines().find(|line| line.contains("[::1]")).expect("a line in the log");
    assert!(line.contains("WARN"), "{line}");
    check(line);
}

#[tokio::test]
async fn the_program_that_holds_the_ipv6_half_of_the_port_is_named_everywhere() {
    let held = TcpListener::bind("[::1]:0").expect("this test needs IPv6 on loopback");
    let port = held.local_addr().expect("an address").port();
    assert_named_everywhere(port, &format!("(pid {})", std::process::id())).await;
}

#[tokio::test]
async fn another_user_that_holds_the_ipv6_half_of_the_port_is_named_everywhere() {
    let port = free_port();
    let listen = format!(
        "import socket, time; held = socket.create_server(('::1', {port}), family=socket.AF_INET6); \
         print('ready', flush=True); time.sleep(600)"
    );
    let squatter = busy("/usr/bin/python3", &["-c", &listen]).await;
    // An agent of root sees the program; any other agent sees only its user.
    assert_named_everywhere(port, &format!("(pid {})", squatter.id().expect("it runs"))).await;
}
