//! Removes half-written files. Files are written beside their place and renamed into it; a kill
//! in between leaves the temporary file, which the next start removes.

use std::fs;
use std::path::Path;
use std::time::Duration;

/// How the names of half-written files begin and end, wherever the agent writes.
pub const PREFIX: &str = ".portcullis-";
pub const SUFFIX: &str = ".tmp";

/// A younger file may belong to a command that is about to rename it.
const ABANDONED: Duration = Duration::from_mins(1);

/// Removes what a killed agent or command left half-written in a directory.
pub fn sweep(directory: &Path) {
    let Ok(entries) = fs::read_dir(directory) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with(PREFIX) && name.ends_with(SUFFIX) && is_abandoned(&entry) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

fn is_abandoned(entry: &fs::DirEntry) -> bool {
    let age = entry.metadata().and_then(|file| file.modified()).map(|modified| modified.elapsed());
    matches!(age, Ok(Ok(age)) if age > ABANDONED)
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;

    #[test]
    fn takes_away_old_halves_and_nothing_else() {
        let directory = tempfile::tempdir().expect("a directory");
        let file = |name: &str, age: Duration| {
            let file = fs::File::create(directory.path().join(name)).expect("created");
            file.set_modified(SystemTime::now() - age).expect("aged");
        };
        file(".portcullis-old.tmp", ABANDONED * 2);
        file(".portcullis-young.tmp", Duration::ZERO);
        file(".config.toml.tmp", ABANDONED * 2);
        sweep(directory.path());
        let mut left: Vec<_> =
            fs::read_dir(directory.path()).expect("read").flatten().map(|entry| entry.file_name()).collect();
        left.sort();
        assert_eq!(left, [".config.toml.tmp", ".portcullis-young.tmp"]);
    }
}
