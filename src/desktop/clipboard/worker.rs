//! The clipboard of this process's own session. On Linux a text stays only as long as the program
//! that put it there, and a desktop may be slow or gone, so a thread of its own waits for the
//! desktop and keeps the text.

use std::sync::mpsc::{self, Receiver, Sender};
use std::time::Duration;

use arboard::Clipboard;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

/// More than a working desktop needs.
pub const LIMIT: Duration = Duration::from_secs(2);

/// Why a text is not on the clipboard; written to follow a colon.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClipboardError {
    #[error("there is no graphical session")]
    NoSession,
    #[error("the desktop does not answer")]
    Silent,
    #[error("{0}")]
    Other(String),
}

/// How private a text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Secrecy {
    Open,
    /// Clipboard histories are asked not to keep it.
    Secret,
}

struct Job {
    text: String,
    secrecy: Secrecy,
    outcome: Sender<Result<(), ClipboardError>>,
}

static WORKER: Mutex<Option<Sender<Job>>> = Mutex::new(None);

/// Puts a text on the clipboard, where it stays while this process lives. Blocks briefly; the
/// time is bounded.
pub fn copy(text: String, secrecy: Secrecy) -> Result<(), ClipboardError> {
    let (outcome, answer) = mpsc::channel();
    hand_over(Job { text, secrecy, outcome })?;
    answer.recv_timeout(LIMIT).map_err(|_| forget_worker())?
}

fn hand_over(job: Job) -> Result<(), ClipboardError> {
    let mut worker = WORKER.lock();
    let sender = match worker.take() {
        Some(sender) => sender,
        None => start().map_err(|error| ClipboardError::Other(error.to_string()))?,
    };
    sender.send(job).map_err(|_| ClipboardError::Silent)?;
    *worker = Some(sender);
    Ok(())
}

/// A thread that hangs is abandoned; the next text gets a new one.
fn forget_worker() -> ClipboardError {
    *WORKER.lock() = None;
    ClipboardError::Silent
}

fn start() -> std::io::Result<Sender<Job>> {
    let (sender, jobs) = mpsc::channel();
    std::thread::Builder::new().name("clipboard".to_owned()).spawn(move || work(&jobs))?;
    Ok(sender)
}

fn work(jobs: &Receiver<Job>) {
    let mut clipboard = None;
    while let Ok(Job { text, secrecy, outcome }) = jobs.recv() {
        let mut done = put(&mut clipboard, &text, secrecy);
        if done.is_err() {
            // The display it was opened on may be gone and replaced by another.
            clipboard = None;
            done = put(&mut clipboard, &text, secrecy);
        }
        let reason = |error: arboard::Error| error.to_string().trim_end_matches('.').to_owned();
        let _ = outcome.send(done.map_err(|error| ClipboardError::Other(reason(error))));
    }
}

fn put(clipboard: &mut Option<Clipboard>, text: &str, secrecy: Secrecy) -> Result<(), arboard::Error> {
    let clipboard = match clipboard {
        Some(clipboard) => clipboard,
        None => clipboard.insert(Clipboard::new()?),
    };
    let mut set = clipboard.set();
    if secrecy == Secrecy::Secret {
        set = hidden(set);
    }
    set.text(text)
}

#[cfg(target_os = "linux")]
fn hidden(set: arboard::Set<'_>) -> arboard::Set<'_> {
    arboard::SetExtLinux::exclude_from_history(set)
}

#[cfg(target_os = "macos")]
fn hidden(set: arboard::Set<'_>) -> arboard::Set<'_> {
    arboard::SetExtApple::exclude_from_history(set)
}

#[cfg(windows)]
fn hidden(set: arboard::Set<'_>) -> arboard::Set<'_> {
    arboard::SetExtWindows::exclude_from_history(set)
}
