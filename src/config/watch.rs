//! Notices a save, however the editor writes: in place, renamed over, behind symlinks,
//! deleted and made again, in a directory that is not there yet.
//!
//! A thread of its own sleeps until the system reports an event or a second has passed,
//! and reads the file when it has been quiet. It speaks after events, and when the bytes
//! are new:
//!
//! ```text
//!            event or new bytes
//!   idle ─────────────────────────▶ settling ──▶ (quiet for 60 ms, or busy for 0.9 s)
//!    ▲  └─ every second: look ─┘                               │
//!    └─────────────────────── read, emit ◀─────────────────────┘
//! ```
//!
//! Looking every second also covers network drives and systems without events. A change
//! and back is told, too: whoever loads the file by itself may have read what was between.

use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::time::Instant;

use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::mpsc::{Receiver, channel};

use super::source::LARGEST_FILE;
use crate::desktop::trust;

mod pace;
mod places;

use pace::{Due, Pace};
use places::Places;

/// What the file holds; compared, so that a look without an event finds only what is new.
#[derive(Clone, PartialEq, Eq)]
pub enum Content {
    Bytes(Vec<u8>),
    /// The same, and others can change it.
    Exposed(Vec<u8>),
    /// No file has the name.
    Absent,
    /// Something is there and cannot be read: a directory, a permission, too much.
    Unreadable(ErrorKind),
}

impl std::fmt::Debug for Content {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Bytes(bytes) => write!(f, "Bytes({} of them)", bytes.len()),
            Self::Exposed(bytes) => write!(f, "Exposed({} bytes)", bytes.len()),
            Self::Absent => f.write_str("Absent"),
            Self::Unreadable(kind) => write!(f, "Unreadable({kind:?})"),
        }
    }
}

/// Ends the watching when it is dropped.
#[derive(Debug)]
pub struct WatchGuard {
    wakes: Sender<Wake>,
}

impl Drop for WatchGuard {
    fn drop(&mut self) {
        // The thread is gone already when nobody received any more.
        let _ = self.wakes.send(Wake::Stop);
    }
}

/// Everything that can wake the thread before its time.
#[derive(Debug)]
enum Wake {
    Event(notify::Event),
    Stop,
}

/// Watches one file. The first content received is what it holds now, so that nothing is
/// missed between a first load and the first change; from then on, what every save left.
/// A slow receiver gets the latest, not all. Fails only when no thread can be started.
pub fn watch(path: PathBuf) -> io::Result<(WatchGuard, Receiver<Content>)> {
    let path = std::path::absolute(path)?;
    let (wakes, woken) = mpsc::channel();
    let (contents, receiver) = channel(1);
    let watcher = event_watcher(wakes.clone());
    let places = Places::new(path.clone(), watcher);
    std::thread::Builder::new()
        .name("config-watch".to_owned())
        .spawn(move || Watch { path, places, contents, emitted: None, seen: None }.run(&woken))?;
    Ok((WatchGuard { wakes }, receiver))
}

/// `None` where the system has no events to give, or no more of them: looking remains.
fn event_watcher(wakes: Sender<Wake>) -> Option<notify::RecommendedWatcher> {
    let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        // Reading the file is an event too, and answering it would never end.
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

struct Watch {
    path: PathBuf,
    places: Places,
    contents: tokio::sync::mpsc::Sender<Content>,
    emitted: Option<Content>,
    /// The last look, when it was new and not settled yet.
    seen: Option<Content>,
}

impl Watch {
    fn run(mut self, woken: &mpsc::Receiver<Wake>) {
        let mut pace = Pace::new(Instant::now());
        self.places.arm();
        self.emit(content(&self.path));
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
            if self.contents.is_closed() {
                return;
            }
        }
    }

    /// Without an event only a second, equal look tells that the writer has finished.
    fn look(&mut self, due: Due, pace: &mut Pace) {
        self.places.arm();
        let content = content(&self.path);
        let is_news = due == Due::Settled || self.emitted.as_ref() != Some(&content);
        let is_settled = due == Due::Settled || self.seen.as_ref() == Some(&content);
        pace.looked(Instant::now());
        if !is_news {
            self.seen = None;
        } else if !is_settled {
            self.seen = Some(content);
            pace.difference(Instant::now());
        } else if self.emit(content) {
            self.seen = None;
        } else {
            pace.difference(Instant::now());
        }
    }

    /// `false` when the receiver has not taken the last one yet.
    fn emit(&mut self, content: Content) -> bool {
        match self.contents.try_send(content.clone()) {
            Ok(()) | Err(TrySendError::Closed(_)) => {
                self.emitted = Some(content);
                true
            }
            Err(TrySendError::Full(_)) => false,
        }
    }
}

fn content(path: &Path) -> Content {
    match bytes(path) {
        Ok(bytes) if trust::exposed(path).is_some() || trust::foreign_directory(path).is_some() => {
            Content::Exposed(bytes)
        }
        Ok(bytes) => Content::Bytes(bytes),
        Err(error) if error.kind() == ErrorKind::NotFound => Content::Absent,
        Err(error) => Content::Unreadable(error.kind()),
    }
}

fn bytes(path: &Path) -> io::Result<Vec<u8>> {
    // Opening a named pipe would wait for a writer.
    if !std::fs::metadata(path)?.is_file() {
        return Err(ErrorKind::IsADirectory.into());
    }
    let mut bytes = Vec::new();
    File::open(path)?.take(LARGEST_FILE + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LARGEST_FILE { Err(ErrorKind::FileTooLarge.into()) } else { Ok(bytes) }
}

#[cfg(test)]
mod tests;
