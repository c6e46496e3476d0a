//! A change of port or address: the new listener answers before the old one is closed, and
//! requests under way are answered to the end.

use std::net::{SocketAddr, TcpListener};

use serde_json::{Value, json};
use tokio::net::TcpStream;

use super::under_load::{Load, streaming_upstream};
use super::wait_for_problem;
use crate::support::client::request;
use crate::support::home::{CLIENT_KEY, stderr, stdout};
use crate::support::proxy::{account, free_port, proxy_section};
use crate::support::{FakeUpstream, FedStream, Home, Reply, TestProxy};

/// An agent on the port of its config file.
async fn serve(config: &str) -> TestProxy {
    TestProxy::serve_home(Home::with_config(config), &["serve"]).await
}

fn on_port(port: u16, more: &str, upstream: &FakeUpstream) -> String {
    proxy_section(&format!("port = {port}\n{more}")) + &account("work", "openai", upstream, "")
}

fn loopback(port: u16) -> SocketAddr {
    ([127, 0, 0, 1], port).into()
}

async fn is_open(address: SocketAddr) -> bool {
    TcpStream::connect(address).await.is_ok()
}

async fn is_healthy(address: SocketAddr) -> bool {
    request(address, "GET", "/healthz", &[], "").await.status == 200
}

/// Waits until the status has this port; the old listener is gone then, too.
async fn wait_for_port(proxy: &TestProxy, port: u16) -> Value {
    let base_url = format!("http://127.0.0.1:{port}");
    proxy.wait_for_status(&base_url, |status| status["base_url"] == base_url.as_str()).await
}

#[tokio::test]
async fn a_new_port_answers_the_old_one_is_free_and_its_stream_finishes() {
    let upstream = FakeUpstream::always(Reply::fed_sse()).await;
    let proxy = serve(&on_port(0, "", &upstream)).await;
    let old = proxy.address;
    let stream = FedStream::begin(old, &upstream).await;
    let port = free_port();
    proxy.home.write_config(&on_port(port, "", &upstream));
    let status = wait_for_port(&proxy, port).await;
    assert_eq!((&status["state"], &status["problem"]), (&json!("running"), &Value::Null));
    assert!(is_healthy(loopback(port)).await);
    TcpListener::bind(old).expect("the old port is free while its stream goes on");
    stream.finishes_whole().await;
}

#[tokio::test]
async fn there_and_back_again_while_the_first_stream_still_goes_on() {
    let upstream = FakeUpstream::always(Reply::fed_sse()).await;
    let proxy = serve(&on_port(0, "", &upstream)).await;
    let (here, there) = (proxy.address.port(), free_port());
    let stream = FedStream::begin(proxy.address, &upstream).await;
    for (port, other) in [(there, here), (here, there), (there, here), (here, there)] {
        proxy.home.write_config(&on_port(port, "", &upstream));
        wait_for_port(&proxy, port).await;
        assert!(is_healthy(loopback(port)).await);
        assert!(!is_open(loopback(other)).await, "the other one is closed");
    }
    stream.finishes_whole().await;
}

#[tokio::test]
async fn an_occupied_port_changes_nothing_and_its_owner_is_named() {
    let upstream = FakeUpstream::always(Reply::json(200, &json!({}))).await;
    let proxy = serve(&on_port(0, "", &upstream)).await;
    let occupant = TcpListener::bind("127.0.0.1:0").expect("a port");
    let taken = occupant.local_addr().expect("an address").port();
    proxy.home.write_config(&on_port(taken, "auth_mode = \"strict\"", &upstream));
    let problem = wait_for_problem(&proxy, &format!("Could not bind 127.0.0.1:{taken}: in use by ")).await;
    assert!(problem.contains(&format!("(pid {}).", std::process::id())), "{problem}");
    assert!(problem.ends_with("The old address stays in use."), "{problem}");
    let status = proxy.status().await;
    assert_eq!((&status["state"], &status["auth_mode"]), (&json!("running"), &json!("auto")));
    let next = status["next_free_port"].as_u64().expect("a way out");
    assert!(next > u64::from(taken), "{next}");
    assert_eq!(proxy.chat("gpt-5").await.status, 200);

    drop(occupant);
    assert_eq!(proxy.run(&["reload"]).await.status.code(), Some(0));
    let status = wait_for_port(&proxy, taken).await;
    assert_eq!((&status["auth_mode"], &status["problem"]), (&json!("strict"), &Value::Null));
}

/// The port of the file was taken when it was saved, and is free by now.
#[tokio::test]
async fn whatever_starts_the_proxy_binds_what_the_file_says() {
    let upstream = FakeUpstream::always(Reply::json(200, &json!({}))).await;
    for commands in [&["restart"][..], &["stop", "start"], &["start"], &["stop", "restart"], &["reload"]] {
        let proxy = serve(&on_port(0, "", &upstream)).await;
        let occupant = TcpListener::bind("127.0.0.1:0").expect("a port");
        let wanted = occupant.local_addr().expect("an address").port();
        proxy.home.write_config(&on_port(wanted, "auth_mode = \"strict\"", &upstream));
        wait_for_problem(&proxy, &format!("Could not bind 127.0.0.1:{wanted}")).await;
        drop(occupant);
        for command in commands {
            assert_eq!(proxy.run(&[command]).await.status.code(), Some(0), "{commands:?}");
        }
        let status = wait_for_port(&proxy, wanted).await;
        assert_eq!((&status["state"], &status["problem"]), (&json!("running"), &Value::Null), "{commands:?}");
        assert_eq!(status["auth_mode"], "strict", "{commands:?}: the rest of the file, too");
        assert!(!is_open(proxy.address).await, "{commands:?}");
    }
}

#[tokio::test]
async fn while_the_port_of_the_file_is_taken_a_restart_says_so_and_the_old_one_serves_on() {
    let upstream = FakeUpstream::always(Reply::fed_sse()).await;
    let proxy = serve(&on_port(0, "", &upstream)).await;
    let occupant = TcpListener::bind("127.0.0.1:0").expect("a port");
    let wanted = occupant.local_addr().expect("an address").port();
    proxy.home.write_config(&on_port(wanted, "", &upstream));
    let refused = format!("Could not bind 127.0.0.1:{wanted}: in use by ");
    wait_for_problem(&proxy, &refused).await;
    let stream = FedStream::begin(proxy.address, &upstream).await;
    for command in ["restart", "start", "restart"] {
        let output = proxy.run(&[command]).await;
        assert_eq!(output.status.code(), Some(1), "{command}");
        let printed = stderr(&output);
        assert!(
            printed.contains(&refused) && printed.contains("The old address stays in use."),
            "{command}: {printed}"
        );
        let status = proxy.status().await;
        let problem = status["problem"].as_str().expect("a problem");
        assert!(status["state"] == "running" && problem.contains(&refused), "{command}: {status}");
        assert!(is_healthy(proxy.address).await, "{command}");
    }
    stream.finishes_whole().await;
}

#[tokio::test]
async fn from_stopped_the_taken_port_of_the_file_is_a_failed_start() {
    let upstream = FakeUpstream::always(Reply::json(200, &json!({}))).await;
    let mut proxy = serve(&on_port(0, "", &upstream)).await;
    let occupant = TcpListener::bind("127.0.0.1:0").expect("a port");
    let wanted = occupant.local_addr().expect("an address").port();
    proxy.home.write_config(&on_port(wanted, "", &upstream));
    wait_for_problem(&proxy, "The old address stays in use.").await;
    let stopped = proxy.run(&["stop"]).await;
    let printed = stdout(&stopped) + &stderr(&stopped);
    assert!(stopped.status.success() && !printed.contains("stays in use"), "{printed}");
    proxy.wait_for_status("no old address", |status| status["problem"].is_null()).await;
    let output = proxy.run(&["start"]).await;
    assert_eq!(output.status.code(), Some(1));
    let refused = format!("Could not bind 127.0.0.1:{wanted}: in use by ");
    assert!(stderr(&output).contains(&refused), "{}", stderr(&output));
    assert_eq!(proxy.ended().await.0, Some(1), "what supervises it notices");
}

#[tokio::test]
async fn another_portcullis_on_the_new_port_is_recognised() {
    let upstream = FakeUpstream::always(Reply::json(200, &json!({}))).await;
    let other = serve(&on_port(0, "auth_mode = \"strict\"", &upstream)).await;
    let proxy = serve(&on_port(0, "", &upstream)).await;
    proxy.home.write_config(&on_port(other.address.port(), "", &upstream));
    let problem = wait_for_problem(&proxy, "in use by another portcullis (pid ").await;
    let named = format!("(pid {}, home {})", other.pid(), other.home.path().display());
    let known = format!("{named}. Use the portcullis that is already running");
    assert!(!cfg!(target_os = "linux") || problem.contains(&known), "{problem}");
    assert!(is_healthy(proxy.address).await);
}

#[tokio::test]
async fn going_back_to_the_port_in_force_clears_the_problem() {
    let upstream = FakeUpstream::always(Reply::json(200, &json!({}))).await;
    let proxy = serve(&on_port(0, "", &upstream)).await;
    let occupant = TcpListener::bind("127.0.0.1:0").expect("a port");
    proxy.home.write_config(&on_port(occupant.local_addr().expect("one").port(), "", &upstream));
    wait_for_problem(&proxy, "Could not bind").await;
    proxy.home.write_config(&on_port(proxy.address.port(), "", &upstream));
    proxy.wait_for_status("no problem", |status| status["problem"].is_null()).await;
    assert_eq!(proxy.chat("gpt-5").await.status, 200);
}

#[tokio::test]
async fn the_action_of_a_bind_failure_moves_to_the_next_free_port() {
    let upstream = FakeUpstream::always(Reply::json(200, &json!({}))).await;
    let proxy = serve(&("# mine\n".to_owned() + &on_port(0, "", &upstream))).await;
    let port = free_port();
    let moved = proxy.control_call("POST", "/api/move-to-port", &json!({ "port": port }).to_string()).await;
    assert_eq!(moved.status, 200, "{}", moved.text());
    wait_for_port(&proxy, port).await;
    let config = std::fs::read_to_string(proxy.home.config()).expect("readable");
    assert!(config.starts_with("# mine\n") && config.contains(&format!("port = {port}\n")), "{config}");
}

#[tokio::test]
async fn localhost_is_served_on_ipv6_too_and_moves_along() {
    let upstream = FakeUpstream::always(Reply::json(200, &json!({}))).await;
    let proxy = serve(&on_port(0, "", &upstream)).await;
    if TcpListener::bind("[::1]:0").is_err() {
        return;
    }
    let v6 = |port| SocketAddr::from((std::net::Ipv6Addr::LOCALHOST, port));
    assert!(is_healthy(v6(proxy.address.port())).await);
    let port = free_port();
    proxy.home.write_config(&on_port(port, "", &upstream));
    wait_for_port(&proxy, port).await;
    assert!(is_healthy(v6(port)).await && !is_open(v6(proxy.address.port())).await);
}

fn is_on(status: &Value, ip: &str) -> bool {
    status["address"].as_str().is_some_and(|address| address.starts_with(ip))
}

/// Another address of this machine, which is reached with LAN access only.
fn from_the_network(port: u16) -> SocketAddr {
    ([127, 0, 0, 2], port).into()
}

async fn check_lan_access_comes_and_goes(first: bool) {
    let upstream = streaming_upstream().await;
    let text =
        |port, lan| on_port(port, &format!("auth_mode = \"off\"\nallow_lan_access = {lan}"), &upstream);
    let proxy = serve(&text(0, first)).await;
    let port = proxy.address.port();
    let load = Load::on(loopback(port), 8);
    let mut lan = first;
    for _ in 0..20 {
        lan = !lan;
        proxy.home.write_config(&text(port, lan));
        let ip = if lan { "0.0.0.0:" } else { "127.0.0.1:" };
        proxy.wait_for_status(ip, |status| is_on(status, ip)).await;
        assert_eq!(is_open(from_the_network(port)).await, lan);
    }
    let (sent, failed) = load.ended().await;
    assert!(failed.is_empty(), "{} of {sent} failed: {:?}", failed.len(), failed.first());
    assert_eq!(upstream.seen().len(), sent, "nothing is sent twice");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lan_access_comes_and_goes_on_the_same_port_under_load() {
    check_lan_access_comes_and_goes(false).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lan_access_goes_and_comes_back_on_the_same_port_under_load() {
    check_lan_access_comes_and_goes(true).await;
}

#[tokio::test]
async fn a_stream_goes_on_when_lan_access_comes_and_goes() {
    let upstream = FakeUpstream::always(Reply::fed_sse()).await;
    let proxy = serve(&on_port(0, "", &upstream)).await;
    let port = proxy.address.port();
    let stream = FedStream::begin(proxy.address, &upstream).await;
    for (lan, ip) in [(true, "0.0.0.0:"), (false, "127.0.0.1:")] {
        proxy.home.write_config(&on_port(port, &format!("allow_lan_access = {lan}"), &upstream));
        proxy.wait_for_status(ip, |status| is_on(status, ip)).await;
    }
    stream.finishes_whole().await;
}

#[tokio::test]
async fn lan_access_and_another_port_in_one_save() {
    let upstream = FakeUpstream::always(Reply::json(200, &json!({}))).await;
    let proxy = serve(&on_port(0, "", &upstream)).await;
    let port = free_port();
    proxy.home.write_config(&on_port(port, "allow_lan_access = true", &upstream));
    wait_for_port(&proxy, port).await;
    assert!(is_open(from_the_network(port)).await && !is_open(proxy.address).await);
    assert_eq!(request(loopback(port), "GET", "/v1/models", &[], "").await.status, 401);
}

#[tokio::test]
async fn lan_access_without_a_key_writes_one_into_the_file_and_asks_for_it() {
    let upstream = FakeUpstream::always(Reply::json(200, &json!({}))).await;
    let text = |lan: bool| {
        let accounts = account("work", "openai", &upstream, "");
        format!("# above\n[proxy]\nallow_lan_access = {lan}  # beside\n# below\n{accounts}")
    };
    let proxy = TestProxy::serve(&text(false)).await;
    assert_eq!(proxy.chat("gpt-5").await.status, 200);
    proxy.home.write_config(&text(true));
    proxy.wait_for_status("LAN access", |status| is_on(status, "0.0.0.0:")).await;
    let config = std::fs::read_to_string(proxy.home.config()).expect("readable");
    let key = config.split("api_key = \"").nth(1).and_then(|rest| rest.split('"').next()).expect("a key");
    assert!(key.starts_with("sk-") && key.len() >= 32, "{key}");
    assert_eq!(config.replace(&format!("api_key = \"{key}\"\n"), ""), text(true), "the rest is untouched");
    assert_eq!(proxy.chat("gpt-5").await.status, 401);
    let with_key = proxy.send("GET", "/v1/models", &[("x-api-key", key)], "").await;
    assert_eq!(with_key.status, 200);
    assert_eq!(proxy.get("/healthz").await.status, 200);
}

#[tokio::test]
async fn lan_access_without_a_key_has_one_from_the_start() {
    let upstream = FakeUpstream::always(Reply::json(200, &json!({}))).await;
    let text = "[proxy]\nallow_lan_access = true\n".to_owned() + &account("work", "openai", &upstream, "");
    let proxy = TestProxy::serve(&text).await;
    assert_eq!(proxy.chat("gpt-5").await.status, 401);
    let key = stdout(&proxy.run(&["key", "show"]).await);
    let with_key = proxy.send("GET", "/v1/models", &[("x-api-key", key.trim_end())], "").await;
    assert_eq!(with_key.status, 200);
}

#[tokio::test]
async fn lan_access_with_no_authentication_is_never_quiet() {
    let upstream = FakeUpstream::always(Reply::json(200, &json!({}))).await;
    let accounts = account("work", "openai", &upstream, "");
    let open = proxy_section("allow_lan_access = true\nauth_mode = \"off\"") + &accounts;
    let closed = proxy_section("allow_lan_access = true") + &accounts;
    let mut proxy = TestProxy::serve(&closed).await;
    let warns = |status: &Value| {
        let warnings = status["warnings"].as_array().expect("a list").iter();
        warnings.filter_map(Value::as_str).any(|text| text.contains("LAN access is on and auth_mode is off"))
    };
    assert!(!warns(&proxy.status().await));
    proxy.home.write_config(&open);
    proxy.wait_for_status("a warning", warns).await;
    let output = proxy.run(&["status"]).await;
    assert!(stdout(&output).contains("Warning: Everyone on this network"));
    assert_eq!(proxy.chat("gpt-5").await.status, 200);
    proxy.home.write_config(&closed);
    proxy.wait_for_status("no warning", |status| !warns(status)).await;
    let key = [("x-api-key", CLIENT_KEY)];
    assert_eq!(proxy.send("GET", "/v1/models", &[], "").await.status, 401);
    assert_eq!(proxy.send("GET", "/v1/models", &key, "").await.status, 200);
    proxy.signal(rustix::process::Signal::TERM);
    let (_, log) = proxy.ended().await;
    assert_eq!(log.matches("Everyone on this network").count(), 1, "{log}");
}

#[tokio::test]
async fn the_port_of_its_own_dashboard_is_recognised() {
    let upstream = FakeUpstream::always(Reply::json(200, &json!({}))).await;
    let proxy = serve(&on_port(0, "", &upstream)).await;
    let (control, _) = proxy.control();
    proxy.home.write_config(&on_port(control.port(), "", &upstream));
    let status = proxy.wait_for_status("the mistake", |status| status["problem"].is_string()).await;
    let problem = status["problem"].as_str().expect("a text");
    assert!(problem.contains("the dashboard of this portcullis itself"), "{problem}");
    assert!(!problem.contains("stop the other program"), "{problem}");
}
