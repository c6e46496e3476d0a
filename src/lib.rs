//! **portcullis** runs a local reverse proxy for language-model APIs, from the system
//! tray or headless. Three flows, in the order data moves:
//!
//! **Control.** A surface (tray, CLI, dashboard) sends a [`control::Command`]; the
//! [`supervisor`], one task that owns everything that can change, carries it out and
//! publishes a [`control::Status`], which every surface shows. The proxy and the control
//! plane are two listeners, so that "stop" does not remove the surface that says "start".
//!
//! **Configuration.** The file is the single source of truth. [`config::watch`] notices a
//! save → [`config::load()`] parses, validates and resolves secrets, or names every problem →
//! [`config::diff()`] says what the change requires → the supervisor applies it: it swaps a
//! snapshot, updates the pool, or binds the new address before the old one drains. The first
//! load takes the same way.
//!
//! **Requests.** [`server`] guards, routes and authenticates → [`gateway`] reads the body,
//! picks the model, leases an account from [`accounts`], sends through [`upstream`], tries
//! the next account while nothing has reached the client, and relays the answer as it comes →
//! [`monitor`] keeps one record, however the request ended.
//!
//! # Modules
//!
//! | module | what it is |
//! |---|---|
//! | [`cli`] | the command line, one file for each group of commands |
//! | [`tray`] | the icon and its menu, on the main thread |
//! | [`headless`] | the shell without a desktop: status as lines |
//! | [`agent`] | puts an agent together from its parts and runs it |
//! | [`logging`] | log lines to the terminal and to a bounded file, without secrets |
//! | [`updates`] | asks a release feed, if told to, whether there is a newer version |
//! | [`supervisor`] | the task that owns the proxy's state and the config in force |
//! | [`control`] | the words that all surfaces share: commands, status, notices |
//! | [`dashboard`] | the control plane: the pages and the control API |
//! | [`server`] | HTTP in: sockets, who may pass, which handler each path has |
//! | [`connections`] | the connections of a listener: which are busy, which give way |
//! | [`gateway`] | the request path, from the body to the relayed answer |
//! | [`accounts`] | the pool: who pays for a request, who rests, who is out |
//! | [`monitor`] | the record of requests, its metrics and telemetry |
//! | [`upstream`] | HTTP out: addresses, credentials, what a refusal means; the demo |
//! | [`protocol`] | the wire dialects: bytes to values and back, without I/O |
//! | [`chat`] | the neutral conversation between the dialects; pure data |
//! | [`config`] | the file: read, checked, resolved, watched, edited |
//! | [`connect`] | points other tools' settings here, and back |
//! | [`desktop`] | the operating system, one file for each service |
//! | [`language`] | every text for users, in English, Japanese and Chinese |
//!
//! Imports go downwards only: `cli`, `agent`, `headless`, `tray` → `supervisor` → `server`,
//! `dashboard` → `connections`, `gateway` → `accounts`, `monitor` → `upstream`, `config` →
//! `protocol` → `chat`. `control` imports only `language`, `desktop` only these two; every
//! module may import the three. Within a module, files do not import each other in circles,
//! except a guard and its owner (lease and pool) and data types that contain each other.
//!
//! # Where do I look for …
//!
//! | question | answer |
//! |---|---|
//! | … a path of the proxy | `server::routes` |
//! | … a call or page of the control plane | `dashboard::routes`, every one with its function |
//! | … who may ask (Host, Origin, key) | [`server`]: `guard`, `auth`; for the control plane `dashboard::gate` |
//! | … how a request is answered, in order | [`gateway`]`::serve`, then `gateway::plan` |
//! | … whether a failed attempt is tried again | `gateway::retry`, a table |
//! | … what a refusal of a provider means | [`upstream::failure`] |
//! | … how an error of a dialect is read | [`protocol::error_report`] |
//! | … how long to wait after a refusal | [`protocol::wait`] (bodies), `upstream::retry_hint` (headers) |
//! | … which headers cross | `gateway::headers` |
//! | … which account is picked | [`accounts`]`::selector`; when one rests: `accounts::health` |
//! | … where a finish reason is mapped | `terms.rs` in each folder of [`protocol`], both ways |
//! | … which fields a translation drops | `request.rs` in each folder of [`protocol`] |
//! | … what a model takes or refuses | [`protocol::capability`] |
//! | … how usage is read | `wire.rs` of each protocol, into [`chat::Usage`] |
//! | … how a stream that passes unchanged is watched | [`protocol::observe`], and `observe.rs` of each protocol |
//! | … the default of a config key | [`config`]`::defaults`; its description: `config::file` |
//! | … the rule that a config key must follow | [`config`]`::form` (its shape), `config::meaning` (what it says) |
//! | … a column of the record | [`monitor`]`::columns`, and a file in `monitor/migrations` |
//! | … a price | [`monitor`]`::price` |
//! | … what a tool's settings are | [`connect`]`::tool` |
//! | … a text of the tray, a page, a command | `language/en.ftl`, by section; the same keys in the other languages |
//! | … what the menu shows | [`tray::menu`]; what a notification shows: `desktop::notify::content` |
//! | … when the agent starts, stops, fails | [`supervisor::state`], with its diagram |
//! | … what looks like a key, and is masked | [`config`]`::key_shape`; known secrets: [`upstream::Scrubber`] |

pub mod agent;
pub mod cli;
pub mod headless;
pub mod logging;
pub mod tray;

pub mod language;

pub mod connect;
pub mod control;
pub mod desktop;
pub mod supervisor;
pub mod updates;

pub mod config;

pub mod accounts;
pub mod chat;
pub mod connections;
pub mod dashboard;
pub mod gateway;
pub mod monitor;
pub mod protocol;
pub mod server;
pub mod upstream;
