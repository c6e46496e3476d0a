//! The control plane: a second listener, on loopback only, that is up while the agent
//! is, also when the proxy is stopped. It serves the page and the control API.
//!
//! | call | does |
//! |---|---|
//! | `GET /` and every page's address, `/app.js` `/app.css` `/icon.svg` | the page shell; holds nothing, needs no token |
//! | `GET /page/…` | the page that the shell shows at `/…`, as HTML |
//! | `GET /live?at=/…` | patches for a page that is shown, one JSON object a line |
//! | `POST /part/health` `part/account-test` `{"name"}` | what a button of a page asks for, as HTML |
//! | `GET /api/status` | the [`Status`](crate::control::Status) |
//! | `GET /api/events` | the same as a stream of events, one on every change |
//! | `GET /api/records?…` | exchanges, newest first; see `records` for these and the next |
//! | `GET /api/records/detail?number=N` | one of them, with its bodies if they were kept |
//! | `GET /api/records/live?…` | those to come, as a stream of events |
//! | `GET /api/records/health` | how the record itself is doing |
//! | `GET /api/usage?…` | sums of tokens, requests, errors and cost |
//! | `GET /metrics` | counts and histograms for Prometheus |
//! | `GET /api/records/export?format=csv\|jsonl&…` | all that the filter wants, to take away |
//! | `GET /api/served?protocol=…&model=…` | `{"unserved", "offers"}`: which of these models nobody serves, and what could answer instead |
//! | `GET /api/key` | `{"api_key"}`, the key that clients send |
//! | `GET /api/health` | what `/healthz` says to a client: `{"ok", "url", "status", "answer"}` |
//! | `POST /api/records/clear` | forgets them all; answers how many |
//! | `POST /api/start` `stop` `restart` `reload` `quit` | the command; answers the new status |
//! | `POST /api/open` | the page, in the browser of the agent's desktop |
//! | `POST /api/desktop` `{"variables": {"DISPLAY", …}}` | is seen in that session from now on; with the launch's token alone |
//! | `POST /api/look-around` | looks at once at what other programs hold of the agent |
//! | `POST /api/ticket` `{"page"?}` | `{"dashboard_url", "page"}`: an address with a ticket, good once, for a minute; with `"page": true` a private file that leads there, to start a browser with. Only with the launch's token |
//! | `POST /api/session` | `{"token"}`, a session of its own for the page that came with such a ticket |
//! | `POST /api/move-to-port` `{"port": N}` | writes the port to the config file |
//! | `POST /api/accounts/test` `{"name"}` | one minimal real call |
//! | `POST /api/accounts/clear-cooldown` `{"name"?}` | one account's, or all |
//! | `POST /api/accounts/revive` `{"name"}` | forgets that its credential was refused |
//! | `POST /api/accounts/add` `{"name", "provider", "base_url"?, "models"?}` | writes an account; its key as `api_key`, or where it is as `api_key_env`, `api_key_file`, `api_key_keyring`: a page can name only what the file names for the same server |
//! | `POST /api/accounts/edit` `{"name", …, "priority"?, "weight"?}` | sets those keys of an account; a `base_url` at another server only together with a key |
//! | `POST /api/accounts/remove` `enable` `disable` `{"name"}` | as the commands of the same name |
//! | `POST /api/accounts/place` `{"name", "place": N}` | makes it the Nth (from 0) by priority |
//! | `POST /api/settings` `{"values": {"proxy.port": N, …}}` | sets keys of the config file, all or none; a `zai.base_url` at another server only together with `zai.api_key` |
//! | `POST /api/models/set` `{"asked", "sent"}`, `models/remove` `{"asked"}` | one line of `[models]` |
//! | `POST /api/prices/set` `{"model", "input", "cached_input"?, "output"}`, `prices/remove` `{"model"}` | one line of `[prices]` |
//! | `POST /api/key/rotate` | a new client key |
//!
//! Those that edit the config file keep its comments, answer the new status when the change
//! is in force, and else `{"error", "problems"?: [{"key", "field", "message", "fix"}]}`: 400
//! for a call that is wrong in itself, 422 for what the file's rules refuse, 409 for what
//! cannot be done. Unknown fields are refused everywhere.
//!
//! Every call but the page shell needs the launch's token in `x-portcullis-token`, or a
//! page's session, which ends with the agent; `session` takes a [ticket](crate::control::admission)
//! as well, and no other call does. No call answers the launch's token. There are no
//! cookies, which all ports of a host would share, and `GET` changes nothing.

mod api;
mod connection;
mod edits;
mod export;
mod gate;
mod metrics;
mod pages;
mod records;
mod served;
mod session;
mod shell;
mod view;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use salvo::catcher::Catcher;
use salvo::fuse::FuseConfig;
use salvo::server::ServerHandle;
use salvo::{Router, Server, Service};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::config::Config;
use crate::connections::{Connections, Entrance, LONGEST_HEAD};
use crate::control::{Admission, AgentHandle};
use crate::desktop::entrance::Entrances;
use crate::desktop::port_owner::FIRST_CONTROL_PORT;
use crate::gateway::Gateway;
use crate::monitor::Recorder;

const LAST_PORT: u16 = 8146;
/// More than any number of pages and commands of one user.
const MOST_CONNECTIONS: usize = 256;
/// How long the answer to `quit` may take on its way out.
const LAST_ANSWERS: Duration = Duration::from_millis(500);

/// What the control plane shows and asks.
pub struct Control {
    pub agent: AgentHandle,
    pub recorder: Arc<Recorder>,
    pub gateway: Arc<Gateway>,
    pub config_path: PathBuf,
    pub admission: Arc<Admission>,
    pub entrances: Entrances,
}

impl Control {
    /// The configuration in force.
    fn config(&self) -> Arc<Config> {
        Arc::clone(&self.gateway.settings().config)
    }
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
    for port in (FIRST_CONTROL_PORT..=LAST_PORT).filter(|&port| port != proxy_port).chain([0]) {
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
        let connections = Connections::new(MOST_CONNECTIONS);
        let entrance = Entrance::new(self.listener, &connections)?;
        let fuse = FuseConfig::default()
            .with_http1_header_timeout(Duration::from_secs(10))
            .with_request_body_timeout(Duration::from_secs(10));
        let mut server = Server::new(entrance).fuse_config(fuse);
        server.http1_mut().max_buf_size(LONGEST_HEAD);
        let handle = server.handle();
        let with_token = Router::new()
            .hoop(gate::Token(Arc::clone(&control)))
            .push(api::router(&control))
            .push(session::router(&control))
            .push(edits::router(&control))
            .push(connection::router(&control))
            .push(export::router(&control))
            .push(metrics::router(&control))
            .push(served::router(&control))
            .push(pages::router(&control));
        let router = Router::new().push(shell::router()).push(session::door(&control)).push(with_token);
        // Not of the router alone: what it does not know is nobody else's business either.
        let service = Service::new(router)
            .hoop(gate::OwnPagesOnly)
            .hoop(gate::OwnUserOnly(connections))
            .catcher(Catcher::new(shell::Nowhere));
        Ok(Running { handle, served: tokio::spawn(server.try_serve(service)) })
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
