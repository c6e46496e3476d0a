//! What the agent says of itself: one snapshot, published whole on every change.

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

use super::failure::StartFailure;
use crate::language::{Language, Message};
use crate::text;

/// "Running" means bound and answering; "stopped" means not bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProxyState {
    Stopped,
    Starting,
    Running,
    /// The port is free again; requests that were under way are finishing.
    Draining,
    Failed,
}

impl ProxyState {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Stopped => "stopped",
            Self::Starting => "starting",
            Self::Running => "running",
            Self::Draining => "draining",
            Self::Failed => "failed",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Status {
    pub state: ProxyState,
    /// Where the proxy listens, or would.
    pub address: SocketAddr,
    /// What clients are pointed at, without `/v1`.
    pub base_url: String,
    /// Enabled and not disabled by a dead credential; cooling ones count.
    pub active_accounts: usize,
    pub cooling_accounts: usize,
    pub accounts: Vec<AccountStatus>,
    /// Hosts that could not be reached and have not answered since.
    #[serde(default)]
    pub unreachable: Vec<String>,
    /// Requests still finishing while the proxy drains.
    pub in_flight: usize,
    /// What is wrong, with its fix; `None` when nothing is.
    pub problem: Option<Message>,
    /// Why the proxy could not start, or could not move to the address the config asks
    /// for, for surfaces with words or actions of their own for it.
    pub failure: Option<StartFailure>,
    /// A free port to move to, after the configured one could not be bound.
    pub next_free_port: Option<u16>,
    /// What works but should be known: LAN access without a key, no `[::1]`, …
    pub warnings: Vec<Message>,
    /// What became of the tray icon; `None`: this agent has none.
    #[serde(default)]
    pub icon: Option<IconStatus>,
    /// A newer version, where `[updates] check = true` found one.
    pub update_available: Option<String>,
    pub auth_mode: String,
    pub allow_lan_access: bool,
    /// Whether desktop notifications are wanted at all.
    pub notifications: bool,
    /// What every surface speaks.
    pub language: Language,
    /// Opens nothing by itself: `portcullis open` leads in.
    pub dashboard_url: String,
    pub config_path: String,
    pub pid: u32,
    pub version: String,
}

impl Status {
    /// With every text of it in one language, for whoever is sent it as JSON.
    #[must_use]
    pub fn worded(&self, language: Language) -> Self {
        Self {
            problem: self.problem.as_ref().map(|problem| problem.worded(language)),
            warnings: self.warnings.iter().map(|warning| warning.worded(language)).collect(),
            accounts: self.accounts.iter().map(|account| account.worded(language)).collect(),
            ..self.clone()
        }
    }

    /// `3 active accounts, 1 cooling`.
    pub fn accounts_text(&self) -> String {
        let Self { language, active_accounts: count, cooling_accounts: cooling, .. } = self;
        match (*count, *cooling) {
            (0, _) => text!(*language, "accounts-none"),
            (count, 0) => text!(*language, "accounts-active", count = count),
            (count, cooling) => text!(*language, "accounts-active-cooling", count = count, cooling = cooling),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IconStatus {
    pub state: IconState,
    /// The address of the session bus it is on; empty where that is no matter of a bus.
    pub bus: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IconState {
    /// It is about to be put somewhere.
    Starting,
    Shown,
    /// Nothing there shows icons, yet.
    NoHost,
    /// The session is gone, or does not answer.
    NoBus,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AccountStatus {
    pub name: String,
    pub provider: String,
    /// `ready`, `cooling`, `disabled` (by a dead credential), `off` (by the user), `unusable`.
    pub state: String,
    /// Why, where there is a reason.
    pub reason: Option<Message>,
    /// What would help, where that is no wait and no other key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fix: Option<Message>,
    /// When a cooling account is tried again, in seconds since 1970.
    pub cooling_until_unix_secs: Option<u64>,
    /// It can pay no more: adding credit is the cure.
    #[serde(default)]
    pub is_out_of_credit: bool,
    /// As configured; empty: whatever the provider owns.
    pub models: Vec<String>,
}

impl AccountStatus {
    #[must_use]
    pub fn worded(&self, language: Language) -> Self {
        let worded = |text: &Option<Message>| text.as_ref().map(|text| text.worded(language));
        Self { reason: worded(&self.reason), fix: worded(&self.fix), ..self.clone() }
    }
}
