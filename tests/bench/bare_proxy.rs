//! The role `bare-proxy`: **L**, the least a reverse proxy on hyper can do, and the yardstick of every goal.
//! A hyper server, the hyper-util client with its default pool, bodies streamed through; nothing else.

use std::net::SocketAddr;

use anyhow::Result;
use http_body_util::{Either, Empty};
use hyper::body::{Bytes, Incoming};
use hyper::http::uri::{PathAndQuery, Scheme};
use hyper::service::service_fn;
use hyper::{Request, Response, Uri};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

use crate::listener;

/// The first argument that makes this binary the bare proxy; the second is the address of the upstream.
pub const ROLE: &str = "bare-proxy";

type Upstream = Client<HttpConnector, Incoming>;
type Answer = Response<Either<Incoming, Empty<Bytes>>>;

pub async fn run(upstream: SocketAddr) -> Result<()> {
    let mut connector = HttpConnector::new();
    connector.set_nodelay(true);
    let client: Upstream = Client::builder(TokioExecutor::new()).build(connector);
    listener::serve(service_fn(move |request| forward(client.clone(), upstream, request))).await
}

async fn forward(client: Upstream, upstream: SocketAddr, mut request: Request<Incoming>) -> Result<Answer> {
    if request.uri().path() == "/healthz" {
        return Ok(Response::new(Either::Right(Empty::new())));
    }
    *request.uri_mut() = at_upstream(request.uri(), upstream)?;
    Ok(client.request(request).await?.map(Either::Left))
}

fn at_upstream(uri: &Uri, upstream: SocketAddr) -> Result<Uri> {
    let path = uri.path_and_query().cloned().unwrap_or_else(|| PathAndQuery::from_static("/"));
    let uri = Uri::builder().scheme(Scheme::HTTP).authority(upstream.to_string()).path_and_query(path);
    Ok(uri.build()?)
}
