//! The write side: takes finished records without ever waiting, and hands them to the
//! [writer](super::writer) through a bounded queue.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use serde::Serialize;
use tokio::runtime::Handle;
use tokio::sync::{broadcast, oneshot, watch};

use super::body::Bodies;
use super::history::History;
use super::metrics::Metrics;
use super::queue::{Message, QUEUE, Settings, SharedState};
use super::record::Record;
use super::writer::Writer;
use crate::config::{CaptureBodies, Config};
use crate::upstream::Scrubber;

/// The most bytes of captured bodies that wait for the writer.
const MAX_WAITING_BODIES: usize = 32 << 20;
/// The longest wait of a caller for the writer to catch up.
const SETTLE: Duration = Duration::from_secs(2);

/// The state of the recorder itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct RecorderHealth {
    pub enabled: bool,
    /// The number of exchanges not recorded since the agent started.
    pub dropped: u64,
    /// The number of captured bodies left out because the disk was too slow.
    pub dropped_bodies: u64,
    /// Bytes on disk.
    pub size: u64,
    /// Why no record can be written at present.
    pub problem: Option<String>,
}

/// The write side of the record; one for the whole agent.
pub struct Recorder {
    enabled: AtomicBool,
    capture: AtomicU8,
    queue: SyncSender<Message>,
    shared: Arc<SharedState>,
    history: History,
    writer: Mutex<Option<JoinHandle<()>>>,
    has_writer: bool,
}

/// Why the record could not be cleared.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the record could not be cleared: {0}")]
pub struct ClearError(String);

impl Recorder {
    /// Starts the writer. `path` is the database; it is opened or created when the record is
    /// enabled.
    pub fn start(path: PathBuf, config: &Config, scrubber: Scrubber) -> Self {
        let (queue, messages) = sync_channel(QUEUE);
        let shared = Arc::new(SharedState::new(Settings::new(config), scrubber));
        let runtime = Handle::try_current().ok();
        let writer = Writer::new(path.clone(), Arc::clone(&shared), runtime);
        let thread = std::thread::Builder::new().name("record".to_owned());
        let thread = thread.spawn(move || writer.run(&messages));
        let thread = thread.inspect_err(|error| {
            tracing::warn!("requests are not recorded: the thread could not start: {error}");
        });
        let recorder = Self::new(path, queue, shared, thread.ok());
        recorder.apply(config);
        recorder
    }

    /// A recorder that records nothing, for commands that make a request of their own.
    pub fn nowhere() -> Self {
        let shared = SharedState::new(Settings::new(&Config::default()), Scrubber::default());
        Self::new(PathBuf::new(), sync_channel(0).0, Arc::new(shared), None)
    }

    fn new(
        path: PathBuf,
        queue: SyncSender<Message>,
        shared: Arc<SharedState>,
        thread: Option<JoinHandle<()>>,
    ) -> Self {
        Self {
            enabled: AtomicBool::new(false),
            capture: AtomicU8::new(CaptureBodies::None as u8),
            history: History::new(path).watched_by(queue.clone()),
            queue,
            shared,
            has_writer: thread.is_some(),
            writer: Mutex::new(thread),
        }
    }

    /// Puts another config in force for the exchanges to come.
    pub fn apply(&self, config: &Config) {
        let settings = Settings::new(config);
        self.enabled.store(settings.enabled && self.has_writer, Ordering::Relaxed);
        self.capture.store(config.monitor.capture_bodies as u8, Ordering::Relaxed);
        if **self.shared.settings.load() != settings {
            self.shared.settings.store(Arc::new(settings));
            // A full queue wakes the writer, too.
            let _ = self.queue.try_send(Message::Apply);
        }
    }

    pub fn is_enabled(&self) -> bool {
        self.enabled.load(Ordering::Relaxed)
    }

    /// A place for the bodies of an exchange that begins; `None` when none are kept.
    pub fn bodies(&self) -> Option<Box<Bodies>> {
        (self.capture.load(Ordering::Relaxed) != CaptureBodies::None as u8).then(Box::default)
    }

    /// Files a finished exchange. Never waits: a record that finds no room is dropped and
    /// counted.
    pub fn file(&self, mut record: Box<Record>) {
        record.shorten();
        record.log();
        self.keep_bodies_if_wanted(&mut record);
        if let Err(TrySendError::Full(message) | TrySendError::Disconnected(message)) =
            self.queue.try_send(Message::File(record))
        {
            self.shared.dropped.fetch_add(1, Ordering::Relaxed);
            if let Message::File(record) = message {
                self.shared.release_bodies(&record);
            }
        }
    }

    fn keep_bodies_if_wanted(&self, record: &mut Record) {
        let Some(bodies) = &record.bodies else { return };
        let bytes = bodies.memory();
        let only_errors = self.capture.load(Ordering::Relaxed) == CaptureBodies::Errors as u8;
        if only_errors && !record.outcome.is_error() {
            record.bodies = None;
        } else if self.shared.waiting_bodies.fetch_add(bytes, Ordering::Relaxed) > MAX_WAITING_BODIES {
            self.shared.waiting_bodies.fetch_sub(bytes, Ordering::Relaxed);
            self.shared.dropped_bodies.fetch_add(1, Ordering::Relaxed);
            record.bodies = None;
        }
    }

    /// The read side.
    pub const fn history(&self) -> &History {
        &self.history
    }

    /// Every record from now on, as soon as it is filed. A slow receiver gets the number of
    /// records it missed.
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

    /// The counts for Prometheus since the agent started.
    pub fn metrics(&self) -> &Metrics {
        &self.shared.metrics
    }

    /// Why no record can be written at present, and every change of that.
    pub fn watch_problem(&self) -> watch::Receiver<Option<String>> {
        self.shared.problem.subscribe()
    }

    /// Waits until everything filed before can be read, at most 2 seconds.
    pub async fn settle(&self) {
        let (settled, when) = oneshot::channel();
        if self.queue.try_send(Message::Settle(settled)).is_ok() {
            let _ = tokio::time::timeout(SETTLE, when).await;
        }
    }

    /// Deletes every record and returns their number.
    pub async fn clear(&self) -> Result<u64, ClearError> {
        let (cleared, outcome) = oneshot::channel();
        self.queue.try_send(Message::Clear(cleared)).map_err(|_| ClearError("it is too busy".to_owned()))?;
        let outcome = outcome.await.map_err(|_| ClearError("the agent is shutting down".to_owned()))?;
        outcome.map_err(ClearError)
    }

    /// Writes what is left and ends the writer. Blocks, at most for `limit`.
    pub fn close(&self, limit: Duration) {
        let Some(writer) = self.writer.lock().take() else { return };
        let deadline = Instant::now() + limit;
        let mut is_sent = false;
        while !writer.is_finished() && Instant::now() < deadline {
            is_sent = is_sent || self.queue.try_send(Message::Close).is_ok();
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
