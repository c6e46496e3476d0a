//! From a saved file to a configuration in force: load, diff, then pay what each change
//! costs. Nothing is touched until everything that can fail has worked.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use serde_json::Value;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::Supervisor;
use super::file_state::FileProblem;
use super::load::load;
use super::report::is_open_to_lan;
use super::state::Input;
use crate::config::{Change, Config, Loaded, Problems, diff};
use crate::control::command::CommandResult;
use crate::control::{CommandError, Notice, ProxyState, StartFailure};
use crate::server::ProxyServer;
use crate::server::bind::{self, Binding};
use crate::text;

/// A load under way, and the commands that wait for its outcome.
#[derive(Debug, Default)]
pub struct Reload {
    loading: Option<JoinHandle<Result<Loaded, Problems>>>,
    /// The file changed again meanwhile.
    again: bool,
    /// A command or a signal asked for it, and not only a change of the file.
    is_asked_for: bool,
    waiting: Vec<Waiting>,
}

/// A command that is replied to when the file is in force, or is not.
#[derive(Debug)]
struct Waiting {
    then: Then,
    reply: oneshot::Sender<CommandResult>,
}

/// What a command does once the file is in force. A start binds what the file says, so the
/// file comes first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Then {
    Nothing,
    Start,
    Restart,
    /// It has changed the file, and an error says so.
    Edited,
    /// It has enabled this account in the file; a refusal of its credential is forgotten.
    Revive(String),
}

impl Reload {
    /// A load is wanted whether the file has changed or not.
    pub const fn ask(&mut self) {
        self.is_asked_for = true;
    }

    /// The outcome of the load under way; pending for ever when there is none.
    pub async fn finished(&mut self) -> Option<Result<Loaded, Problems>> {
        let Some(loading) = &mut self.loading else { return std::future::pending().await };
        let loaded = loading.await;
        self.loading = None;
        loaded.ok()
    }
}

impl Supervisor {
    /// Reads the file, and carries out what is to follow from it.
    pub(super) fn reload_then(&mut self, then: Then, reply: oneshot::Sender<CommandResult>) {
        self.reload.ask();
        self.reload.waiting.push(Waiting { then, reply });
        self.begin_reload();
    }

    pub(super) fn begin_reload(&mut self) {
        if self.reload.loading.is_some() {
            self.reload.again = true;
            return;
        }
        let path = self.options.config_path.clone();
        let secrets = self.options.secrets.clone();
        self.reload.loading = Some(tokio::spawn(async move { load(&path, &secrets).await }));
    }

    pub(super) async fn end_reload(&mut self, loaded: Result<Loaded, Problems>) {
        if std::mem::take(&mut self.reload.again) {
            return self.begin_reload();
        }
        let before = self.life.address();
        let outcome = match loaded {
            Ok(loaded) => self.apply(loaded).await,
            Err(problems) => Err(FileProblem::Invalid(problems)),
        };
        let problem = outcome.err();
        let failure =
            problem.as_ref().map(|problem| problem.message(self.life.proxy.is_some()).text(self.language()));
        if let Some(notice) = self.file.set_problem(problem, Instant::now()) {
            self.notify(&notice);
        }
        self.publish();
        for Waiting { then, reply } in std::mem::take(&mut self.reload.waiting) {
            let outcome = self.follow_up(then, failure.clone(), before).await;
            self.publish();
            let _ = reply.send(outcome);
        }
    }

    /// `failure`: why the file is not in force. `before`: where the proxy was bound before the
    /// file was read.
    async fn follow_up(
        &mut self,
        then: Then,
        failure: Option<String>,
        before: Option<SocketAddr>,
    ) -> CommandResult {
        match (then, failure) {
            (Then::Start, _) if !self.is_kept_from_its_address() => self.ask_start().await,
            (Then::Restart, _) if !self.is_kept_from_its_address() => self.ask_restart(before).await,
            (Then::Edited | Then::Revive(_), Some(reason)) => {
                Err(CommandError::Failed(text!(self.language(), "edit-not-in-force", reason = reason)))
            }
            (_, Some(reason)) => Err(CommandError::Failed(reason)),
            (Then::Revive(name), None) => {
                // Most accounts have no refusal to forget.
                let _ = self.revive(&name);
                Ok(Value::Null)
            }
            (_, None) => Ok(Value::Null),
        }
    }

    /// Whether the address of the file cannot be bound and the old one is still served. A
    /// start is then refused, and the server is left alone.
    pub(super) const fn is_kept_from_its_address(&self) -> bool {
        self.file.bind_failure().is_some()
    }

    /// The new configuration takes over, or nothing changes at all.
    async fn apply(&mut self, loaded: Loaded) -> Result<(), FileProblem> {
        let Loaded { config, warnings, .. } = loaded;
        let is_first = self.file.is_unconfigured;
        let is_unchanged = !is_first && config == *self.config;
        // A reload that was asked for may be meant for the certificates alone.
        if std::mem::take(&mut self.reload.is_asked_for) || !is_unchanged {
            self.gateway.client().read_certificates_again();
        }
        self.file.warn(warnings);
        if is_unchanged {
            return Ok(());
        }
        let change = diff(&self.config, &config);
        let bound = self.bind_anew(&config, change).await?;
        let config = Arc::new(config);
        self.gateway.apply(Arc::clone(&config), change.client);
        if is_first {
            self.restore_pool();
        }
        self.learn_models();
        self.door.apply(&config);
        let old = std::mem::replace(&mut self.config, config);
        self.file.is_unconfigured = false;
        if let Some(bound) = bound {
            self.serve_on(bound).await;
        }
        tracing::info!("the config file was applied");
        self.warn_of_open_lan(&old);
        if is_first {
            self.first_start().await;
        } else {
            self.lead_tools();
            self.retry_failed_start(change).await;
        }
        Ok(())
    }

    /// Binds the address of the new configuration while the old listeners still serve. No
    /// client is answered there before the new rules are in force. Takes `self` mutably
    /// because a shell is not to be shared between threads, and the agent moves between them.
    async fn bind_anew(&mut self, config: &Config, change: Change) -> Result<Option<Binding>, FileProblem> {
        let Some(current) = self.life.proxy.as_ref().filter(|_| change.listener) else { return Ok(None) };
        let port = self.port(config);
        let lan = config.proxy.allow_lan_access;
        if bind::address(port, lan) == current.address {
            return Ok(None);
        }
        let is_same_port = port == current.address.port();
        if is_same_port && !lan && current.is_on_loopback() {
            return Ok(Some(bind::loopback_again(port)));
        }
        let bound = match bind::bind(port, lan, false) {
            // The port is ours: both have it for a moment, so that there is none without.
            Err(_) if is_same_port && current.share_port().await.is_ok() => bind::bind(port, lan, true),
            bound => bound,
        };
        match bound {
            Ok(bound) => Ok(Some(bound)),
            Err((address, error)) => {
                current.keep_port_to_itself().await;
                Err(FileProblem::Bind(bind::explain(address, &error).await))
            }
        }
    }

    /// The same server on the same port; on another port, a new one, and the old one drains.
    async fn serve_on(&mut self, bound: Binding) {
        match &mut self.life.proxy {
            Some(current) if current.address.port() == bound.address.port() => {
                current.switch(bound, &self.door).await;
                current.log_warning();
            }
            proxy => {
                let new = ProxyServer::start(bound, &self.door, self.options.max_connections);
                new.log_warning();
                if let Some(old) = proxy.replace(new) {
                    self.life.drain(old, self.config.proxy.drain_timeout).await;
                }
            }
        }
    }

    /// The proxy starts with the first valid file, unless the file or a click says otherwise.
    async fn first_start(&mut self) {
        if self.life.state() == ProxyState::Stopped {
            return;
        }
        if self.config.proxy.start_with_agent && !self.is_start_asked_for() {
            self.start().await;
        } else {
            self.life.enter(Input::StopAsked);
        }
    }

    /// A saved config may have removed the cause of a failed start.
    async fn retry_failed_start(&mut self, change: Change) {
        let is_removed = match self.life.failure() {
            Some(StartFailure::NoAccounts { .. }) => self.pool().has_usable(),
            Some(StartFailure::Bind(_)) => change.listener,
            None => false,
        };
        if self.life.state() == ProxyState::Failed && is_removed && !self.is_start_asked_for() {
            self.start().await;
        }
    }

    /// A command is about to start the proxy, and one failure is enough.
    fn is_start_asked_for(&self) -> bool {
        self.reload.waiting.iter().any(|waiting| matches!(waiting.then, Then::Start | Then::Restart))
    }

    /// `auth_mode = "off"` with LAN access is the user's choice and never quiet.
    fn warn_of_open_lan(&mut self, before: &Config) {
        if is_open_to_lan(&self.config.proxy) && !is_open_to_lan(&before.proxy) {
            self.notify(&Notice::LanWithoutKey);
        }
    }
}
