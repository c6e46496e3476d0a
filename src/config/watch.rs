//! Notices a save, however the editor writes: in place, renamed over, through symlinks,
//! deleted and made again, in a directory that does not exist yet.
//!
//! A thread of its own sleeps until the system reports an event or a second has passed,
//! and reads the file when it has been quiet. It reports after events, and when the file
//! reads differently:
//!
//! ```text
//!            event or new content
//!   idle ─────────────────────────▶ settling ──▶ (quiet for 60 ms, or busy for 0.9 s)
//!    ▲  └─ every second: look ─┘                               │
//!    └────────────────────── read, report ◀────────────────────┘
//! ```
//!
//! The look every second covers network drives and systems without events. A report has no
//! content: the receiver reads the file itself, so it never gets an older file than the
//! last one it read. A change and back is reported too, because the receiver may have read
//! the file in between.

use std::io;
use std::path::PathBuf;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::time::Instant;

use tokio::sync::mpsc::{Receiver, channel};

use super::{Problems, Source, read};

mod pace;
mod places;

use pace::{Due, Pace};
use places::Places;

/// The file as a load would read it now, or why it could not.
type Content = Result<Source, Problems>;

/// Ends the watch when it is dropped.
#[derive(Debug)]
pub struct WatchGuard {
    wakes: Sender<Wake>,
}

impl Drop for WatchGuard {
    fn drop(&mut self) {
        // The thread may have ended with an error of its own.
        let _ = self.wakes.send(Wake::Stop);
    }
}

/// Everything that can wake the thread before the next look is due.
#[derive(Debug)]
enum Wake {
    Event(notify::Event),
    Stop,
}

/// Watches one file. The first report comes as soon as nothing can be missed any more; each
/// further one means that the file may read differently. Reports that are not received yet
/// become one. Fails when no thread can be started.
pub fn watch(path: PathBuf) -> io::Result<(WatchGuard, Receiver<()>)> {
    let (reports, receiver) = channel(1);
    let report = move |_: &Content| {
        // A full channel holds a report that was not received yet: it covers this one.
        let _ = reports.try_send(());
    };
    Ok((watch_with(path, report)?, receiver))
}

fn watch_with(path: PathBuf, report: impl FnMut(&Content) + Send + 'static) -> io::Result<WatchGuard> {
    let path = std::path::absolute(path)?;
    let (wakes, woken) = mpsc::channel();
    let places = Places::new(path.clone(), event_watcher(wakes.clone()));
    let watch = Watch { path, places, report, reported: None, unsettled: None };
    std::thread::Builder::new().name("config-watch".to_owned()).spawn(move || watch.run(&woken))?;
    Ok(WatchGuard { wakes })
}

/// `None` where the system has no file events, or no more of them; the look every second
/// remains.
fn event_watcher(wakes: Sender<Wake>) -> Option<notify::RecommendedWatcher> {
    let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        // Reading the file is an event too, and reading it again after that would never end.
        if let Ok(event) = event
            && !event.kind.is_access()
        {
            let _ = wakes.send(Wake::Event(event));
        }
    });
    watcher
        .inspect_err(
            |error| tracing::debug!(%error, "no file events, looking at the config file every second"),
        )
        .ok()
}

struct Watch<Report> {
    path: PathBuf,
    places: Places,
    report: Report,
    reported: Option<Content>,
    /// What the latest look found, when it was new and not confirmed yet.
    unsettled: Option<Content>,
}

impl<Report: FnMut(&Content)> Watch<Report> {
    fn run(mut self, woken: &mpsc::Receiver<Wake>) {
        let mut pace = Pace::new(Instant::now());
        self.places.arm();
        self.report(read(&self.path));
        loop {
            match woken.recv_timeout(pace.wait(Instant::now())) {
                Ok(Wake::Event(event)) if self.places.concerns(&event) => pace.event(Instant::now()),
                Ok(Wake::Event(_)) | Err(RecvTimeoutError::Timeout) => {}
                Ok(Wake::Stop) | Err(RecvTimeoutError::Disconnected) => return,
            }
            let due = pace.due(Instant::now());
            if due != Due::NotYet {
                self.look(due, &mut pace);
            }
        }
    }

    /// Without an event, only a second look with the same result shows that the writer has
    /// finished.
    fn look(&mut self, due: Due, pace: &mut Pace) {
        self.places.arm();
        let content = read(&self.path);
        let is_new = due == Due::Settled || self.reported.as_ref() != Some(&content);
        let is_settled = due == Due::Settled || self.unsettled.as_ref() == Some(&content);
        pace.looked(Instant::now());
        self.unsettled = None;
        if is_new && is_settled {
            self.report(content);
        } else if is_new {
            self.unsettled = Some(content);
            pace.difference(Instant::now());
        }
    }

    fn report(&mut self, content: Content) {
        (self.report)(&content);
        self.reported = Some(content);
    }
}

#[cfg(test)]
mod tests;
