//! The gateway: everything that requests share. A reload swaps parts of it; requests under
//! way keep the parts they started with.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use arc_swap::ArcSwap;
use secrecy::SecretString;

use super::memory::Memory;
use super::model_lists::ModelLists;
use super::off_thread::OffThread;
use super::settings::Settings;
use super::share::Budget;
use super::sleep::{SleepWatch, time_since_boot};
use crate::accounts::Pool;
use crate::config::{Config, UpstreamConfig};
use crate::monitor::Recorder;
use crate::upstream::client::ClientOptions;
use crate::upstream::{Client, Scrubber};

pub struct Gateway {
    settings: ArcSwap<Settings>,
    client: ArcSwap<Client>,
    pub pool: Arc<Pool>,
    pub recorder: Arc<Recorder>,
    pub scrubber: Scrubber,
    pub(super) budget: Budget,
    pub(super) off_thread: OffThread,
    pub(super) in_flight: Arc<AtomicUsize>,
    sleep: SleepWatch,
    pub(super) model_lists: ModelLists,
    pub(super) memory: Memory,
}

impl Gateway {
    /// `budget`: bytes that all requests may hold at once, decoded values included.
    pub fn new(
        config: Arc<Config>,
        pool: Arc<Pool>,
        recorder: Arc<Recorder>,
        scrubber: Scrubber,
        budget: usize,
    ) -> Self {
        let gateway = Self {
            client: ArcSwap::from_pointee(Client::new(client_options(&config), scrubber.clone())),
            settings: ArcSwap::from_pointee(Settings::new(Arc::clone(&config))),
            pool,
            recorder,
            scrubber,
            budget: Budget::new(budget),
            off_thread: OffThread::default(),
            in_flight: Arc::default(),
            sleep: SleepWatch::new(Instant::now(), time_since_boot()),
            model_lists: ModelLists::default(),
            memory: Memory::default(),
        };
        gateway.apply(config, false);
        gateway
    }

    /// Applies a new configuration to the requests to come.
    pub fn apply(&self, config: Arc<Config>, rebuild_client: bool) {
        self.scrubber.learn(secrets(&config));
        self.recorder.apply(&config);
        self.pool.apply(&config, Instant::now());
        self.model_lists.keep(&self.pool.active_accounts());
        if rebuild_client {
            self.renew_client(&config);
        }
        self.settings.store(Arc::new(Settings::new(config)));
    }

    pub fn settings(&self) -> Arc<Settings> {
        self.settings.load_full()
    }

    pub fn client(&self) -> Arc<Client> {
        self.client.load_full()
    }

    /// After a sleep of the machine: drops the dead connections, and shortens the rests.
    pub(super) fn wake_up(&self) {
        if let Some(slept) = self.sleep.has_slept(Instant::now(), time_since_boot()) {
            let seconds = slept.as_secs();
            tracing::info!(seconds, "the machine has slept for {seconds} s: all connections are opened anew");
            self.renew_client(&self.settings().config);
            self.pool.slept(slept);
        }
    }

    fn renew_client(&self, config: &Config) {
        self.client.store(Arc::new(Client::new(client_options(config), self.scrubber.clone())));
    }

    /// The number of requests under way.
    pub fn in_flight(&self) -> usize {
        self.in_flight.load(Ordering::Relaxed)
    }
}

fn client_options(config: &Config) -> ClientOptions {
    let UpstreamConfig { proxy, no_proxy, ca_file, connect_timeout } = config.upstream.clone();
    ClientOptions { proxy, no_proxy, ca_file, connect_timeout }
}

/// Every secret in the configuration.
fn secrets(config: &Config) -> impl Iterator<Item = &SecretString> {
    let own = [&config.proxy.api_key, &config.zai.api_key];
    own.into_iter()
        .chain(config.accounts.iter().map(|account| &account.api_key))
        .filter_map(|secret| secret.as_known())
}
