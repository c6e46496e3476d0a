//! The tools' files on disk.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::desktop::disk::{self, Mode, WriteError};

/// 4 MiB: much larger than any file of settings.
const LARGEST: u64 = 4 << 20;

/// Why a file of a tool was not read or replaced.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    #[error("{} cannot be read: {reason}", path.display())]
    Unreadable { path: PathBuf, reason: String },
    #[error("{} is a link to a file that does not exist: create that file, or remove the link", .0.display())]
    LeadsNowhere(PathBuf),
    #[error("another program saved {} at the same moment, try again", .0.display())]
    ChangedMeanwhile(PathBuf),
    #[error(transparent)]
    Write(#[from] WriteError),
}

/// Whether there is a file, a directory or a link of this name, even a link to nothing.
pub fn exists(path: &Path) -> bool {
    std::fs::symlink_metadata(path).is_ok()
}

/// The text of a file; `None` when there is no file.
pub fn read(path: &Path) -> Result<Option<String>, FileError> {
    let unreadable = |reason: String| FileError::Unreadable { path: path.to_owned(), reason };
    let metadata = match std::fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == ErrorKind::NotFound && exists(path) => {
            return Err(FileError::LeadsNowhere(path.to_owned()));
        }
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unreadable(error.to_string())),
    };
    if !metadata.is_file() {
        return Err(unreadable("it is not a regular file".to_owned()));
    }
    if metadata.len() > LARGEST {
        return Err(unreadable("it is over 4 MiB".to_owned()));
    }
    let bytes = std::fs::read(path).map_err(|error| unreadable(error.to_string()))?;
    String::from_utf8(bytes).map(Some).map_err(|_| unreadable("it is not UTF-8".to_owned()))
}

/// Replaces the contents `before` with `after`; `None` means that there is no file. Fails where
/// the contents are no longer `before`. Only the owner can read the new file, because it may
/// hold the key.
pub fn replace(path: &Path, before: Option<&str>, after: Option<&str>) -> Result<(), FileError> {
    if read(path)?.as_deref() != before {
        return Err(FileError::ChangedMeanwhile(path.to_owned()));
    }
    match (before, after) {
        (None, Some(after)) => {
            if !disk::create(path, after)? {
                return Err(FileError::ChangedMeanwhile(path.to_owned()));
            }
        }
        (Some(_), Some(after)) => disk::replace(path, after, Mode::Private)?,
        (Some(_), None) => {
            std::fs::remove_file(path).map_err(|source| WriteError { path: path.to_owned(), source })?;
        }
        (None, None) => {}
    }
    Ok(())
}

/// The mode of a file, on systems that have modes.
#[cfg(unix)]
pub fn mode(path: &Path) -> Option<u32> {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path).ok().map(|metadata| metadata.permissions().mode() & 0o777)
}

#[cfg(not(unix))]
pub const fn mode(_path: &Path) -> Option<u32> {
    None
}

/// Gives a file this mode again. A file that is gone is skipped.
#[cfg(unix)]
pub fn set_mode(path: &Path, mode: u32) {
    let permissions = std::os::unix::fs::PermissionsExt::from_mode(mode);
    let _ = std::fs::set_permissions(path, permissions);
}

#[cfg(not(unix))]
pub const fn set_mode(_path: &Path, _mode: u32) {}

/// Writes one of our own files, which other users cannot read.
pub fn keep(path: &Path, contents: &str) -> Result<(), WriteError> {
    if disk::create(path, contents)? { Ok(()) } else { disk::replace(path, contents, Mode::Private) }
}
