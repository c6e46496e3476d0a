//! The file on disk: its text, and whether its owner, mode and size can be trusted.

use std::fs::{File, Metadata};
use std::io::{ErrorKind, Read};
use std::path::Path;

use super::Problems;
use super::problem::Flaw;
use crate::desktop::trust::{self, Exposed};
use crate::language::Message;
use crate::message;

/// 16 MiB: room for more than ten thousand accounts.
pub const LARGEST_FILE: u64 = 16 << 20;

/// The text of a file, and the warnings about the file itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    pub text: String,
    pub warnings: Vec<Message>,
}

/// Reads the file. Fails where it is missing, unreadable, too large, not UTF-8, owned by
/// another user or writable by one.
pub fn read(path: &Path) -> Result<Source, Problems> {
    let problem = |flaw: Flaw| Problems::whole_file(path, flaw.message, flaw.fix);
    // A named pipe would block the opening, so the look comes first.
    let metadata = std::fs::metadata(path).map_err(|error| match error.kind() {
        ErrorKind::NotFound => problem(Flaw::new(message!("problem-no-file"), message!("fix-no-file"))),
        _ => problem(Flaw::new(unreadable(&error), message!("fix-permissions-around"))),
    })?;
    examine(&metadata).and_then(|()| examine_place(path)).map_err(problem)?;
    let bytes = beginning_of(path)
        .map_err(|error| problem(Flaw::new(unreadable(&error), message!("fix-permissions"))))?;
    if bytes.len() as u64 > LARGEST_FILE {
        return Err(problem(too_large()));
    }
    let text = String::from_utf8(bytes).map_err(|error| {
        let line = error.as_bytes()[..error.utf8_error().valid_up_to()].split(|&byte| byte == b'\n').count();
        problem(Flaw::new(message!("problem-not-utf8", line = line), message!("fix-not-utf8")))
    })?;
    Ok(Source { text, warnings: permission_warning(path, &metadata).into_iter().collect() })
}

/// The problem of a file that cannot be read.
pub fn unreadable(error: &std::io::Error) -> Message {
    message!("problem-unreadable", reason = error.to_string())
}

/// The problem of a file or directory that other users can write.
pub fn writable(exposed: &Exposed) -> Message {
    let path = exposed.path.display().to_string();
    message!("problem-writable", path = path, mode = exposed.mode.as_str())
}

/// The warning about a file that other users can read, where they can.
#[cfg(unix)]
pub fn permission_warning(path: &Path, metadata: &Metadata) -> Option<Message> {
    use std::os::unix::fs::PermissionsExt;
    let mode = metadata.permissions().mode() & 0o777;
    (trust::rights_of_others(path, metadata) & 0o044 != 0).then(|| {
        let path = path.display().to_string();
        message!("warning-readable", path = path, mode = format!("{mode:03o}"))
    })
}

#[cfg(not(unix))]
pub fn permission_warning(_path: &Path, _metadata: &Metadata) -> Option<Message> {
    None
}

/// The file up to its largest size, and one byte more where there is more.
fn beginning_of(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(LARGEST_FILE + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn examine(metadata: &Metadata) -> Result<(), Flaw> {
    if metadata.is_dir() {
        return Err(Flaw::new(message!("problem-directory"), message!("fix-no-regular-file")));
    }
    if !metadata.is_file() {
        return Err(Flaw::new(message!("problem-no-regular-file"), message!("fix-no-regular-file")));
    }
    if metadata.len() > LARGEST_FILE {
        return Err(too_large());
    }
    examine_owner(metadata)
}

/// The file can name a command to run, so its owner must be this user or root.
#[cfg(unix)]
fn examine_owner(metadata: &Metadata) -> Result<(), Flaw> {
    use std::os::unix::fs::MetadataExt;
    if trust::is_ours_or_roots(metadata.uid()) {
        return Ok(());
    }
    Err(Flaw::new(message!("problem-owner", id = metadata.uid().to_string()), message!("fix-owner")))
}

#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "on Unix it can fail")]
fn examine_owner(_metadata: &Metadata) -> Result<(), Flaw> {
    Ok(())
}

/// Neither the file nor a directory on the way to it may be another user's to change.
fn examine_place(path: &Path) -> Result<(), Flaw> {
    if let Some(exposed) = trust::exposed(path) {
        let is_the_file = exposed.path == path;
        let message = if is_the_file {
            message!("problem-writable-itself", mode = exposed.mode.as_str())
        } else {
            writable(&exposed)
        };
        return Err(Flaw::new(message, message!("fix-writable", path = exposed.path.display().to_string())));
    }
    if let Some(foreign) = trust::foreign_directory(path) {
        let path = foreign.path.display().to_string();
        let fix = message!("fix-owner-of-directory", path = path.as_str());
        let id = foreign.owner.to_string();
        return Err(Flaw::new(message!("problem-owner-of-directory", path = path, id = id), fix));
    }
    Ok(())
}

fn too_large() -> Flaw {
    Flaw::new(message!("problem-too-big"), message!("fix-too-big"))
}
