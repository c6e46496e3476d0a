//! The client side: connections that send a call, read the whole answer, check it and time it.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::{HOST, HeaderValue};
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::call::Call;
use crate::script::StampReader;

/// One call and its answer.
pub struct Exchange {
    /// Until the last byte.
    pub elapsed: Duration,
    /// Until the first chunk with text; for a whole answer, until its end.
    pub first_chunk: Duration,
    /// How long each chunk was on its way from the upstream.
    pub chunk_delays: Vec<Duration>,
}

/// A kept-alive connection.
pub struct Connection {
    sender: SendRequest<Full<Bytes>>,
    host: HeaderValue,
}

impl Connection {
    pub async fn open(address: SocketAddr) -> Result<Self> {
        let stream =
            TcpStream::connect(address).await.with_context(|| format!("could not reach {address}"))?;
        stream.set_nodelay(true)?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        Ok(Self { sender, host: HeaderValue::try_from(address.to_string())? })
    }

    /// Sends the call; fails when the answer is not the one its script promises.
    pub async fn exchange(&mut self, call: &Call) -> Result<Exchange> {
        let begun = Instant::now();
        self.sender.ready().await?;
        let response = self.sender.send_request(call.request(&self.host)).await?;
        let (parts, mut body) = response.into_parts();
        if parts.status != StatusCode::OK {
            let text = body.collect().await?.to_bytes();
            anyhow::bail!("the answer was {}: {}", parts.status, String::from_utf8_lossy(&text));
        }
        let mut stamps = StampReader::default();
        let mut first_chunk = None;
        let mut chunk_delays = Vec::with_capacity(call.script.chunks());
        while let Some(frame) = body.frame().await {
            let Ok(data) = frame?.into_data() else { continue };
            if call.script.is_stream() {
                chunk_delays.extend(stamps.read(&data));
            }
            if first_chunk.is_none() && !chunk_delays.is_empty() {
                first_chunk = Some(begun.elapsed());
            }
        }
        let (found, promised) = (chunk_delays.len(), call.script.chunks());
        let chunk_delays = call.chunks(chunk_delays);
        let chunk_delays =
            chunk_delays.with_context(|| format!("the answer had {found} chunks instead of {promised}"))?;
        let elapsed = begun.elapsed();
        Ok(Exchange { elapsed, first_chunk: first_chunk.unwrap_or(elapsed), chunk_delays })
    }
}

/// Connections that are open and have been used, so that nothing is measured for the first time.
pub struct Fleet {
    connections: Vec<Connection>,
}

impl Fleet {
    /// Every connection has done the call `times` times already.
    pub async fn warmed_up(address: SocketAddr, size: usize, call: &Call, times: usize) -> Result<Self> {
        let mut connections = Vec::with_capacity(size);
        for _ in 0..size {
            connections.push(Connection::open(address).await?);
        }
        let mut fleet = Self { connections };
        fleet.run(call, times).await?;
        Ok(fleet)
    }

    /// Every connection does the call `times` times, one after the other; all connections at once.
    pub async fn run(&mut self, call: &Call, times: usize) -> Result<Vec<Exchange>> {
        let mut tasks = JoinSet::new();
        for connection in self.connections.drain(..) {
            tasks.spawn(repeat(connection, call.clone(), times));
        }
        let mut exchanges = Vec::new();
        while let Some(task) = tasks.join_next().await {
            let (connection, finished) = task??;
            self.connections.push(connection);
            exchanges.extend(finished);
        }
        Ok(exchanges)
    }
}

async fn repeat(mut connection: Connection, call: Call, times: usize) -> Result<(Connection, Vec<Exchange>)> {
    let mut exchanges = Vec::with_capacity(times);
    for _ in 0..times {
        exchanges.push(connection.exchange(&call).await?);
    }
    Ok((connection, exchanges))
}

/// `count` streams on connections of their own, begun evenly over one pace of the script, so that their chunks
/// are spread as those of unrelated users are.
pub async fn staggered(address: SocketAddr, call: &Call, count: u32) -> Result<Vec<Exchange>> {
    let mut tasks = JoinSet::new();
    for number in 0..count {
        let call = call.clone();
        tasks.spawn(async move {
            tokio::time::sleep(call.script.pace() * number / count).await;
            Connection::open(address).await?.exchange(&call).await
        });
    }
    tasks.join_all().await.into_iter().collect()
}

/// Fails unless `GET /healthz` answers 200.
pub async fn check_health(address: SocketAddr) -> Result<()> {
    let mut connection = Connection::open(address).await?;
    let request = Request::get("/healthz").header(HOST, connection.host.clone()).body(Full::default())?;
    let response = connection.sender.send_request(request).await?;
    ensure!(response.status() == StatusCode::OK, "/healthz answered {}", response.status());
    Ok(())
}
