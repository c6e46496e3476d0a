//! **portcullis** runs a local reverse proxy for language-model APIs, from the system
//! tray or headless. Three flows, in the order data moves:
//!
//! **Control.** A surface (tray, CLI, dashboard) sends a [`control::Command`]; the
//! [`supervisor`], one task that owns everything that can change, carries it out and
//! publishes a [`control::Status`], which every surface shows. The proxy and the control
//! plane are two listeners, so that "stop" does not remove what says "start".
//!
//! **Configuration.** The file is the single truth. [`config::watch`] notices a save →
//! [`config::load()`] parses, validates and resolves secrets, or names every problem →
//! [`config::diff()`] says what the change costs → the supervisor applies it: swap a
//! snapshot, update the pool, or bind the new address before the old one drains.
//!
//! **Requests.** [`server`] guards, routes and authenticates → [`gateway`] reads the body,
//! picks the model, leases an account from [`accounts`], sends through [`upstream`], tries
//! the next account while nothing has reached the client, relays the answer as it comes →
//! [`monitor`] keeps one record, whichever way it ended.
//!
//! Modules import downwards only: `cli`, `agent`, `headless` → `supervisor` → `server`,
//! `dashboard` → `connections`, `gateway` → `accounts`, `monitor` → `upstream`, `config` → `protocol`;
//! `control` imports nothing of ours but `language`, `desktop` those two, and anybody may
//! import all three.

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
