//! Points other programs' tools at this proxy, and back again.
//!
//! A [`Tool`] knows which values of which files decide where it points, and a [`State`] is
//! where it points. [`Clients`] changes those values and nothing else: a `change` is one
//! file before and after, `format` edits a text, `files` reads and replaces it, and the
//! `journal` keeps the values from before, so that `disconnect` restores exactly those and
//! leaves alone what the user has changed since. [`Manual`] is the same setup for pasting.

mod change;
mod clients;
mod diff;
mod environment;
mod error;
mod files;
mod format;
mod journal;
mod manual;
mod mask;
mod models;
mod preview;
mod report;
mod state;
mod target;
mod tool;

pub use clients::Clients;
pub use environment::Environment;
pub use error::ConnectError;
pub use manual::Manual;
pub use models::ToolModels;
pub use preview::Preview;
pub use report::{ChangedValue, DisconnectReport, FollowReport};
pub use state::{Connection, State, tools_at};
pub use target::Target;
pub use tool::Tool;
