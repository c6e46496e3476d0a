//! A listener whose connections are counted, for a server that stays on it for good.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use salvo::conn::tcp::TcpCoupler;
use salvo::conn::{Accepted, Acceptor, Holding};
use salvo::fuse::ArcFusePolicy;
use salvo::http::Version;
use salvo::http::uri::Scheme;
use tokio::net::{TcpListener, TcpStream};

use super::{Admitted, Connections, Watched};

/// How long whoever finds no room waits until they look again.
const PAUSE: Duration = Duration::from_millis(50);

pub struct Entrance {
    listener: TcpListener,
    connections: Arc<Connections>,
    holdings: [Holding; 1],
}

impl Entrance {
    pub fn new(listener: TcpListener, connections: &Arc<Connections>) -> io::Result<Self> {
        let holdings = [holding(listener.local_addr()?)];
        Ok(Self { listener, connections: Arc::clone(connections), holdings })
    }

    async fn admit(&self, remote: SocketAddr, local: SocketAddr) -> Admitted {
        loop {
            if let Some(admitted) = self.connections.admit(remote, local) {
                return admitted;
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn next(&self) -> io::Result<(TcpStream, SocketAddr)> {
        let accepted = self.listener.accept().await;
        if accepted.is_err() {
            self.connections.give_way();
        }
        accepted
    }
}

impl Acceptor for Entrance {
    type Coupler = TcpCoupler<Self::Stream>;
    type Stream = Watched;

    fn holdings(&self) -> &[Holding] {
        &self.holdings
    }

    async fn accept(
        &mut self,
        policy: Option<ArcFusePolicy>,
    ) -> io::Result<Accepted<Self::Coupler, Self::Stream>> {
        loop {
            let (stream, remote) = self.next().await?;
            let Ok(local) = stream.local_addr() else { continue };
            let admitted = self.admit(remote, local).await;
            if let Some(accepted) = admitted.accept(stream, policy.as_ref()).await {
                return Ok(accepted);
            }
        }
    }
}

/// What a server is told of an address it answers on.
pub fn holding(address: SocketAddr) -> Holding {
    Holding { local_addr: address.into(), http_versions: vec![Version::HTTP_11], http_scheme: Scheme::HTTP }
}
