//! The control plane: a second listener, on loopback only, that is up while the agent
//! is, also when the proxy is stopped. It serves the page and the control API.
//!
//! | call | does |
//! |---|---|
//! | `GET /` `/app.js` `/app.css` | the page shell; holds nothing, needs no token |
//! | `GET /api/status` | the [`Status`](crate::control::Status) |
//! | `GET /api/events` | the same as a stream of events, one on every change |
//! | `GET /api/records?…` | exchanges, newest first; see `records` for these and the next |
//! | `GET /api/records/detail?number=N` | one of them, with its bodies if they were kept |
//! | `GET /api/records/live?…` | those to come, as a stream of events |
//! | `GET /api/records/health` | how the record itself is doing |
//! | `GET /api/usage?…` | sums of tokens, requests, errors and cost |
//! | `GET /metrics` | counts and histograms for Prometheus |
//! | `POST /api/records/clear` | forgets them all; answers how many |
//! | `POST /api/start` `stop` `restart` `reload` `quit` | the command; answers the new status |
//! | `POST /api/open` | the page, in the browser of the agent's desktop |
//! | `POST /api/move-to-port` `{"port": N}` | writes the port to the config file |
//! | `POST /api/accounts/test` `{"name"}` | one minimal real call |
//! | `POST /api/accounts/clear-cooldown` `{"name"?}` | one account's, or all |
//! | `POST /api/accounts/revive` `{"name"}` | forgets that its credential was refused |
//!
//! Every `/api` call, and `/metrics`, needs the launch's token in `x-portcullis-token`. There are no
//! cookies, which all ports of a host would share, and `GET` changes nothing.

mod api;
mod gate;
mod metrics;
mod pages;
mod records;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use salvo::conn::tcp::TcpAcceptor;
use salvo::fuse::FuseConfig;
use salvo::server::ServerHandle;
use salvo::{Router, Server};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::control::AgentHandle;
use crate::monitor::Recorder;

/// Where the control plane is looked for first.
const FIRST_PORT: u16 = 8046;
const LAST_PORT: u16 = 8146;
/// How long the answer to `quit` may take on its way out.
const LAST_ANSWERS: Duration = Duration::from_millis(500);

/// What the control plane shows and asks.
pub struct Control {
    pub agent: AgentHandle,
    pub recorder: Arc<Recorder>,
    pub token: String,
}

/// The bound but not yet answering control plane.
#[derive(Debug)]
pub struct Listening {
    listener: TcpListener,
    pub address: SocketAddr,
}

/// Stops the control plane when it is dropped.
pub struct Running {
    handle: ServerHandle,
    served: JoinHandle<io::Result<()>>,
}

/// Binds the usual port, else the next free one, and never the one the proxy is meant for.
pub async fn listen(proxy_port: u16) -> io::Result<Listening> {
    for port in (FIRST_PORT..=LAST_PORT).filter(|&port| port != proxy_port).chain([0]) {
        if let Ok(listener) = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await {
            let address = listener.local_addr()?;
            return Ok(Listening { listener, address });
        }
    }
    Err(io::Error::new(io::ErrorKind::AddrInUse, "no free port for the control plane"))
}

impl Listening {
    pub fn serve(self, control: Control) -> io::Result<Running> {
        let control = Arc::new(control);
        let acceptor = TcpAcceptor::try_from(self.listener)?;
        let fuse = FuseConfig::default()
            .with_http1_header_timeout(Duration::from_secs(10))
            .with_request_body_timeout(Duration::from_secs(10));
        let server = Server::new(acceptor).fuse_config(fuse).max_connections(256);
        let handle = server.handle();
        let router = Router::new()
            .hoop(gate::OwnPagesOnly)
            .push(pages::router())
            .push(metrics::router(&control).hoop(gate::Token(Arc::clone(&control))))
            .push(api::router(&control).hoop(gate::Token(control)));
        Ok(Running { handle, served: tokio::spawn(server.try_serve(router)) })
    }
}

impl Running {
    /// Lets answers under way reach whoever asked, for a moment.
    pub async fn finish(mut self) {
        self.handle.stop_graceful(None);
        // Who does not read its answer by then never will.
        let _ = tokio::time::timeout(LAST_ANSWERS, &mut self.served).await;
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.handle.stop_forceful();
    }
}

/// A launch's token: whoever can read the private runtime file is the user.
pub fn new_token() -> Result<String, getrandom::Error> {
    use std::fmt::Write;
    let mut bytes = [0_u8; 32];
    getrandom::fill(&mut bytes)?;
    Ok(bytes.iter().fold(String::with_capacity(64), |mut token, byte| {
        let _ = write!(token, "{byte:02x}");
        token
    }))
}
