//! The threads that serve, each with a runtime of its own: a connection, its request and the
//! connection upstream live on one thread, wake no other, and events that arrive together are
//! handled together.
//!
//! A shard has no listener. The [`Gate`](super::acceptor::Gate) accepts, and hands each
//! connection to the next shard in turn through a [`Lane`].

use std::io;
use std::net::TcpStream as StdTcpStream;
use std::num::NonZero;
use std::thread;

use salvo::conn::Holding;
use tokio::net::TcpStream;
use tokio::runtime::{Builder, Handle};
use tokio::sync::{mpsc, oneshot};

use crate::connections::{Arrivals, CountingAcceptor, Slot};

/// More threads gain nothing: models take seconds to answer.
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
    /// Its thread runs until this is dropped.
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
            // A blocking lookup must not delay the end.
            runtime.shutdown_background();
        })?;
        Ok(Self { handle, _alive: alive })
    }
}

/// What a gate sends to a shard.
pub enum Arrival {
    Connection(StdTcpStream, Slot),
    /// The last arrival; answered when all connections before it have been taken in.
    Last(oneshot::Sender<()>),
}

/// Where a shard's server finds its connections.
pub struct Lane {
    arrivals: mpsc::Receiver<Arrival>,
    last: Option<oneshot::Sender<()>>,
}

impl Lane {
    /// The lane as an acceptor, and the way into it.
    pub fn acceptor(holdings: Vec<Holding>) -> (CountingAcceptor<Self>, mpsc::Sender<Arrival>) {
        let (sender, arrivals) = mpsc::channel(QUEUE);
        (CountingAcceptor::new(Self { arrivals, last: None }, holdings), sender)
    }
}

impl Arrivals for Lane {
    /// The next connection, registered with this thread's runtime.
    async fn next(&mut self) -> io::Result<(TcpStream, Slot)> {
        loop {
            if let Some(last) = self.last.take() {
                let _ = last.send(());
            }
            match self.arrivals.recv().await {
                Some(Arrival::Connection(stream, slot)) => {
                    if let Ok(stream) = TcpStream::from_std(stream) {
                        return Ok((stream, slot));
                    }
                }
                Some(Arrival::Last(last)) => self.last = Some(last),
                // The gate is gone; the server is about to be stopped.
                None => std::future::pending().await,
            }
        }
    }
}
