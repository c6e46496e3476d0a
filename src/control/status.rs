//! The agent's status: one snapshot, published whole on every change.

use std::net::{Ipv4Addr, SocketAddr};

use serde::{Deserialize, Serialize};

use super::account::AccountStatus;
use super::failure::StartFailure;
use crate::language::{Language, Message};
use crate::text;

/// "Running": the port is bound and answers. "Stopped": it is not bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, strum::Display, strum::VariantArray)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum ProxyState {
    Stopped,
    Starting,
    Running,
    /// The port is free again; requests that were under way are finishing.
    Draining,
    Failed,
}

/// Which paths ask for the client key, as the config file has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum AuthMode {
    Auto,
    Off,
    AllExceptHealth,
    Strict,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Status {
    pub state: ProxyState,
    /// The address that the proxy listens on, or would listen on.
    pub address: SocketAddr,
    /// The base URL for clients, without `/v1`.
    pub base_url: String,
    /// Accounts that are enabled and whose credential was not refused; cooling ones count.
    pub active_accounts: usize,
    pub cooling_accounts: usize,
    pub accounts: Vec<AccountStatus>,
    /// Hosts that could not be reached and have not answered since then.
    #[serde(default)]
    pub unreachable: Vec<String>,
    /// Requests still finishing while the proxy drains.
    pub in_flight: usize,
    /// What is wrong, with its fix.
    pub problem: Option<Message>,
    /// Why the proxy could not start, or could not move to the configured address, for
    /// surfaces with words or actions of their own for it.
    pub failure: Option<StartFailure>,
    /// A free port to move to, after the configured one could not be bound.
    pub next_free_port: Option<u16>,
    /// What works but should be known: LAN access without a key, no `[::1]`, …
    pub warnings: Vec<Message>,
    /// The state of the tray icon; `None`: this agent has no icon.
    #[serde(default)]
    pub icon: Option<IconStatus>,
    /// A newer version, where `[updates] check = true` has found one.
    pub update_available: Option<String>,
    pub auth_mode: AuthMode,
    pub allow_lan_access: bool,
    /// Whether desktop notifications are wanted at all.
    pub notifications: bool,
    /// The language of every surface.
    pub language: Language,
    /// The dashboard's address. It opens nothing by itself; `portcullis open` does.
    pub dashboard_url: String,
    pub config_path: String,
    pub pid: u32,
    pub version: String,
}

impl Status {
    /// An agent that has published nothing yet: stopped, without accounts, at no address.
    pub fn stopped(language: Language, config_path: String) -> Self {
        Self {
            state: ProxyState::Stopped,
            address: (Ipv4Addr::LOCALHOST, 0).into(),
            base_url: String::new(),
            active_accounts: 0,
            cooling_accounts: 0,
            accounts: Vec::new(),
            unreachable: Vec::new(),
            in_flight: 0,
            problem: None,
            failure: None,
            next_free_port: None,
            warnings: Vec::new(),
            icon: None,
            update_available: None,
            auth_mode: AuthMode::Auto,
            allow_lan_access: false,
            notifications: true,
            language,
            dashboard_url: String::new(),
            config_path,
            pid: std::process::id(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        }
    }

    /// `Running on 127.0.0.1:8045`, `Failed: port 8045 is in use by node (pid 4242)`.
    pub fn sentence(&self) -> String {
        self.sentence_at(&self.address.to_string())
    }

    /// The sentence for a terminal: `Running on http://127.0.0.1:8045 (3 active accounts)`.
    pub fn line(&self) -> String {
        let sentence = self.sentence_at(&self.base_url);
        match self.state {
            ProxyState::Running => format!("{sentence} ({})", self.accounts_text()),
            _ => sentence,
        }
    }

    fn sentence_at(&self, address: &str) -> String {
        let language = self.language;
        match self.state {
            ProxyState::Running => text!(language, "state-running", address = address),
            ProxyState::Stopped => text!(language, "state-stopped"),
            ProxyState::Starting => text!(language, "state-starting"),
            ProxyState::Draining => text!(language, "state-draining", count = self.in_flight),
            ProxyState::Failed => text!(language, "state-failed", reason = self.failure_reason()),
        }
    }

    /// A failed start in a few words, a broken config file in full.
    fn failure_reason(&self) -> String {
        match (&self.failure, &self.problem) {
            (Some(failure), _) => failure.short(self.language),
            (None, Some(problem)) => problem.text(self.language),
            (None, None) => text!(self.language, "state-failed-unknown"),
        }
    }

    /// The problem, unless the sentence has it in full.
    pub fn problem_beside_sentence(&self) -> Option<&Message> {
        let is_in_sentence = self.state == ProxyState::Failed && self.failure.is_none();
        self.problem.as_ref().filter(|_| !is_in_sentence)
    }

    /// The same with every text in one language, to be sent as JSON.
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
    /// The address of the session bus that the icon is on; empty on systems without one.
    pub bus: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IconState {
    /// The icon is about to be shown.
    Starting,
    Shown,
    /// No program in the session shows icons yet.
    NoHost,
    /// The session bus is gone, or does not answer.
    NoBus,
}

#[cfg(test)]
mod tests {
    use strum::VariantArray;

    use super::*;

    /// Every state with every mixture of a failed start and a problem of the config file.
    #[test]
    fn every_state_has_its_sentence_and_a_failure_its_reason() {
        let failure = || Some(StartFailure::NoAccounts { listed: 0 });
        let problem = || Some(Message::from("config.toml:2:8: proxy.port: is text"));
        for state in ProxyState::VARIANTS {
            for (failure, problem, reason) in [
                (None, None, "the reason is not known"),
                (failure(), None, "no accounts"),
                (failure(), problem(), "no accounts"),
                (None, problem(), "config.toml:2:8: proxy.port: is text"),
            ] {
                let address = ([127, 0, 0, 1], 8045).into();
                let base_url = "http://127.0.0.1:8045".to_owned();
                let stopped = Status::stopped(Language::English, String::new());
                let status = Status { state: *state, address, base_url, failure, problem, ..stopped };
                let failed = format!("Failed: {reason}");
                let (sentence, line) = match state {
                    ProxyState::Running => {
                        ("Running on 127.0.0.1:8045", "Running on http://127.0.0.1:8045 (No accounts)")
                    }
                    ProxyState::Stopped => ("Stopped", "Stopped"),
                    ProxyState::Starting => ("Starting…", "Starting…"),
                    ProxyState::Draining => ("Stopping…", "Stopping…"),
                    ProxyState::Failed => (failed.as_str(), failed.as_str()),
                };
                assert_eq!((status.sentence().as_str(), status.line().as_str()), (sentence, line));
                let is_shown_once = status.sentence().contains("proxy.port");
                assert_eq!(
                    status.problem_beside_sentence().is_some(),
                    status.problem.is_some() && !is_shown_once
                );
            }
        }
    }

    #[test]
    fn names_are_those_of_the_config_file_and_the_control_api() {
        let name: &str = AuthMode::AllExceptHealth.into();
        assert_eq!(name, "all_except_health");
        assert_eq!(serde_json::to_string(&AuthMode::AllExceptHealth).ok(), Some(format!("\"{name}\"")));
        assert_eq!(ProxyState::Draining.to_string(), "draining");
    }
}
