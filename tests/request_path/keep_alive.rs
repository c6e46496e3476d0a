//! A connection whose request was refused: it serves the next request, or announces its end.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::family::{proxy_with, status_of};
use crate::support::TestProxy;
use crate::support::home::CLIENT_KEY;
use crate::support::proxy::LIMIT;

const MEGABYTE: usize = 1 << 20;
const STRICT: &str = "auth_mode = \"strict\"\nmax_body_mb = 1";
const WRONG_KEY: &str = "sk-wrong-key-123";

/// A connection driven by hand, one answer after another.
struct Connection(TcpStream);

impl Connection {
    async fn to(proxy: &TestProxy) -> Self {
        Self(TcpStream::connect(proxy.address).await.expect("connected"))
    }

    async fn send(&mut self, text: impl AsRef<[u8]>) {
        self.0.write_all(text.as_ref()).await.expect("sent");
    }

    /// The head of the next answer; its body is read and dropped.
    async fn answer(&mut self) -> String {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(timeout(LIMIT, self.0.read_u8()).await.expect("in time").expect("a head"));
        }
        let head = String::from_utf8(head).expect("text").to_ascii_lowercase();
        let length = head.split("content-length: ").nth(1).and_then(|rest| rest.split("\r\n").next());
        let length = length.map_or(0, |length| length.parse().expect("a length"));
        let mut body = vec![0; length];
        timeout(LIMIT, self.0.read_exact(&mut body)).await.expect("in time").expect("a body");
        head
    }

    async fn health(&mut self) -> u16 {
        let request = "GET /healthz HTTP/1.1\r\nhost: localhost\r\nx-api-key: ";
        self.send(format!("{request}{CLIENT_KEY}\r\n\r\n")).await;
        status_of(&self.answer().await)
    }

    async fn is_over(&mut self) -> bool {
        timeout(LIMIT, self.0.read_u8()).await.expect("in time").is_err()
    }
}

fn post(path: &str, key: &str, length: usize, more: &str) -> String {
    format!(
        "POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\nx-api-key: {key}\r\n\
         content-length: {length}\r\n{more}\r\n"
    )
}

#[tokio::test]
async fn a_refusal_leaves_the_connection_to_the_next_request() {
    let (proxy, _upstream) = proxy_with(STRICT).await;
    for (path, key, length, status) in [
        ("/v1/messages", WRONG_KEY, 120_000, 401),
        ("/v1/nothing", CLIENT_KEY, 120_000, 404),
        ("/v1/messages", CLIENT_KEY, 3 * MEGABYTE, 413),
        ("/api/event_logging/batch", CLIENT_KEY, 120_000, 200),
    ] {
        let mut connection = Connection::to(&proxy).await;
        connection.send(post(path, key, length, "")).await;
        connection.send(vec![b'x'; length]).await;
        let head = connection.answer().await;
        assert_eq!(status_of(&head), status, "{path}: {head}");
        assert!(!head.contains("connection: close"), "{path}: {head}");
        assert_eq!(connection.health().await, 200, "{path}");
    }
}

#[tokio::test]
async fn a_chunked_body_over_the_limit_is_read_and_dropped_too() {
    let (proxy, _upstream) = proxy_with(STRICT).await;
    let mut connection = Connection::to(&proxy).await;
    let head = post("/v1/messages", CLIENT_KEY, 0, "");
    connection.send(head.replace("content-length: 0", "transfer-encoding: chunked")).await;
    for _ in 0..5 {
        connection.send(format!("{MEGABYTE:x}\r\n{}\r\n", "x".repeat(MEGABYTE))).await;
    }
    connection.send("0\r\n\r\n").await;
    assert_eq!(status_of(&connection.answer().await), 413);
    assert_eq!(connection.health().await, 200);
}

#[tokio::test]
async fn a_body_that_is_not_read_to_its_end_closes_the_connection_with_notice() {
    let (proxy, _upstream) = proxy_with(STRICT).await;
    for (what, key, length, more, status) in [
        ("more than is worth reading", WRONG_KEY, 10_000 * MEGABYTE, "", 401),
        ("a client that asks before it sends", WRONG_KEY, 120_000, "expect: 100-continue\r\n", 401),
        ("the same with too much to send", CLIENT_KEY, 3 * MEGABYTE, "expect: 100-continue\r\n", 413),
        ("a client that stops sending", WRONG_KEY, 120_000, "", 401),
    ] {
        let mut connection = Connection::to(&proxy).await;
        connection.send(post("/v1/messages", key, length, more)).await;
        let head = connection.answer().await;
        assert_eq!(status_of(&head), status, "{what}: {head}");
        assert!(head.contains("connection: close\r\n"), "{what}: {head}");
        assert!(connection.is_over().await, "{what}");
    }
}
