//! The one HTTP client. Follows no redirect, honours no proxy of the environment, asks
//! for no compression, and trusts the system's certificates and Mozilla's.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};
use http_body_util::{BodyExt, Limited};
use reqwest::redirect::Policy;
use reqwest::{Certificate, NoProxy, Proxy};
use thread_local::ThreadLocal;
use url::Url;

use super::failure::{Failure, Fault};
use super::frames::Frames;
use super::scrub::Scrubber;
use crate::language::Message;

/// How much of the answer to a delivery is read.
const MAX_RECEIPT: usize = 1 << 20;

/// What a change of rebuilds the client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientOptions {
    /// Empty: none.
    pub proxy: String,
    pub connect_timeout: Duration,
}

/// One for each thread that sends, so that a connection upstream lives where its requests
/// do. Built on first use: reading the certificates takes longer than the rest of a start,
/// and an agent that has nothing to do need not hold them.
pub struct Client {
    options: ClientOptions,
    /// For what an upstream says: some repeat the key they were sent.
    pub scrubber: Scrubber,
    http: ThreadLocal<Result<reqwest::Client, String>>,
}

/// An answer whose body has not been read.
#[derive(Debug)]
pub struct Reply {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: ReplyBody,
}

pub type ReplyBody = reqwest::Body;

impl Client {
    pub fn new(options: ClientOptions, scrubber: Scrubber) -> Self {
        Self { options, scrubber, http: ThreadLocal::new() }
    }

    /// Sends one request and waits for the head of its answer.
    pub async fn send(
        &self,
        method: Method,
        url: Url,
        headers: HeaderMap,
        body: Frames,
    ) -> Result<Reply, Failure> {
        let http = self.http().map_err(|reason| unreachable(reason.as_str().into()))?;
        let host = url.host_str().unwrap_or_default().to_owned();
        let request = http.request(method, url).headers(headers).body(reqwest::Body::wrap(body));
        let response = request.send().await.map_err(|error| failure(&host, error))?;
        let (mut parts, body) = http::Response::<ReplyBody>::from(response).into_parts();
        self.scrubber.scrub_headers(&mut parts.headers);
        Ok(Reply { status: parts.status, headers: parts.headers, body })
    }

    /// Takes a whole message to somebody who is no upstream, and brings back the answer.
    pub async fn deliver(
        &self,
        message: http::Request<Bytes>,
        limit: Duration,
    ) -> Result<http::Response<Bytes>, String> {
        let http = self.http().map_err(Clone::clone)?;
        let mut request = reqwest::Request::try_from(message).map_err(|error| describe(&error))?;
        *request.timeout_mut() = Some(limit);
        let response = http.execute(request).await.map_err(|error| describe(&error))?;
        let (parts, body) = http::Response::<ReplyBody>::from(response).into_parts();
        let body = Limited::new(body, MAX_RECEIPT).collect().await.map_err(|error| describe(&*error))?;
        Ok(http::Response::from_parts(parts, body.to_bytes()))
    }

    fn http(&self) -> Result<&reqwest::Client, &String> {
        self.http.get_or(|| build(&self.options).map_err(|error| describe(&error))).as_ref()
    }
}

fn build(options: &ClientOptions) -> reqwest::Result<reqwest::Client> {
    // The first provider installed wins; a second call is refused and harmless.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let certificates = webpki_root_certs::TLS_SERVER_ROOT_CERTS
        .iter()
        .map(|der| Certificate::from_der(der))
        .collect::<reqwest::Result<Vec<_>>>()?;
    let builder = reqwest::Client::builder()
        .redirect(Policy::none())
        .referer(false)
        .no_proxy()
        .tcp_nodelay(true)
        .connect_timeout(options.connect_timeout)
        .pool_idle_timeout(Duration::from_secs(90))
        .tls_certs_merge(certificates);
    if options.proxy.is_empty() {
        return builder.build();
    }
    let here = NoProxy::from_string("localhost,127.0.0.0/8,::1");
    builder.proxy(Proxy::all(&options.proxy)?.no_proxy(here)).build()
}

const fn unreachable(reason: Message) -> Failure {
    Failure { fault: Fault::Unreachable, status: None, reason }
}

fn failure(host: &str, error: reqwest::Error) -> Failure {
    // Whoever could not even be connected to has not kept anybody waiting for an answer.
    let is_late = error.is_timeout() && !error.is_connect();
    let fault = if is_late { Fault::TimedOut } else { Fault::Unreachable };
    Failure { fault, status: None, reason: format!("{host}: {}", describe(&error.without_url())).into() }
}

/// The innermost cause says most; reqwest's own text only says that something failed.
pub fn describe(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}
