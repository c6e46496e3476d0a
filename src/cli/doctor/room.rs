//! Whether there is space to write: on a full disk, or beyond a quota, portcullis cannot start.

use std::io::{ErrorKind, Write};
use std::path::Path;

use super::{Finding, Patient};
use crate::text;

/// Roughly what is written at a start, in bytes.
static BYTES: [u8; 16 * 1024] = [0; 16 * 1024];

pub fn check(patient: &Patient) -> Vec<Finding> {
    let directories = patient.context.paths.directories();
    let full = directories.into_iter().filter_map(nearest).find_map(|path| Some((path, is_full(path)?)));
    let Some((path, why)) = full else { return Vec::new() };
    let (language, path) = (patient.language, path.display().to_string());
    let text = match why {
        Full::Disk => text!(language, "doctor-disk-full", path = path.as_str()),
        Full::Quota => text!(language, "doctor-quota-used", path = path.as_str()),
    };
    vec![Finding::problem("files", text, text!(language, "doctor-disk-full-fix", path = path))]
}

enum Full {
    Disk,
    Quota,
}

/// The directory, or the one in which it will be created.
fn nearest(directory: &Path) -> Option<&Path> {
    directory.ancestors().find(|path| path.is_dir())
}

/// An unnamed file where the system supports one; gone afterwards in any case.
fn is_full(directory: &Path) -> Option<Full> {
    let write = || {
        let mut file = tempfile::tempfile_in(directory)?;
        file.write_all(&BYTES)?;
        file.sync_data()
    };
    match write().map_err(|error| error.kind()) {
        Err(ErrorKind::StorageFull) => Some(Full::Disk),
        Err(ErrorKind::QuotaExceeded) => Some(Full::Quota),
        _ => None,
    }
}
