//! Looks up secrets in the places that the file names. No lookup blocks the runtime or waits
//! without a limit, and one that fails does not affect the others.

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

pub use self::memory::SecretMemory;
use self::memory::UnsteadySource;
use super::{Secret, SecretSource, client_key, source};
use crate::desktop::trust::{self, Exposed};
use crate::language::Message;
use crate::message;

/// Lookups under way at the same time.
const AT_ONCE: usize = 16;
/// Bytes.
const LARGEST_SECRET: u64 = 16 << 10;
const LOOKUP_LIMIT: Duration = Duration::from_secs(5);
const COMMAND_LIMIT: Duration = Duration::from_secs(10);
/// The service name of our entries in the keyring.
const SERVICE: &str = "portcullis";

/// One secret for each source, in order.
pub struct FoundSecrets {
    pub secrets: Vec<Secret>,
    pub warnings: Vec<Message>,
    /// The indices of the sources that are files which other users can change.
    pub exposed: Vec<(usize, Exposed)>,
}

/// A secret as it was found, and the remarks about its place.
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

/// Why a lookup failed. It is shown to users, so no secret is in it.
type Reason = Message;

pub async fn find_all(
    sources: Vec<Option<SecretSource>>,
    directory: &Path,
    memory: &SecretMemory,
) -> FoundSecrets {
    let unsteady: HashSet<_> = sources.iter().flatten().filter_map(UnsteadySource::of).collect();
    memory.keep(&unsteady);
    let found: Vec<_> =
        stream::iter(sources).map(|source| find(source, directory, memory)).buffered(AT_ONCE).collect().await;
    let (secrets, remarks): (_, Vec<_>) = found.into_iter().unzip();
    let mut found = FoundSecrets { secrets, warnings: Vec::new(), exposed: Vec::new() };
    for (index, Remarks { warning, exposed }) in remarks.into_iter().enumerate() {
        found.warnings.extend(warning);
        found.exposed.extend(exposed.map(|exposed| (index, exposed)));
    }
    found
}

async fn find(source: Option<SecretSource>, directory: &Path, memory: &SecretMemory) -> (Secret, Remarks) {
    let nothing = Remarks::default();
    let unsteady = source.as_ref().and_then(UnsteadySource::of);
    let (place, found) = match source {
        None => return (Secret::Missing, nothing),
        Some(SecretSource::Literal(literal)) => return (literal_secret(literal), nothing),
        Some(SecretSource::Env { env }) => {
            let found = from_environment(&env);
            (message!("secret-in-variable", name = env), found)
        }
        Some(SecretSource::File { file }) => {
            let path = directory.join(expand_home(&file));
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
    match found.and_then(fit_for_header) {
        Ok(Raw { text, remarks }) => {
            let secret = SecretString::from(text);
            if let Some(source) = unsteady {
                memory.learn(source, &secret);
            }
            (Secret::Known(secret), remarks)
        }
        Err(reason) => {
            let reason = message!("secret-not-had", place = place, reason = reason);
            match unsteady.and_then(|source| memory.recall(&source)) {
                Some(secret) => {
                    let warning = Some(message!("secret-kept", reason = reason));
                    (Secret::Known(secret), Remarks { warning, exposed: None })
                }
                None => (Secret::Unresolved(reason), nothing),
            }
        }
    }
}

fn literal_secret(literal: SecretString) -> Secret {
    if literal.expose_secret().is_empty() { Secret::Missing } else { Secret::Known(literal) }
}

fn fit_for_header(raw: Raw) -> Result<Raw, Reason> {
    let text = raw.text.trim_end_matches(['\r', '\n']);
    if text.is_empty() {
        return Err(message!("problem-empty"));
    }
    client_key::examine_characters(text).map_err(|flaw| flaw.message)?;
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
    let metadata = std::fs::metadata(path).map_err(|error| source::unreadable(&error))?;
    if metadata.is_dir() {
        return Err(message!("problem-directory"));
    }
    let file = File::open(path).map_err(|error| source::unreadable(&error))?;
    let mut bytes = Vec::new();
    file.take(LARGEST_SECRET + 1).read_to_end(&mut bytes).map_err(|error| source::unreadable(&error))?;
    let remarks =
        Remarks { warning: source::permission_warning(path, &metadata), exposed: trust::exposed(path) };
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

/// Runs a lookup that may block for any time. It gets a thread of its own, because a runtime
/// cannot shut down while one of its blocking threads hangs.
async fn in_thread(lookup: impl FnOnce() -> Result<Raw, Reason> + Send + 'static) -> Result<Raw, Reason> {
    let (sender, receiver) = tokio::sync::oneshot::channel();
    std::thread::Builder::new()
        .name("secret".to_owned())
        .spawn(move || {
            // The receiver is gone when the limit was reached first.
            let _ = sender.send(lookup());
        })
        .map_err(|_| message!("secret-lookup-failed"))?;
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
    let mut command = Command::new(expand_home(Path::new(program)));
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

/// What the program printed, if it exited with success.
async fn output_of(child: &mut Child) -> Result<Raw, Reason> {
    let (output, complaint) =
        tokio::join!(beginning_of(child.stdout.take()), beginning_of(child.stderr.take()));
    let text = text_of(output)?;
    let status = child.wait().await.map_err(|_| message!("secret-lookup-failed"))?;
    if status.success() {
        return Ok(text.into());
    }
    let status = status.to_string();
    Err(match first_line(&complaint, text.trim()) {
        Some(line) => message!("secret-command-complained", status = status, complaint = line),
        None => message!("secret-command-failed", status = status),
    })
}

/// The output up to the size of the largest secret and one byte more; the rest is not read.
async fn beginning_of(pipe: Option<impl AsyncRead + Unpin>) -> Vec<u8> {
    let mut bytes = Vec::new();
    if let Some(pipe) = pipe {
        // A broken pipe counts as the end; the exit status shows whether that was an error.
        let _ = pipe.take(LARGEST_SECRET + 1).read_to_end(&mut bytes).await;
    }
    bytes
}

/// The first line of the standard error: short, printable, and `None` where it repeats what
/// the program printed.
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

fn text_of(bytes: Vec<u8>) -> Result<String, Reason> {
    if bytes.len() as u64 > LARGEST_SECRET {
        return Err(message!("secret-too-long"));
    }
    String::from_utf8(bytes).map_err(|_| message!("secret-not-text"))
}

/// Kills the program and its children, which would keep the pipes of a shell script open.
#[cfg(unix)]
fn kill_with_children(child: &Child) {
    let group = child.id().and_then(|id| rustix::process::Pid::from_raw(i32::try_from(id).ok()?));
    if let Some(group) = group {
        // It fails when the program has ended in the meantime, which is as good.
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
    }
}

/// Without process groups, `kill_on_drop` ends the program alone.
#[cfg(not(unix))]
fn kill_with_children(_child: &Child) {}

/// The path with a leading `~/` replaced by the home directory, as in a shell.
pub fn expand_home(path: &Path) -> PathBuf {
    match (path.strip_prefix("~"), std::env::home_dir()) {
        (Ok(rest), Some(home)) => home.join(rest),
        _ => path.to_owned(),
    }
}

#[cfg(test)]
mod tests;
