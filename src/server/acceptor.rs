//! Accepts on several listeners, which come and go while the servers stay, and hands what
//! comes to the [shards](super::shard) in turn.
//!
//! salvo keeps its listening socket open while it waits for the last stream: new
//! clients would connect and hang, and the port could not be bound again. A gate lets go
//! of its listeners before the servers drain; and when LAN access comes or goes, it takes
//! and leaves the sockets of the network beside those of loopback, so that no local
//! client notices. Whoever stands in the queue of a listener is taken in before it closes.
//! Where there are as many as there may be, [the longest idle](crate::connections) makes room.

use std::collections::VecDeque;
use std::io;
use std::net::{SocketAddr, TcpStream as StdTcpStream};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use salvo::conn::Holding;
use socket2::SockRef;
use tokio::net::TcpListener;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

use super::bind;
use super::shard::Arrival;
use crate::connections::{Connections, holding};

/// How long accepting rests when the system has no descriptor to give.
const BACK_OFF: Duration = Duration::from_millis(50);
/// How long the servers may take to let in whoever stood before a closing door: one that
/// has no room would take until somebody leaves.
const ALL_IN_LIMIT: Duration = Duration::from_secs(1);
/// How often that is worth a line in the log.
const COMPLAINT_INTERVAL: Duration = Duration::from_mins(1);

pub struct Gate {
    listeners: Vec<TcpListener>,
    connections: Arc<Connections>,
    orders: mpsc::Receiver<Order>,
    /// Whoever stood before a listener that has closed.
    queued: VecDeque<(StdTcpStream, SocketAddr)>,
    /// Who waits for the servers to have taken them all in.
    closing: Option<oneshot::Sender<()>>,
    last_complaint: Option<Instant>,
}

enum Order {
    Share {
        on: bool,
        reply: oneshot::Sender<io::Result<()>>,
    },
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
    pub fn new(listeners: Vec<TcpListener>, connections: Arc<Connections>) -> (Self, GateKeeper) {
        let (sender, orders) = mpsc::channel(4);
        let queued = VecDeque::new();
        let gate = Self { listeners, connections, orders, queued, closing: None, last_complaint: None };
        (gate, GateKeeper { orders: sender })
    }

    pub fn holdings(&self) -> Vec<Holding> {
        let addresses = self.listeners.iter().filter_map(|listener| listener.local_addr().ok());
        addresses.map(holding).collect()
    }

    /// Hands every connection to the next of the lanes, until it is told to close.
    pub async fn serve(mut self, lanes: Vec<mpsc::Sender<Arrival>>) {
        let mut lanes = Lanes { all: lanes, next: 0, connections: Arc::clone(&self.connections) };
        loop {
            if let Some((stream, remote)) = self.queued.pop_front() {
                if let Err(back) = lanes.hand_on(stream, remote) {
                    self.queued.push_front(back);
                    self.wait_for_room().await;
                }
            } else if let Some(closed) = self.closing.take() {
                all_in(&lanes.all).await;
                let _ = closed.send(());
                return;
            } else {
                self.wait().await;
            }
        }
    }

    /// Somebody is being answered on each of the connections there may be.
    async fn wait_for_room(&mut self) {
        tokio::select! {
            Some(order) = self.orders.recv() => self.obey(order),
            () = tokio::time::sleep(BACK_OFF) => {}
        }
    }

    /// Until somebody comes, or an order does.
    async fn wait(&mut self) {
        tokio::select! {
            biased;
            Some(order) = self.orders.recv() => self.obey(order),
            accepted = accept_any(&self.listeners) => match accepted {
                Ok(accepted) => self.queued.push_back(accepted),
                Err(error) => {
                    self.complain(&error);
                    self.connections.give_way();
                    tokio::time::sleep(BACK_OFF).await;
                }
            },
        }
    }

    fn obey(&mut self, order: Order) {
        match order {
            Order::Share { on, reply } => {
                let _ = reply.send(self.share(on));
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

/// The ways to the servers, taken in turn.
struct Lanes {
    all: Vec<mpsc::Sender<Arrival>>,
    next: usize,
    connections: Arc<Connections>,
}

impl Lanes {
    /// Hands a connection to the next server that takes one; gives it back when there is no
    /// room for another.
    fn hand_on(
        &mut self,
        stream: StdTcpStream,
        remote: SocketAddr,
    ) -> Result<(), (StdTcpStream, SocketAddr)> {
        // One that has no address has ended.
        let Ok(local) = stream.local_addr() else { return Ok(()) };
        let Some(admitted) = self.connections.admit(remote, local) else { return Err((stream, remote)) };
        let mut arrival = Arrival::Connection(stream, admitted);
        for _ in 0..self.all.len() {
            let lane = &self.all[self.next % self.all.len()];
            self.next = self.next.wrapping_add(1);
            match lane.try_send(arrival) {
                // A lane is closed when its server is gone, and then so is everybody.
                Ok(()) | Err(TrySendError::Closed(_)) => return Ok(()),
                Err(TrySendError::Full(back)) => arrival = back,
            }
        }
        match arrival {
            Arrival::Connection(stream, _) => Err((stream, remote)),
            Arrival::Last(_) => Ok(()),
        }
    }
}

impl GateKeeper {
    /// Lets another listener of ours bind the same port, or nobody else.
    pub async fn share(&self, on: bool) -> io::Result<()> {
        let (reply, shared) = oneshot::channel();
        let gone = || io::Error::from(io::ErrorKind::NotConnected);
        self.orders.send(Order::Share { on, reply }).await.map_err(|_| gone())?;
        shared.await.map_err(|_| gone())?
    }

    /// Takes these listeners in; without LAN access, lets go of all that are not loopback.
    pub async fn listen(&self, more: Vec<TcpListener>, lan: bool) {
        let (done, listening) = oneshot::channel();
        if self.orders.send(Order::Listen { more, lan, done }).await.is_ok() {
            let _ = listening.await;
        }
    }

    /// Returns when the port is free and everybody who had come is in, as far as there was
    /// room for them.
    pub async fn close(&self) {
        let (reply, closed) = oneshot::channel();
        if self.orders.send(Order::Close(reply)).await.is_ok() {
            let _ = timeout(ALL_IN_LIMIT, closed).await;
        }
    }
}

async fn accept_any(listeners: &[TcpListener]) -> io::Result<(StdTcpStream, SocketAddr)> {
    let (stream, remote) = std::future::poll_fn(|cx| poll_accept(listeners, cx)).await?;
    Ok((stream.into_std()?, remote))
}

/// Waits until each server has taken in whoever was sent to it.
async fn all_in(lanes: &[mpsc::Sender<Arrival>]) {
    for lane in lanes {
        let (last, taken) = oneshot::channel();
        if lane.send(Arrival::Last(last)).await.is_ok() {
            let _ = taken.await;
        }
    }
}

/// Whoever has come by now; the listener is closed. Asks the system itself, because the
/// runtime hears of a connection only a moment after it has come.
fn queue_of(listener: TcpListener) -> Vec<(StdTcpStream, SocketAddr)> {
    let Ok(listener) = listener.into_std() else { return Vec::new() };
    let accept = || {
        let (stream, remote) = listener.accept().ok()?;
        stream.set_nonblocking(true).ok()?;
        Some((stream, remote))
    };
    std::iter::from_fn(accept).collect()
}

fn is_loopback(listener: &TcpListener) -> bool {
    listener.local_addr().is_ok_and(|address| address.ip().is_loopback())
}

fn poll_accept(
    listeners: &[TcpListener],
    cx: &mut Context<'_>,
) -> Poll<io::Result<(tokio::net::TcpStream, SocketAddr)>> {
    for listener in listeners {
        if let Poll::Ready(accepted) = listener.poll_accept(cx) {
            return Poll::Ready(accepted);
        }
    }
    Poll::Pending
}
