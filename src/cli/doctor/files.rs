//! Which users can read or change portcullis's files.

use std::path::Path;

use super::{Finding, Patient};
use crate::desktop::trust;
use crate::text;

pub fn check(patient: &Patient) -> Vec<Finding> {
    let open = open_paths(patient);
    if open.is_empty() {
        return vec![Finding::ok("files", text!(patient.language, "doctor-files-ok"))];
    }
    open.into_iter()
        .map(|(path, mode, wanted)| {
            let language = patient.language;
            let is_exposed = trust::exposed_place(Path::new(&path)).is_some();
            // In the words of the part that refuses to use the file.
            let mode_to_set = if is_exposed { "go-w" } else { wanted };
            let fix = text!(language, "doctor-files-open-fix", path = path.as_str(), mode = mode_to_set);
            if is_exposed {
                let text = text!(language, "doctor-files-exposed", path = path, mode = mode);
                return Finding::problem("files", text, fix);
            }
            let text = text!(language, "doctor-files-open", path = path, mode = mode);
            Finding::warning("files", text, fix)
        })
        .collect()
}

/// Path, mode, and the mode it should have.
#[cfg(unix)]
fn open_paths(patient: &Patient) -> Vec<(String, String, &'static str)> {
    use std::os::unix::fs::PermissionsExt;

    let paths = &patient.context.paths;
    let files = [paths.config.clone(), paths.pool_file(), paths.log_file(), paths.control_file()];
    let files = files.iter().map(|path| (path.as_path(), "600"));
    let mut seen: Vec<_> = paths.directories().into_iter().map(|path| (path, "700")).chain(files).collect();
    seen.dedup();
    let open = seen.into_iter().filter_map(|(path, wanted)| {
        let metadata = std::fs::metadata(path).ok()?;
        let mode = metadata.permissions().mode() & 0o777;
        (trust::rights_of_others(path, &metadata) & 0o077 != 0)
            .then(|| (path.display().to_string(), format!("{mode:03o}"), wanted))
    });
    open.collect()
}

#[cfg(not(unix))]
fn open_paths(_: &Patient) -> Vec<(String, String, &'static str)> {
    Vec::new()
}
