//! What a client needs to connect: the key, handed out only when asked for by name, and a
//! look at `/healthz` from here, because no page may ask another port.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{AUTHORIZATION, HOST};
use http_body_util::{BodyExt, Empty, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use salvo::prelude::{Depot, FlowCtrl, Request, Response};
use salvo::{Handler, Router, async_trait};
use secrecy::ExposeSecret;
use serde::Serialize;
use serde_json::json;
use tokio::net::TcpStream;

use super::Control;
use super::api::{refuse, write};
use crate::config::EffectiveAuth;

/// Loopback answers at once or not at all.
const LIMIT: Duration = Duration::from_secs(3);
const MAX_ANSWER: usize = 4 << 10;

pub fn router(control: &Arc<Control>) -> Router {
    Router::with_path("api")
        .push(Router::with_path("key").get(Key(Arc::clone(control))))
        .push(Router::with_path("health").get(HealthCheck(Arc::clone(control))))
}

struct Key(Arc<Control>);

#[async_trait]
impl Handler for Key {
    async fn handle(&self, _: &mut Request, _: &mut Depot, response: &mut Response, _: &mut FlowCtrl) {
        let config = self.0.config();
        let key = config.proxy.api_key.as_known().map(ExposeSecret::expose_secret);
        match key {
            Some(key) => write(response, http::StatusCode::OK, &json!({ "api_key": key })),
            None => refuse(
                response,
                http::StatusCode::CONFLICT,
                "there is no key: `portcullis key rotate` makes one",
            ),
        }
    }
}

struct HealthCheck(Arc<Control>);

#[async_trait]
impl Handler for HealthCheck {
    async fn handle(&self, _: &mut Request, _: &mut Depot, response: &mut Response, _: &mut FlowCtrl) {
        write(response, http::StatusCode::OK, &json!(check(&self.0).await));
    }
}

/// What `GET /healthz` came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Health {
    pub ok: bool,
    pub url: String,
    pub status: Option<u16>,
    /// The answer's body, or why there was none.
    pub answer: String,
}

/// Asks the proxy as a client would, with the key where even `/healthz` wants it.
pub async fn check(control: &Control) -> Health {
    let status = control.agent.status();
    let url = format!("{}/healthz", status.base_url);
    let config = control.config();
    let is_strict = config.proxy.effective_auth() == EffectiveAuth::Strict;
    let key = config.proxy.api_key.as_known().filter(|_| is_strict).map(ExposeSecret::expose_secret);
    let asked = tokio::time::timeout(LIMIT, ask(status.address, key)).await;
    match asked.unwrap_or_else(|_| Err("no answer in time".into())) {
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
