//! The write side: takes finished records without ever waiting, and hands them to the
//! [writer](super::writer) through a queue of limited length.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use serde::Serialize;
use tokio::runtime::Handle;
use tokio::sync::{broadcast, oneshot, watch};

use super::body::Bodies;
use super::history::History;
use super::metrics::Metrics;
use super::price::PriceTable;
use super::record::Record;
use super::store::Limits;
use super::writer::Writer;
use crate::config::{CaptureBodies, Config};
use crate::upstream::Scrubber;

/// Finished exchanges that may wait for the writer.
pub const QUEUE: usize = 4096;
/// Records a slow subscriber may be behind.
const FEED: usize = 1024;
/// Bytes of captured bodies that may wait for the writer.
const MAX_WAITING_BODIES: usize = 32 << 20;
/// How long a caller waits for the writer to catch up.
const SETTLE: Duration = Duration::from_secs(2);

/// What the configuration means to the record.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    pub enabled: bool,
    pub limits: Limits,
    pub prices: Arc<PriceTable>,
    /// Where each record is exported to as well.
    pub otlp_endpoint: Option<String>,
}

/// How the record itself is doing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct RecorderHealth {
    pub enabled: bool,
    /// Exchanges that were not recorded since the agent started.
    pub dropped: u64,
    /// Captured bodies that were left out because the disk was too slow.
    pub dropped_bodies: u64,
    /// Bytes on disk.
    pub size: u64,
    /// Why nothing can be written at present, or what was lost.
    pub problem: Option<String>,
}

/// What the writer is told.
pub(super) enum Message {
    Filed(Box<Record>),
    /// Other settings are in force.
    Apply,
    /// Answered when everything filed before it is written, or cannot be.
    Settle(oneshot::Sender<()>),
    /// Somebody could not read what is stored.
    Suspect,
    /// Forget everything; answered with how much that was.
    Clear(oneshot::Sender<Result<u64, String>>),
    Close,
}

/// What both sides of the queue look at.
pub(super) struct Shared {
    pub settings: ArcSwap<Settings>,
    pub scrubber: Scrubber,
    pub feed: broadcast::Sender<Arc<Record>>,
    pub problem: watch::Sender<Option<String>>,
    pub dropped: AtomicU64,
    pub dropped_bodies: AtomicU64,
    /// Bytes of bodies in the queue and behind it.
    pub waiting_bodies: AtomicUsize,
    pub size: AtomicU64,
    pub metrics: Metrics,
}

pub struct Recorder {
    enabled: AtomicBool,
    capture: AtomicU8,
    queue: SyncSender<Message>,
    shared: Arc<Shared>,
    history: History,
    writer: Mutex<Option<JoinHandle<()>>>,
    /// Whether there is a writer at all.
    writes: bool,
}

/// Everything was not forgotten, because …
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the record could not be cleared: {0}")]
pub struct ClearError(String);

impl Recorder {
    /// Starts the writer. `path`: the database; it is opened, or made, when the record is
    /// enabled.
    pub fn start(path: PathBuf, config: &Config, scrubber: Scrubber) -> Self {
        let (queue, messages) = sync_channel(QUEUE);
        let shared = Arc::new(Shared::new(Settings::new(config), scrubber));
        let runtime = Handle::try_current().ok();
        let writer = Writer::new(path.clone(), Arc::clone(&shared), runtime);
        let thread = std::thread::Builder::new().name("record".to_owned());
        let thread = thread.spawn(move || writer.run(&messages));
        let thread =
            thread.inspect_err(|error| tracing::warn!("requests are not recorded: no thread: {error}"));
        let recorder = Self::new(path, queue, shared, thread.ok());
        recorder.apply(config);
        recorder
    }

    /// One that never takes anything, for commands that make a request of their own.
    pub fn nowhere() -> Self {
        let shared = Shared::new(Settings::new(&Config::default()), Scrubber::default());
        Self::new(PathBuf::new(), sync_channel(0).0, Arc::new(shared), None)
    }

    fn new(
        path: PathBuf,
        queue: SyncSender<Message>,
        shared: Arc<Shared>,
        thread: Option<JoinHandle<()>>,
    ) -> Self {
        Self {
            enabled: AtomicBool::new(false),
            capture: AtomicU8::new(CaptureBodies::None as u8),
            history: History::new(path).watched_by(queue.clone()),
            queue,
            shared,
            writes: thread.is_some(),
            writer: Mutex::new(thread),
        }
    }

    /// Puts a new configuration in force for the exchanges to come.
    pub fn apply(&self, config: &Config) {
        let settings = Settings::new(config);
        self.enabled.store(settings.enabled && self.writes, Ordering::Relaxed);
        self.capture.store(config.monitor.capture_bodies as u8, Ordering::Relaxed);
        if **self.shared.settings.load() != settings {
            self.shared.settings.store(Arc::new(settings));
            // A full queue wakes the writer all the same.
            let _ = self.queue.try_send(Message::Apply);
        }
    }

    pub fn is_enabled(&self) -> bool {
        self.enabled.load(Ordering::Relaxed)
    }

    /// A place for the bodies of an exchange that begins, when they are kept.
    pub fn bodies(&self) -> Option<Box<Bodies>> {
        (self.capture.load(Ordering::Relaxed) != CaptureBodies::None as u8).then(Box::default)
    }

    /// Files a finished exchange. Never waits: what finds no room is dropped and counted.
    pub fn file(&self, mut record: Box<Record>) {
        record.shorten();
        record.log();
        self.keep_bodies_if_wanted(&mut record);
        if let Err(TrySendError::Full(message) | TrySendError::Disconnected(message)) =
            self.queue.try_send(Message::Filed(record))
        {
            self.shared.dropped.fetch_add(1, Ordering::Relaxed);
            if let Message::Filed(record) = message {
                self.shared.release_bodies(&record);
            }
        }
    }

    fn keep_bodies_if_wanted(&self, record: &mut Record) {
        let Some(bodies) = &record.bodies else { return };
        let held = bodies.held();
        let only_errors = self.capture.load(Ordering::Relaxed) == CaptureBodies::Errors as u8;
        if only_errors && !record.outcome.is_error() {
            record.bodies = None;
        } else if self.shared.waiting_bodies.fetch_add(held, Ordering::Relaxed) > MAX_WAITING_BODIES {
            self.shared.waiting_bodies.fetch_sub(held, Ordering::Relaxed);
            self.shared.dropped_bodies.fetch_add(1, Ordering::Relaxed);
            record.bodies = None;
        }
    }

    /// The read side.
    pub const fn history(&self) -> &History {
        &self.history
    }

    /// Every record from now on, as soon as it is filed; who is too slow is told how many
    /// it missed.
    pub fn subscribe(&self) -> broadcast::Receiver<Arc<Record>> {
        self.shared.feed.subscribe()
    }

    pub fn health(&self) -> RecorderHealth {
        RecorderHealth {
            enabled: self.is_enabled(),
            dropped: self.shared.dropped.load(Ordering::Relaxed),
            dropped_bodies: self.shared.dropped_bodies.load(Ordering::Relaxed),
            size: self.shared.size.load(Ordering::Relaxed),
            problem: self.shared.problem.borrow().clone(),
        }
    }

    /// Counts for Prometheus since the agent started.
    pub fn metrics(&self) -> &Metrics {
        &self.shared.metrics
    }

    /// What keeps the record from being written, and every change of it.
    pub fn watch_problem(&self) -> watch::Receiver<Option<String>> {
        self.shared.problem.subscribe()
    }

    /// Returns when everything filed before can be read, if that is soon.
    pub async fn settle(&self) {
        let (settled, when) = oneshot::channel();
        if self.queue.try_send(Message::Settle(settled)).is_ok() {
            let _ = tokio::time::timeout(SETTLE, when).await;
        }
    }

    /// Forgets every exchange, and says how many that were.
    pub async fn clear(&self) -> Result<u64, ClearError> {
        let (cleared, outcome) = oneshot::channel();
        self.queue.try_send(Message::Clear(cleared)).map_err(|_| ClearError("it is too busy".to_owned()))?;
        let outcome = outcome.await.map_err(|_| ClearError("the agent is shutting down".to_owned()))?;
        outcome.map_err(ClearError)
    }

    /// Writes what is left, within `limit`. Blocks.
    pub fn close(&self, limit: Duration) {
        let Some(writer) = self.writer.lock().unwrap_or_else(PoisonError::into_inner).take() else { return };
        let deadline = Instant::now() + limit;
        let mut told = false;
        while !writer.is_finished() && Instant::now() < deadline {
            told = told || self.queue.try_send(Message::Close).is_ok();
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        let _ = self.queue.try_send(Message::Close);
    }
}

impl std::fmt::Debug for Recorder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Recorder").field("health", &self.health()).finish_non_exhaustive()
    }
}

impl Shared {
    fn new(settings: Settings, scrubber: Scrubber) -> Self {
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

    /// A record leaves the queue for good.
    pub fn release_bodies(&self, record: &Record) {
        if let Some(bodies) = &record.bodies {
            self.waiting_bodies.fetch_sub(bodies.held(), Ordering::Relaxed);
        }
    }
}

impl Settings {
    fn new(config: &Config) -> Self {
        let days = i64::from(config.monitor.retention_days);
        Self {
            enabled: config.monitor.enabled,
            limits: Limits {
                max_size: config.monitor.max_size,
                retention: jiff::SignedDuration::from_hours(24 * days),
            },
            prices: Arc::new(PriceTable::new(&config.prices)),
            otlp_endpoint: config.telemetry.otlp_endpoint.clone(),
        }
    }
}
