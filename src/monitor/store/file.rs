//! The database file itself: private to its owner, identified by device and inode, and set aside
//! when it cannot be used.

use std::fs::{self, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

/// The suffixes of SQLite's own files beside the database.
const COMPANIONS: [&str; 2] = ["-wal", "-shm"];

/// Identifies the file that a path named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity(#[cfg(unix)] (u64, u64));

/// Creates the file with mode 0600 unless it exists. SQLite gives its companions the same mode.
pub fn create_private(path: &Path) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        if file.metadata()?.permissions().mode() & 0o077 != 0 {
            file.set_permissions(PermissionsExt::from_mode(0o600))?;
        }
    }
    drop(file);
    Ok(())
}

/// `None` when there is no file.
pub fn identity(path: &Path) -> Option<Identity> {
    let metadata = fs::metadata(path).ok()?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        Some(Identity((metadata.dev(), metadata.ino())))
    }
    #[cfg(not(unix))]
    {
        let _ = metadata;
        Some(Identity())
    }
}

/// Renames the file and its companions, so that a new one can begin and nothing is lost. Returns
/// the new name: `monitor.db.corrupt-20260801T101500Z`.
pub fn set_aside(path: &Path, why: &str, now: Timestamp) -> io::Result<PathBuf> {
    let when = now.strftime("%Y%m%dT%H%M%SZ");
    let aside = free_name(path, &format!(".{why}-{when}"));
    fs::rename(path, &aside)?;
    for companion in COMPANIONS {
        let _ = fs::rename(with_suffix(path, companion), with_suffix(&aside, companion));
    }
    Ok(aside)
}

/// Bytes of the write-ahead log.
pub fn log_size(path: &Path) -> u64 {
    fs::metadata(with_suffix(path, COMPANIONS[0])).map_or(0, |log| log.len())
}

/// Removes the companions of a database that is gone: SQLite would apply them to the new one.
pub fn remove_companions(path: &Path) {
    for companion in COMPANIONS {
        let _ = fs::remove_file(with_suffix(path, companion));
    }
}

fn free_name(path: &Path, suffix: &str) -> PathBuf {
    let first = with_suffix(path, suffix);
    let others = (2..).map(|number| with_suffix(path, &format!("{suffix}-{number}")));
    std::iter::once(first.clone()).chain(others).find(|name| !name.exists()).unwrap_or(first)
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}
