//! What a client needs to connect: the key, which no other call answers, and the answer of
//! `/healthz`, asked from here because a page may not call another port.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use bytes::Bytes;
use http::header::{AUTHORIZATION, HOST};
use http_body_util::{BodyExt, Empty, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use secrecy::ExposeSecret;
use serde::Serialize;
use serde_json::json;
use tokio::net::TcpStream;

use super::answer::{Answer, CallResult, Refusal};
use super::call::Call;
use super::plane::Control;
use crate::config::EffectiveAuth;

/// The longest wait for `/healthz`: loopback answers at once or not at all.
const LIMIT: Duration = Duration::from_secs(3);
const MAX_ANSWER: usize = 4 << 10;

pub async fn key(call: Call) -> CallResult {
    let config = call.control.config();
    let key = config.proxy.api_key.as_known().map(ExposeSecret::expose_secret);
    let key = key.ok_or_else(|| Refusal::conflict("there is no key: `portcullis key rotate` makes one"))?;
    Ok(Answer::json(&json!({ "api_key": key })))
}

pub async fn health(call: Call) -> CallResult {
    Ok(Answer::json(&json!(check(&call.control).await)))
}

/// The outcome of `GET /healthz`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Health {
    pub ok: bool,
    pub url: String,
    pub status: Option<u16>,
    /// The answer's body, or why there was none.
    pub answer: String,
}

/// Calls `/healthz` as a client would, with the key where even `/healthz` needs it.
pub async fn check(control: &Control) -> Health {
    let status = control.agent.status();
    let url = format!("{}/healthz", status.base_url);
    let config = control.config();
    let is_strict = config.proxy.effective_auth() == EffectiveAuth::Strict;
    let key = config.proxy.api_key.as_known().filter(|_| is_strict).map(ExposeSecret::expose_secret);
    let answer = tokio::time::timeout(LIMIT, ask(status.address, key)).await;
    match answer.unwrap_or_else(|_| Err("no answer in time".into())) {
        Ok((status, answer)) => Health { ok: status == 200, url, status: Some(status), answer },
        Err(error) => Health { ok: false, url, status: None, answer: error.to_string() },
    }
}

type Failure = Box<dyn std::error::Error + Send + Sync>;

async fn ask(address: SocketAddr, key: Option<&str>) -> Result<(u16, String), Failure> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, address.port()));
    let (mut sender, connection) = http1::handshake(TokioIo::new(TcpStream::connect(address).await?)).await?;
    let connection = tokio::spawn(connection);
    let mut request = http::Request::get("/healthz").header(HOST, address.to_string());
    if let Some(key) = key {
        request = request.header(AUTHORIZATION, format!("Bearer {key}"));
    }
    let answer = sender.send_request(request.body(Empty::<Bytes>::new())?).await?;
    let status = answer.status().as_u16();
    let body = Limited::new(answer.into_body(), MAX_ANSWER).collect().await?.to_bytes();
    connection.abort();
    Ok((status, String::from_utf8_lossy(&body).into_owned()))
}
