//! From a saved file to a configuration in force: load, diff, then pay what each change
//! costs. Nothing is touched until everything that can fail has worked.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::state::Input;
use super::{FileProblem, Supervisor, is_open_to_lan};
use crate::config::{self, Change, Config, Loaded, Problems, diff, edit, generate_key};
use crate::control::command::CommandResult;
use crate::control::{CommandError, Notice, ProxyState, StartFailure};
use crate::language::Message;
use crate::message;
use crate::server::ProxyServer;
use crate::server::bind::{self, Binding};

/// Nobody who writes a file pauses for longer.
const STILL_WRITING: Duration = Duration::from_secs(1);

/// A load under way, and who waits for its outcome.
#[derive(Debug, Default)]
pub struct Reload {
    loading: Option<JoinHandle<Result<Loaded, Problems>>>,
    /// The file changed again meanwhile.
    again: bool,
    /// By somebody, and not by a change of the file.
    is_asked_for: bool,
    waiting: Vec<Waiting>,
}

/// Somebody who wants to know that the file is in force, or wants more once it is.
#[derive(Debug)]
struct Waiting {
    then: Then,
    reply: oneshot::Sender<CommandResult>,
}

/// What is asked for besides. A start binds what the file says, so the file comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    Nothing,
    Start,
    Restart,
}

impl Reload {
    /// Somebody wants it, whether the file has changed or not.
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
        self.reload.loading = Some(tokio::spawn(async move { config::load_again(&path, &secrets).await }));
    }

    pub(super) async fn end_reload(&mut self, loaded: Result<Loaded, Problems>) {
        if std::mem::take(&mut self.reload.again) {
            return self.begin_reload();
        }
        let before = self.bound_address();
        let outcome = match loaded {
            Ok(loaded) if loaded.needs_key => match self.write_key().await {
                Ok(()) => return self.begin_reload(),
                Err(problems) => Err(FileProblem::Invalid(problems)),
            },
            Ok(loaded) => self.apply(loaded).await,
            Err(problems) => Err(FileProblem::Invalid(problems)),
        };
        let applied = match &outcome {
            Ok(()) => Ok(Value::Null),
            Err(problem) => {
                Err(CommandError::Failed(problem.said(self.proxy.is_some()).text(self.language())))
            }
        };
        self.remember(outcome.err());
        self.publish();
        for Waiting { then, reply } in std::mem::take(&mut self.reload.waiting) {
            let outcome = match then {
                Then::Nothing => applied.clone(),
                Then::Start | Then::Restart if self.is_kept_from_its_address() => applied.clone(),
                Then::Start => self.ask_start().await,
                Then::Restart => self.ask_restart(before).await,
            };
            self.publish();
            let _ = reply.send(outcome);
        }
    }

    /// The file names an address that cannot be had, and the old one serves on: whoever asks
    /// for a start is told that, and what serves is left alone.
    pub(super) const fn is_kept_from_its_address(&self) -> bool {
        matches!(self.file_problem, Some(FileProblem::Bind(_)))
    }

    fn bound_address(&self) -> Option<SocketAddr> {
        self.proxy.as_ref().map(|proxy| proxy.address)
    }

    /// A key is asked for and there is none: generate one. The file with it is the next
    /// one to load.
    async fn write_key(&mut self) -> Result<(), Problems> {
        let path = self.options.config_path.clone();
        let written = tokio::task::spawn_blocking(move || edit::set_api_key(&path, &generate_key())).await;
        let reason = match written {
            Ok(Ok(())) => {
                tracing::info!("a client key was generated and written to the config file");
                return Ok(());
            }
            Ok(Err(error)) => error.to_string(),
            Err(error) => error.to_string(),
        };
        let message = message!("problem-key-not-written", reason = reason);
        Err(Problems::whole_file(&self.options.config_path, message, message!("fix-key-not-written")))
    }

    /// The new configuration takes over, or nothing changes at all.
    async fn apply(&mut self, loaded: Loaded) -> Result<(), FileProblem> {
        let Loaded { config, warnings, .. } = loaded;
        let change = diff(&self.config, &config);
        // The look at the file with which the watching begins asks for nothing.
        if !change.is_nothing() || self.reload.is_asked_for {
            self.reload.is_asked_for = false;
            self.gateway.client().read_certificates_again();
        }
        self.warnings = warnings;
        let is_first = std::mem::take(&mut self.is_unconfigured);
        if change.is_nothing() && !is_first {
            return Ok(());
        }
        let bound = self.bind_anew(&config, change).await?;
        let config = Arc::new(config);
        self.gateway.apply(Arc::clone(&config), change.client);
        self.learn_models();
        self.door.apply(&config);
        let old = std::mem::replace(&mut self.config, config);
        if let Some(bound) = bound {
            self.serve_on(bound).await;
        }
        self.lead_tools();
        tracing::info!("the config file was applied");
        self.warn_of_open_lan(Some(&old));
        self.retry_failed_start(change, is_first).await;
        Ok(())
    }

    /// Binds what the new configuration wants while the old listeners still serve. Nobody
    /// is answered there before the new rules are in force. Takes it mutably because a shell
    /// is not to be shared between threads, and the agent moves between them.
    async fn bind_anew(&mut self, config: &Config, change: Change) -> Result<Option<Binding>, FileProblem> {
        let Some(current) = self.proxy.as_ref().filter(|_| change.listener) else { return Ok(None) };
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
        match &mut self.proxy {
            Some(current) if current.address.port() == bound.address.port() => {
                current.switch(bound, &self.door).await;
                current.log_warning();
            }
            proxy => {
                let new = ProxyServer::start(bound, &self.door, self.options.max_connections);
                new.log_warning();
                if let Some(old) = proxy.replace(new) {
                    self.drain(old).await;
                }
            }
        }
    }

    /// The agent begins before there is a valid file.
    pub(super) fn wait_for_config(&mut self, problems: Problems) {
        self.is_unconfigured = true;
        self.remember(Some(FileProblem::Invalid(problems)));
        self.enter(Input::StartAsked);
        self.enter(Input::StartFailed);
    }

    /// A saved config may have removed the cause of a failed start.
    async fn retry_failed_start(&mut self, change: Change, is_first: bool) {
        let removed = match &self.failure {
            None if is_first => self.config.proxy.start_with_agent,
            Some(StartFailure::NoAccounts { .. }) => self.pool().has_usable(),
            Some(StartFailure::Bind(_)) => change.listener,
            None => false,
        };
        // Whoever asked for a start gets one anyway, and one failure is enough.
        let is_asked = self.reload.waiting.iter().any(|waiting| waiting.then != Then::Nothing);
        if self.state == ProxyState::Failed && removed && !is_asked {
            self.start().await;
        }
    }

    /// Notes what is wrong with the file, and says so once. Half a file may be one that
    /// somebody is still writing: that is shown at once, and told when it lasts.
    fn remember(&mut self, problem: Option<FileProblem>) {
        match &problem {
            problem if *problem == self.file_problem => return,
            Some(FileProblem::Invalid(_)) => self.tell_problem_at = Some(Instant::now() + STILL_WRITING),
            Some(problem @ FileProblem::Bind(_)) => {
                self.tell_problem_at = None;
                self.notify(&problem.notice());
            }
            None => self.tell_problem_at = None,
        }
        self.file_problem = problem;
    }

    pub(super) fn tell_lasting_problem(&mut self) {
        if self.tell_problem_at.take_if(|due| *due <= Instant::now()).is_some()
            && let Some(notice) = self.file_problem.as_ref().map(FileProblem::notice)
        {
            self.notify(&notice);
        }
    }

    /// `auth_mode = "off"` with LAN access is the user's choice and never quiet.
    pub(super) fn warn_of_open_lan(&mut self, before: Option<&Config>) {
        if is_open_to_lan(&self.config.proxy) && !before.is_some_and(|before| is_open_to_lan(&before.proxy)) {
            self.notify(&Notice::LanWithoutKey);
        }
    }
}

impl FileProblem {
    /// What is wrong and what to do, first things first; `serves_on`: the old address does.
    pub(super) fn said(&self, serves_on: bool) -> Message {
        match self {
            Self::Bind(failure) => {
                let failure = StartFailure::Bind(failure.clone()).said();
                if !serves_on {
                    return failure;
                }
                message!("failure-old-address", failure = failure)
            }
            Self::Invalid(problems) => {
                let first = problems.messages().next().unwrap_or_default();
                match problems.list.len() {
                    0 | 1 => first,
                    count => message!("failure-more-problems", first = first, count = count - 1),
                }
            }
        }
    }

    fn notice(&self) -> Notice {
        match self {
            Self::Bind(failure) => Notice::BindFailure(failure.clone()),
            Self::Invalid(problems) => Notice::ConfigProblem {
                text: problems.messages().next().unwrap_or_default(),
                count: problems.list.len(),
            },
        }
    }
}
