//! HTTP in: the listening sockets, which requests may pass, and which handler each path has.

mod acceptor;
mod auth;
mod base_url;
pub mod bind;
mod cors;
mod door;
mod family;
mod guard;
mod handlers;
mod policy;
mod refusals;
mod remainder;
mod rescue;
mod routes;
mod shard;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use salvo::fuse::FuseConfig;
use salvo::server::ServerHandle;
use salvo::{Router, Server};
use tokio::task::JoinHandle;

use self::acceptor::{Gate, GateKeeper};
pub use self::base_url::base_url;
use self::bind::Binding;
pub use self::door::Door;
use self::handlers::Entry;
use self::shard::Lane;
use crate::connections::{Connections, LONGEST_HEAD};
use crate::language::Message;

/// The longest time for a request head to arrive.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
/// The longest pause within a request body.
const BODY_GAP: Duration = Duration::from_secs(30);
/// How long a client may leave its answer unread.
const WRITE_STALL: Duration = Duration::from_mins(5);

/// A proxy that is bound and answering.
pub struct ProxyServer {
    pub address: SocketAddr,
    pub warning: Option<Message>,
    is_on_loopback: bool,
    keeper: GateKeeper,
    servers: Servers,
}

/// One server on each shard.
#[derive(Default)]
struct Servers {
    handles: Vec<ServerHandle>,
    served: Vec<JoinHandle<std::io::Result<()>>>,
}

impl ProxyServer {
    /// Starts to answer. `max_connections` leaves room for as many sockets upstream.
    pub fn start(bound: Binding, door: &Arc<Door>, max_connections: usize) -> Self {
        let Binding { listeners, address, warning } = bound;
        door.set_address(address);
        let connections = Connections::new(max_connections);
        let (gate, keeper) = Gate::new(listeners, Arc::clone(&connections));
        let mut servers = Servers::default();
        let mut lanes = Vec::new();
        for shard in door.shards() {
            let (lane, sender) = Lane::acceptor(gate.holdings());
            let mut server = Server::new(lane).fuse_config(fuse());
            server.http1_mut().max_buf_size(LONGEST_HEAD);
            let entry = Entry(Arc::clone(door), Arc::clone(&connections));
            let router = Router::with_path("{**path}").goal(entry);
            servers.handles.push(server.handle());
            servers.served.push(shard.spawn(server.try_serve(router)));
            lanes.push(sender);
        }
        let _until_closed: JoinHandle<()> = tokio::spawn(gate.serve(lanes));
        Self { address, warning, is_on_loopback: address.ip().is_loopback(), keeper, servers }
    }

    /// Writes the warning to the log.
    pub fn log_warning(&self) {
        if let Some(warning) = &self.warning {
            tracing::warn!("{warning}");
        }
    }

    /// Lets a second listener of this process bind the same port.
    pub async fn share_port(&self) -> std::io::Result<()> {
        self.keeper.share(true).await
    }

    /// Ends the sharing: no second program may bind the port.
    pub async fn keep_port_to_itself(&self) {
        let _ = self.keeper.share(false).await;
    }

    /// Whether it listens on loopback, with or without the network.
    pub const fn is_on_loopback(&self) -> bool {
        self.is_on_loopback
    }

    /// Takes LAN access in or gives it up, on the same port. Connections stay as they are.
    pub async fn switch(&mut self, bound: Binding, door: &Door) {
        let Binding { listeners, address, warning } = bound;
        let lan = !address.ip().is_loopback();
        door.set_address(address);
        self.keeper.listen(listeners, lan).await;
        self.is_on_loopback |= !lan;
        (self.address, self.warning) = (address, warning);
    }

    /// Frees the port at once, then lets requests under way finish, for at most `limit`. The
    /// returned task ends with the last of them.
    pub async fn close(self, limit: Duration) -> JoinHandle<()> {
        self.keeper.close().await;
        let Self { mut servers, .. } = self;
        servers.handles.iter().for_each(|handle| handle.stop_graceful(None));
        tokio::spawn(async move {
            let finished = futures_util::future::join_all(&mut servers.served);
            if tokio::time::timeout(limit, finished).await.is_err() {
                servers.handles.iter().for_each(ServerHandle::stop_forceful);
                servers.served.iter().for_each(JoinHandle::abort);
            }
        })
    }
}

fn fuse() -> FuseConfig {
    FuseConfig::default()
        .with_http1_header_timeout(HEAD_TIMEOUT)
        .with_request_body_timeout(BODY_GAP)
        .with_write_stall_timeout(WRITE_STALL)
}
