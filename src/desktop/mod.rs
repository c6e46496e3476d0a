//! The operating system, one file a service. Knows nothing of the rest of the program.

pub mod browser;
pub mod clipboard;
pub mod instance;
pub mod leftovers;
pub mod limits;
pub mod paths;
pub mod port_owner;
pub mod signals;
pub mod whole_file;
