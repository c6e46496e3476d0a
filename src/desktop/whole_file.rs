//! Files of the agent's own that are replaced whole or not at all, and never readable by
//! others, not for a moment.

use std::io::{self, Write};
use std::path::Path;

use serde::Serialize;

use super::leftovers;

/// Writes a value as JSON in the place of whatever is there. Fails when the directory
/// cannot be written to. Blocks: not for the request path.
pub fn write_json(path: &Path, value: &impl Serialize) -> io::Result<()> {
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let mut file = tempfile::Builder::new()
        .prefix(leftovers::PREFIX)
        .suffix(leftovers::SUFFIX)
        .tempfile_in(directory.unwrap_or(Path::new(".")))?;
    serde_json::to_writer_pretty(&mut file, value)?;
    file.write_all(b"\n")?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}
