//! Accepts on several listeners, and lets go of them before the server drains.
//!
//! salvo keeps its listening socket open while it waits for the last stream: new
//! clients would connect and hang, and the port could not be bound again. Closing the
//! gate first takes in whoever already stands in the queue, then drops the sockets and
//! says so.

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
    /// Set while the queue is emptied before the listeners are dropped.
    closing: Option<oneshot::Sender<()>>,
    accepted: Option<(TcpStream, SocketAddr)>,
    last_complaint: Option<Instant>,
}

enum Order {
    Share(oneshot::Sender<io::Result<()>>),
    Close(oneshot::Sender<()>),
}

/// Closes a gate from outside the server that owns it.
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
        let gate = Self { listeners, holdings, orders, closing: None, accepted: None, last_complaint: None };
        (gate, GateKeeper { orders: sender })
    }

    /// The next connection. Safe to drop and call again: what was accepted is kept.
    async fn next(&mut self) {
        while self.accepted.is_none() {
            tokio::select! {
                biased;
                order = self.orders.recv(), if self.closing.is_none() => match order {
                    Some(Order::Share(reply)) => { let _ = reply.send(self.share()); }
                    Some(Order::Close(reply)) => self.closing = Some(reply),
                    None => std::future::pending().await,
                },
                accepted = accept_any(&self.listeners), if self.closing.is_none() => match accepted {
                    Ok(accepted) => self.accepted = Some(accepted),
                    Err(error) => {
                        self.complain(&error);
                        tokio::time::sleep(BACK_OFF).await;
                    }
                },
                queued = accept_queued(&self.listeners), if self.closing.is_some() => match queued {
                    Some(accepted) => self.accepted = Some(accepted),
                    None => self.close(),
                },
            }
        }
    }

    fn close(&mut self) {
        self.listeners.clear();
        if let Some(closed) = self.closing.take() {
            let _ = closed.send(());
        }
    }

    fn share(&self) -> io::Result<()> {
        self.listeners.iter().try_for_each(|listener| bind::share(&SockRef::from(listener), true))
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

    /// Returns when the port is free.
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

/// Whoever is in a queue now; `None` when nobody is.
async fn accept_queued(listeners: &[TcpListener]) -> Option<(TcpStream, SocketAddr)> {
    std::future::poll_fn(|cx| match poll_accept(listeners, cx) {
        Poll::Ready(Ok(accepted)) => Poll::Ready(Some(accepted)),
        Poll::Ready(Err(_)) | Poll::Pending => Poll::Ready(None),
    })
    .await
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
            self.next().await;
            let Some((stream, remote)) = self.accepted.take() else { continue };
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
