//! The shell of `serve` and `demo`: status as lines on the terminal.

use std::io::Write;

use tracing_appender::non_blocking::{NonBlocking, WorkerGuard};

use crate::control::{Notice, ProxyState, Shell, Status};
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
    match status.state {
        ProxyState::Running => format!("Running on {} ({})", status.base_url, accounts(status)),
        ProxyState::Stopped => "Stopped".to_owned(),
        ProxyState::Starting => "Starting…".to_owned(),
        ProxyState::Draining => match status.in_flight {
            0 => "Stopping…".to_owned(),
            1 => "Stopping… 1 request finishing".to_owned(),
            count => format!("Stopping… {count} requests finishing"),
        },
        ProxyState::Failed => format!("Failed: {}", status.problem.as_deref().unwrap_or_default()),
    }
}

/// `3 active accounts, 1 cooling`.
pub fn accounts(status: &Status) -> String {
    let active = match status.active_accounts {
        0 => return "no accounts".to_owned(),
        1 => "1 active account".to_owned(),
        count => format!("{count} active accounts"),
    };
    match status.cooling_accounts {
        0 => active,
        cooling => format!("{active}, {cooling} cooling"),
    }
}
