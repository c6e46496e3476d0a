//! Where log lines go: the terminal and a file that cannot grow without bound. Neither
//! can hold up a request: lines that find no room are dropped, and no line holds a secret.

use std::io::{self, Write};
use std::path::Path;

use file_rotate::compression::Compression;
use file_rotate::suffix::AppendCount;
use file_rotate::{ContentLimit, FileRotate};
use tracing_appender::non_blocking::{NonBlocking, NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::filter::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, fmt};

use crate::upstream::Scrubber;

/// The log file is put aside at this size …
const FILE_BYTES: usize = 5 << 20;
/// … and this many older ones are kept.
const OLDER_FILES: usize = 3;

/// Flushes what is still queued when it is dropped.
#[must_use]
pub struct LogGuard {
    _writers: Vec<WorkerGuard>,
}

/// `verbosity`: 0 tells what a user would notice, 1 every request, 2 everything; -1 only
/// what is wrong.
pub fn start(verbosity: i8, file: Option<&Path>, scrubber: &Scrubber) -> LogGuard {
    let (terminal, terminal_guard) = queue(io::stderr());
    let terminal = fmt::layer()
        .with_target(false)
        .with_ansi(io::IsTerminal::is_terminal(&io::stderr()))
        .with_writer(Scrubbed { inner: terminal, scrubber: scrubber.clone() })
        .with_filter(filter(verbosity));
    let mut guards = vec![terminal_guard];
    let file = file.map(|path| {
        let (writer, guard) = queue(rotating(path));
        guards.push(guard);
        fmt::layer()
            .with_target(false)
            .with_ansi(false)
            .with_writer(Scrubbed { inner: writer, scrubber: scrubber.clone() })
            .with_filter(filter(verbosity.max(0)))
    });
    // A second start in one process (tests) keeps the first.
    let _ = tracing_subscriber::registry().with(terminal).with(file).try_init();
    LogGuard { _writers: guards }
}

/// A writer for lines that are no log: what the agent says to whoever started it.
pub fn stdout() -> (NonBlocking, WorkerGuard) {
    queue(io::stdout())
}

fn queue(writer: impl Write + Send + 'static) -> (NonBlocking, WorkerGuard) {
    NonBlockingBuilder::default().lossy(true).buffered_lines_limit(4096).finish(writer)
}

fn rotating(path: &Path) -> impl Write + Send + 'static {
    FileRotate::new(
        path,
        AppendCount::new(OLDER_FILES),
        ContentLimit::BytesSurpassed(FILE_BYTES),
        Compression::None,
        None,
    )
}

fn filter(verbosity: i8) -> EnvFilter {
    EnvFilter::new(match verbosity {
        ..=-1 => "error",
        0 => "warn,portcullis=info,salvo_core=error",
        1 => "warn,portcullis=debug,salvo_core=error",
        _ => "debug,portcullis=trace",
    })
}

/// Takes known secrets out of every line on its way to a writer.
#[derive(Clone)]
struct Scrubbed {
    inner: NonBlocking,
    scrubber: Scrubber,
}

impl<'a> MakeWriter<'a> for Scrubbed {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

impl Write for Scrubbed {
    /// The subscriber writes one event at a time, so no secret is split between two writes.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        match self.scrubber.scrub(line) {
            Some(scrubbed) => self.inner.write_all(&scrubbed)?,
            None => self.inner.write_all(line)?,
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}
