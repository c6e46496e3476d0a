//! The threads that serve: one runtime each, so that a connection, its request and the
//! connection upstream live on one thread, wake nobody else, and find what arrived
//! together together.
//!
//! A shard has no listener. The [`Gate`](super::acceptor::Gate) accepts, and hands each
//! connection to the next shard in turn through a [`Lane`].

use std::io;
use std::net::{SocketAddr, TcpStream as StdTcpStream};
use std::num::NonZero;
use std::thread;

use salvo::conn::tcp::TcpCoupler;
use salvo::conn::{Accepted, Acceptor, ConnCtrl, Holding, StraightStream};
use salvo::fuse::{ArcFusePolicy, FuseAction, FuseInfo, TransProto};
use salvo::http::uri::Scheme;
use tokio::net::TcpStream;
use tokio::runtime::{Builder, Handle};
use tokio::sync::{mpsc, oneshot};

/// More would help nobody whose model answers in seconds.
const MOST: usize = 4;
/// Connections that may wait for a shard to take them.
const QUEUE: usize = 64;

/// The serving threads. They end when this is dropped.
#[derive(Debug)]
pub struct Shards {
    shards: Vec<Shard>,
}

#[derive(Debug)]
struct Shard {
    handle: Handle,
    /// Its thread runs until this goes.
    _alive: oneshot::Sender<()>,
}

impl Shards {
    /// Starts one thread for each core. Fails when the system has no thread to give.
    pub fn start() -> io::Result<Self> {
        let cores = thread::available_parallelism().map_or(1, NonZero::get);
        let shards = (0..cores.min(MOST)).map(Shard::start).collect::<io::Result<_>>()?;
        Ok(Self { shards })
    }

    pub fn handles(&self) -> impl ExactSizeIterator<Item = &Handle> {
        self.shards.iter().map(|shard| &shard.handle)
    }
}

impl Shard {
    fn start(number: usize) -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let handle = runtime.handle().clone();
        let (alive, ended) = oneshot::channel::<()>();
        thread::Builder::new().name(format!("serve-{number}")).spawn(move || {
            let _ = runtime.block_on(ended);
            // Whoever blocks in a lookup must not hold up the end.
            runtime.shutdown_background();
        })?;
        Ok(Self { handle, _alive: alive })
    }
}

/// What a gate sends to a shard.
pub enum Arrival {
    Connection(StdTcpStream, SocketAddr),
    /// Nobody comes after; answered when everybody before has been taken in.
    Last(oneshot::Sender<()>),
}

/// Where a shard's server finds its connections.
pub struct Lane {
    arrivals: mpsc::Receiver<Arrival>,
    holdings: Vec<Holding>,
    last: Option<oneshot::Sender<()>>,
}

impl Lane {
    pub fn new(holdings: Vec<Holding>) -> (Self, mpsc::Sender<Arrival>) {
        let (sender, arrivals) = mpsc::channel(QUEUE);
        (Self { arrivals, holdings, last: None }, sender)
    }

    /// The next connection, now on this thread's runtime. Safe to drop and call again.
    async fn next(&mut self) -> (TcpStream, SocketAddr) {
        loop {
            if let Some(last) = self.last.take() {
                let _ = last.send(());
            }
            match self.arrivals.recv().await {
                Some(Arrival::Connection(stream, remote)) => {
                    if let Ok(stream) = TcpStream::from_std(stream) {
                        return (stream, remote);
                    }
                }
                Some(Arrival::Last(last)) => self.last = Some(last),
                // The gate is gone; the server will be told to stop.
                None => std::future::pending().await,
            }
        }
    }
}

impl Acceptor for Lane {
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
