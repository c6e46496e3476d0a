//! The first config file: every key with its default, a line about each, and a fresh key.

use std::path::Path;

use secrecy::{ExposeSecret, SecretString};

use super::generate_key;
use crate::desktop::disk;
pub use crate::desktop::disk::WriteError;

const TEMPLATE: &str = include_str!("template.toml");
const KEY_PLACE: &str = "@KEY@";

/// What [`init`] did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Init {
    Created,
    /// There is a file, directory or link of that name; it stays as it is.
    AlreadyThere,
}

/// Writes the first file with mode 0600, in directories of mode 0700. Fails where it cannot
/// be written.
pub fn init(path: &Path) -> Result<Init, WriteError> {
    let created = disk::create(path, &text(&generate_key()))?;
    Ok(if created { Init::Created } else { Init::AlreadyThere })
}

/// The text of the first file with this key.
pub fn text(key: &SecretString) -> String {
    TEMPLATE.replace(KEY_PLACE, key.expose_secret())
}

#[cfg(test)]
mod tests;
