//! Accepts connections on several listeners, and hands them to the [shards](super::shard) in
//! turn. Listeners come and go while the servers stay.
//!
//! salvo keeps its listening socket open while it waits for the last stream: new
//! clients would connect and hang, and the port could not be bound again. A gate closes its
//! listeners before the servers drain. When LAN access is switched, it takes in or closes the
//! network's sockets and keeps those of loopback, so that no local client notices.
//! Connections that wait in a listener's queue are accepted before it closes. When all slots
//! are taken, [the longest idle connection](crate::connections) makes room.

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

/// The pause after the system had no descriptor to give.
const BACK_OFF: Duration = Duration::from_millis(50);
/// How long the servers may take to accept the connections that waited before a closing
/// listener: a server without room would take until a client leaves.
const ALL_IN_LIMIT: Duration = Duration::from_secs(1);
/// The least time between two log lines about accepting.
const COMPLAINT_INTERVAL: Duration = Duration::from_mins(1);

pub struct Gate {
    listeners: Vec<TcpListener>,
    connections: Arc<Connections>,
    orders: mpsc::Receiver<Order>,
    /// Connections that have been accepted, and not yet handed to a shard.
    queued: VecDeque<(StdTcpStream, SocketAddr)>,
    /// Answered when the servers have taken all connections in.
    closing: Option<oneshot::Sender<()>>,
    last_complaint: Option<Instant>,
}

enum Order {
    Share {
        on: bool,
        reply: oneshot::Sender<io::Result<()>>,
    },
    /// Add these; without LAN access, keep only the listeners on loopback.
    Listen {
        more: Vec<TcpListener>,
        lan: bool,
        done: oneshot::Sender<()>,
    },
    Close(oneshot::Sender<()>),
}

/// Sends orders to a gate, whose task owns it.
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

    /// Hands each connection to the next lane, until it is ordered to close.
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

    /// Every connection is busy: waits a moment, or for an order.
    async fn wait_for_room(&mut self) {
        tokio::select! {
            Some(order) = self.orders.recv() => self.obey(order),
            () = tokio::time::sleep(BACK_OFF) => {}
        }
    }

    /// Waits for a connection or an order.
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
                // No second program may bind the port.
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

/// The ways to the shards, taken in turn.
struct Lanes {
    all: Vec<mpsc::Sender<Arrival>>,
    next: usize,
    connections: Arc<Connections>,
}

impl Lanes {
    /// Hands a connection to the next shard that has room; gives it back when none has.
    fn hand_on(
        &mut self,
        stream: StdTcpStream,
        remote: SocketAddr,
    ) -> Result<(), (StdTcpStream, SocketAddr)> {
        // A connection without an address has ended.
        let Ok(local) = stream.local_addr() else { return Ok(()) };
        let Some(admitted) = self.connections.admit(remote, local) else { return Err((stream, remote)) };
        let mut arrival = Arrival::Connection(stream, admitted);
        for _ in 0..self.all.len() {
            let lane = &self.all[self.next % self.all.len()];
            self.next = self.next.wrapping_add(1);
            match lane.try_send(arrival) {
                // A lane is closed when its server is gone, and then all are.
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
    /// Lets another listener of this process bind the same port, or no longer.
    pub async fn share(&self, on: bool) -> io::Result<()> {
        let (reply, shared) = oneshot::channel();
        let gone = || io::Error::from(io::ErrorKind::NotConnected);
        self.orders.send(Order::Share { on, reply }).await.map_err(|_| gone())?;
        shared.await.map_err(|_| gone())?
    }

    /// Adds these listeners; without LAN access, closes all that are not on loopback.
    pub async fn listen(&self, more: Vec<TcpListener>, lan: bool) {
        let (done, listening) = oneshot::channel();
        if self.orders.send(Order::Listen { more, lan, done }).await.is_ok() {
            let _ = listening.await;
        }
    }

    /// Returns when the port is free and the waiting connections have been accepted, as far as
    /// there was room for them.
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

/// Waits until each shard has taken in the connections that were sent to it.
async fn all_in(lanes: &[mpsc::Sender<Arrival>]) {
    for lane in lanes {
        let (last, taken) = oneshot::channel();
        if lane.send(Arrival::Last(last)).await.is_ok() {
            let _ = taken.await;
        }
    }
}

/// The connections that wait in the listener's queue; the listener is closed. Asks the system
/// itself, because the runtime learns of a connection a moment later.
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
