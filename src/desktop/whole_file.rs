//! Files that are replaced whole or not at all, and that other users cannot read at any
//! moment.

use std::io::{self, Write};
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde::Serialize;
use tempfile::NamedTempFile;

use super::leftovers;

/// How long a reader of the old file may delay its replacement, and the time between tries.
const PATIENCE: Duration = Duration::from_secs(1);
const PAUSE: Duration = Duration::from_millis(5);

/// Writes a value as JSON in the place of the file that is there, if any. Fails when the
/// directory cannot be written to. Blocks, so it is not for the request path.
pub fn write_json(path: &Path, value: &impl Serialize) -> io::Result<()> {
    let mut text = serde_json::to_vec_pretty(value)?;
    text.push(b'\n');
    persist(beside(path, &text)?, path)
}

/// A temporary file in the directory of the target, private from its first byte, with the
/// contents on disk.
pub fn beside(target: &Path, contents: &[u8]) -> io::Result<NamedTempFile> {
    let mut file = tempfile::Builder::new()
        .prefix(leftovers::PREFIX)
        .suffix(leftovers::SUFFIX)
        .tempfile_in(directory_of(target))?;
    file.write_all(contents)?;
    file.as_file().sync_all()?;
    Ok(file)
}

/// The directory that holds the path.
pub fn directory_of(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Renames a file over the one at the path. Windows denies that while another handle has the
/// old file open, even for a moment, as our own watch does; so it is tried again.
pub fn persist(mut file: NamedTempFile, path: &Path) -> io::Result<()> {
    let first = Instant::now();
    loop {
        let Err(denied) = file.persist(path) else { return Ok(()) };
        let is_read = cfg!(windows) && denied.error.kind() == io::ErrorKind::PermissionDenied;
        if !is_read || first.elapsed() > PATIENCE {
            return Err(denied.error);
        }
        file = denied.file;
        sleep(PAUSE);
    }
}
