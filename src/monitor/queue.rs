//! What the recorder and the writer share: the messages of the queue between them, the settings
//! in force, and the counts.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use arc_swap::ArcSwap;
use jiff::SignedDuration;
use tokio::sync::{broadcast, oneshot, watch};

use super::metrics::Metrics;
use super::price::PriceTable;
use super::record::Record;
use super::store::Limits;
use crate::config::Config;
use crate::upstream::Scrubber;

/// The most messages that wait for the writer.
pub const QUEUE: usize = 4096;
/// The most records that a slow subscriber may be behind.
const FEED: usize = 1024;

/// A message to the writer.
pub enum Message {
    /// A finished exchange.
    File(Box<Record>),
    /// Other settings are in force.
    Apply,
    /// Answered when everything filed before is written, or cannot be.
    Settle(oneshot::Sender<()>),
    /// A reader found damage in the file.
    Suspect,
    /// Deletes every record; answered with their number.
    Clear(oneshot::Sender<Result<u64, String>>),
    Close,
}

/// The recorder's part of the config, as used.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    pub enabled: bool,
    pub limits: Limits,
    pub prices: Arc<PriceTable>,
    /// The collector that every record is exported to.
    pub otlp_endpoint: Option<String>,
}

/// The state on both sides of the queue.
pub struct SharedState {
    pub settings: ArcSwap<Settings>,
    pub scrubber: Scrubber,
    pub feed: broadcast::Sender<Arc<Record>>,
    pub problem: watch::Sender<Option<String>>,
    pub dropped: AtomicU64,
    pub dropped_bodies: AtomicU64,
    /// Bytes of bodies in the queue and in the writer's backlog.
    pub waiting_bodies: AtomicUsize,
    /// Bytes on disk.
    pub size: AtomicU64,
    pub metrics: Metrics,
}

impl SharedState {
    pub fn new(settings: Settings, scrubber: Scrubber) -> Self {
        Self {
            settings: ArcSwap::from_pointee(settings),
            scrubber,
            feed: broadcast::Sender::new(FEED),
            problem: watch::Sender::new(None),
            dropped: AtomicU64::new(0),
            dropped_bodies: AtomicU64::new(0),
            waiting_bodies: AtomicUsize::new(0),
            size: AtomicU64::new(0),
            metrics: Metrics::default(),
        }
    }

    /// Frees the place of a record's bodies: the record was written or dropped.
    pub fn release_bodies(&self, record: &Record) {
        if let Some(bodies) = &record.bodies {
            self.waiting_bodies.fetch_sub(bodies.memory(), Ordering::Relaxed);
        }
    }
}

impl Settings {
    pub fn new(config: &Config) -> Self {
        let days = i64::from(config.monitor.retention_days);
        Self {
            enabled: config.monitor.enabled,
            limits: Limits {
                max_size: config.monitor.max_size,
                retention: SignedDuration::from_hours(24 * days),
            },
            prices: Arc::new(PriceTable::new(&config.prices)),
            otlp_endpoint: config.telemetry.otlp_endpoint.clone(),
        }
    }
}
