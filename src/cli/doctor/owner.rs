//! Whether portcullis can write its files: after a run as root, some can be written by root only.

use super::{Finding, Patient};

#[cfg(not(unix))]
pub fn check(_: &Patient) -> Vec<Finding> {
    Vec::new()
}

#[cfg(unix)]
pub fn check(patient: &Patient) -> Vec<Finding> {
    unix::check(patient)
}

#[cfg(unix)]
mod unix {
    use std::collections::BTreeSet;
    use std::os::unix::fs::MetadataExt;
    use std::path::{Path, PathBuf};

    use rustix::fs::{Access, access};
    use rustix::io::Errno;

    use super::super::{Finding, Patient};
    use crate::desktop::paths::Paths;
    use crate::text;

    /// A file or directory that cannot be used as needed.
    struct Locked {
        path: PathBuf,
        /// Our directory that contains it, or that it is.
        directory: PathBuf,
        errno: Errno,
    }

    pub fn check(patient: &Patient) -> Vec<Finding> {
        let locked: Vec<Locked> = places(&patient.context.paths).into_iter().filter_map(look).collect();
        let of_others =
            locked.iter().filter(|locked| owner(&locked.path).is_some_and(|owner| owner != user()));
        let foreign: Vec<&Locked> = of_others.collect();
        if let Some(first) = foreign.first() {
            let directories: BTreeSet<String> =
                foreign.iter().map(|locked| format!("\"{}\"", locked.directory.display())).collect();
            let directories = directories.into_iter().collect::<Vec<_>>().join(" ");
            return vec![belongs_to_another(patient, first, foreign.len(), &directories)];
        }
        locked.first().map(|locked| cannot_be_written(patient, locked)).into_iter().collect()
    }

    fn belongs_to_another(patient: &Patient, first: &Locked, count: usize, directories: &str) -> Finding {
        let (language, path) = (patient.language, first.path.display().to_string());
        let owner = owner(&first.path).unwrap_or_default().to_string();
        let text = text!(language, "doctor-owner", path = path, owner = owner, more = count - 1);
        let fix = text!(language, "doctor-owner-fix", directories = directories, user = user().to_string());
        Finding::problem("files", text, fix)
    }

    fn cannot_be_written(patient: &Patient, locked: &Locked) -> Finding {
        let (language, path) = (patient.language, locked.path.display().to_string());
        if locked.errno == Errno::ROFS {
            let text = text!(language, "doctor-read-only", path = path);
            return Finding::problem("files", text, text!(language, "doctor-read-only-fix"));
        }
        let text = text!(language, "doctor-unwritable", path = path.as_str());
        let bits = if locked.path.is_dir() { "u+rwx" } else { "u+rw" };
        Finding::problem("files", text, text!(language, "doctor-unwritable-fix", path = path, bits = bits))
    }

    /// What is needed, in which directory, and how it is used.
    fn places(paths: &Paths) -> Vec<(PathBuf, PathBuf, Access)> {
        let both = Access::READ_OK | Access::WRITE_OK;
        let inside = both | Access::EXEC_OK;
        let directories =
            paths.directories().into_iter().map(|path| (path.to_owned(), path.to_owned(), inside));
        let connections = paths.data.join("connections");
        let file = |path: PathBuf, wanted| {
            let directory = path.parent().unwrap_or(&path).to_owned();
            (path, directory, wanted)
        };
        let monitor = paths.monitor_file();
        let beside = |end: &str| PathBuf::from(format!("{}{end}", monitor.display()));
        // A file that is replaced by another only needs to be readable.
        let files = [
            (connections.clone(), inside),
            (connections.join("journal.json"), Access::READ_OK),
            (paths.config.clone(), Access::READ_OK),
            (paths.pool_file(), Access::READ_OK),
            (paths.control_file(), Access::READ_OK),
            (paths.seat().lock_file, both),
            (paths.log_file(), both),
            (monitor.clone(), both),
            (beside("-wal"), both),
            (beside("-shm"), both),
        ];
        directories.chain(files.map(|(path, wanted)| file(path, wanted))).collect()
    }

    fn look((path, directory, wanted): (PathBuf, PathBuf, Access)) -> Option<Locked> {
        match access(&path, wanted) {
            Err(Errno::NOENT) if path == directory => {
                // It must be created in the nearest existing directory.
                let above = path.ancestors().skip(1).find(|above| above.exists())?.to_owned();
                let errno = access(&above, Access::WRITE_OK | Access::EXEC_OK).err()?;
                Some(Locked { path: above.clone(), directory: above, errno })
            }
            Ok(()) | Err(Errno::NOENT | Errno::NOTDIR) => None,
            Err(errno) => Some(Locked { path, directory, errno }),
        }
    }

    fn owner(path: &Path) -> Option<u32> {
        std::fs::metadata(path).ok().map(|metadata| metadata.uid())
    }

    fn user() -> u32 {
        rustix::process::geteuid().as_raw()
    }
}
