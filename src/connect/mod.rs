//! Points other people's tools at this proxy, and back again.
//!
//! A [`Tool`] says which values of which files matter to it, and a [`State`] where it
//! points. [`Clients`] changes those values and nothing else: a `change` is one file before
//! and after, `format` edits a text, `files` reads and replaces it, and the `journal` keeps
//! what stood there before, so that `disconnect` puts exactly that back
//! and leaves alone what the user has changed since.

mod asked;
mod change;
mod clients;
mod diff;
mod environment;
mod files;
mod format;
mod journal;
mod mask;
mod state;
mod tool;

use std::path::PathBuf;

use secrecy::SecretString;
use serde::Serialize;

pub use asked::Asked;
pub use clients::{Clients, ConnectError, Followed, Left, Preview, Undone};
pub use environment::Environment;
pub use state::{State, tools_at};
pub use tool::Tool;

/// Where tools are pointed, and the key they send.
#[derive(Clone, Debug)]
pub struct Target {
    /// The root, without `/v1`.
    pub base_url: String,
    pub key: SecretString,
}

/// One tool and where it points.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Connection {
    pub tool: Tool,
    #[serde(flatten)]
    pub state: State,
    /// `connect` made it so, and `disconnect` can undo it.
    pub by_us: bool,
    pub files: Vec<PathBuf>,
}

impl Connection {
    pub const fn points_here(&self) -> bool {
        matches!(self.state, State::Here)
    }
}
