//! Points other people's tools at this proxy, and back again.
//!
//! A [`Tool`] says which values of which files matter to it. [`Clients`] changes those
//! values and nothing else: `format` edits a text, `files` reads and replaces it, and the
//! `journal` keeps what stood there before, so that `disconnect` puts exactly that back
//! and leaves alone what the user has changed since.

mod change;
mod diff;
mod environment;
mod files;
mod format;
mod journal;
mod tool;

use std::path::PathBuf;

use secrecy::SecretString;
use serde::Serialize;

use crate::language::Message;

pub use change::{Clients, ConnectError, Followed, Preview, Undone, tools_at};
pub use environment::Environment;
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

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum State {
    /// At this proxy.
    Here,
    /// At some other address.
    Elsewhere { base_url: String },
    /// Wherever it points by itself.
    Unset,
    /// Its file cannot be read, and so neither changed.
    Broken { problem: Message },
}

impl Connection {
    pub const fn points_here(&self) -> bool {
        matches!(self.state, State::Here)
    }
}
