//! The thread that writes: gathers filed records, stores them in one transaction, and copes with
//! a full disk and a file that is locked, damaged or gone. No request waits for it.
//!
//! ```text
//!            stored                  damaged: set aside, a new one begins
//!           ┌──────┐                ┌──────────┐
//!           ▼      │                ▼          │
//! queue → [open] ──┴─ locked, full ─┴→ [waiting] ─ RETRY later → [open]
//!                     (up to BACKLOG records wait, further ones are dropped and counted)
//! ```

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tokio::runtime::Handle;

use super::complete::Completer;
use super::queue::{Message, QUEUE, SharedState};
use super::record::{Record, RecordNumber};
use super::store::database::StoreError;
use super::store::{Database, set_aside};
use super::telemetry::Telemetry;

/// How long the first record of a batch waits for others: every batch costs a transaction, and a
/// user does not notice the delay.
const GATHER: Duration = Duration::from_millis(50);
/// The time until a file that could not be written is tried again.
const RETRY: Duration = Duration::from_secs(1);
/// The most records kept in memory meanwhile.
const BACKLOG: usize = 2 * QUEUE;
/// The time between two searches for records that are too old.
const PRUNE_EVERY: Duration = Duration::from_hours(1);
/// A clock that was set back by more than this is taken as right.
const CLOCK_SLIP_MICROS: i64 = 3_600_000_000;

/// The writer's side of the queue, and the database.
pub struct Writer {
    path: PathBuf,
    shared: Arc<SharedState>,
    database: Option<Database>,
    backlog: VecDeque<Box<Record>>,
    /// How many records of the backlog were sent to subscribers.
    announced: usize,
    last_number: i64,
    retry_at: Option<Instant>,
    pruned: Instant,
    completer: Completer,
    telemetry: Option<Telemetry>,
    /// The runtime of exports; `None` in a program without one.
    runtime: Option<Handle>,
    closing: bool,
}

impl Writer {
    pub(super) fn new(path: PathBuf, shared: Arc<SharedState>, runtime: Option<Handle>) -> Self {
        Self {
            path,
            shared,
            database: None,
            backlog: VecDeque::new(),
            announced: 0,
            last_number: 0,
            retry_at: None,
            pruned: Instant::now(),
            completer: Completer::default(),
            telemetry: None,
            runtime,
            closing: false,
        }
    }

    /// Runs until a message closes it or the queue has no sender left.
    pub(super) fn run(mut self, messages: &Receiver<Message>) {
        self.apply_export();
        self.write();
        while !self.closing {
            match messages.recv_timeout(self.patience()) {
                Ok(first) => {
                    if matches!(first, Message::File(_)) {
                        // Filing costs no wake-up while the thread sleeps like this.
                        std::thread::sleep(GATHER);
                    }
                    self.take(first);
                    messages.try_iter().take(QUEUE).for_each(|message| self.take(message));
                    self.write();
                }
                Err(RecvTimeoutError::Timeout) => self.write(),
                Err(RecvTimeoutError::Disconnected) => self.closing = true,
            }
        }
        self.retry_at = None;
        self.write();
        if let Some(telemetry) = self.telemetry.take() {
            telemetry.finish();
        }
    }

    /// How long to wait for a message before there is something to do without one.
    fn patience(&self) -> Duration {
        let retry = self.retry_at.map(|at| at.saturating_duration_since(Instant::now()));
        retry.unwrap_or(PRUNE_EVERY)
    }

    fn take(&mut self, message: Message) {
        match message {
            Message::File(record) => self.receive(record),
            Message::Apply => self.apply(),
            Message::Settle(settled) => {
                self.write();
                let _ = settled.send(());
            }
            Message::Suspect => {
                if let Err(error) = self.opened().and_then(|database| database.examine()) {
                    self.failed(&error);
                }
            }
            Message::Clear(cleared) => {
                let _ = cleared.send(self.clear());
            }
            Message::Close => self.closing = true,
        }
    }

    fn receive(&mut self, mut record: Box<Record>) {
        if self.backlog.len() >= BACKLOG {
            self.shared.dropped.fetch_add(1, Ordering::Relaxed);
            self.shared.release_bodies(&record);
            return;
        }
        record.number = self.next_number(Timestamp::now().as_microsecond());
        let shared = &self.shared;
        self.completer.complete(&mut record, &shared.scrubber, &shared.settings.load().prices);
        self.shared.metrics.count(&record);
        if let Some(telemetry) = &self.telemetry {
            telemetry.export(&record);
        }
        self.backlog.push_back(record);
    }

    /// A number larger than every one before, whatever the clock does. A clock that is set back by
    /// more than an hour starts over, so that a wrong one does not number the future for long.
    fn next_number(&mut self, now_micros: i64) -> RecordNumber {
        let is_slip = self.last_number - now_micros < CLOCK_SLIP_MICROS;
        self.last_number = if is_slip { now_micros.max(self.last_number + 1) } else { now_micros };
        RecordNumber(self.last_number)
    }

    fn apply(&mut self) {
        self.apply_export();
        let settings = self.shared.settings.load_full();
        if !settings.enabled {
            self.write();
            self.database = None;
            self.report(None);
        } else if let Some(database) = &mut self.database
            && *database.limits() != settings.limits
        {
            if let Err(error) = database.limit(settings.limits) {
                tracing::debug!("the new limits of the record are not in force: {error}");
            }
            self.prune();
        }
    }

    /// Begins, moves or ends the export to a collector, as the settings say.
    fn apply_export(&mut self) {
        let settings = self.shared.settings.load_full();
        let wanted = settings.otlp_endpoint.as_ref().filter(|_| settings.enabled);
        if self.telemetry.as_ref().map(|telemetry| &telemetry.endpoint) == wanted {
            return;
        }
        if let Some(old) = self.telemetry.take() {
            old.finish();
        }
        let (Some(endpoint), Some(runtime)) = (wanted, &self.runtime) else { return };
        self.telemetry = Telemetry::start(endpoint, runtime.clone())
            .inspect_err(|error| tracing::warn!("records are not exported to {endpoint}: {error}"))
            .ok();
    }

    fn clear(&mut self) -> Result<u64, String> {
        let waiting = self.backlog.len() as u64;
        while let Some(record) = self.backlog.pop_front() {
            self.shared.release_bodies(&record);
        }
        self.announced = 0;
        let cleared = self.opened().and_then(Database::clear);
        cleared.map(|cleared| cleared + waiting).map_err(|error| error.to_string())
    }

    /// Stores the backlog, unless a retry is still to wait for.
    fn write(&mut self) {
        if self.retry_at.is_none_or(|at| at <= Instant::now()) {
            self.retry_at = None;
            if let Err(error) = self.try_write() {
                self.failed(&error);
            }
        }
        self.announce();
    }

    fn try_write(&mut self) -> Result<(), StoreError> {
        if !self.shared.settings.load().enabled && self.backlog.is_empty() {
            return Ok(());
        }
        let shared = Arc::clone(&self.shared);
        self.opened()?;
        if let Some(database) = &mut self.database
            && !self.backlog.is_empty()
        {
            database.make_room(Timestamp::now())?;
            database.insert(self.backlog.iter().map(|record| &**record), &shared.scrubber)?;
        }
        self.report(None);
        self.announce();
        for record in self.backlog.drain(..) {
            self.shared.release_bodies(&record);
        }
        self.announced = 0;
        self.prune_when_due();
        Ok(())
    }

    /// The database, opened again when its file was removed or replaced.
    fn opened(&mut self) -> Result<&mut Database, StoreError> {
        // Closed before another is opened: SQLite removes its log by name as it closes.
        if let Some(gone) = self.database.take_if(|database| !database.is_in_place()) {
            gone.abandon();
            tracing::warn!("another program removed monitor.db: a new record of requests begins");
        }
        let database = match self.database.take() {
            Some(database) => database,
            None => self.open()?,
        };
        Ok(self.database.insert(database))
    }

    fn open(&mut self) -> Result<Database, StoreError> {
        let limits = self.shared.settings.load().limits;
        let database = match Database::open(&self.path, limits) {
            Err(error @ (StoreError::Corrupt(_) | StoreError::Damaged(_) | StoreError::Newer)) => {
                self.set_aside(&error)?;
                Database::open(&self.path, limits)?
            }
            opened => opened?,
        };
        self.last_number = self.last_number.max(database.last_number()?);
        Ok(database)
    }

    fn set_aside(&mut self, error: &StoreError) -> Result<(), StoreError> {
        self.database = None;
        let why = if matches!(error, StoreError::Newer) { "newer" } else { "corrupt" };
        let aside = set_aside(&self.path, why, Timestamp::now())?;
        tracing::warn!(
            "a new record of requests begins; the old one, now {}, cannot be used: {error}",
            aside.display()
        );
        Ok(())
    }

    fn failed(&mut self, error: &StoreError) {
        if matches!(error, StoreError::Corrupt(_) | StoreError::Damaged(_)) && self.database.is_some() {
            // Tries again at once with a new file and, if that fails, too, after `RETRY`.
            if let Err(error) = self.set_aside(error) {
                tracing::warn!("the damaged record of requests cannot be set aside: {error}");
            } else if self.try_write().is_ok() {
                return;
            }
        }
        self.retry_at = Some(Instant::now() + RETRY);
        self.report(Some(explain(error)));
    }

    fn report(&self, problem: Option<String>) {
        self.shared.problem.send_if_modified(|reported| {
            let changed = *reported != problem;
            if changed {
                if let Some(problem) = &problem {
                    tracing::warn!("requests are not recorded at present: {problem}");
                } else {
                    tracing::info!("requests are recorded again");
                }
                *reported = problem;
            }
            changed
        });
    }

    fn prune_when_due(&mut self) {
        let is_too_large = self.database.as_ref().is_some_and(|database| {
            let size = database.size().unwrap_or(0);
            self.shared.size.store(size, Ordering::Relaxed);
            size > database.limits().max_size
        });
        if is_too_large || self.pruned.elapsed() >= PRUNE_EVERY {
            self.prune();
        }
    }

    fn prune(&mut self) {
        self.pruned = Instant::now();
        let Some(database) = &mut self.database else { return };
        if let Err(error) = database.prune(Timestamp::now()) {
            self.failed(&error);
        }
    }

    /// Sends new records to subscribers, each once.
    fn announce(&mut self) {
        if self.shared.feed.receiver_count() > 0 {
            for record in self.backlog.iter().skip(self.announced) {
                let record = Record { bodies: None, ..Record::clone(record) };
                let _ = self.shared.feed.send(Arc::new(record));
            }
        }
        self.announced = self.backlog.len();
    }
}

/// The error in words for the user.
fn explain(error: &StoreError) -> String {
    match error {
        StoreError::Sqlite(error) => match error.sqlite_error_code() {
            Some(rusqlite::ErrorCode::DiskFull) => "the disk is full".to_owned(),
            Some(rusqlite::ErrorCode::DatabaseBusy | rusqlite::ErrorCode::DatabaseLocked) => {
                "another program has locked monitor.db".to_owned()
            }
            Some(rusqlite::ErrorCode::ReadOnly | rusqlite::ErrorCode::CannotOpen) => {
                format!("monitor.db cannot be written ({error})")
            }
            _ => error.to_string(),
        },
        error => error.to_string(),
    }
}
