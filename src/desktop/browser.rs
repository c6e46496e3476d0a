//! Hands a page or a file to the desktop, which knows what opens such things.

#[cfg(target_os = "linux")]
mod reach;

use std::ffi::{OsStr, OsString};
use std::io;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use url::Url;

use super::entrance::Entrance;
use super::session;
use crate::control::Session;

/// A launcher that runs longer has handed its page over, or is the browser itself.
const PATIENCE: Duration = Duration::from_secs(2);
const LOOK: Duration = Duration::from_millis(10);

/// Why nothing was opened, as `xdg-open: exit 4`. It contains nothing of the address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{launcher}: {reason}")]
pub struct NotOpened {
    launcher: String,
    reason: String,
}

/// Opens the dashboard in the user's browser: by the private page if the browser can read it,
/// else by the address, whose ticket works once. Fails when there is no browser. Blocks briefly.
pub fn open_dashboard(session: &Session, entrance: &Entrance) -> Result<(), NotOpened> {
    match entrance.page.as_deref().filter(|_| can_read_private_files(session)) {
        Some(page) => launch(session, &address_of(page)),
        None => launch(session, OsStr::new(&entrance.address)),
    }
}

/// Opens a file in the program for its type; fails when there is none.
pub fn open_file(session: &Session, path: &Path) -> Result<(), NotOpened> {
    launch(session, path.as_os_str())
}

#[cfg(target_os = "linux")]
fn can_read_private_files(session: &Session) -> bool {
    reach::can_read_private_files(session)
}

#[cfg(not(target_os = "linux"))]
const fn can_read_private_files(_: &Session) -> bool {
    true
}

/// Windows opens a path by its kind, and takes a `file:` address for a scheme.
fn address_of(page: &Path) -> OsString {
    let address = Url::from_file_path(page).ok().filter(|_| !cfg!(windows));
    address.map_or_else(|| page.as_os_str().to_owned(), |address| String::from(address).into())
}

/// Tries one launcher after another. The error is that of a launcher that failed rather than of one that is missing.
fn launch(session: &Session, target: &OsStr) -> Result<(), NotOpened> {
    let (mut failed, mut missing) = (None, None);
    for mut command in open::commands(target) {
        session::enter(session, &mut command);
        match run(&mut command) {
            Ok(()) => return Ok(()),
            Err(Trouble::Missing(error)) => missing = missing.or_else(|| Some(told(&command, error))),
            Err(Trouble::Failed(reason)) => {
                failed = failed.or_else(|| Some(told(&command, reason)));
                // Elsewhere a launcher may report failure and open the page all the same.
                if !cfg!(unix) {
                    break;
                }
            }
        }
    }
    Err(failed.or(missing).unwrap_or_else(|| NotOpened {
        launcher: "open".to_owned(),
        reason: "there is no launcher".to_owned(),
    }))
}

enum Trouble {
    /// It could not be started.
    Missing(String),
    Failed(String),
}

/// Detached from this process's terminal, so that Ctrl-C does not reach the browser.
fn run(command: &mut Command) -> Result<(), Trouble> {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(command, 0);
    let child = command.spawn().map_err(|error| Trouble::Missing(cause(&error)))?;
    match ended(child, PATIENCE) {
        Ok(Some((status, _))) if !status.success() => Err(Trouble::Failed(said(status))),
        Ok(Some(_) | None) => Ok(()),
        Err(error) => Err(Trouble::Failed(error.to_string())),
    }
}

/// How a child ended, or `None` if it still runs at the end of the time.
fn ended(mut child: Child, limit: Duration) -> io::Result<Option<(ExitStatus, Child)>> {
    let first = Instant::now();
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some((status, child)));
        }
        if first.elapsed() > limit {
            // Its exit must be collected, or it stays in the process list.
            std::thread::spawn(move || child.wait());
            return Ok(None);
        }
        sleep(LOOK);
    }
}

fn told(command: &Command, reason: String) -> NotOpened {
    let launcher = Path::new(command.get_program()).file_stem().unwrap_or_default();
    NotOpened { launcher: launcher.to_string_lossy().into_owned(), reason }
}

fn cause(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "not found".to_owned(),
        _ => error.to_string(),
    }
}

fn said(status: ExitStatus) -> String {
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
        return format!("signal {signal}");
    }
    status.code().map_or_else(|| status.to_string(), |code| format!("exit {code}"))
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_launcher_says_how_it_failed_and_not_what_it_was_given() {
        let check = |program: &str, arguments: &[&str]| {
            let mut command = Command::new(program);
            command.args(arguments);
            match run(&mut command) {
                Ok(()) => None,
                Err(Trouble::Missing(reason) | Trouble::Failed(reason)) => {
                    Some(told(&command, reason).to_string())
                }
            }
        };
        assert_eq!(check("/bin/sh", &["-c", "exit 0", "secret"]), None);
        assert_eq!(check("/bin/sh", &["-c", "exit 4", "secret"]).as_deref(), Some("sh: exit 4"));
        assert_eq!(check("/bin/sh", &["-c", "kill -9 $$"]).as_deref(), Some("sh: signal 9"));
        let missing = check("no-such-launcher", &["secret"]);
        assert_eq!(missing.as_deref(), Some("no-such-launcher: not found"));
    }

    #[test]
    fn a_page_is_named_by_its_address() {
        let address = address_of(Path::new("/home/a b/portcullis-x.html"));
        assert_eq!(address, "file:///home/a%20b/portcullis-x.html");
    }
}
