//! Where a server finds its connections, each with its slot.

use std::io;
use std::net::SocketAddr;

use salvo::conn::tcp::TcpCoupler;
use salvo::conn::{Accepted, Acceptor, Holding};
use salvo::fuse::ArcFusePolicy;
use salvo::http::Version;
use salvo::http::uri::Scheme;
use tokio::net::TcpStream;

use super::limit::Slot;
use super::stream::ClientStream;

/// A source of connections.
pub trait Arrivals: Send {
    /// The next connection. Fails when the system cannot accept one. Only a connection that
    /// waits for its slot is lost when the future is dropped.
    fn next(&mut self) -> impl Future<Output = io::Result<(TcpStream, Slot)>> + Send;
}

/// Accepts what arrives, for as long as its server lives.
pub struct CountingAcceptor<A> {
    arrivals: A,
    holdings: Vec<Holding>,
}

impl<A: Arrivals> CountingAcceptor<A> {
    pub const fn new(arrivals: A, holdings: Vec<Holding>) -> Self {
        Self { arrivals, holdings }
    }
}

impl<A: Arrivals> Acceptor for CountingAcceptor<A> {
    type Coupler = TcpCoupler<Self::Stream>;
    type Stream = ClientStream;

    fn holdings(&self) -> &[Holding] {
        &self.holdings
    }

    async fn accept(
        &mut self,
        policy: Option<ArcFusePolicy>,
    ) -> io::Result<Accepted<Self::Coupler, Self::Stream>> {
        loop {
            let (stream, slot) = self.arrivals.next().await?;
            if let Some(accepted) = slot.accept(stream, policy.as_ref()).await {
                return Ok(accepted);
            }
        }
    }
}

/// A server's description of an address that it answers on.
pub fn holding(address: SocketAddr) -> Holding {
    Holding { local_addr: address.into(), http_versions: vec![Version::HTTP_11], http_scheme: Scheme::HTTP }
}
