//! A client that can send anything, well-formed or not.

use std::net::SocketAddr;

use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::proxy::LIMIT;

#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
    /// The body broke off.
    pub cut: bool,
}

impl Answer {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().expect("text"))
    }

    /// The message of an error in any family's shape.
    pub fn message(&self) -> String {
        self.json()["error"]["message"].as_str().unwrap_or_default().to_owned()
    }
}

/// An answer whose body is still to come. Dropping it disconnects.
pub struct Stream {
    pub status: StatusCode,
    pub headers: HeaderMap,
    body: Incoming,
    connection: JoinHandle<hyper::Result<()>>,
}

impl Stream {
    /// The next piece of the body; `None` at its end, an error when it breaks off.
    pub async fn chunk(&mut self) -> Option<Result<Bytes, hyper::Error>> {
        loop {
            let frame = timeout(LIMIT, self.body.frame()).await.expect("a chunk in time")?;
            match frame.map(hyper::body::Frame::into_data) {
                Ok(Ok(bytes)) => return Some(Ok(bytes)),
                Ok(Err(_)) => {}
                Err(error) => return Some(Err(error)),
            }
        }
    }

    /// Reads until at least this many bytes have arrived; the body must not end earlier.
    pub async fn take(&mut self, length: usize) -> String {
        let mut text = Vec::new();
        while text.len() < length {
            let chunk = self.chunk().await.expect("the body goes on").expect("unbroken");
            text.extend_from_slice(&chunk);
        }
        String::from_utf8_lossy(&text).into_owned()
    }

    /// The rest of the body: its text, and whether it broke off.
    pub async fn rest(&mut self) -> (String, bool) {
        let mut text = Vec::new();
        while let Some(chunk) = self.chunk().await {
            match chunk {
                Ok(bytes) => text.extend_from_slice(&bytes),
                Err(_) => return (String::from_utf8_lossy(&text).into_owned(), true),
            }
        }
        (String::from_utf8_lossy(&text).into_owned(), false)
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.connection.abort();
    }
}

/// Sends a request with a proper Host and reads the whole answer.
pub async fn request(
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Answer {
    let mut stream = open(address, method, path, headers, body.to_owned()).await;
    let mut whole = Vec::new();
    let mut cut = false;
    while let Some(chunk) = stream.chunk().await {
        let Ok(bytes) = chunk else {
            cut = true;
            break;
        };
        whole.extend_from_slice(&bytes);
    }
    let (status, headers) = (stream.status, stream.headers.clone());
    Answer { status, headers, body: whole.into(), cut }
}

/// Sends a request and returns with the head of its answer.
pub async fn open(
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: impl Into<Bytes>,
) -> Stream {
    try_open(address, method, path, headers, body).await.expect("an answer")
}

/// The same where it may fail: the port is closed, or the connection breaks.
pub async fn try_open(
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: impl Into<Bytes>,
) -> Result<Stream, Box<dyn std::error::Error + Send + Sync>> {
    let stream = TcpStream::connect(address).await?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let connection = tokio::spawn(connection);
    let mut request = Request::builder().method(method).uri(path);
    if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("host")) {
        request = request.header("host", address.to_string());
    }
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Full::new(body.into()))?;
    let response = timeout(LIMIT, sender.send_request(request)).await??;
    let (parts, body) = response.into_parts();
    Ok(Stream { status: parts.status, headers: parts.headers, body, connection })
}

/// Sends bytes as they are and reads until the other side closes.
pub async fn raw(address: SocketAddr, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).await.expect("connected");
    // The other side may refuse before it has read everything.
    let _ = stream.write_all(bytes).await;
    let mut answer = Vec::new();
    let _ = timeout(LIMIT, stream.read_to_end(&mut answer)).await.expect("closed in time");
    String::from_utf8_lossy(&answer).into_owned()
}

/// A minimal chat completion request.
pub fn chat(model: &str, stream: bool) -> Value {
    json!({"model": model, "stream": stream, "messages": [{"role": "user", "content": "hi"}]})
}

/// Reads `data:` lines of an event stream one by one.
pub struct Events {
    stream: Stream,
    buffer: String,
}

pub async fn events(address: SocketAddr, path: &str, headers: &[(&str, &str)]) -> Events {
    Events { stream: open(address, "GET", path, headers, "").await, buffer: String::new() }
}

impl Events {
    pub async fn next(&mut self) -> Option<String> {
        loop {
            if let Some(end) = self.buffer.find("\n\n") {
                let event: String = self.buffer.drain(..end + 2).collect();
                let data = event.lines().find_map(|line| line.strip_prefix("data:"));
                if let Some(data) = data {
                    return Some(data.trim().to_owned());
                }
                continue;
            }
            let chunk = self.stream.chunk().await?.ok()?;
            self.buffer.push_str(&String::from_utf8_lossy(&chunk));
        }
    }
}
