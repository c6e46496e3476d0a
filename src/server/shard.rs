//! The threads that serve: one runtime each, so that a connection, its request and the
//! connection upstream live on one thread, wake nobody else, and find what arrived
//! together together.
//!
//! A shard has no listener. The [`Gate`](super::acceptor::Gate) accepts, and hands each
//! connection to the next shard in turn through a [`Lane`].

use std::io;
use std::net::TcpStream as StdTcpStream;
use std::num::NonZero;
use std::thread;

use salvo::conn::tcp::TcpCoupler;
use salvo::conn::{Accepted, Acceptor, Holding};
use salvo::fuse::ArcFusePolicy;
use tokio::net::TcpStream;
use tokio::runtime::{Builder, Handle};
use tokio::sync::{mpsc, oneshot};

use crate::connections::{Admitted, Watched};

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
    Connection(StdTcpStream, Admitted),
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
    async fn next(&mut self) -> (TcpStream, Admitted) {
        loop {
            if let Some(last) = self.last.take() {
                let _ = last.send(());
            }
            match self.arrivals.recv().await {
                Some(Arrival::Connection(stream, admitted)) => {
                    if let Ok(stream) = TcpStream::from_std(stream) {
                        return (stream, admitted);
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
    type Stream = Watched;

    fn holdings(&self) -> &[Holding] {
        &self.holdings
    }

    async fn accept(
        &mut self,
        fuse_policy: Option<ArcFusePolicy>,
    ) -> io::Result<Accepted<Self::Coupler, Self::Stream>> {
        loop {
            let (stream, admitted) = self.next().await;
            if let Some(accepted) = admitted.accept(stream, fuse_policy.as_ref()).await {
                return Ok(accepted);
            }
        }
    }
}
