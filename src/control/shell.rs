//! What stands between the agent and a person: a tray icon, or just a terminal.

use super::notice::Notice;
use super::status::Status;

/// A surface that shows the agent. Its methods return at once: nothing the desktop does
/// may hold up the proxy.
pub trait Shell: Send + 'static {
    fn show(&mut self, status: &Status);
    fn notify(&mut self, notice: &Notice);
}
