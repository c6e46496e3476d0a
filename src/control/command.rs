//! The commands that the tray, the CLI and the dashboard give to the agent.

use serde_json::Value;
use tokio::sync::{mpsc, oneshot, watch};

use super::notice::Notice;
use super::session::Session;
use super::status::{IconStatus, Status};
use crate::language::Language;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    Start,
    Stop,
    Restart,
    /// Read the config file again, now.
    Reload,
    /// Write another port to the config file, and move the proxy there.
    MoveToPort(u16),
    /// Make one minimal real call with this account. Its report is in this language.
    TestAccount {
        name: String,
        language: Language,
    },
    /// Let a cooling account, or all of them, be tried again at once.
    ClearCooldown(Option<String>),
    /// Forget that the credential of this account was refused.
    ReviveAccount(String),
    /// Switch an account on or off in the config file. One that is switched on starts
    /// afresh: a refusal of its credential is forgotten.
    EnableAccount {
        name: String,
        enabled: bool,
    },
    /// Set one key of the config file, such as `proxy.auth_mode`.
    Set {
        key: &'static str,
        value: Setting,
    },
    /// Open the dashboard in the browser.
    OpenDashboard,
    /// Open the config file in the desktop's editor for such files.
    EditConfig,
    Copy(Copied),
    StartAtLogin(bool),
    /// A command has changed what surrounds the agent: its login entry, or a tool's settings.
    LookAround,
    /// Use this session for icon, notifications, browser and clipboard.
    MoveTo(Session),
    /// The state of the icon, as the tray sees it.
    ReportIcon(IconStatus),
    /// Point a tool at the proxy, or back to where it pointed before.
    Connect {
        tool: &'static str,
        connected: bool,
    },
    /// Notify the user of what a surface has seen.
    Notify(Notice),
    Quit,
}

/// The value of a key in the config file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Setting {
    Switch(bool),
    Choice(&'static str),
}

/// What can be put on the clipboard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Copied {
    /// The base URL as OpenAI's clients have it: it ends in `/v1`.
    OpenAiBaseUrl,
    AnthropicBaseUrl,
    GeminiBaseUrl,
    /// The key that clients send.
    ApiKey,
    /// The dashboard's address with a ticket, which is good once and for a minute.
    DashboardAddress,
}

/// The header of the control API with the language that the caller wants texts in.
pub const LANGUAGE_HEADER: &str = "x-portcullis-language";

/// Why a command was not carried out, as a sentence with its fix.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CommandError {
    #[error("{0}")]
    Failed(String),
    #[error("the agent is shutting down")]
    Gone,
}

pub type CommandResult = Result<Value, CommandError>;

/// A command on its way to the supervisor, with the channel for its outcome.
#[derive(Debug)]
pub struct Request {
    pub command: Command,
    pub reply: oneshot::Sender<CommandResult>,
}

/// A surface's access to the agent: it gives commands and reads the latest status.
#[derive(Clone, Debug)]
pub struct AgentHandle {
    requests: mpsc::Sender<Request>,
    status: watch::Receiver<Status>,
    session: watch::Receiver<Session>,
}

impl AgentHandle {
    pub const fn new(
        requests: mpsc::Sender<Request>,
        status: watch::Receiver<Status>,
        session: watch::Receiver<Session>,
    ) -> Self {
        Self { requests, status, session }
    }

    /// Has a command carried out and waits for its outcome: a JSON value whose shape depends
    /// on the command, or `null`. Fails with the reason when it could not be carried out.
    pub async fn ask(&self, command: Command) -> CommandResult {
        let (reply, outcome) = oneshot::channel();
        self.requests.send(Request { command, reply }).await.map_err(|_| CommandError::Gone)?;
        outcome.await.map_err(|_| CommandError::Gone)?
    }

    pub fn status(&self) -> Status {
        self.status.borrow().clone()
    }

    /// The session that the agent is seen in; wakes when it moves to another.
    pub fn session(&self) -> watch::Receiver<Session> {
        self.session.clone()
    }

    /// Wakes on every change of the status.
    pub fn watch(&self) -> watch::Receiver<Status> {
        self.status.clone()
    }
}
