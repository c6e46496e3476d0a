//! One agent for each home: an OS lock marks the home as taken, and a private file beside it says
//! how to reach the agent. The lock ends with the process, so a crash leaves nothing to clean up.
//! Both are in the state directory, which outlives a logout.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::paths::{Paths, Seat};
use super::whole_file;

/// A process that only tests the lock holds it for far less than this.
const LOOK: Duration = Duration::from_millis(50);

/// Held while the agent runs.
#[derive(Debug)]
pub struct InstanceLock {
    /// Keeps the lock; stays empty, because locks are mandatory on some systems.
    _file: File,
    control_file: PathBuf,
}

#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// By the process with this pid, if it has written one.
    #[error("another agent is already using this home")]
    Taken { pid: Option<u32> },
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
    /// The config file that this agent reads; absent in versions up to 0.1.0.
    #[serde(default)]
    pub config: Option<PathBuf>,
}

impl InstanceLock {
    pub fn take(paths: &Paths) -> Result<Self, LockError> {
        let Seat { lock_file, control_file } = paths.seat();
        let io_error = |error| LockError::Io(lock_file.clone(), error);
        let taken = || LockError::Taken { pid: find(paths).map(|control| control.pid) };
        if is_held(paths) {
            return Err(taken());
        }
        let file = private_options().create(true).truncate(false).open(&lock_file).map_err(io_error)?;
        keep_to_oneself(&file);
        match patient_lock(&file) {
            Ok(()) => {
                // The file of a killed agent points to no running agent.
                let _ = std::fs::remove_file(&control_file);
                Ok(Self { _file: file, control_file })
            }
            Err(TryLockError::WouldBlock) => Err(taken()),
            Err(TryLockError::Error(error)) => Err(io_error(error)),
        }
    }

    /// Writes where the control plane is. The file appears whole or not at all.
    pub fn announce(&self, control: &ControlFile) -> io::Result<()> {
        whole_file::write_json(&self.control_file, control)
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
            // Windows would sleep for a third of that time and try only twice.
            Err(TryLockError::WouldBlock) if first.elapsed() < LOOK => std::thread::yield_now(),
            outcome => return outcome,
        }
    }
}

/// Whether an agent has this home now. Concurrent tests do not see each other.
pub fn is_held(paths: &Paths) -> bool {
    paths.seats().iter().any(|seat| is_locked(&seat.lock_file))
}

/// The running agent's control file, if an agent is running.
pub fn find(paths: &Paths) -> Option<ControlFile> {
    let seats = paths.seats();
    let taken = seats.iter().find(|seat| is_locked(&seat.lock_file))?;
    serde_json::from_slice(&std::fs::read(&taken.control_file).ok()?).ok()
}

fn is_locked(lock_file: &Path) -> bool {
    let Ok(file) = private_options().open(lock_file) else { return false };
    matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock))
}

/// A link in the lock's place would make another user's file stand for it.
fn private_options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
        options.mode(0o600).custom_flags(flags.bits().cast_signed());
    }
    options
}

/// A user who can open it could also hold it.
#[cfg(unix)]
fn keep_to_oneself(file: &File) {
    let _ = file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600));
}

#[cfg(not(unix))]
const fn keep_to_oneself(_: &File) {}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;

    fn home() -> (tempfile::TempDir, Paths) {
        let home = tempfile::tempdir().expect("a directory");
        let paths = Paths::under(home.path());
        (home, paths)
    }

    #[test]
    fn a_second_agent_is_told_and_a_dead_one_leaves_the_lock_free() {
        let (_home, paths) = home();
        let first = InstanceLock::take(&paths).expect("free");
        let control = ControlFile {
            address: "127.0.0.1:8046".parse().expect("an address"),
            token: "t".to_owned(),
            pid: 1,
            version: "0".to_owned(),
            config: None,
        };
        first.announce(&control).expect("written");
        assert!(matches!(InstanceLock::take(&paths), Err(LockError::Taken { pid: Some(1) })));
        assert_eq!(find(&paths), Some(control));
        drop(first);
        assert_eq!(find(&paths), None);
        assert!(!paths.control_file().exists());
        InstanceLock::take(&paths).expect("free again");
    }

    #[test]
    fn looking_takes_the_lock_from_nobody() {
        let (_home, paths) = home();
        drop(InstanceLock::take(&paths).expect("free"));
        let done = AtomicBool::new(false);
        let look = || {
            while !done.load(Ordering::Relaxed) {
                is_held(&paths);
            }
        };
        let taken: Vec<_> = std::thread::scope(|threads| {
            threads.spawn(look);
            threads.spawn(look);
            let taken = (0..500).map(|_| InstanceLock::take(&paths).map(drop)).collect();
            done.store(true, Ordering::Relaxed);
            taken
        });
        assert!(taken.iter().all(Result::is_ok), "{taken:?}");
    }

    #[cfg(unix)]
    #[test]
    fn the_lock_is_the_users_alone_and_no_link_to_another_file() {
        use std::os::unix::fs::PermissionsExt;

        let (home, paths) = home();
        let lock_file = paths.seat().lock_file;
        std::fs::write(&lock_file, "").expect("written");
        std::fs::set_permissions(&lock_file, PermissionsExt::from_mode(0o666)).expect("set");
        drop(InstanceLock::take(&paths).expect("free"));
        let mode = std::fs::metadata(&lock_file).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        std::fs::rename(&lock_file, home.path().join("elsewhere")).expect("moved");
        std::os::unix::fs::symlink(home.path().join("elsewhere"), &lock_file).expect("linked");
        assert!(matches!(InstanceLock::take(&paths), Err(LockError::Io(..))));
    }
}
