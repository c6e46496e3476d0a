//! More connections than there are descriptors for: the idle ones give way.

use std::net::SocketAddr;
use std::process::Command;

use futures_util::stream::{FuturesUnordered, StreamExt};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::family::{Family, JSON, accounts, proxy_with};
use crate::support::proxy::proxy_section;
use crate::support::{FakeUpstream, FedStream, Home, Reply, TestProxy};

/// A proxy that may open `count` files.
async fn proxy_with_files(count: usize, upstream: &FakeUpstream) -> TestProxy {
    let home = Home::with_config(&(proxy_section("") + &accounts(upstream)));
    let serve = home.command(&["serve", "--port", "0"]);
    let mut limited = Command::new("prlimit");
    limited.env_clear();
    for (name, value) in serve.get_envs() {
        limited.env(name, value.expect("a value"));
    }
    limited
        .arg(format!("--nofile={count}:{count}"))
        .arg("--")
        .arg(serve.get_program())
        .args(serve.get_args());
    TestProxy::spawn(home, limited).await
}

/// Connections: used once, never used, or with half a head sent.
async fn crowd(address: SocketAddr, count: usize) -> Vec<TcpStream> {
    let mut crowd = Vec::new();
    for number in 0..count {
        let mut stream = TcpStream::connect(address).await.expect("connected");
        match number % 3 {
            0 => {}
            1 => stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: local").await.expect("sent"),
            _ => {
                stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n").await.expect("sent");
                let mut answer = [0; 12];
                stream.read_exact(&mut answer).await.expect("answered");
                assert_eq!(&answer, b"HTTP/1.1 200");
            }
        }
        crowd.push(stream);
    }
    crowd
}

#[tokio::test]
async fn a_request_is_answered_beside_more_idle_connections_than_there_are_descriptors() {
    let upstream = FakeUpstream::always(Reply::json(200, &json!({}))).await;
    let proxy = proxy_with_files(512, &upstream).await;
    let _crowd = crowd(proxy.address, 600).await;
    for family in Family::ALL {
        let answer = proxy.send("POST", family.path(), &[JSON], family.body()).await;
        assert_eq!(answer.status, 200, "{family:?}: {}", answer.text());
    }
    assert_eq!(proxy.status().await["state"], "running");
}

/// An incomplete request costs its client nothing.
#[tokio::test]
async fn a_request_is_answered_beside_more_incomplete_requests_than_there_are_descriptors() {
    let upstream = FakeUpstream::always(Reply::json(200, &json!({}))).await;
    let proxy = proxy_with_files(512, &upstream).await;
    let mut crowd = Vec::new();
    for body in ["", "{"].into_iter().cycle().take(300) {
        let mut stream = TcpStream::connect(proxy.address).await.expect("connected");
        let head = "POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
                    content-length: 100\r\n\r\n";
        stream.write_all(format!("{head}{body}").as_bytes()).await.expect("sent");
        crowd.push(stream);
    }
    for family in Family::ALL {
        let answer = proxy.send("POST", family.path(), &[JSON], family.body()).await;
        assert_eq!(answer.status, 200, "{family:?}: {}", answer.text());
    }
    let ends = crowd.into_iter().map(async |mut stream| {
        let mut rest = Vec::new();
        let _ = stream.read_to_end(&mut rest).await;
        rest
    });
    // More than this many do not fit beside those that are served.
    let mut first = ends.collect::<FuturesUnordered<_>>().take(100);
    while let Some(rest) = first.next().await {
        assert!(rest.is_empty(), "it gave way, and was not waited for: {}", String::from_utf8_lossy(&rest));
    }
}

#[tokio::test]
async fn a_stream_under_way_does_not_give_way() {
    let upstream = FakeUpstream::always(Reply::fed_sse()).await;
    let proxy = proxy_with_files(256, &upstream).await;
    let stream = FedStream::begin(proxy.address, &upstream).await;
    let _crowd = crowd(proxy.address, 300).await;
    assert_eq!(proxy.get("/healthz").await.status, 200);
    stream.finishes_whole().await;
}

#[tokio::test]
async fn an_idle_connection_whose_place_is_not_needed_stays() {
    let (proxy, _upstream) = proxy_with("").await;
    let mut crowd = crowd(proxy.address, 30).await;
    for stream in crowd.iter_mut().skip(2).step_by(3) {
        let mut rest = vec![0; 4096];
        stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n").await.expect("sent");
        let length = stream.read(&mut rest).await.expect("still open");
        assert!(length > 0);
    }
}
