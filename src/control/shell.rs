//! The surface that shows the agent to its user: a tray icon, or a terminal.

use super::notice::Notice;
use super::status::Status;

/// A surface that shows the agent. Its methods return at once, so that a slow desktop does
/// not hold up the proxy.
pub trait Shell: Send + 'static {
    fn show(&mut self, status: &Status);
    fn notify(&mut self, notice: &Notice);

    /// A command has changed the login entry or a tool's settings: read them again.
    fn look_around(&mut self) {}

    /// Whether it has an icon, shown or not.
    fn has_icon(&self) -> bool {
        false
    }
}

/// Two surfaces of one agent.
impl<A: Shell, B: Shell> Shell for (A, B) {
    fn show(&mut self, status: &Status) {
        self.0.show(status);
        self.1.show(status);
    }

    fn notify(&mut self, notice: &Notice) {
        self.0.notify(notice);
        self.1.notify(notice);
    }

    fn look_around(&mut self) {
        self.0.look_around();
        self.1.look_around();
    }

    fn has_icon(&self) -> bool {
        self.0.has_icon() || self.1.has_icon()
    }
}
