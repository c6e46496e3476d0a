//! What a person (through the tray, the CLI or the dashboard) can ask of the agent.

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
    /// Write another port to the config file, and so move there.
    MoveToPort(u16),
    /// One minimal real call with this account.
    /// Its report is in this language.
    TestAccount {
        name: String,
        language: Language,
    },
    /// Let a cooling account (or all) be tried again at once.
    ClearCooldown(Option<String>),
    /// Forget that this account's credential was refused.
    ReviveAccount(String),
    /// Let an account take part, or not: written to the config file.
    EnableAccount {
        name: String,
        enabled: bool,
    },
    /// One key of the config file, such as `proxy.auth_mode`.
    Set {
        key: &'static str,
        value: Setting,
    },
    /// Open the dashboard in the browser.
    OpenDashboard,
    /// Open the config file in whatever the desktop edits such files with.
    EditConfig,
    Copy(Copied),
    StartAtLogin(bool),
    /// A command changed what other programs hold of us.
    LookAround,
    /// Be seen in this session: icon, notifications, browser, clipboard.
    MoveTo(Session),
    /// Whoever draws the icon says what became of it.
    IconIs(IconStatus),
    /// Point a client at the proxy, or back to where it pointed before.
    Connect {
        tool: &'static str,
        connected: bool,
    },
    /// Tell the user what a surface has seen.
    Tell(Notice),
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
    /// What OpenAI's clients call their base URL: it ends in `/v1`.
    OpenAiBaseUrl,
    AnthropicBaseUrl,
    GeminiBaseUrl,
    /// The key that clients send.
    ApiKey,
    /// The dashboard's, with a ticket: good once, for a minute.
    DashboardAddress,
}

/// The header by which a caller of the control API says what language it wants texts in.
pub const LANGUAGE_HEADER: &str = "x-portcullis-language";

/// Why a command was not carried out, in a sentence with its fix.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CommandError {
    #[error("{0}")]
    Failed(String),
    #[error("the agent is shutting down")]
    Gone,
}

pub type CommandResult = Result<Value, CommandError>;

/// A command on its way to the supervisor, with the place for its answer.
#[derive(Debug)]
pub struct Request {
    pub command: Command,
    pub reply: oneshot::Sender<CommandResult>,
}

/// What a surface holds of the agent: a way to ask, and the latest status.
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

    /// Carries out a command and waits for its outcome: a JSON value whose shape the
    /// command decides (`null` for those that only do something).
    pub async fn ask(&self, command: Command) -> CommandResult {
        let (reply, outcome) = oneshot::channel();
        self.requests.send(Request { command, reply }).await.map_err(|_| CommandError::Gone)?;
        outcome.await.map_err(|_| CommandError::Gone)?
    }

    pub fn status(&self) -> Status {
        self.status.borrow().clone()
    }

    /// Where the agent is to be seen; wakes when that is another session.
    pub fn session(&self) -> watch::Receiver<Session> {
        self.session.clone()
    }

    /// Wakes on every change of the status.
    pub fn watch(&self) -> watch::Receiver<Status> {
        self.status.clone()
    }
}
