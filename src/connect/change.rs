//! Connecting, disconnecting, following: what each does to the files and the journal.
//! The journal is written before the files, so that whatever is interrupted can be undone.

use std::fs::File;
use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;

use super::environment::Environment;
use super::files::{self, FileError};
use super::format::Put;
use super::journal::{Digest, Entry, FileEntry, Journal, JournalError, ValueEntry};
use super::tool::{Role, Setting, Tool, Wanted};
use super::{Connection, State, Target, diff};
use crate::config::{Problem, Problems, without_secrets};
use crate::desktop::disk::{self, WriteError};
use crate::language::{Language, Message};
use crate::text;

/// The tools of one user, and the directory where their journal is.
#[derive(Clone, Debug)]
pub struct Clients {
    directory: PathBuf,
    environment: Environment,
}

/// Why nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The tool's own file is broken; where, and what would be right.
    #[error(transparent)]
    Broken(#[from] Problems),
    #[error(transparent)]
    File(#[from] FileError),
    #[error(transparent)]
    Journal(#[from] JournalError),
    #[error(transparent)]
    Write(#[from] WriteError),
    /// It points here, and it was not us who made it.
    #[error("{} was not connected by portcullis: take {key} out of {} yourself", tool.name(), file.display())]
    NotOurs { tool: Tool, file: PathBuf, key: String },
}

/// What connecting a tool would change.
#[derive(Clone, Debug)]
pub struct Preview {
    changes: Vec<Change>,
    secrets: Vec<String>,
}

/// What disconnecting a tool did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Undone {
    pub files: Vec<PathBuf>,
    /// Values that the user has changed since, and that stay.
    pub left: Vec<Left>,
}

/// What became of the connected tools when the proxy moved.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Followed {
    pub moved: Vec<Tool>,
    pub left: Vec<Left>,
    pub failed: Vec<(Tool, String)>,
}

/// A value that is no longer ours.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Left {
    pub tool: Tool,
    pub file: PathBuf,
    pub key: String,
}

/// One file, before and after.
#[derive(Clone, Debug)]
struct Change {
    before: Option<String>,
    after: Option<String>,
    entry: FileEntry,
    left: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Policy {
    /// The user asks for it: whatever is there gives way, and is remembered.
    Connect,
    /// Nobody asks: what is not as we left it stays.
    Follow,
}

impl ConnectError {
    pub fn text(&self, language: Language) -> String {
        match self {
            Self::NotOurs { tool, file, key } => {
                let (name, file) = (tool.name(), file.display().to_string());
                text!(language, "disconnect-not-ours", tool = name, file = file, key = key.as_str())
            }
            Self::Broken(problems) => problems.text(language),
            error => error.to_string(),
        }
    }
}

impl Preview {
    /// The tool points here already.
    pub fn is_nothing(&self) -> bool {
        self.changes.iter().all(Change::is_nothing)
    }

    pub fn files(&self) -> Vec<PathBuf> {
        let changed = self.changes.iter().filter(|change| !change.is_nothing());
        changed.map(|change| change.entry.path.clone()).collect()
    }

    /// As `diff -u` would show it, without secrets.
    pub fn diff(&self) -> String {
        let changed = self.changes.iter().filter(|change| !change.is_nothing());
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        changed
            .map(|change| {
                let (before, after) = (text(&change.before), text(&change.after));
                diff::unified(&change.entry.path, &before, &after, &self.secrets)
            })
            .collect()
    }
}

impl Clients {
    /// `data`: the agent's data directory.
    pub fn new(data: &Path, environment: Environment) -> Self {
        Self { directory: data.join("connections"), environment }
    }

    /// Every tool, and whether it points at the target.
    pub fn connections(&self, target: &Target) -> Vec<Connection> {
        let journal = Journal::load(&self.journal_file()).unwrap_or_default();
        let connection = |tool: Tool| Connection {
            tool,
            state: state(tool, &self.environment, target).unwrap_or_else(|problem| State::Broken { problem }),
            by_us: journal.tools.contains_key(&tool),
            files: tool.wanted(&self.environment, target).into_iter().map(|wanted| wanted.file).collect(),
        };
        Tool::ALL.into_iter().map(connection).collect()
    }

    /// What [`Self::connect`] would do.
    pub fn preview(&self, tool: Tool, target: &Target) -> Result<Preview, ConnectError> {
        let journal = Journal::load(&self.journal_file())?;
        let changes = tool.wanted(&self.environment, target).into_iter().map(|wanted| {
            let entry = journal.file(tool, &wanted.file);
            Change::to(wanted, entry, Policy::Connect)
        });
        let secrets = vec![target.key.expose_secret().to_owned()];
        Ok(Preview { changes: changes.collect::<Result<_, _>>()?, secrets })
    }

    /// Points a tool at the target. Where it points there already, nothing is touched.
    pub fn connect(&self, tool: Tool, target: &Target) -> Result<Preview, ConnectError> {
        let _turn = self.take_turn()?;
        let preview = self.preview(tool, target)?;
        if !preview.is_nothing() {
            self.carry_out(tool, target, preview.changes.clone())?;
        }
        Ok(preview)
    }

    /// Puts back what stood there before.
    pub fn disconnect(&self, tool: Tool, target: &Target) -> Result<Undone, ConnectError> {
        let _turn = self.take_turn()?;
        let mut journal = Journal::load(&self.journal_file())?;
        let Some(entry) = journal.tools.remove(&tool) else { return self.nothing_to_undo(tool, target) };
        let changes =
            entry.files.iter().map(|file| Change::back(file.clone())).collect::<Result<Vec<_>, _>>()?;
        replace_all(&changes)?;
        for FileEntry { path, mode, .. } in &entry.files {
            if let Some(mode) = mode {
                files::set_mode(path, *mode);
            }
        }
        journal.save(&self.journal_file())?;
        let undone = Undone {
            files: changed_files(&changes),
            left: changes.iter().flat_map(|change| change.left(tool)).collect(),
        };
        if undone.left.is_empty() {
            entry.files.iter().filter_map(|file| file.backup.as_ref()).for_each(|backup| {
                let _ = std::fs::remove_file(backup);
            });
        }
        Ok(undone)
    }

    /// Points every connected tool at the target, as far as it is still as we left it.
    pub fn follow(&self, target: &Target) -> Followed {
        let mut followed = Followed::default();
        let Ok(journal) = Journal::load(&self.journal_file()) else { return followed };
        for (tool, entry) in journal.tools {
            match self.follow_one(tool, &entry, target) {
                Ok(None) => {}
                Ok(Some(changes)) => {
                    if changes.iter().any(|change| !change.is_nothing()) {
                        followed.moved.push(tool);
                    }
                    followed.left.extend(changes.iter().flat_map(|change| change.left(tool)));
                }
                Err(error) => followed.failed.push((tool, error.to_string())),
            }
        }
        followed
    }

    fn follow_one(
        &self,
        tool: Tool,
        entry: &Entry,
        target: &Target,
    ) -> Result<Option<Vec<Change>>, ConnectError> {
        let _turn = self.take_turn()?;
        let wanted = tool.wanted(&self.environment, target);
        let changes = entry.files.iter().filter_map(|file| {
            // The file may be another one to the agent's environment than to the command's.
            let wanted = wanted.iter().find(|wanted| wanted.is_for(file))?;
            Some(Change::to(Wanted { file: file.path.clone(), ..wanted.clone() }, Some(file), Policy::Follow))
        });
        let changes = changes.collect::<Result<Vec<_>, _>>()?;
        let is_still_there = changes.iter().all(Change::is_nothing);
        if entry.base_url == target.base_url && is_still_there {
            return Ok(None);
        }
        self.carry_out(tool, target, changes.clone())?;
        Ok(Some(changes))
    }

    /// Backups, journal, files; all of it or nothing.
    fn carry_out(&self, tool: Tool, target: &Target, mut changes: Vec<Change>) -> Result<(), ConnectError> {
        let journal_file = self.journal_file();
        let before = Journal::load(&journal_file)?;
        for change in &mut changes {
            let is_known = before.file(tool, &change.entry.path).is_some();
            if let Some(text) = change.before.as_deref().filter(|_| !is_known) {
                let backup = self.backup_file(tool, &change.entry.path);
                files::keep(&backup, text)?;
                change.entry.backup = Some(backup);
            }
        }
        let mut journal = before.clone();
        let entry = journal.tools.entry(tool).or_default();
        entry.base_url.clone_from(&target.base_url);
        for change in &changes {
            entry.files.retain(|file| file.path != change.entry.path);
            entry.files.push(change.entry.clone());
        }
        journal.save(&journal_file)?;
        replace_all(&changes).inspect_err(|_| {
            let _ = before.save(&journal_file);
        })
    }

    fn nothing_to_undo(&self, tool: Tool, target: &Target) -> Result<Undone, ConnectError> {
        if !matches!(state(tool, &self.environment, target), Ok(State::Here)) {
            return Ok(Undone::default());
        }
        let wanted = tool.wanted(&self.environment, target);
        let address = wanted.iter().find_map(|wanted| {
            let setting = wanted.settings.iter().find(|setting| setting.role == Role::Address)?;
            Some((wanted.file.clone(), setting.key.join(".")))
        });
        let (file, key) = address.unwrap_or_default();
        Err(ConnectError::NotOurs { tool, file, key })
    }

    fn journal_file(&self) -> PathBuf {
        self.directory.join("journal.json")
    }

    fn backup_file(&self, tool: Tool, file: &Path) -> PathBuf {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        self.directory.join(format!("{}.{name}", tool.id()))
    }

    /// One process at a time changes the journal.
    fn take_turn(&self) -> Result<Option<File>, WriteError> {
        let path = self.directory.join("lock");
        disk::create(&path, "")?;
        Ok(File::open(path).ok().filter(|file| file.lock().is_ok()))
    }
}

impl Change {
    /// Towards what is wanted.
    fn to(wanted: Wanted, known: Option<&FileEntry>, policy: Policy) -> Result<Self, ConnectError> {
        let Wanted { file, format, settings } = wanted;
        let before = files::read(&file)?;
        let text = before.clone().unwrap_or_default();
        let mut entry = FileEntry {
            path: file.clone(),
            format,
            backup: known.and_then(|known| known.backup.clone()),
            mode: known.map_or_else(|| files::mode(&file), |known| known.mode),
            left_as: None,
            values: Vec::new(),
        };
        let mut change = Self { after: before.clone(), before, entry, left: Vec::new() };
        let mut after = text.clone();
        for setting in &settings {
            let old = known.and_then(|known| known.value(&setting.key));
            let edited = edit(&text, &after, format, setting, old, policy);
            match edited.map_err(|problem| broken(&file, problem))? {
                Edited::Changed(text, value) => {
                    after = text;
                    change.entry.values.extend(value);
                }
                Edited::Left(value) => {
                    change.left.push(setting.key.join("."));
                    change.entry.values.push(value);
                }
                Edited::Unknown => {}
            }
        }
        let was_alone = known.is_none_or(|known| known.left_as == Some(Digest::of(&text)));
        entry = change.entry;
        entry.left_as = was_alone.then(|| Digest::of(&after));
        if after != text {
            change.after = Some(after);
        }
        Ok(Self { entry, ..change })
    }

    /// Back to what was there before.
    fn back(entry: FileEntry) -> Result<Self, ConnectError> {
        let before = files::read(&entry.path)?;
        let Some(text) = before.clone() else {
            return Ok(Self { before, after: None, entry, left: Vec::new() });
        };
        if entry.left_as == Some(Digest::of(&text))
            && let Some(after) = entry.original()
        {
            return Ok(Self { before, after, entry, left: Vec::new() });
        }
        let (mut after, mut left) = (text, Vec::new());
        for value in entry.values.iter().rev() {
            match back(&after, &entry, value).map_err(|problem| broken(&entry.path, problem))? {
                Some(text) => after = text,
                None => left.push(value.key.join(".")),
            }
        }
        let is_gone = entry.backup.is_none() && entry.format.is_empty(&after);
        Ok(Self { before, after: (!is_gone).then_some(after), entry, left })
    }

    fn is_nothing(&self) -> bool {
        self.before == self.after
    }

    fn left(&self, tool: Tool) -> impl Iterator<Item = Left> {
        let file = &self.entry.path;
        self.left.iter().map(move |key| Left { tool, file: file.clone(), key: key.clone() })
    }
}

impl FileEntry {
    /// The file as it was: `Some(None)` when there was none, `None` when nobody knows.
    #[expect(clippy::option_option, reason = "no file and no knowledge are two things")]
    fn original(&self) -> Option<Option<String>> {
        match &self.backup {
            None => Some(None),
            Some(backup) => files::read(backup).ok().flatten().map(Some),
        }
    }
}

impl Wanted {
    fn is_for(&self, file: &FileEntry) -> bool {
        self.format == file.format && self.settings.iter().any(|setting| file.value(&setting.key).is_some())
    }
}

enum Edited {
    /// The new text, and what to remember, if anything.
    Changed(String, Option<ValueEntry>),
    /// The user has changed it since.
    Left(ValueEntry),
    /// Not ours to touch.
    Unknown,
}

/// Every tool, and whether it points at this address.
pub fn tools_at(base_url: &str, environment: &Environment) -> Vec<(Tool, bool)> {
    let target = Target { base_url: base_url.to_owned(), key: SecretString::default() };
    let points_here = |tool| matches!(state(tool, environment, &target), Ok(State::Here));
    Tool::ALL.into_iter().map(|tool| (tool, points_here(tool))).collect()
}

fn state(tool: Tool, environment: &Environment, target: &Target) -> Result<State, Message> {
    let mut addresses = Vec::new();
    for wanted in tool.wanted(environment, target) {
        let text = files::read(&wanted.file).map_err(|error| error.to_string())?.unwrap_or_default();
        for setting in &wanted.settings {
            let found = wanted.format.read(&text, &setting.key);
            let found = found.map_err(|problem| problem.placed_in(Some(&wanted.file)))?;
            let found = found.and_then(|found| found.text);
            match setting.role {
                Role::Choice if found != setting.value => return Ok(State::Unset),
                Role::Address => addresses.extend(found.map(|url| (url, setting.value.clone()))),
                Role::Choice | Role::Key | Role::Detail => {}
            }
        }
    }
    let is_here = |found: &str, wanted: &Option<String>| {
        wanted.as_deref().is_some_and(|wanted| as_compared(wanted) == as_compared(found))
    };
    let elsewhere = addresses.iter().find(|(found, wanted)| !is_here(found, wanted));
    Ok(match elsewhere {
        Some((url, _)) => State::Elsewhere { base_url: without_secrets(url) },
        None if addresses.is_empty() => State::Unset,
        None => State::Here,
    })
}

/// One setting, in the text as far as it is done. `first` is the text nobody has touched.
fn edit(
    first: &str,
    text: &str,
    format: super::format::Format,
    setting: &Setting,
    old: Option<&ValueEntry>,
    policy: Policy,
) -> Result<Edited, Problem> {
    let Setting { key, value, .. } = setting;
    let found = format.read(text, key)?;
    let raw = found.as_ref().map(|found| found.raw.clone());
    let is_ours = old.is_some_and(|old| old.is_ours(raw.as_deref()));
    if policy == Policy::Follow && !is_ours {
        return Ok(old.map_or(Edited::Unknown, |old| Edited::Left(old.clone())));
    }
    let after = match value {
        Some(value) if found.as_ref().and_then(|found| found.text.as_ref()) != Some(value) => {
            format.put(text, key, Put::Text(value))?
        }
        None if raw.is_some() => format.remove(text, key, key.len().saturating_sub(1))?,
        _ => text.to_owned(),
    };
    let before = old.filter(|_| is_ours).map_or(raw, |old| old.before.clone());
    let depth = old.map_or_else(|| format.depth(first, key), |old| old.depth);
    let ours = format.read(&after, key)?.map(|found| Digest::of(&found.raw));
    let is_worth_a_note = before.is_some() || ours.is_some();
    let note = is_worth_a_note.then(|| ValueEntry { key: key.clone(), before, depth, ours });
    Ok(Edited::Changed(after, note))
}

/// The text with a value as it was before; `None` when it is the user's by now.
fn back(text: &str, file: &FileEntry, value: &ValueEntry) -> Result<Option<String>, Problem> {
    let format = file.format;
    let raw = format.read(text, &value.key)?.map(|found| found.raw);
    if raw == value.before {
        return Ok(Some(text.to_owned()));
    }
    if !value.is_ours(raw.as_deref()) {
        return Ok(None);
    }
    match &value.before {
        Some(before) => format.put(text, &value.key, Put::Raw(before)),
        None => format.remove(text, &value.key, value.depth),
    }
    .map(Some)
}

/// Replaces the files in turn; what was done is undone when one cannot be.
fn replace_all(changes: &[Change]) -> Result<(), ConnectError> {
    for (done, change) in changes.iter().enumerate() {
        if change.is_nothing() {
            continue;
        }
        let replaced = files::replace(&change.entry.path, change.before.as_deref(), change.after.as_deref());
        if let Err(error) = replaced {
            for change in &changes[..done] {
                let _ = files::replace(&change.entry.path, change.after.as_deref(), change.before.as_deref());
            }
            return Err(error.into());
        }
    }
    Ok(())
}

fn changed_files(changes: &[Change]) -> Vec<PathBuf> {
    let changed = changes.iter().filter(|change| !change.is_nothing());
    changed.map(|change| change.entry.path.clone()).collect()
}

fn broken(file: &Path, problem: Problem) -> Problems {
    Problems::new(file, vec![problem])
}

/// A URL in a form in which two ways to say the same are one.
fn as_compared(url: &str) -> String {
    let Ok(mut url) = url::Url::parse(url) else { return url.to_owned() };
    if matches!(url.host_str(), Some("localhost" | "[::1]")) {
        let _ = url.set_host(Some("127.0.0.1"));
    }
    url.as_str().trim_end_matches('/').to_owned()
}
