//! The shell of `serve` and `demo`: the status as lines on the terminal.

use std::io::Write;

use tracing_appender::non_blocking::{NonBlocking, WorkerGuard};

use crate::control::{Notice, Shell, Status};
use crate::logging;

pub struct HeadlessShell {
    out: NonBlocking,
    _guard: WorkerGuard,
    last: String,
}

impl HeadlessShell {
    pub fn new() -> Self {
        let (out, guard) = logging::stdout();
        Self { out, _guard: guard, last: String::new() }
    }
}

impl Default for HeadlessShell {
    fn default() -> Self {
        Self::new()
    }
}

impl Shell for HeadlessShell {
    fn show(&mut self, status: &Status) {
        let line = status.line();
        if line != self.last {
            // Fails when the terminal was closed, which is its user's choice.
            let _ = writeln!(self.out, "{line}");
            self.last = line;
        }
    }

    /// The supervisor logs every notice, and the terminal shows the log.
    fn notify(&mut self, _: &Notice) {}
}
