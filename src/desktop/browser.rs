//! Hands a page or a file to the desktop, which knows what opens such things.

use std::ffi::OsStr;
use std::io;
use std::path::Path;

use crate::control::Session;

/// Opens a page in the browser of this process's own desktop; fails when there is none.
pub fn open(url: &str) -> io::Result<()> {
    open::that_detached(url)
}

/// Opens a page in the browser of that session; fails when there is none.
pub fn open_in(session: &Session, url: &str) -> io::Result<()> {
    platform::start(session, url.as_ref())
}

/// Opens a file in that session's program for its kind; fails when there is none.
pub fn open_file_in(session: &Session, path: &Path) -> io::Result<()> {
    platform::start(session, path.as_os_str())
}

#[cfg(not(target_os = "linux"))]
mod platform {
    use super::{OsStr, Session, io};

    pub fn start(_: &Session, what: &OsStr) -> io::Result<()> {
        open::that_detached(what)
    }
}

/// What `open` does, in the environment of another session.
#[cfg(target_os = "linux")]
mod platform {
    use std::os::unix::process::CommandExt;
    use std::process::{Child, Command, Stdio};
    use std::thread::{self, sleep};
    use std::time::{Duration, Instant};

    use super::{OsStr, Session, io};
    use crate::desktop::session;

    /// A launcher that is going to fail has failed by then.
    const FAILS_WITHIN: Duration = Duration::from_millis(200);
    const LOOK: Duration = Duration::from_millis(5);

    /// The first launcher that is there and does not fail at once.
    pub fn start(session: &Session, what: &OsStr) -> io::Result<()> {
        let mut failure = io::Error::from(io::ErrorKind::NotFound);
        for mut launcher in open::commands(what) {
            session::enter(session, &mut launcher);
            match launch(&mut launcher) {
                Ok(()) => return Ok(()),
                Err(error) => failure = error,
            }
        }
        Err(failure)
    }

    /// It lives on when a terminal that the agent was started in closes.
    fn launch(launcher: &mut Command) -> io::Result<()> {
        let launcher = launcher.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = launcher.process_group(0).spawn()?;
        let first = Instant::now();
        while first.elapsed() < FAILS_WITHIN {
            match child.try_wait()? {
                Some(status) if status.success() => return Ok(()),
                Some(status) => return Err(io::Error::other(format!("the launcher failed: {status}"))),
                None => sleep(LOOK),
            }
        }
        bury_later(child)
    }

    /// A child that nobody waits for stays in the list of processes.
    fn bury_later(mut child: Child) -> io::Result<()> {
        thread::Builder::new().name("launcher".to_owned()).spawn(move || child.wait()).map(drop)
    }
}
