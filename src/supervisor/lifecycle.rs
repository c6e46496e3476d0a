//! The proxy's life: started, stopped, drained, and what is said when it cannot start.

use std::net::SocketAddr;

use serde_json::Value;

use super::state::Input;
use super::{DRAIN_TICK, Exit, Sources, Supervisor};
use crate::config::Config;
use crate::control::command::{CommandResult, Request};
use crate::control::{CommandError, Notice, ProxyState, StartFailure};
use crate::desktop::signals::Signal;
use crate::server::{ProxyServer, bind};

impl Supervisor {
    pub(super) async fn ask_start(&mut self) -> CommandResult {
        self.start().await;
        match &self.failure {
            None if self.is_unconfigured => {
                let problem = self.file_problem.as_ref();
                let problem = problem.map(|problem| problem.said(false).text(self.language()));
                Err(CommandError::Failed(problem.unwrap_or_default()))
            }
            Some(failure) => Err(CommandError::Failed(failure.said().text(self.language()))),
            None => Ok(Value::Null),
        }
    }

    /// `before`: where the proxy was bound before the file was read. One that has moved since
    /// has been started anew there.
    pub(super) async fn ask_restart(&mut self, before: Option<SocketAddr>) -> CommandResult {
        let is_moved = before.is_some() && self.proxy.as_ref().map(|proxy| proxy.address) != before;
        if !is_moved {
            self.stop().await;
        }
        self.ask_start().await
    }

    pub(super) async fn start(&mut self) {
        if self.state == ProxyState::Running {
            return;
        }
        self.enter(Input::StartAsked);
        if self.is_unconfigured {
            return self.enter(Input::StartFailed);
        }
        self.publish();
        match self.try_start().await {
            Ok(proxy) => {
                self.failure = None;
                self.any_port = Some(proxy.address.port());
                proxy.log_warning();
                self.proxy = Some(proxy);
                self.enter(Input::Bound);
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
            self.exit = Some(Exit::StartFailed(failure.said().text(self.language())));
        }
        self.failure = Some(failure);
        self.enter(Input::StartFailed);
    }

    /// Frees the port and lets requests finish behind our back.
    pub(super) async fn stop(&mut self) {
        self.failure = None;
        self.enter(Input::StopAsked);
        let Some(proxy) = self.proxy.take() else { return };
        self.generation += 1;
        self.drain(proxy).await;
    }

    pub(super) async fn drain(&mut self, proxy: ProxyServer) {
        let drained = proxy.close(self.config.proxy.drain_timeout).await;
        let generation = self.generation;
        self.drains.spawn(async move {
            let _ = drained.await;
            generation
        });
    }

    /// The proxy stops, streams finish within their limit; a second signal cuts it short.
    pub(super) async fn finish(&mut self, exit: Exit, sources: &mut Sources) -> Exit {
        self.stop().await;
        self.publish();
        while !self.drains.is_empty() {
            tokio::select! {
                _ = self.drains.join_next() => {}
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

    /// The port a configuration asks for. Where any will do, the one clients know is kept.
    pub(super) fn port(&self, config: &Config) -> u16 {
        match self.configured_port(config) {
            0 => self.any_port.unwrap_or(0),
            port => port,
        }
    }

    pub(super) fn wants_any_port(&self, config: &Config) -> bool {
        self.configured_port(config) == 0
    }

    fn configured_port(&self, config: &Config) -> u16 {
        self.options.port.unwrap_or(config.proxy.port)
    }
}
