//! An upstream that follows a script and remembers what it was sent.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{HeaderMap, Request, Response, StatusCode};
use http_body_util::BodyExt;
use hyper::body::{Body, Frame, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::proxy::LIMIT;

/// What to answer one request with.
#[derive(Clone, Debug)]
pub enum Reply {
    Whole {
        status: u16,
        headers: Vec<(String, String)>,
        body: Bytes,
    },
    /// These chunks one after another, as fast as the other side takes them.
    Pieces {
        status: u16,
        headers: Vec<(String, String)>,
        pieces: Vec<Bytes>,
    },
    /// Chunks as the test sends them through [`FakeUpstream::feed`].
    Fed {
        status: u16,
        headers: Vec<(String, String)>,
    },
    /// Close the connection without an answer.
    HangUp,
    /// Read the request and never answer.
    Silence,
    /// These raw bytes, then close.
    Raw(Bytes),
}

/// One piece of a fed answer.
#[derive(Clone, Debug)]
pub enum Piece {
    Bytes(Bytes),
    End,
    /// The connection breaks.
    Break,
}

#[derive(Clone, Debug)]
pub struct Seen {
    pub method: String,
    pub path: String,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Seen {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("JSON")
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().expect("text"))
    }
}

pub struct FakeUpstream {
    address: SocketAddr,
    state: Arc<State>,
    server: JoinHandle<()>,
}

struct State {
    script: Mutex<Script>,
    seen: watch::Sender<Vec<Seen>>,
    /// One for each fed answer, in the order they began.
    feeds: Mutex<Vec<mpsc::UnboundedSender<Piece>>>,
    fed: Notify,
    /// How many connections were made.
    connections: AtomicUsize,
    /// How many answers the other side gave up before their end.
    cancelled: watch::Sender<usize>,
    /// Bytes handed over so far, of bodies that come in pieces.
    taken: watch::Sender<usize>,
}

struct Script {
    next: VecDeque<Reply>,
    /// When the script has run out.
    otherwise: Reply,
}

impl FakeUpstream {
    /// Answers everything with this.
    pub async fn always(reply: Reply) -> Self {
        Self::script([], reply).await
    }

    /// Answers everything with this, on a free port.
    pub async fn at(port: u16, reply: Reply) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", port)).await.expect("the port");
        Self::on(listener, [], reply)
    }

    /// Answers with these in turn, then with the last for ever.
    pub async fn script(first: impl IntoIterator<Item = Reply>, otherwise: Reply) -> Self {
        Self::on(TcpListener::bind("127.0.0.1:0").await.expect("a port"), first, otherwise)
    }

    fn on(listener: TcpListener, first: impl IntoIterator<Item = Reply>, otherwise: Reply) -> Self {
        let address = listener.local_addr().expect("an address");
        let state = Arc::new(State {
            script: Mutex::new(Script { next: first.into_iter().collect(), otherwise }),
            seen: watch::Sender::new(Vec::new()),
            feeds: Mutex::new(Vec::new()),
            fed: Notify::new(),
            connections: AtomicUsize::new(0),
            cancelled: watch::Sender::new(0),
            taken: watch::Sender::new(0),
        });
        let server = tokio::spawn(accept(listener, Arc::clone(&state)));
        Self { address, state, server }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers with this from now on.
    pub fn now(&self, reply: Reply) {
        self.script_now([], reply);
    }

    /// Answers with these in turn from now on, then with the last for ever.
    pub fn script_now(&self, first: impl IntoIterator<Item = Reply>, otherwise: Reply) {
        *self.state.script.lock().expect("unpoisoned") =
            Script { next: first.into_iter().collect(), otherwise };
    }

    pub fn connections(&self) -> usize {
        self.state.connections.load(Ordering::Relaxed)
    }

    pub fn seen(&self) -> Vec<Seen> {
        self.state.seen.borrow().clone()
    }

    /// Forgets the requests so far.
    pub fn forget(&self) {
        self.state.seen.send_modify(Vec::clear);
    }

    /// Waits until this many requests have arrived.
    pub async fn wait_for_requests(&self, count: usize) -> Vec<Seen> {
        let mut seen = self.state.seen.subscribe();
        let seen = timeout(LIMIT, seen.wait_for(|seen| seen.len() >= count)).await;
        seen.unwrap_or_else(|_| panic!("only {} requests came", self.seen().len())).expect("open").clone()
    }

    /// Waits until the other side has given up this many answers.
    pub async fn wait_for_cancelled(&self, count: usize) {
        let mut cancelled = self.state.cancelled.subscribe();
        let waited = timeout(LIMIT, cancelled.wait_for(|cancelled| *cancelled >= count)).await;
        waited.expect("cancelled in time").expect("open");
    }

    /// Gives the latest fed answer its next piece, waiting for that answer to begin.
    pub async fn feed(&self, piece: Piece) {
        let begun = async {
            loop {
                let sender = self.state.feeds.lock().expect("unpoisoned").last().cloned();
                match sender {
                    Some(sender) if sender.send(piece.clone()).is_ok() => return,
                    _ => self.state.fed.notified().await,
                }
            }
        };
        timeout(LIMIT, begun).await.expect("a fed answer begins");
    }

    /// Waits until this many fed answers have begun and are open.
    pub async fn wait_for_fed(&self, count: usize) {
        let begun = async {
            loop {
                let next = self.state.fed.notified();
                if self.state.feeds.lock().expect("unpoisoned").len() >= count {
                    return;
                }
                next.await;
            }
        };
        timeout(LIMIT, begun).await.expect("this many fed answers begin");
    }

    /// Gives every fed answer that is still open its next piece.
    pub fn feed_all(&self, piece: &Piece) {
        let mut feeds = self.state.feeds.lock().expect("unpoisoned");
        feeds.retain(|feed| feed.send(piece.clone()).is_ok());
    }

    /// Bytes of bodies in pieces that the other side has taken, or that wait in sockets.
    pub fn taken(&self) -> watch::Receiver<usize> {
        self.state.taken.subscribe()
    }

    pub async fn feed_text(&self, text: &str) {
        self.feed(Piece::Bytes(Bytes::copy_from_slice(text.as_bytes()))).await;
    }
}

impl Drop for FakeUpstream {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Reply {
    pub fn json(status: u16, body: &Value) -> Self {
        Self::whole(status, "application/json", body.to_string())
    }

    pub fn sse(body: impl Into<Bytes>) -> Self {
        Self::whole(200, "text/event-stream", body)
    }

    pub fn whole(status: u16, content_type: &str, body: impl Into<Bytes>) -> Self {
        let headers = vec![("content-type".to_owned(), content_type.to_owned())];
        Self::Whole { status, headers, body: body.into() }
    }

    /// A stream of events whose pieces the test feeds.
    pub fn fed_sse() -> Self {
        Self::fed("text/event-stream")
    }

    /// An answer of this type whose pieces the test feeds.
    pub fn fed(content_type: &str) -> Self {
        Self::Fed { status: 200, headers: vec![("content-type".to_owned(), content_type.to_owned())] }
    }

    /// An answer of this type that comes in these chunks.
    pub fn pieces(content_type: &str, pieces: Vec<Bytes>) -> Self {
        let headers = vec![("content-type".to_owned(), content_type.to_owned())];
        Self::Pieces { status: 200, headers, pieces }
    }

    /// An answer of this type in chunks of this many bytes.
    pub fn chunked(content_type: &str, body: &str, size: usize) -> Self {
        Self::pieces(content_type, body.as_bytes().chunks(size).map(Bytes::copy_from_slice).collect())
    }

    #[must_use]
    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        if let Self::Whole { headers, .. } | Self::Pieces { headers, .. } | Self::Fed { headers, .. } =
            &mut self
        {
            headers.push((name.to_owned(), value.to_owned()));
        }
        self
    }
}

async fn accept(listener: TcpListener, state: Arc<State>) {
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        let _ = stream.set_nodelay(true);
        let state = Arc::clone(&state);
        state.connections.fetch_add(1, Ordering::Relaxed);
        tokio::spawn(async move {
            let Ok((stream, wire)) = twin(stream) else { return };
            let service = service_fn(move |request| answer(request, Arc::clone(&state), Arc::clone(&wire)));
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

/// A second handle of the connection, for what is not HTTP.
type Wire = Arc<std::net::TcpStream>;

fn twin(stream: TcpStream) -> std::io::Result<(TcpStream, Wire)> {
    let stream = stream.into_std()?;
    let wire = stream.try_clone()?;
    Ok((TcpStream::from_std(stream)?, Arc::new(wire)))
}

async fn write_raw(wire: &Wire, bytes: &[u8]) -> std::io::Result<()> {
    TcpStream::from_std(wire.try_clone()?)?.write_all(bytes).await
}

async fn answer(
    request: Request<Incoming>,
    state: Arc<State>,
    wire: Wire,
) -> Result<Response<FakeBody>, std::io::Error> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.map_err(std::io::Error::other)?.to_bytes();
    let seen =
        Seen { method: parts.method.to_string(), path: parts.uri.to_string(), headers: parts.headers, body };
    state.seen.send_modify(|all| all.push(seen));
    let reply = {
        let mut script = state.script.lock().expect("unpoisoned");
        script.next.pop_front().unwrap_or_else(|| script.otherwise.clone())
    };
    match reply {
        Reply::Whole { status, headers, body } => Ok(response(status, headers, FakeBody::Whole(Some(body)))),
        Reply::Pieces { status, headers, pieces } => {
            Ok(response(status, headers, FakeBody::Pieces { pieces: pieces.into(), state }))
        }
        Reply::Fed { status, headers } => {
            let (sender, pieces) = mpsc::unbounded_channel();
            state.feeds.lock().expect("unpoisoned").push(sender);
            state.fed.notify_waiters();
            state.fed.notify_one();
            let body = FakeBody::Fed { pieces, breaks: false, ended: false, state: Arc::clone(&state) };
            Ok(response(status, headers, body))
        }
        Reply::HangUp => Err(std::io::Error::other("told to hang up")),
        Reply::Silence => {
            let _gone = CountsCancel(Arc::clone(&state));
            std::future::pending::<Infallible>().await;
            unreachable!()
        }
        Reply::Raw(bytes) => {
            write_raw(&wire, &bytes).await?;
            Err(std::io::Error::other("told to answer raw"))
        }
    }
}

fn response(status: u16, headers: Vec<(String, String)>, body: FakeBody) -> Response<FakeBody> {
    let mut response = Response::builder().status(StatusCode::from_u16(status).expect("a status"));
    for (name, value) in headers {
        response = response.header(name, value);
    }
    response.body(body).expect("a response")
}

/// Dropped with the request it belongs to, when the other side gives up.
struct CountsCancel(Arc<State>);

impl Drop for CountsCancel {
    fn drop(&mut self) {
        self.0.cancelled.send_modify(|count| *count += 1);
    }
}

enum FakeBody {
    Whole(Option<Bytes>),
    Pieces { pieces: VecDeque<Bytes>, state: Arc<State> },
    Fed { pieces: mpsc::UnboundedReceiver<Piece>, breaks: bool, ended: bool, state: Arc<State> },
}

impl Body for FakeBody {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, std::io::Error>>> {
        match self.get_mut() {
            Self::Whole(body) => Poll::Ready(body.take().map(|body| Ok(Frame::data(body)))),
            Self::Pieces { pieces, state } => {
                let piece = pieces.pop_front();
                state.taken.send_modify(|taken| *taken += piece.as_ref().map_or(0, Bytes::len));
                Poll::Ready(piece.map(|piece| Ok(Frame::data(piece))))
            }
            Self::Fed { breaks: true, ended, .. } => {
                *ended = true;
                Poll::Ready(Some(Err(std::io::Error::other("told to break"))))
            }
            Self::Fed { pieces, breaks, ended, .. } => match std::task::ready!(pieces.poll_recv(cx)) {
                Some(Piece::Bytes(bytes)) => Poll::Ready(Some(Ok(Frame::data(bytes)))),
                Some(Piece::Break) => {
                    // A pause, in which what was fed before is written.
                    *breaks = true;
                    cx.waker().wake_by_ref();
                    Poll::Pending
                }
                Some(Piece::End) | None => {
                    *ended = true;
                    Poll::Ready(None)
                }
            },
        }
    }

    fn size_hint(&self) -> hyper::body::SizeHint {
        match self {
            Self::Whole(body) => {
                hyper::body::SizeHint::with_exact(body.as_ref().map_or(0, |body| body.len() as u64))
            }
            Self::Pieces { .. } | Self::Fed { .. } => hyper::body::SizeHint::default(),
        }
    }
}

impl Drop for FakeBody {
    fn drop(&mut self) {
        match self {
            Self::Fed { ended: false, state, .. } => state.cancelled.send_modify(|count| *count += 1),
            Self::Pieces { pieces, state } if !pieces.is_empty() => {
                state.cancelled.send_modify(|count| *count += 1);
            }
            _ => {}
        }
    }
}
