//! The operating system, one file for each service. Imports only `control` and `language` of the
//! rest of the program.

pub mod autostart;
pub mod browser;
pub mod clipboard;
pub mod disk;
pub mod edit_lock;
pub mod entrance;
pub mod instance;
pub mod leftovers;
pub mod limits;
pub mod notify;
pub mod paths;
pub mod peer;
pub mod port_owner;
pub mod session;
#[cfg(target_os = "linux")]
pub mod session_bus;
pub mod signals;
pub mod trust;
#[cfg(unix)]
pub mod users;
pub mod whole_file;
#[cfg(windows)]
pub mod windowless;

/// The program's identifier on macOS and Windows; the identifier of `packaging/Packager.toml`.
#[cfg(not(target_os = "linux"))]
const PROGRAM_ID: &str = "io.github.portcullis.portcullis";
