//! A listener whose connections are counted, for a server that keeps it.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};

use super::acceptor::{Arrivals, CountingAcceptor, holding};
use super::limit::{Connections, Slot};

/// The time until a connection that found no slot is tried again.
const PAUSE: Duration = Duration::from_millis(50);

pub struct Entrance {
    listener: TcpListener,
    connections: Arc<Connections>,
}

impl Entrance {
    /// Fails when the listener has no address.
    pub fn acceptor(
        listener: TcpListener,
        connections: &Arc<Connections>,
    ) -> io::Result<CountingAcceptor<Self>> {
        let holdings = vec![holding(listener.local_addr()?)];
        let entrance = Self { listener, connections: Arc::clone(connections) };
        Ok(CountingAcceptor::new(entrance, holdings))
    }

    async fn admit(&self, remote: SocketAddr, local: SocketAddr) -> Slot {
        loop {
            if let Some(slot) = self.connections.admit(remote, local) {
                return slot;
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}

impl Arrivals for Entrance {
    async fn next(&mut self) -> io::Result<(TcpStream, Slot)> {
        loop {
            let accepted = self.listener.accept().await;
            let (stream, remote) = accepted.inspect_err(|_| self.connections.give_way())?;
            if let Ok(local) = stream.local_addr() {
                let slot = self.admit(remote, local).await;
                return Ok((stream, slot));
            }
        }
    }
}
