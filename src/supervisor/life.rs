//! The proxy's life: its state, its listener, and the requests that finish after a stop.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::task::JoinSet;

use super::state::{Input, next};
use crate::control::{ProxyState, StartFailure};
use crate::server::ProxyServer;

/// How often the status is published while requests finish.
pub const DRAIN_TICK: Duration = Duration::from_millis(250);

pub struct Life {
    state: ProxyState,
    pub proxy: Option<ProxyServer>,
    /// Why the latest start failed.
    failure: Option<StartFailure>,
    /// The port that the system chose when the config asked for any.
    any_port: Option<u16>,
    /// Counts the stops.
    generation: u64,
    drains: JoinSet<u64>,
}

impl Life {
    pub fn new() -> Self {
        Self {
            state: ProxyState::Stopped,
            proxy: None,
            failure: None,
            any_port: None,
            generation: 0,
            drains: JoinSet::new(),
        }
    }

    pub const fn state(&self) -> ProxyState {
        self.state
    }

    pub const fn failure(&self) -> Option<&StartFailure> {
        self.failure.as_ref()
    }

    pub fn enter(&mut self, input: Input) {
        let state = next(self.state, input);
        if state != self.state {
            tracing::debug!("{} → {state}", self.state);
            self.state = state;
        }
    }

    /// The start that was asked for has bound its port.
    pub fn run(&mut self, proxy: ProxyServer) {
        self.failure = None;
        self.any_port = Some(proxy.address.port());
        self.proxy = Some(proxy);
        self.enter(Input::Bound);
    }

    pub fn fail(&mut self, failure: StartFailure) {
        self.failure = Some(failure);
        self.enter(Input::StartFailed);
    }

    /// Frees the port; requests under way may take until `limit`.
    pub async fn stop(&mut self, limit: Duration) {
        self.failure = None;
        self.enter(Input::StopAsked);
        let Some(proxy) = self.proxy.take() else { return };
        self.generation += 1;
        self.drain(proxy, limit).await;
    }

    /// Closes a proxy whose place is taken, or that has been stopped.
    pub async fn drain(&mut self, proxy: ProxyServer, limit: Duration) {
        let drained = proxy.close(limit).await;
        let generation = self.generation;
        self.drains.spawn(async move {
            let _ = drained.await;
            generation
        });
    }

    pub fn is_draining(&self) -> bool {
        !self.drains.is_empty()
    }

    /// Which stop's requests have finished; `None` when none are under way.
    pub async fn next_drained(&mut self) -> Option<u64> {
        self.drains.join_next().await?.ok()
    }

    /// The requests of a stop have finished. Only those of the latest one end the draining.
    pub fn drained(&mut self, generation: u64) {
        if generation == self.generation {
            self.enter(Input::Drained);
        }
    }

    /// Where the proxy listens.
    pub fn address(&self) -> Option<SocketAddr> {
        self.proxy.as_ref().map(|proxy| proxy.address)
    }

    /// The port to bind for a configured one: for 0, the port that clients already know.
    pub fn port(&self, configured: u16) -> u16 {
        match configured {
            0 => self.any_port.unwrap_or(0),
            port => port,
        }
    }
}
