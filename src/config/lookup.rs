//! Looks secrets up where the file says they are. Nothing here blocks the runtime or
//! waits for ever, and a secret that cannot be had takes nothing else down with it.

mod memory;

use std::collections::HashSet;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream;
use secrecy::{ExposeSecret, SecretString};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, Command};

use self::memory::Asked;
pub use self::memory::SecretMemory;
use super::{Secret, SecretSource, key, load};
use crate::desktop::trust::{self, Exposed};
use crate::language::Message;
use crate::message;

const AT_ONCE: usize = 16;
const LARGEST_SECRET: u64 = 16 << 10;
const LOOKUP_LIMIT: Duration = Duration::from_secs(5);
const COMMAND_LIMIT: Duration = Duration::from_secs(10);
/// The entry's other half in the keyring.
const SERVICE: &str = "portcullis";

/// One secret for each source, in order.
pub struct Found {
    pub secrets: Vec<Secret>,
    pub warnings: Vec<Message>,
    /// Which of the sources are files that others could change.
    pub exposed: Vec<(usize, Exposed)>,
}

/// A secret as it was found, and what there is to say about its place.
struct Raw {
    text: String,
    remarks: Remarks,
}

#[derive(Default)]
struct Remarks {
    warning: Option<Message>,
    exposed: Option<Exposed>,
}

impl From<String> for Raw {
    fn from(text: String) -> Self {
        Self { text, remarks: Remarks::default() }
    }
}

/// Why it could not be had; goes to people, so no secret in it.
type Reason = Message;

pub async fn find_all(sources: Vec<Option<SecretSource>>, directory: &Path, memory: &SecretMemory) -> Found {
    let asked: HashSet<_> = sources.iter().flatten().filter_map(Asked::of).collect();
    memory.keep(&asked);
    let found: Vec<_> =
        stream::iter(sources).map(|source| find(source, directory, memory)).buffered(AT_ONCE).collect().await;
    let (secrets, remarks): (_, Vec<_>) = found.into_iter().unzip();
    let mut found = Found { secrets, warnings: Vec::new(), exposed: Vec::new() };
    for (index, Remarks { warning, exposed }) in remarks.into_iter().enumerate() {
        found.warnings.extend(warning);
        found.exposed.extend(exposed.map(|exposed| (index, exposed)));
    }
    found
}

async fn find(source: Option<SecretSource>, directory: &Path, memory: &SecretMemory) -> (Secret, Remarks) {
    let nothing = Remarks::default();
    let asked = source.as_ref().and_then(Asked::of);
    let (place, found) = match source {
        None => return (Secret::Missing, nothing),
        Some(SecretSource::Literal(literal)) => return (as_written(literal), nothing),
        Some(SecretSource::Env { env }) => {
            let found = from_environment(&env);
            (message!("secret-in-variable", name = env), found)
        }
        Some(SecretSource::File { file }) => {
            let path = directory.join(at_home(&file));
            let place = message!("secret-in-file", path = path.display().to_string());
            (place, in_thread(move || from_file(&path)).await)
        }
        Some(SecretSource::Keyring { keyring }) => {
            let place = message!("secret-in-keyring", name = keyring.as_str());
            (place, in_thread(move || from_keyring(&keyring)).await)
        }
        Some(SecretSource::Command { command }) => {
            let found = from_command(&command, COMMAND_LIMIT).await;
            let program = command.first().map_or("", String::as_str);
            (message!("secret-in-command", program = program), found)
        }
    };
    match found.and_then(fit_for_a_header) {
        Ok(Raw { text, remarks }) => {
            let secret = SecretString::from(text);
            if let Some(asked) = asked {
                memory.learn(asked, &secret);
            }
            (Secret::Known(secret), remarks)
        }
        Err(reason) => {
            let reason = message!("secret-not-had", place = place, reason = reason);
            match asked.and_then(|asked| memory.recall(&asked)) {
                Some(secret) => {
                    let warning = Some(message!("secret-kept", reason = reason));
                    (Secret::Known(secret), Remarks { warning, exposed: None })
                }
                None => (Secret::Unresolved(reason), nothing),
            }
        }
    }
}

fn as_written(literal: SecretString) -> Secret {
    if literal.expose_secret().is_empty() { Secret::Missing } else { Secret::Known(literal) }
}

fn fit_for_a_header(raw: Raw) -> Result<Raw, Reason> {
    let text = raw.text.trim_end_matches(['\r', '\n']);
    if text.is_empty() {
        return Err(message!("problem-empty"));
    }
    key::examine_characters(text).map_err(|unfit| unfit.message)?;
    Ok(Raw { text: text.to_owned(), ..raw })
}

fn from_environment(name: &str) -> Result<Raw, Reason> {
    match std::env::var(name) {
        Ok(text) => Ok(text.into()),
        Err(std::env::VarError::NotPresent) => Err(message!("secret-not-set")),
        Err(std::env::VarError::NotUnicode(_)) => Err(message!("secret-not-text")),
    }
}

fn from_file(path: &Path) -> Result<Raw, Reason> {
    let metadata = std::fs::metadata(path).map_err(|error| told(&error))?;
    if metadata.is_dir() {
        return Err(message!("problem-directory"));
    }
    let file = File::open(path).map_err(|error| told(&error))?;
    let mut bytes = Vec::new();
    file.take(LARGEST_SECRET + 1).read_to_end(&mut bytes).map_err(|error| told(&error))?;
    let remarks =
        Remarks { warning: load::permission_warning(path, &metadata), exposed: trust::exposed(path) };
    Ok(Raw { text: text_of(bytes)?, remarks })
}

fn from_keyring(name: &str) -> Result<Raw, Reason> {
    use keyring::{Entry, Error};
    match Entry::new(SERVICE, name).and_then(|entry| entry.get_password()) {
        Ok(text) => Ok(text.into()),
        Err(Error::NoEntry) => Err(message!("secret-not-in-keyring", service = SERVICE)),
        Err(Error::NoDefaultStore) => Err(message!("secret-no-keyring")),
        Err(Error::NoStorageAccess(_)) => Err(message!("secret-keyring-locked")),
        // The text of the others may carry the entry itself.
        Err(_) => Err(message!("secret-keyring-unreadable")),
    }
}

/// Runs a lookup that may block for as long as it likes. It gets a thread of its own,
/// because a runtime cannot shut down while one of its blocking threads hangs.
async fn in_thread(lookup: impl FnOnce() -> Result<Raw, Reason> + Send + 'static) -> Result<Raw, Reason> {
    let (sender, receiver) = tokio::sync::oneshot::channel();
    std::thread::Builder::new()
        .name("secret".to_owned())
        .spawn(move || {
            // Nobody waits any more when the limit was reached first.
            let _ = sender.send(lookup());
        })
        .map_err(|error| told(&error))?;
    match tokio::time::timeout(LOOKUP_LIMIT, receiver).await {
        Ok(Ok(found)) => found,
        Ok(Err(_)) => Err(message!("secret-lookup-failed")),
        Err(_) => Err(message!("secret-no-answer", seconds = LOOKUP_LIMIT.as_secs())),
    }
}

async fn from_command(command: &[String], limit: Duration) -> Result<Raw, Reason> {
    let Some((program, arguments)) = command.split_first() else {
        return Err(message!("problem-no-program"));
    };
    let mut command = Command::new(at_home(Path::new(program)));
    command
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    #[cfg(unix)]
    command.process_group(0);
    let mut child =
        command.spawn().map_err(|error| message!("secret-not-started", reason = error.to_string()))?;
    let outcome = tokio::time::timeout(limit, output_of(&mut child)).await;
    if !matches!(outcome, Ok(Ok(_))) {
        kill_with_children(&child);
    }
    outcome.map_err(|_| message!("secret-no-answer", seconds = limit.as_secs()))?
}

/// What it printed, if it also ended well.
async fn output_of(child: &mut Child) -> Result<Raw, Reason> {
    let (output, complaint) =
        tokio::join!(beginning_of(child.stdout.take()), beginning_of(child.stderr.take()));
    let text = text_of(output)?;
    let status = child.wait().await.map_err(|error| told(&error))?;
    if status.success() {
        return Ok(text.into());
    }
    let status = status.to_string();
    Err(match first_line(&complaint, text.trim()) {
        Some(line) => message!("secret-command-complained", status = status, complaint = line),
        None => message!("secret-command-failed", status = status),
    })
}

/// As much as a secret may have and one byte more; the rest stays unread.
async fn beginning_of(pipe: Option<impl AsyncRead + Unpin>) -> Vec<u8> {
    let mut bytes = Vec::new();
    if let Some(pipe) = pipe {
        // A pipe that breaks has ended; the exit status says whether that was an error.
        let _ = pipe.take(LARGEST_SECRET + 1).read_to_end(&mut bytes).await;
    }
    bytes
}

/// The first line of a complaint, short, printable, and without what the program printed.
fn first_line(complaint: &[u8], secret: &str) -> Option<String> {
    const LONGEST: usize = 200;
    let complaint = String::from_utf8_lossy(complaint);
    let line = complaint.lines().map(str::trim).find(|line| !line.is_empty())?;
    if !secret.is_empty() && secret.lines().any(|printed| line.contains(printed)) {
        return None;
    }
    let line = super::redact::without_secrets(line);
    Some(crate::language::printable::shortened(&line, LONGEST))
}

/// In the system's own words.
fn told(error: &std::io::Error) -> Reason {
    error.to_string().into()
}

fn text_of(bytes: Vec<u8>) -> Result<String, Reason> {
    if bytes.len() as u64 > LARGEST_SECRET {
        return Err(message!("secret-too-long"));
    }
    String::from_utf8(bytes).map_err(|_| message!("secret-not-text"))
}

/// A shell script's own children keep its pipes open, so they go with it.
#[cfg(unix)]
fn kill_with_children(child: &Child) {
    let group = child.id().and_then(|id| rustix::process::Pid::from_raw(i32::try_from(id).ok()?));
    if let Some(group) = group {
        // It may have ended in the meantime, which is all that is wanted.
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
    }
}

/// Elsewhere `kill_on_drop` ends the program itself.
#[cfg(not(unix))]
fn kill_with_children(_child: &Child) {}

/// `~/` is the home directory, as in a shell.
pub fn at_home(path: &Path) -> PathBuf {
    match (path.strip_prefix("~"), std::env::home_dir()) {
        (Ok(rest), Some(home)) => home.join(rest),
        _ => path.to_owned(),
    }
}

#[cfg(test)]
mod tests;
