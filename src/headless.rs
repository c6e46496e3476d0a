//! The shell of `serve` and `demo`: status as lines on the terminal.

use std::io::Write;

use tracing_appender::non_blocking::{NonBlocking, WorkerGuard};

use crate::control::{Notice, ProxyState, Shell, Status};
use crate::{logging, text};

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
        let line = line(status);
        if line != self.last {
            // Whoever closed the terminal does not want to hear from us.
            let _ = writeln!(self.out, "{line}");
            self.last = line;
        }
    }

    /// The supervisor logs every notice, and here the log is all there is.
    fn notify(&mut self, _: &Notice) {}
}

/// The state in one line.
pub fn line(status: &Status) -> String {
    let language = status.language;
    match status.state {
        ProxyState::Running => {
            let running = text!(language, "state-running", address = status.base_url.as_str());
            format!("{running} ({})", status.accounts_text())
        }
        ProxyState::Stopped => text!(language, "state-stopped"),
        ProxyState::Starting => text!(language, "state-starting"),
        ProxyState::Draining => text!(language, "state-draining", count = status.in_flight),
        ProxyState::Failed => {
            let reason = status.problem.as_ref().map(|problem| problem.text(language));
            text!(language, "state-failed", reason = reason.unwrap_or_default())
        }
    }
}
