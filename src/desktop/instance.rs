//! One agent a home: an OS lock says who it is, and a private file beside it says how
//! to reach it. The lock dies with the process, so a crash leaves nothing to clean up.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::{leftovers, whole_file};

/// Whoever only looks whether the lock is held has it for far less than this.
const LOOK: Duration = Duration::from_millis(50);

/// Held for as long as the agent lives.
#[derive(Debug)]
pub struct InstanceLock {
    /// Keeps the lock; stays empty, because locks are mandatory on some systems.
    _file: File,
    control_file: PathBuf,
}

#[derive(Debug, thiserror::Error)]
pub enum LockError {
    #[error("another agent already has this home")]
    Taken,
    #[error("could not open {0}: {1}")]
    Io(PathBuf, io::Error),
}

/// How to reach a running agent's control plane. Private to the user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ControlFile {
    pub address: SocketAddr,
    pub token: String,
    pub pid: u32,
    pub version: String,
}

impl InstanceLock {
    pub fn take(lock_file: &Path, control_file: &Path) -> Result<Self, LockError> {
        let io_error = |error| LockError::Io(lock_file.to_owned(), error);
        let file = private_options().truncate(false).open(lock_file).map_err(io_error)?;
        match patient_lock(&file) {
            Ok(()) => {
                // What a killed agent left behind points at nobody.
                let _ = std::fs::remove_file(control_file);
                Ok(Self { _file: file, control_file: control_file.to_owned() })
            }
            Err(TryLockError::WouldBlock) => Err(LockError::Taken),
            Err(TryLockError::Error(error)) => Err(io_error(error)),
        }
    }

    /// Says where the control plane is. The file appears whole or not at all.
    pub fn announce(&self, control: &ControlFile) -> io::Result<()> {
        let text = serde_json::to_vec_pretty(control)?;
        let directory = self.control_file.parent().unwrap_or_else(|| Path::new("."));
        let mut file = tempfile::Builder::new()
            .prefix(leftovers::PREFIX)
            .suffix(leftovers::SUFFIX)
            .tempfile_in(directory)?;
        file.write_all(&text)?;
        whole_file::persist(file, &self.control_file)
    }
}

impl Drop for InstanceLock {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.control_file);
    }
}

/// Takes the lock unless it stays taken.
fn patient_lock(file: &File) -> Result<(), TryLockError> {
    let first = Instant::now();
    loop {
        match file.try_lock() {
            // Windows would sleep for a third of that time, and look twice.
            Err(TryLockError::WouldBlock) if first.elapsed() < LOOK => std::thread::yield_now(),
            outcome => return outcome,
        }
    }
}

/// Whether an agent holds the lock now. Those who look do not see each other.
pub fn is_held(lock_file: &Path) -> bool {
    let Ok(file) = OpenOptions::new().read(true).write(true).open(lock_file) else {
        return false;
    };
    matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock))
}

/// The running agent's control file, if an agent is running.
pub fn find(lock_file: &Path, control_file: &Path) -> Option<ControlFile> {
    if !is_held(lock_file) {
        return None;
    }
    serde_json::from_slice(&std::fs::read(control_file).ok()?).ok()
}

fn private_options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;

    #[test]
    fn a_second_agent_is_told_and_a_dead_one_leaves_the_lock_free() {
        let home = tempfile::tempdir().expect("a directory");
        let (lock_file, control_file) = (home.path().join("l"), home.path().join("c.json"));
        let first = InstanceLock::take(&lock_file, &control_file).expect("free");
        let control = ControlFile {
            address: "127.0.0.1:8046".parse().expect("an address"),
            token: "t".to_owned(),
            pid: 1,
            version: "0".to_owned(),
        };
        first.announce(&control).expect("written");
        assert!(matches!(InstanceLock::take(&lock_file, &control_file), Err(LockError::Taken)));
        assert_eq!(find(&lock_file, &control_file), Some(control));
        drop(first);
        assert_eq!(find(&lock_file, &control_file), None);
        assert!(!control_file.exists());
        InstanceLock::take(&lock_file, &control_file).expect("free again");
    }

    #[test]
    fn looking_takes_the_lock_from_nobody() {
        let home = tempfile::tempdir().expect("a directory");
        let (lock_file, control_file) = (home.path().join("l"), home.path().join("c.json"));
        drop(InstanceLock::take(&lock_file, &control_file).expect("free"));
        let done = AtomicBool::new(false);
        let look = || {
            while !done.load(Ordering::Relaxed) {
                is_held(&lock_file);
            }
        };
        let taken: Vec<_> = std::thread::scope(|threads| {
            threads.spawn(look);
            threads.spawn(look);
            let taken = (0..500).map(|_| InstanceLock::take(&lock_file, &control_file).map(drop)).collect();
            done.store(true, Ordering::Relaxed);
            taken
        });
        assert!(taken.iter().all(Result::is_ok), "{taken:?}");
    }
}
