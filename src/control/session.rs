//! The desktop session that an icon, a notification, a browser or a text on the clipboard
//! belongs to, as its programs find it in their environment. A login after a logout, a remote
//! desktop and a nested session are each another session, and an agent may outlive them all.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The variables that identify a desktop, and no others: an agent keeps its own `PATH`.
pub const VARIABLES: [&str; 16] = [
    BUS,
    X11,
    WAYLAND,
    "XAUTHORITY",
    RUNTIME,
    "XDG_CURRENT_DESKTOP",
    "XDG_SESSION_CLASS",
    "XDG_SESSION_DESKTOP",
    "XDG_SESSION_ID",
    "XDG_SESSION_TYPE",
    "XDG_DATA_DIRS",
    "XDG_CONFIG_DIRS",
    "DESKTOP_SESSION",
    "GNOME_DESKTOP_SESSION_ID",
    "KDE_FULL_SESSION",
    "KDE_SESSION_VERSION",
];

const BUS: &str = "DBUS_SESSION_BUS_ADDRESS";
const X11: &str = "DISPLAY";
const WAYLAND: &str = "WAYLAND_DISPLAY";
const RUNTIME: &str = "XDG_RUNTIME_DIR";
/// Longer values are not taken, in bytes.
const LONGEST: usize = 4096;

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Session {
    variables: BTreeMap<String, String>,
}

impl Session {
    /// The session of an environment. Other variables and unsound values are left out.
    pub fn of(environment: impl IntoIterator<Item = (String, String)>) -> Self {
        let is_kept =
            |(name, value): &(String, String)| VARIABLES.contains(&name.as_str()) && is_sound(name, value);
        Self { variables: environment.into_iter().filter(is_kept).collect() }
    }

    /// The same checks for a session that came from another process.
    #[must_use]
    pub fn checked(self) -> Self {
        Self::of(self.variables)
    }

    pub fn get(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str)
    }

    /// The address of its bus; `None`: the usual one.
    pub fn bus(&self) -> Option<&str> {
        self.get(BUS)
    }

    pub fn runtime_directory(&self) -> Option<&str> {
        self.get(RUNTIME)
    }

    /// Whether a window can be opened there.
    pub fn has_display(&self) -> bool {
        self.get(X11).is_some() || self.get(WAYLAND).is_some()
    }

    /// Whether both have the same clipboard.
    pub fn shares_clipboard(&self, other: &Self) -> bool {
        [X11, WAYLAND, RUNTIME].iter().all(|name| self.get(name) == other.get(name))
    }

    /// Whether a move from this session to the other gains anything. A terminal of the same
    /// user may be on the same bus, without a display.
    pub fn yields_to(&self, other: &Self) -> bool {
        self != other && (other.has_display() || !self.has_display() || self.bus() != other.bus())
    }
}

/// Of bus addresses only sockets are sound: other kinds would start a program.
fn is_sound(name: &str, value: &str) -> bool {
    let is_plain = !value.is_empty() && value.len() <= LONGEST && !value.chars().any(char::is_control);
    is_plain && (name != BUS || value.split(';').all(|address| address.starts_with("unix:")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session(variables: &[(&str, &str)]) -> Session {
        Session::of(variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())))
    }

    #[test]
    fn only_what_belongs_to_a_session_is_taken() {
        let taken = session(&[
            ("DISPLAY", ":1"),
            ("PATH", "/evil"),
            ("BROWSER", "/evil"),
            ("LD_PRELOAD", "/evil"),
            ("WAYLAND_DISPLAY", ""),
            ("XAUTHORITY", "a\nb"),
            ("DBUS_SESSION_BUS_ADDRESS", "unixexec:path=/evil"),
        ]);
        assert_eq!(taken, session(&[("DISPLAY", ":1")]));
        let sent: Session = serde_json::from_str(r#"{"PATH": "/evil", "DISPLAY": ":2"}"#).expect("JSON");
        assert_eq!(sent.checked(), session(&[("DISPLAY", ":2")]));
    }

    #[test]
    fn a_session_yields_to_one_that_can_show_more() {
        let bus = |address| ("DBUS_SESSION_BUS_ADDRESS", address);
        let desktop = session(&[bus("unix:path=/a"), ("DISPLAY", ":1")]);
        let cases = [
            (session(&[bus("unix:path=/a"), ("DISPLAY", ":1")]), false),
            (session(&[bus("unix:path=/a")]), false),
            (session(&[bus("unix:path=/b")]), true),
            (session(&[bus("unix:path=/a"), ("DISPLAY", ":2")]), true),
        ];
        for (other, expected) in cases {
            assert_eq!(desktop.yields_to(&other), expected, "{other:?}");
        }
        assert!(session(&[bus("unix:path=/a")]).yields_to(&session(&[("XDG_RUNTIME_DIR", "/run/user/1")])));
    }
}
