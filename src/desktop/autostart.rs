//! Start at login: an autostart entry on Linux, `auto-launch` on the other systems. That crate
//! does not quote, reports an entry that the user switched off as on, and does not notice that
//! the binary has moved; this module does.
//!
//! Each home has an entry of its own, because each has an agent of its own.

use std::io;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::disk::WriteError;
use super::paths::Paths;

/// The name of the entry.
const NAME: &str = "portcullis";
/// The argument that makes the agent start quietly.
pub const ARGUMENT: &str = "--at-login";

#[derive(Debug, thiserror::Error)]
pub enum AutostartError {
    #[error("this system does not say where this program is: {0}")]
    NoBinary(io::Error),
    #[error("this system names no home directory")]
    NoHome,
    /// A line break or a similar character, which no entry can hold.
    #[error("{} holds a character that an autostart entry cannot hold: give it another name", .0.display())]
    OddPath(PathBuf),
    #[error(transparent)]
    Write(#[from] WriteError),
    #[error("{0}")]
    Other(String),
}

/// Whose agent is started at login.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Login {
    /// The arguments for its home and its config file; empty for the default ones.
    options: Vec<PathBuf>,
}

/// What happens at login.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    Off,
    On,
    /// The entry starts another program, or one that is missing.
    Stale(String),
}

impl Login {
    pub fn of(paths: &Paths) -> Self {
        Self { options: paths.options() }
    }

    /// A name unique to this home.
    fn own_name(&self) -> String {
        let mut hasher = Sha256::new();
        for option in &self.options {
            hasher.update(option.as_os_str().as_encoded_bytes());
            hasher.update([0]);
        }
        let digest = hasher.finalize();
        let short = digest.iter().take(4).fold(0_u32, |short, byte| short << 8 | u32::from(*byte));
        format!("{NAME}-{short:08x}")
    }
}

pub fn is_enabled(login: &Login) -> bool {
    matches!(state(login), Ok(State::On | State::Stale(_)))
}

/// Writes or removes the entry.
pub fn set(login: &Login, enabled: bool) -> Result<(), AutostartError> {
    if enabled { platform::enable(&binary()?, login) } else { platform::disable(&binary()?, login) }
}

/// What the system would do now.
pub fn state(login: &Login) -> Result<State, AutostartError> {
    platform::state(&binary()?, login)
}

/// Rewrites an entry whose program is gone because it has moved here; returns whether it did. A
/// program that still exists may be the one the user wants.
pub fn refresh(login: &Login) -> Result<bool, AutostartError> {
    let has_moved = matches!(state(login)?, State::Stale(command) if !platform::is_there(&command));
    if has_moved {
        set(login, true)?;
    }
    Ok(has_moved)
}

/// The path of this program. An `AppImage` runs from a new path every time.
fn binary() -> Result<PathBuf, AutostartError> {
    let image = std::env::var_os("APPIMAGE").filter(|path| !path.is_empty()).map(PathBuf::from);
    image.map_or_else(|| std::env::current_exe().map_err(AutostartError::NoBinary), Ok)
}

/// A path as the text of an entry. Fails when no quoting can hold it.
fn as_text(path: &Path) -> Result<&str, AutostartError> {
    let text = path.to_str().filter(|path| !path.chars().any(char::is_control));
    text.ok_or_else(|| AutostartError::OddPath(path.to_owned()))
}

#[cfg(not(target_os = "linux"))]
#[path = "autostart/native.rs"]
mod platform;

#[cfg(target_os = "linux")]
#[path = "autostart/linux.rs"]
mod platform;
