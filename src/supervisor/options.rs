//! What an agent is started with, what wakes it from outside, and how it ends.

use std::path::PathBuf;

use tokio::sync::mpsc;

use crate::config::SecretMemory;
use crate::config::watch::WatchGuard;
use crate::control::command::Request;
use crate::desktop::autostart::Login;
use crate::desktop::entrance::Entrances;
use crate::desktop::signals::Signal;

/// What stays the same for as long as the agent runs.
#[derive(Clone, Debug)]
pub struct Options {
    pub config_path: PathBuf,
    pub pool_file: PathBuf,
    pub updates_file: PathBuf,
    /// The directory with the journal of the connected tools.
    pub data: PathBuf,
    /// Overrides the config for this run.
    pub port: Option<u16>,
    /// `serve`: a failed start ends the agent, so that its supervisor notices.
    pub exit_on_failed_start: bool,
    pub max_connections: usize,
    /// The dashboard's address, which opens nothing by itself.
    pub dashboard_url: String,
    /// The ways into the dashboard.
    pub entrances: Entrances,
    /// Filled by the first load of the config file.
    pub secrets: SecretMemory,
    /// The program that starts at login, when that is switched on.
    pub login: Login,
}

/// Where the supervisor's events come from.
pub struct Sources {
    pub requests: mpsc::Receiver<Request>,
    /// The config file may read differently.
    pub file: mpsc::Receiver<()>,
    pub watcher: WatchGuard,
    pub signals: mpsc::Receiver<Signal>,
}

/// How the agent ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Exit {
    Quit,
    /// A second signal: at once, without waiting for requests.
    Forced,
    StartFailed(String),
}
