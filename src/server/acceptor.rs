//! Accepts on several listeners, which come and go while the server stays.
//!
//! salvo keeps its listening socket open while it waits for the last stream: new
//! clients would connect and hang, and the port could not be bound again. A gate lets go
//! of its listeners before the server drains; and when LAN access comes or goes, it takes
//! and leaves the sockets of the network beside those of loopback, so that no local
//! client notices. Whoever stands in the queue of a listener is taken in before it closes.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use salvo::conn::tcp::TcpCoupler;
use salvo::conn::{Accepted, Acceptor, ConnCtrl, Holding, StraightStream};
use salvo::fuse::{ArcFusePolicy, FuseAction, FuseInfo, TransProto};
use salvo::http::Version;
use salvo::http::uri::Scheme;
use socket2::SockRef;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot};

use super::bind;

/// How long accepting rests when the system has no descriptor to give.
const BACK_OFF: Duration = Duration::from_millis(50);
/// How often that is worth a line in the log.
const COMPLAINT_INTERVAL: Duration = Duration::from_mins(1);

pub struct Gate {
    listeners: Vec<TcpListener>,
    holdings: Vec<Holding>,
    orders: mpsc::Receiver<Order>,
    /// Whoever stood before a listener that has closed.
    queued: VecDeque<(TcpStream, SocketAddr)>,
    /// Who waits for the server to have taken them all in.
    closing: Option<oneshot::Sender<()>>,
    last_complaint: Option<Instant>,
}

enum Order {
    Share(oneshot::Sender<io::Result<()>>),
    /// Take these, too; without LAN access, keep only those on loopback.
    Listen {
        more: Vec<TcpListener>,
        lan: bool,
        done: oneshot::Sender<()>,
    },
    Close(oneshot::Sender<()>),
}

/// Orders a gate about from outside the server that owns it.
#[derive(Clone, Debug)]
pub struct GateKeeper {
    orders: mpsc::Sender<Order>,
}

impl Gate {
    pub fn new(listeners: Vec<TcpListener>) -> (Self, GateKeeper) {
        let (sender, orders) = mpsc::channel(4);
        let holdings = listeners
            .iter()
            .filter_map(|listener| listener.local_addr().ok())
            .map(|address| Holding {
                local_addr: address.into(),
                http_versions: vec![Version::HTTP_11],
                http_scheme: Scheme::HTTP,
            })
            .collect();
        let queued = VecDeque::new();
        let gate = Self { listeners, holdings, orders, queued, closing: None, last_complaint: None };
        (gate, GateKeeper { orders: sender })
    }

    /// The next connection. Safe to drop and call again: it is returned as soon as it
    /// has been accepted.
    async fn next(&mut self) -> (TcpStream, SocketAddr) {
        loop {
            if let Some(accepted) = self.queued.pop_front() {
                return accepted;
            }
            if let Some(closed) = self.closing.take() {
                let _ = closed.send(());
            }
            tokio::select! {
                biased;
                Some(order) = self.orders.recv() => self.obey(order),
                accepted = accept_any(&self.listeners) => match accepted {
                    Ok(accepted) => return accepted,
                    Err(error) => {
                        self.complain(&error);
                        tokio::time::sleep(BACK_OFF).await;
                    }
                },
            }
        }
    }

    fn obey(&mut self, order: Order) {
        match order {
            Order::Share(reply) => {
                let _ = reply.send(self.share(true));
            }
            Order::Listen { more, lan, done } => {
                // A second program must not get in through a door left ajar.
                let _ = self.share(false);
                self.listeners.extend(more);
                if !lan {
                    self.let_go(|listener| !is_loopback(listener));
                }
                let _ = done.send(());
            }
            Order::Close(reply) => {
                self.let_go(|_| true);
                self.closing = Some(reply);
            }
        }
    }

    fn let_go(&mut self, which: impl Fn(&TcpListener) -> bool) {
        for listener in self.listeners.extract_if(.., |listener| which(listener)) {
            self.queued.extend(queue_of(listener));
        }
    }

    fn share(&self, on: bool) -> io::Result<()> {
        self.listeners.iter().try_for_each(|listener| bind::share(&SockRef::from(listener), on))
    }

    fn complain(&mut self, error: &io::Error) {
        if self.last_complaint.is_none_or(|last| last.elapsed() >= COMPLAINT_INTERVAL) {
            self.last_complaint = Some(Instant::now());
            tracing::warn!("could not accept a connection: {error}");
        }
    }
}

impl GateKeeper {
    /// Lets another listener of ours bind the same port.
    pub async fn share(&self) -> io::Result<()> {
        let (reply, shared) = oneshot::channel();
        let gone = || io::Error::from(io::ErrorKind::NotConnected);
        self.orders.send(Order::Share(reply)).await.map_err(|_| gone())?;
        shared.await.map_err(|_| gone())?
    }

    /// Takes these listeners in; without LAN access, lets go of all that are not loopback.
    pub async fn listen(&self, more: Vec<TcpListener>, lan: bool) {
        let (done, listening) = oneshot::channel();
        if self.orders.send(Order::Listen { more, lan, done }).await.is_ok() {
            let _ = listening.await;
        }
    }

    /// Returns when the port is free and everybody who had come is in.
    pub async fn close(&self) {
        let (reply, closed) = oneshot::channel();
        if self.orders.send(Order::Close(reply)).await.is_ok() {
            let _ = closed.await;
        }
    }
}

async fn accept_any(listeners: &[TcpListener]) -> io::Result<(TcpStream, SocketAddr)> {
    std::future::poll_fn(|cx| poll_accept(listeners, cx)).await
}

/// Whoever has come by now; the listener is closed. Asks the system itself, because the
/// runtime hears of a connection only a moment after it has come.
fn queue_of(listener: TcpListener) -> Vec<(TcpStream, SocketAddr)> {
    let Ok(listener) = listener.into_std() else { return Vec::new() };
    let accept = || {
        let (stream, remote) = listener.accept().ok()?;
        stream.set_nonblocking(true).ok()?;
        Some((TcpStream::from_std(stream).ok()?, remote))
    };
    std::iter::from_fn(accept).collect()
}

fn is_loopback(listener: &TcpListener) -> bool {
    listener.local_addr().is_ok_and(|address| address.ip().is_loopback())
}

fn poll_accept(listeners: &[TcpListener], cx: &mut Context<'_>) -> Poll<io::Result<(TcpStream, SocketAddr)>> {
    for listener in listeners {
        if let Poll::Ready(accepted) = listener.poll_accept(cx) {
            return Poll::Ready(accepted);
        }
    }
    Poll::Pending
}

impl Acceptor for Gate {
    type Coupler = TcpCoupler<Self::Stream>;
    type Stream = StraightStream<TcpStream>;

    fn holdings(&self) -> &[Holding] {
        &self.holdings
    }

    async fn accept(
        &mut self,
        fuse_policy: Option<ArcFusePolicy>,
    ) -> io::Result<Accepted<Self::Coupler, Self::Stream>> {
        loop {
            let (stream, remote) = self.next().await;
            // Without it the first chunk of a stream waits for a full segment.
            let _ = stream.set_nodelay(true);
            let Ok(local) = stream.local_addr() else { continue };
            let info = FuseInfo {
                trans_proto: TransProto::Tcp,
                remote_addr: remote.into(),
                local_addr: local.into(),
            };
            let fuse = match &fuse_policy {
                None => None,
                Some(policy) => match policy.decide(&info).await {
                    FuseAction::Accept(config) => Some(config),
                    FuseAction::Reject => continue,
                },
            };
            let control = ConnCtrl::new();
            return Ok(Accepted {
                coupler: TcpCoupler::new(),
                stream: StraightStream::new(stream, fuse, control.clone(), None),
                fuse_config: fuse,
                conn_ctrl: control,
                local_addr: local.into(),
                remote_addr: remote.into(),
                http_scheme: Scheme::HTTP,
            });
        }
    }
}
