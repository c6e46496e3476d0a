//! Writes settings files: creates a missing one, or replaces it whole. A reader sees the old
//! bytes or the new ones, and no more users can read them than before.

use std::fs::{DirBuilder, File, Metadata};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use super::whole_file::{self, directory_of};

#[derive(Debug, thiserror::Error)]
#[error("{} could not be written: {source}", path.display())]
pub struct WriteError {
    pub path: PathBuf,
    pub source: io::Error,
}

/// Creates the file and the directories it needs. `false`: something already has its name and is
/// left alone.
pub fn create(path: &Path, contents: &str) -> Result<bool, WriteError> {
    try_create(path, contents).map_err(|source| WriteError { path: path.to_owned(), source })
}

fn try_create(path: &Path, contents: &str) -> io::Result<bool> {
    let directory = directory_of(path);
    create_private_directories(directory)?;
    let file = whole_file::beside(path, contents.as_bytes())?;
    match file.persist_noclobber(path) {
        Ok(_) => sync_directory(directory).map(|()| true),
        Err(error) if error.error.kind() == ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(error.error),
    }
}

/// Who may read a file that is replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Only the owner, whatever the old mode.
    Private,
    /// The same users as before: the file belongs to another program.
    Kept,
}

/// Replaces the contents of an existing file. A symlink stays; the file it leads to is replaced.
pub fn replace(path: &Path, contents: &str, mode: Mode) -> Result<(), WriteError> {
    try_replace(path, contents, mode).map_err(|source| WriteError { path: path.to_owned(), source })
}

fn try_replace(path: &Path, contents: &str, mode: Mode) -> io::Result<()> {
    let target = std::fs::canonicalize(path)?;
    if target.metadata()?.permissions().readonly() {
        // A read-only file is not meant to be replaced either.
        let reason = "it is read-only; make it writable first";
        return Err(io::Error::new(ErrorKind::PermissionDenied, reason));
    }
    let directory = directory_of(&target);
    let file = match whole_file::beside(&target, contents.as_bytes()) {
        Ok(file) => file,
        Err(error) if is_closed(&error) => return overwrite(&target, contents),
        Err(error) => return Err(error),
    };
    keep_owner_and_mode(file.as_file(), &target.metadata()?, mode)?;
    match whole_file::persist(file, &target) {
        Err(error) if is_mounted(&error) => overwrite(&target, contents),
        outcome => outcome.and_then(|()| sync_directory(directory)),
    }
}

/// No file can be created beside it, though the file itself may be writable.
fn is_closed(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem)
}

/// The file itself is a mount point, as in containers, and cannot be renamed over.
fn is_mounted(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::ResourceBusy | ErrorKind::CrossesDevices)
}

/// Writes into the existing file, and restores its contents if that fails. A concurrent reader
/// may see only part of it, as with an editor that saves in place.
fn overwrite(target: &Path, contents: &str) -> io::Result<()> {
    let before = std::fs::read(target)?;
    write_over(target, contents.as_bytes()).inspect_err(|_| {
        let _ = write_over(target, &before);
    })
}

fn write_over(target: &Path, contents: &[u8]) -> io::Result<()> {
    let mut file = File::options().write(true).open(target)?;
    file.write_all(contents)?;
    file.set_len(contents.len() as u64)?;
    file.sync_all()
}

/// Creates missing directories, for the owner only.
pub fn create_private_directories(directory: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(directory)
}

/// With `sudo`, the file stays the user's. The mode never opens up.
#[cfg(unix)]
fn keep_owner_and_mode(file: &File, existing: &Metadata, mode: Mode) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};
    let created = file.metadata()?;
    if (created.uid(), created.gid()) != (existing.uid(), existing.gid()) {
        // Only root may give files away; any other user owns the file already.
        let _ = fchown(file, Some(existing.uid()), Some(existing.gid()));
    }
    let allowed = if mode == Mode::Private { 0o600 } else { 0o777 };
    let mode = existing.mode() & allowed;
    file.set_permissions(std::fs::Permissions::from_mode(mode))
}

#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "on Unix it can fail")]
fn keep_owner_and_mode(_file: &File, _existing: &Metadata, _mode: Mode) -> io::Result<()> {
    Ok(())
}

/// Makes the new name survive a power cut.
#[cfg(unix)]
fn sync_directory(directory: &Path) -> io::Result<()> {
    File::open(directory)?.sync_all()
}

#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "on Unix it can fail")]
fn sync_directory(_directory: &Path) -> io::Result<()> {
    Ok(())
}
