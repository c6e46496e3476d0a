//! Where log lines go: to the terminal and to a file of bounded size. Neither can hold up a
//! request: when a queue is full, lines are dropped. No line holds a secret.

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

use crate::language::printable::is_unprintable;
use crate::upstream::Scrubber;

/// The log file is rotated at this size …
const FILE_BYTES: usize = 5 << 20;
/// … and this many older files are kept.
const OLDER_FILES: usize = 3;

/// Flushes the queued lines when it is dropped.
#[must_use]
pub struct LogGuard {
    _writers: Vec<WorkerGuard>,
}

/// `verbosity`: -1 logs errors, 0 what a user would notice, 1 every request, 2 everything.
pub fn start(verbosity: i8, file: Option<&Path>, scrubber: &Scrubber) -> LogGuard {
    let (terminal, terminal_guard) = queue(io::stderr());
    let ansi = io::IsTerminal::is_terminal(&io::stderr());
    let terminal = fmt::layer()
        .with_target(false)
        .with_ansi(ansi)
        .with_writer(Scrubbed { inner: terminal, scrubber: scrubber.clone(), ansi })
        .with_filter(filter(verbosity));
    let mut guards = vec![terminal_guard];
    let file = file.map(|path| {
        let (writer, guard) = queue(rotating(path));
        guards.push(guard);
        fmt::layer()
            .with_target(false)
            .with_ansi(false)
            .with_writer(Scrubbed { inner: writer, scrubber: scrubber.clone(), ansi: false })
            .with_filter(filter(verbosity.max(0)))
    });
    // A second start in one process (in tests) keeps the first subscriber.
    let _ = tracing_subscriber::registry().with(terminal).with(file).try_init();
    LogGuard { _writers: guards }
}

/// A writer for lines that are not log lines: output for the user who started the agent.
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

/// Replaces, in every line on its way to a writer, known secrets and the characters that
/// would forge a second line or reverse the direction of this one.
#[derive(Clone)]
struct Scrubbed {
    inner: NonBlocking,
    scrubber: Scrubber,
    /// The subscriber colours its lines, after it has escaped their text.
    ansi: bool,
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
        let scrubbed = self.scrubber.scrub(line);
        let scrubbed = scrubbed.as_deref().unwrap_or(line);
        match harmless(scrubbed, self.ansi) {
            Some(harmless) => self.inner.write_all(harmless.as_bytes())?,
            None => self.inner.write_all(scrubbed)?,
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// The line with U+FFFD for each harmful character; `None` where it has none. The line break
/// at its end is kept; any other would begin a forged line.
fn harmless(line: &[u8], ansi: bool) -> Option<String> {
    let text = String::from_utf8_lossy(line);
    let (text, end) = text.strip_suffix('\n').map_or((&*text, ""), |text| (text, "\n"));
    let is_harmful = |character: char| is_unprintable(character) && !(ansi && character == '\u{1b}');
    text.contains(is_harmful).then(|| text.replace(is_harmful, "\u{fffd}") + end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_one_line_and_reads_from_left_to_right() {
        let check = |line: &str, ansi, expected: Option<&str>| {
            assert_eq!(harmless(line.as_bytes(), ansi).as_deref(), expected, "{line:?}");
        };
        check("INFO plain\n", false, None);
        check("a\r\nERROR forged\n", false, Some("a\u{fffd}\u{fffd}ERROR forged\n"));
        check("a\u{202e}b\u{9b}31m\u{200b}\n", true, Some("a\u{fffd}b\u{fffd}31m\u{fffd}\n"));
        check("\u{1b}[32m INFO\u{1b}[0m\n", true, None);
        check("\u{1b}[32m\n", false, Some("\u{fffd}[32m\n"));
    }
}
