//! Signals from the system.

use std::process::Command;

use rustix::process::Signal;
use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use super::wait_for_state;
use crate::support::client::chat;
use crate::support::proxy::{account, proxy_section};
use crate::support::{FakeUpstream, FedStream, Home, Reply, TestProxy};

#[tokio::test]
async fn idle_it_ends_well_on_either_signal() {
    let upstream = FakeUpstream::always(Reply::json(200, &json!({}))).await;
    for signal in [Signal::TERM, Signal::INT] {
        let mut proxy = TestProxy::with_upstream("openai", &upstream).await;
        let _idle = TcpStream::connect(proxy.address).await.expect("connected");
        proxy.signal(signal);
        assert_eq!(proxy.ended().await.0, Some(0), "{signal:?}");
        assert!(!proxy.home.file("control.json").exists());
    }
}

#[tokio::test]
async fn a_stream_finishes_whole_and_no_new_client_is_served() {
    for signal in [Signal::TERM, Signal::INT] {
        let upstream = FakeUpstream::always(Reply::fed_sse()).await;
        let mut proxy = TestProxy::with_upstream("openai", &upstream).await;
        let stream = FedStream::begin(proxy.address, &upstream).await;
        proxy.signal(signal);
        wait_for_state(&proxy, "draining").await;
        assert!(TcpStream::connect(proxy.address).await.is_err(), "{signal:?}");
        stream.finishes_whole().await;
        assert_eq!(proxy.ended().await.0, Some(0), "{signal:?}");
    }
}

#[tokio::test]
async fn a_second_signal_ends_it_at_once() {
    for (first, second) in
        [(Signal::TERM, Signal::TERM), (Signal::INT, Signal::INT), (Signal::INT, Signal::TERM)]
    {
        let upstream = FakeUpstream::always(Reply::fed_sse()).await;
        let config = proxy_section("drain_timeout_secs = 3600") + &account("work", "openai", &upstream, "");
        let mut proxy = TestProxy::serve(&config).await;
        let stream = FedStream::begin(proxy.address, &upstream).await;
        proxy.signal(first);
        wait_for_state(&proxy, "draining").await;
        proxy.signal(second);
        assert_eq!(proxy.ended().await.0, Some(0), "{first:?}, {second:?}");
        stream.breaks_off().await;
    }
}

#[tokio::test]
async fn a_hangup_during_a_drain_does_not_end_it() {
    let upstream = FakeUpstream::always(Reply::fed_sse()).await;
    let mut proxy = TestProxy::with_upstream("openai", &upstream).await;
    let stream = FedStream::begin(proxy.address, &upstream).await;
    proxy.signal(Signal::TERM);
    wait_for_state(&proxy, "draining").await;
    proxy.signal(Signal::HUP);
    stream.finishes_whole().await;
    assert_eq!(proxy.ended().await.0, Some(0));
}

#[tokio::test]
async fn the_drain_timeout_holds_for_a_signal_too() {
    let upstream = FakeUpstream::always(Reply::fed_sse()).await;
    let config = proxy_section("drain_timeout_secs = 1") + &account("work", "openai", &upstream, "");
    let mut proxy = TestProxy::serve(&config).await;
    let stream = FedStream::begin(proxy.address, &upstream).await;
    proxy.signal(Signal::TERM);
    stream.breaks_off().await;
    assert_eq!(proxy.ended().await.0, Some(0));
}

#[tokio::test]
async fn an_agent_at_its_connection_limit_ends_like_any_other() {
    let upstream = FakeUpstream::always(Reply::fed_sse()).await;
    let config = proxy_section("drain_timeout_secs = 1") + &account("work", "openai", &upstream, "");
    let home = Home::with_config(&config);
    let command = with_few_files(&home);
    let mut proxy = TestProxy::spawn(home, command).await;
    let mut guests = Vec::new();
    for number in 0..FITS {
        guests.push(asks(&proxy).await);
        upstream.wait_for_fed(number + 1).await;
    }
    // They wait in the queue until a connection ends.
    for _ in 0..2 * FITS {
        guests.push(asks(&proxy).await);
    }
    proxy.signal(Signal::TERM);
    assert_eq!(proxy.ended().await.0, Some(0));
}

/// The connection limit of a proxy that may open few files.
const FITS: usize = 38;

/// `serve` as it runs where a process may have 160 files open.
fn with_few_files(home: &Home) -> Command {
    let plain = home.command(&["serve", "--port", "0"]);
    let mut command = Command::new("sh");
    command.env_clear().args(["-c", "ulimit -n 160; exec \"$0\" \"$@\""]);
    command.arg(plain.get_program()).args(plain.get_args());
    command.envs(plain.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command
}

/// A client that has requested a stream, and waits.
async fn asks(proxy: &TestProxy) -> TcpStream {
    let body = chat("gpt-5", true).to_string();
    let mut stream = TcpStream::connect(proxy.address).await.expect("connected");
    let request = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await.expect("sent");
    stream
}
