//! The first config file: every key with its default, a line about each, and a fresh key.

use std::path::Path;

use secrecy::{ExposeSecret, SecretString};

use super::generate_key;
use crate::desktop::disk;
pub use crate::desktop::disk::WriteError;

const TEMPLATE: &str = include_str!("template.toml");
const KEY_PLACE: &str = "@KEY@";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Init {
    Created,
    /// Something has the name already; it stays as it is.
    AlreadyThere,
}

/// Writes the first file, mode 0600, in directories of mode 0700. Fails when the disk
/// does.
pub fn init(path: &Path) -> Result<Init, WriteError> {
    let created = disk::create(path, &text(&generate_key()))?;
    Ok(if created { Init::Created } else { Init::AlreadyThere })
}

/// The first file's text, with the key in its place.
pub fn text(key: &SecretString) -> String {
    TEMPLATE.replace(KEY_PLACE, key.expose_secret())
}

#[cfg(test)]
mod tests;
