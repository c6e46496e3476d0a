//! A lock on the files of a directory, shared by all our processes that edit them. It is a file
//! of its own, because an edited file is a new file after every edit, and because any user who
//! can read a directory can lock it.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

const NAME: &str = ".portcullis-edit.lock";
/// Longer than any edit takes …
const PATIENCE: Duration = Duration::from_secs(5);
/// … and each is over soon.
const LOOK: Duration = Duration::from_millis(10);

/// Held until it is dropped.
#[derive(Debug)]
pub struct EditLock {
    /// `None` where there is no lock to be had.
    _file: Option<File>,
}

/// Another process held the lock all the time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Busy {
    pub lock: PathBuf,
    pub waited: Duration,
    /// The process that has it, if that can be read.
    pub holder: Option<u32>,
}

impl EditLock {
    /// Waits for the lock, for a bounded time. Continues without one if the lock file cannot be
    /// created: a process that cannot write in the directory cannot edit there either.
    pub fn take(directory: &Path) -> Result<Self, Busy> {
        Self::take_within(directory, PATIENCE)
    }

    fn take_within(directory: &Path, patience: Duration) -> Result<Self, Busy> {
        let lock = directory.join(NAME);
        let Ok(mut file) = open(&lock) else { return Ok(Self { _file: None }) };
        let first = Instant::now();
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) if first.elapsed() < patience => sleep(LOOK),
                Err(TryLockError::WouldBlock) => {
                    return Err(Busy { lock, waited: patience, holder: holder(&mut file) });
                }
                Err(TryLockError::Error(_)) => return Ok(Self { _file: None }),
            }
        }
        // For the message of a process that waits in vain; the lock works without it.
        let _ = sign(&mut file);
        Ok(Self { _file: Some(file) })
    }
}

/// Opened for the owner only, because any user who can open it can hold it; links are not followed.
fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600).custom_flags(rustix::fs::OFlags::NOFOLLOW.bits().cast_signed());
    }
    let file = options.open(path)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let metadata = file.metadata()?;
        if !metadata.is_file() {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        if metadata.permissions().mode() & 0o077 != 0 {
            file.set_permissions(std::fs::Permissions::from_mode(0o600))?;
        }
    }
    Ok(file)
}

fn sign(file: &mut File) -> io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    writeln!(file, "{}", std::process::id())
}

/// On systems with mandatory locks it cannot be read.
fn holder(file: &mut File) -> Option<u32> {
    let mut text = String::new();
    file.rewind().ok()?;
    file.take(20).read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHORT: Duration = Duration::from_millis(50);

    #[test]
    fn one_edits_at_a_time_and_whoever_waits_in_vain_is_told_for_whom() {
        let directory = tempfile::tempdir().expect("a directory");
        let first = EditLock::take(directory.path()).expect("free");
        let busy = EditLock::take_within(directory.path(), SHORT).expect_err("taken");
        assert_eq!(busy.lock, directory.path().join(NAME));
        if cfg!(unix) {
            assert_eq!(busy.holder, Some(std::process::id()));
        }
        drop(first);
        EditLock::take_within(directory.path(), SHORT).expect("free again");
    }

    #[cfg(unix)]
    #[test]
    fn the_lock_is_the_owners_alone_and_no_link() {
        use std::fs;
        use std::os::unix::fs::{PermissionsExt, symlink};

        let directory = tempfile::tempdir().expect("a directory");
        let lock = directory.path().join(NAME);
        drop(EditLock::take(directory.path()).expect("free"));
        assert_eq!(fs::metadata(&lock).expect("there").permissions().mode() & 0o777, 0o600);
        fs::set_permissions(&lock, fs::Permissions::from_mode(0o666)).expect("set");
        drop(EditLock::take(directory.path()).expect("free"));
        assert_eq!(fs::metadata(&lock).expect("there").permissions().mode() & 0o777, 0o600);

        fs::remove_file(&lock).expect("removed");
        let target = directory.path().join("target");
        fs::write(&target, "precious").expect("written");
        symlink(&target, &lock).expect("linked");
        drop(EditLock::take(directory.path()).expect("goes on without"));
        assert_eq!(fs::read_to_string(&target).expect("there"), "precious");
    }
}
