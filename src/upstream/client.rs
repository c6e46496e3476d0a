//! The HTTP client for every upstream. It follows no redirects, ignores the environment's
//! proxies, requests no compression, and notices a dead connection within seconds.

use std::cell::RefCell;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};
use http_body_util::{BodyExt, Limited};
use reqwest::Proxy;
use reqwest::redirect::Policy;
use thread_local::ThreadLocal;
use url::Url;

use super::cause::innermost;
use super::failure::{Failure, Fault};
use super::frames::Frames;
use super::reuse::{self, WatchLayer};
use super::scrub::Scrubber;
use super::trust::Trust;
use super::way::{Way, is_of_certificate};
use crate::config::NoProxy;
use crate::language::Message;

/// The most bytes read of the answer to a delivery.
const MAX_RECEIPT: usize = 1 << 20;
/// How long an upstream may leave sent bytes or a ping unacknowledged before its connection
/// counts as dead.
const DEAD_AFTER: Duration = Duration::from_secs(10);

/// The settings whose change rebuilds the client.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClientOptions {
    /// Empty for none.
    pub proxy: String,
    pub no_proxy: NoProxy,
    /// Further certificate authorities, in PEM form.
    pub ca_file: Option<PathBuf>,
    pub connect_timeout: Duration,
}

/// Each sending thread has its own HTTP client and connections, so that a connection stays on
/// the thread of its requests. They are built on first use: an idle agent holds none.
pub struct Client {
    options: ClientOptions,
    way: Way,
    trust: Trust,
    /// Some upstreams repeat the key they were sent.
    pub scrubber: Scrubber,
    built: ThreadLocal<RefCell<Option<ThreadClient>>>,
    /// Counts how often the connections of all threads were dropped.
    round: AtomicU64,
}

/// One thread's HTTP client, with its connections.
#[derive(Clone)]
struct ThreadClient {
    /// The reading of the certificate authorities it trusts.
    generation: u64,
    round: u64,
    http: Result<reqwest::Client, String>,
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
        let way = Way::new(&options.proxy, options.no_proxy.clone());
        let trust = Trust::new(options.ca_file.clone());
        Self { options, way, trust, scrubber, built: ThreadLocal::new(), round: AtomicU64::new(0) }
    }

    /// Sends a request and returns once the head of the answer is here. A request that meets
    /// a dead kept connection is sent once more, on a new one.
    pub async fn send(
        &self,
        method: Method,
        url: Url,
        headers: HeaderMap,
        body: Frames,
    ) -> Result<Reply, Failure> {
        let once = || self.send_once(method.clone(), url.clone(), headers.clone(), body.clone());
        let sent = match once().await {
            Err(SendError { may_pass: true, .. }) => once().await,
            sent => sent,
        };
        sent.map_err(|error| error.failure)
    }

    async fn send_once(
        &self,
        method: Method,
        url: Url,
        headers: HeaderMap,
        body: Frames,
    ) -> Result<Reply, SendError> {
        let ThreadClient { generation, round, http } = self.built();
        let http = http.map_err(|reason| SendError::lasting(unreachable(reason.into())))?;
        let host = url.host_str().unwrap_or_default().to_owned();
        let port = url.port_or_known_default().unwrap_or_default();
        let request = http.request(method, url).headers(headers).body(reqwest::Body::wrap(body));
        let (response, is_new) = reuse::watching(request.send()).await;
        let response = match response {
            Ok(response) => response,
            Err(error) if !is_new && !error.is_builder() => {
                self.forget_connections(round);
                return Err(SendError {
                    failure: self.way.failure(&host, port, error).await,
                    may_pass: true,
                });
            }
            Err(error) => {
                let may_pass = is_of_certificate(&innermost(&error)) && self.trust.was_refused(generation);
                return Err(SendError { failure: self.way.failure(&host, port, error).await, may_pass });
            }
        };
        let (mut parts, body) = http::Response::<ReplyBody>::from(response).into_parts();
        if parts.status == StatusCode::PROXY_AUTHENTICATION_REQUIRED {
            return Err(SendError::lasting(self.way.password_required(&host)));
        }
        self.scrubber.scrub_headers(&mut parts.headers);
        Ok(Reply { status: parts.status, headers: parts.headers, body })
    }

    /// Sends a whole message to a server that is not an upstream, and returns its answer.
    pub async fn deliver(
        &self,
        message: http::Request<Bytes>,
        limit: Duration,
    ) -> Result<http::Response<Bytes>, String> {
        let http = self.built().http?;
        let mut request = reqwest::Request::try_from(message).map_err(|error| innermost(&error))?;
        *request.timeout_mut() = Some(limit);
        let response = http.execute(request).await.map_err(|error| innermost(&error))?;
        let (parts, body) = http::Response::<ReplyBody>::from(response).into_parts();
        let body = Limited::new(body, MAX_RECEIPT).collect().await.map_err(|error| innermost(&*error))?;
        Ok(http::Response::from_parts(parts, body.to_bytes()))
    }

    /// This thread's HTTP client. It is built anew after a change of the certificate authorities
    /// and after a round of connections was dropped.
    fn built(&self) -> ThreadClient {
        let slot = self.built.get_or_default();
        let (generation, round) = (self.trust.generation(), self.round.load(Ordering::Relaxed));
        if let Some(built) = &*slot.borrow()
            && (built.generation, built.round) == (generation, round)
        {
            return built.clone();
        }
        let built = build(&self.options, &self.way, &self.trust, round);
        *slot.borrow_mut() = Some(built.clone());
        built
    }

    /// Reads the certificate authorities again for future connections.
    pub fn read_certificates_again(&self) {
        self.trust.read_again();
    }

    /// Drops the connections of all threads: if one of a round is dead, the others may be dead
    /// as well. Several requests that notice it at once begin one new round.
    fn forget_connections(&self, round: u64) {
        let begun = self.round.compare_exchange(round, round + 1, Ordering::Relaxed, Ordering::Relaxed);
        if begun.is_ok() {
            tracing::debug!("a connection to an upstream was dead: all idle connections are dropped");
        }
    }
}

/// A request that got no answer.
struct SendError {
    failure: Failure,
    /// Sending it once more, at once, may succeed.
    may_pass: bool,
}

impl SendError {
    const fn lasting(failure: Failure) -> Self {
        Self { failure, may_pass: false }
    }
}

fn build(options: &ClientOptions, way: &Way, trust: &Trust, round: u64) -> ThreadClient {
    let (generation, tls) = trust.current();
    let http = tls.and_then(|tls| {
        let builder = reqwest::Client::builder()
            .redirect(Policy::none())
            .referer(false)
            .no_proxy()
            .tcp_nodelay(true)
            .connect_timeout(options.connect_timeout)
            .connector_layer(WatchLayer)
            .pool_idle_timeout(Duration::from_secs(90))
            .http2_keep_alive_interval(DEAD_AFTER)
            .http2_keep_alive_timeout(DEAD_AFTER)
            .tls_backend_preconfigured(rustls::ClientConfig::clone(&tls));
        let way = way.clone();
        let proxy = Proxy::custom(move |url| way.proxy_for(url.host_str()?).cloned());
        let builder = if options.proxy.is_empty() { builder } else { builder.proxy(proxy) };
        finds_dead_connections(builder).build().map_err(|error| innermost(&error))
    });
    ThreadClient { generation, round, http }
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn finds_dead_connections(builder: reqwest::ClientBuilder) -> reqwest::ClientBuilder {
    builder.tcp_user_timeout(DEAD_AFTER)
}

/// The system's own timeout applies.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn finds_dead_connections(builder: reqwest::ClientBuilder) -> reqwest::ClientBuilder {
    builder
}

const fn unreachable(reason: Message) -> Failure {
    Failure { fault: Fault::Unreachable, status: None, reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_found_dead_by_one_thread_is_dropped_once_by_all_threads() {
        let client = Client::new(ClientOptions::default(), Scrubber::default());
        let elsewhere = || std::thread::scope(|scope| scope.spawn(|| client.built().round).join());
        let round = client.built().round;
        assert_eq!(elsewhere().expect("a round"), round);
        client.forget_connections(round);
        client.forget_connections(round);
        assert_eq!(elsewhere().expect("a round"), round + 1);
        assert_eq!(client.built().round, round + 1);
    }
}
