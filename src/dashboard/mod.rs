//! The control plane: a second listener, on loopback only, that is up while the agent
//! is, also when the proxy is stopped. It serves the page and the control API, whose calls
//! are listed in [`routes`].

mod answer;
mod call;
mod commands;
mod connection;
mod edits;
mod export;
mod gate;
mod metrics;
mod pages;
mod plane;
mod query;
mod records;
mod routes;
mod served;
mod session;
mod shell;
mod view;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use salvo::catcher::Catcher;
use salvo::fuse::FuseConfig;
use salvo::server::ServerHandle;
use salvo::{Server, Service};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

pub use self::plane::Control;
use crate::connections::{Connections, Entrance, LONGEST_HEAD};
use crate::desktop::port_owner::FIRST_CONTROL_PORT;

const LAST_PORT: u16 = 8146;
/// More than one user's pages and commands need.
const MOST_CONNECTIONS: usize = 256;
/// The time for the answer to `quit` to reach its caller.
const LAST_ANSWERS: Duration = Duration::from_millis(500);

/// The control plane, bound but not answering yet.
#[derive(Debug)]
pub struct ControlListener {
    listener: TcpListener,
    pub address: SocketAddr,
}

/// The control plane, answering; stopped when this is dropped.
pub struct ControlServer {
    handle: ServerHandle,
    served: JoinHandle<io::Result<()>>,
}

/// Binds the usual port, else the next free one, but never the proxy's configured port. Fails
/// when no port is free.
pub async fn listen(proxy_port: u16) -> io::Result<ControlListener> {
    for port in (FIRST_CONTROL_PORT..=LAST_PORT).filter(|&port| port != proxy_port).chain([0]) {
        if let Ok(listener) = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await {
            let address = listener.local_addr()?;
            return Ok(ControlListener { listener, address });
        }
    }
    Err(io::Error::new(io::ErrorKind::AddrInUse, "no free port for the control plane"))
}

impl ControlListener {
    pub fn serve(self, control: Control) -> io::Result<ControlServer> {
        let control = Arc::new(control);
        let connections = Connections::new(MOST_CONNECTIONS);
        let entrance = Entrance::acceptor(self.listener, &connections)?;
        let fuse = FuseConfig::default()
            .with_http1_header_timeout(Duration::from_secs(10))
            .with_request_body_timeout(Duration::from_secs(10));
        let mut server = Server::new(entrance).fuse_config(fuse);
        server.http1_mut().max_buf_size(LONGEST_HEAD);
        let handle = server.handle();
        // A hoop of the service, not of the router: unknown paths are guarded as well.
        let service = Service::new(routes::router(&control))
            .hoop(gate::OwnPageAndUser(connections))
            .catcher(Catcher::new(shell::NoRoute));
        Ok(ControlServer { handle, served: tokio::spawn(server.try_serve(service)) })
    }
}

impl ControlServer {
    /// Waits briefly for the answers under way to reach their callers.
    pub async fn finish(mut self) {
        self.handle.stop_graceful(None);
        // A client that has not read its answer by then will not.
        let _ = tokio::time::timeout(LAST_ANSWERS, &mut self.served).await;
    }
}

impl Drop for ControlServer {
    fn drop(&mut self) {
        self.handle.stop_forceful();
    }
}
