//! What a request finds behind the listener: the rules for entering, and the gateway.

use std::net::SocketAddr;
use std::sync::Arc;

use arc_swap::ArcSwap;
use tokio::runtime::Handle;

use super::auth::Guesses;
use super::base_url::base_url;
use super::policy::Policy;
use super::refusals::Refusals;
use super::shard::Shards;
use crate::config::Config;
use crate::gateway::Gateway;

/// What all connections share; outlives each listener.
pub struct Door {
    pub gateway: Arc<Gateway>,
    policy: ArcSwap<Policy>,
    base_url: ArcSwap<String>,
    pub(super) guesses: Guesses,
    pub(super) refusals: Refusals,
    host_name: String,
    shards: Shards,
}

impl Door {
    /// `host_name`: this machine's own, accepted as its name with LAN access. Fails when the
    /// system has no threads to give.
    pub fn new(gateway: Arc<Gateway>, config: &Config, host_name: String) -> std::io::Result<Self> {
        Ok(Self {
            gateway,
            policy: ArcSwap::from_pointee(Policy::new(config, &host_name)),
            base_url: ArcSwap::default(),
            guesses: Guesses::default(),
            refusals: Refusals::default(),
            host_name,
            shards: Shards::start()?,
        })
    }

    /// Puts a new configuration in force for the requests to come.
    pub fn apply(&self, config: &Config) {
        self.policy.store(Arc::new(Policy::new(config, &self.host_name)));
    }

    /// The base URL is now the one of this address.
    pub(super) fn set_address(&self, address: SocketAddr) {
        self.base_url.store(Arc::new(base_url(address)));
    }

    pub(super) fn policy(&self) -> Arc<Policy> {
        self.policy.load_full()
    }

    pub(super) fn base_url(&self) -> Arc<String> {
        self.base_url.load_full()
    }

    /// The runtimes that serve.
    pub(super) fn shards(&self) -> impl ExactSizeIterator<Item = &Handle> {
        self.shards.handles()
    }
}
