//! Everything that the tray shows, in one value.

use crate::control::Status;

#[derive(Clone, Debug, PartialEq)]
pub struct View {
    pub status: Status,
    pub surroundings: Surroundings,
    /// Why the latest click could not be carried out, and what to do.
    pub refusal: Option<String>,
    /// That click was to open the dashboard.
    pub has_no_browser: bool,
}

/// The login entry and the tools' settings, which other programs may change at any time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Surroundings {
    pub starts_at_login: bool,
    pub tools: Vec<Tool>,
}

/// A client that can be pointed at the proxy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tool {
    /// Its name for `portcullis connect`.
    pub id: &'static str,
    /// Its name as its maker writes it.
    pub name: &'static str,
    pub points_here: bool,
}

impl View {
    pub const fn of(status: Status, surroundings: Surroundings) -> Self {
        Self { status, surroundings, refusal: None, has_no_browser: false }
    }
}
