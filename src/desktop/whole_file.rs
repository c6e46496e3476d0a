//! Files of the agent's own, replaced whole or not at all, and never readable by other users, not
//! even briefly.

use std::io::{self, Write};
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde::Serialize;
use tempfile::NamedTempFile;

use super::leftovers;

/// How long a reader of the old file may block the rename, and the interval between attempts.
const READING: Duration = Duration::from_secs(1);
const LOOK: Duration = Duration::from_millis(5);

/// Writes a value as JSON, replacing the file. Fails when the directory cannot be written to.
/// Blocks: not for the request path.
pub fn write_json(path: &Path, value: &impl Serialize) -> io::Result<()> {
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let mut file = tempfile::Builder::new()
        .prefix(leftovers::PREFIX)
        .suffix(leftovers::SUFFIX)
        .tempfile_in(directory.unwrap_or(Path::new(".")))?;
    serde_json::to_writer_pretty(&mut file, value)?;
    file.write_all(b"\n")?;
    file.as_file().sync_all()?;
    persist(file, path)
}

/// Renames a file over the one at the path. Windows refuses while any process has the old one
/// open, as our own watch does briefly, so it is tried again.
pub fn persist(mut file: NamedTempFile, path: &Path) -> io::Result<()> {
    let first = Instant::now();
    loop {
        let Err(denied) = file.persist(path) else { return Ok(()) };
        let is_read = cfg!(windows) && denied.error.kind() == io::ErrorKind::PermissionDenied;
        if !is_read || first.elapsed() > READING {
            return Err(denied.error);
        }
        file = denied.file;
        sleep(LOOK);
    }
}
