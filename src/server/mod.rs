//! HTTP in: the listening sockets, who may pass, and which path is whose.

pub mod acceptor;
pub mod auth;
pub mod bind;
mod cors;
mod guard;
mod handlers;
mod policy;
mod rescue;
pub mod routes;
mod shard;
mod turned_away;
mod unread;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use salvo::fuse::FuseConfig;
use salvo::server::ServerHandle;
use salvo::{Router, Server};
use tokio::task::JoinHandle;

use self::acceptor::{Gate, GateKeeper};
use self::auth::Guesses;
use self::bind::Bound;
use self::handlers::Entry;
use self::policy::Policy;
use self::shard::{Lane, Shards};
use self::turned_away::TurnedAway;
use crate::config::Config;
use crate::connections::{Connections, LONGEST_HEAD};
use crate::gateway::Gateway;
use crate::language::Message;

/// A request head may take this long to arrive.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
/// The longest pause within a request body.
const BODY_GAP: Duration = Duration::from_secs(30);
/// How long a client may leave what we send it unread.
const WRITE_STALL: Duration = Duration::from_mins(5);

/// What every connection shares; outlives any one listener.
pub struct Door {
    pub gateway: Arc<Gateway>,
    policy: ArcSwap<Policy>,
    base_url: ArcSwap<String>,
    guesses: Guesses,
    turned_away: TurnedAway,
    host_name: String,
    shards: Shards,
}

impl Door {
    /// `host_name`: this machine's own, a name for it with LAN access. Fails when the
    /// system has no threads to give.
    pub fn new(gateway: Arc<Gateway>, config: &Config, host_name: String) -> std::io::Result<Self> {
        Ok(Self {
            gateway,
            policy: ArcSwap::from_pointee(Policy::new(config, &host_name)),
            base_url: ArcSwap::default(),
            guesses: Guesses::default(),
            turned_away: TurnedAway::default(),
            host_name,
            shards: Shards::start()?,
        })
    }

    /// Puts a new configuration in force for the requests to come.
    pub fn apply(&self, config: &Config) {
        self.policy.store(Arc::new(Policy::new(config, &self.host_name)));
    }

    fn policy(&self) -> Arc<Policy> {
        self.policy.load_full()
    }

    fn base_url(&self) -> Arc<String> {
        self.base_url.load_full()
    }
}

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
    pub fn start(bound: Bound, door: &Arc<Door>, max_connections: usize) -> Self {
        let Bound { listeners, address, warning } = bound;
        door.base_url.store(Arc::new(base_url(address)));
        let connections = Connections::new(max_connections);
        let (gate, keeper) = Gate::new(listeners, Arc::clone(&connections));
        let mut servers = Servers::default();
        let mut lanes = Vec::new();
        for shard in door.shards.handles() {
            let (lane, sender) = Lane::new(gate.holdings());
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

    /// For whoever reads the log and nothing else.
    pub fn log_warning(&self) {
        if let Some(warning) = &self.warning {
            tracing::warn!("{warning}");
        }
    }

    /// Lets a second listener of ours bind the same port.
    pub async fn share_port(&self) -> std::io::Result<()> {
        self.keeper.share(true).await
    }

    /// The opposite: a second program must not get in through a door left ajar.
    pub async fn keep_port_to_itself(&self) {
        let _ = self.keeper.share(false).await;
    }

    /// Whether it listens on loopback, be it beside the network.
    pub const fn is_on_loopback(&self) -> bool {
        self.is_on_loopback
    }

    /// LAN access comes or goes on the same port. Connections stay as they are.
    pub async fn switch(&mut self, bound: Bound, door: &Door) {
        let Bound { listeners, address, warning } = bound;
        let lan = !address.ip().is_loopback();
        door.base_url.store(Arc::new(base_url(address)));
        self.keeper.listen(listeners, lan).await;
        self.is_on_loopback |= !lan;
        (self.address, self.warning) = (address, warning);
    }

    /// Frees the port at once, then lets requests under way finish, no longer than
    /// `limit`. The returned task ends with the last of them.
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

/// What clients are pointed at: `0.0.0.0` is no address to connect to.
pub fn base_url(address: SocketAddr) -> String {
    let ip = address.ip();
    let host = if ip.is_unspecified() { "127.0.0.1".to_owned() } else { ip.to_string() };
    format!("http://{host}:{}", address.port())
}

fn fuse() -> FuseConfig {
    FuseConfig::default()
        .with_http1_header_timeout(HEAD_TIMEOUT)
        .with_request_body_timeout(BODY_GAP)
        .with_write_stall_timeout(WRITE_STALL)
}
