//! Starting and stopping the proxy, and the notices of a start that failed.

use std::net::SocketAddr;

use serde_json::Value;

use super::Supervisor;
use super::life::DRAIN_TICK;
use super::options::{Exit, Sources};
use super::state::Input;
use crate::config::Config;
use crate::control::command::{CommandResult, Request};
use crate::control::{CommandError, Notice, ProxyState, StartFailure};
use crate::desktop::signals::Signal;
use crate::server::{ProxyServer, bind};

impl Supervisor {
    pub(super) async fn ask_start(&mut self) -> CommandResult {
        self.start().await;
        if let Some(failure) = self.life.failure() {
            return Err(CommandError::Failed(failure.message().text(self.language())));
        }
        match self.file.problem().filter(|_| self.file.is_unconfigured) {
            Some(problem) => Err(CommandError::Failed(problem.message(false).text(self.language()))),
            None => Ok(Value::Null),
        }
    }

    /// `before`: where the proxy was bound before the file was read. A proxy that has moved
    /// since then was started anew there already.
    pub(super) async fn ask_restart(&mut self, before: Option<SocketAddr>) -> CommandResult {
        let is_moved = before.is_some() && self.life.address() != before;
        if !is_moved {
            self.stop().await;
        }
        self.ask_start().await
    }

    pub(super) async fn start(&mut self) {
        if self.life.state() == ProxyState::Running {
            return;
        }
        self.life.enter(Input::StartAsked);
        if self.file.is_unconfigured {
            return self.life.enter(Input::StartFailed);
        }
        self.publish();
        match self.try_start().await {
            Ok(proxy) => {
                proxy.log_warning();
                self.life.run(proxy);
                self.lead_tools();
            }
            Err(failure) => self.start_failed(failure),
        }
    }

    async fn try_start(&mut self) -> Result<ProxyServer, StartFailure> {
        if !self.gateway.pool.has_usable() {
            return Err(self.no_accounts());
        }
        let (port, lan) = (self.port(&self.config), self.config.proxy.allow_lan_access);
        let bound = bind::bind(port, lan, false);
        let bound = if self.wants_any_port(&self.config) {
            bound.or_else(|_| bind::bind(0, lan, false))
        } else {
            bound
        };
        match bound {
            Ok(bound) => Ok(ProxyServer::start(bound, &self.door, self.options.max_connections)),
            Err((address, error)) => Err(StartFailure::Bind(bind::explain(address, &error).await)),
        }
    }

    fn start_failed(&mut self, failure: StartFailure) {
        if let StartFailure::Bind(failure) = &failure {
            self.expected_here();
            self.notify(&Notice::BindFailure(failure.clone()));
        }
        if self.options.exit_on_failed_start {
            self.exit = Some(Exit::StartFailed(failure.message().text(self.language())));
        }
        self.life.fail(failure);
    }

    /// Frees the port; requests under way finish in the background.
    pub(super) async fn stop(&mut self) {
        self.life.stop(self.config.proxy.drain_timeout).await;
    }

    /// Stops the proxy and lets streams finish within their limit; a second signal cuts that
    /// short.
    pub(super) async fn finish(&mut self, exit: Exit, sources: &mut Sources) -> Exit {
        self.stop().await;
        self.publish();
        while self.life.is_draining() {
            tokio::select! {
                _ = self.life.next_drained() => {}
                Some(Signal::Quit) = sources.signals.recv() => return Exit::Forced,
                Some(Request { reply, .. }) = sources.requests.recv() => {
                    let _ = reply.send(Err(CommandError::Gone));
                }
                () = tokio::time::sleep(DRAIN_TICK) => {}
            }
            self.publish();
        }
        exit
    }

    /// The port a configuration asks for. For "any", the port that clients already know.
    pub(super) fn port(&self, config: &Config) -> u16 {
        self.life.port(self.configured_port(config))
    }

    fn wants_any_port(&self, config: &Config) -> bool {
        self.configured_port(config) == 0
    }

    fn configured_port(&self, config: &Config) -> u16 {
        self.options.port.unwrap_or(config.proxy.port)
    }
}
