//! The clipboard of a session this process does not belong to. The environment decides which
//! display a clipboard is on, so another process of this program, started in that
//! session, puts the text there and runs until the next text, or until this process ends.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

use super::worker::{self, ClipboardError, LIMIT, Secrecy};
use crate::control::Session;
use crate::desktop::session;

/// The option that such a process is started with.
const OPTION: &str = "--hold-clipboard";

#[derive(Serialize, Deserialize)]
struct Job {
    text: String,
    secrecy: Secrecy,
}

/// The process that holds the latest text.
static HOLDER: Mutex<Option<Holder>> = Mutex::new(None);

struct Holder {
    child: Child,
}

/// It ends when our end of the pipe closes.
impl Drop for Holder {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub fn copy(session: &Session, text: &str, secrecy: Secrecy) -> Result<(), ClipboardError> {
    let failed = |error: &dyn std::fmt::Display| ClipboardError::Other(error.to_string());
    let mut holder = start(session).map_err(|error| failed(&error))?;
    let job =
        serde_json::to_string(&Job { text: text.to_owned(), secrecy }).map_err(|error| failed(&error))?;
    if let Some(stdin) = &mut holder.child.stdin {
        writeln!(stdin, "{job}").map_err(|error| failed(&error))?;
    }
    let said = answer(&mut holder)?;
    if !said.is_empty() {
        return Err(ClipboardError::Other(said));
    }
    *HOLDER.lock() = Some(holder);
    Ok(())
}

fn start(session: &Session) -> io::Result<Holder> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg(OPTION).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    session::enter(session, &mut command);
    Ok(Holder { child: command.spawn()? })
}

/// One line: what went wrong, or nothing.
fn answer(holder: &mut Holder) -> Result<String, ClipboardError> {
    let Some(stdout) = holder.child.stdout.take() else { return Err(ClipboardError::Silent) };
    let (said, heard) = mpsc::channel();
    let listener = std::thread::Builder::new().name("clipboard-answer".to_owned());
    let started = listener.spawn(move || {
        let mut line = String::new();
        if BufReader::new(stdout).read_line(&mut line).is_ok_and(|length| length > 0) {
            let _ = said.send(line.trim_end().to_owned());
        }
    });
    started.map_err(|error| ClipboardError::Other(error.to_string()))?;
    // Its own time limit ends first, with a better error.
    heard.recv_timeout(LIMIT * 2).map_err(|_| ClipboardError::Silent)
}

/// Whether this is such a process. The option is not for users, so the command line does not list it.
pub fn is_holder() -> bool {
    std::env::args_os().nth(1).is_some_and(|option| option == OPTION)
}

/// The other process: takes one text from its standard input, and holds it for as long as
/// that stays open. Fails when it cannot be read or answered.
pub fn hold() -> io::Result<()> {
    let mut stdin = io::stdin().lock();
    let mut line = String::new();
    stdin.read_line(&mut line)?;
    let Job { text, secrecy } = serde_json::from_str(&line)?;
    let outcome = worker::copy(text, secrecy);
    let said = outcome.err().map(|error| error.to_string()).unwrap_or_default();
    writeln!(io::stdout(), "{said}")?;
    stdin.read_to_end(&mut Vec::new()).map(drop)
}
