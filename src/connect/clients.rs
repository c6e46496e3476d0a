//! Connecting, disconnecting, following: what each does to the files and the journal.
//! The journal is written before the files, so that whatever is interrupted can be undone.

use std::fs::File;
use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;

use super::change::{Change, Policy, replace_all};
use super::environment::Environment;
use super::files::{self, FileError};
use super::journal::{Entry, FileEntry, Journal, JournalError};
use super::state::{State, state};
use super::tool::{Role, Tool, Wanted};
use super::{Connection, Target, diff, mask};
use crate::config::Problems;
use crate::desktop::disk::{self, WriteError};
use crate::language::Language;
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
    /// It was `connect` that pointed it here.
    pub was_connected: bool,
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
                let shown = |text: &str| mask::masked(text, change.entry.format, &change.shown);
                diff::unified(&change.entry.path, &before, &after, shown, &self.secrets)
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
            was_connected: true,
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
        self.follow_to(|_| target.clone())
    }

    /// Gives every connected tool a new key, wherever it was pointed.
    pub fn follow_key(&self, key: &SecretString) -> Followed {
        self.follow_to(|entry| Target { base_url: entry.base_url.clone(), key: key.clone() })
    }

    fn follow_to(&self, target: impl Fn(&Entry) -> Target) -> Followed {
        let mut followed = Followed::default();
        let Ok(journal) = Journal::load(&self.journal_file()) else { return followed };
        for (tool, entry) in journal.tools {
            match self.follow_one(tool, &entry, &target(&entry)) {
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

impl Wanted {
    fn is_for(&self, file: &FileEntry) -> bool {
        self.format == file.format && self.settings.iter().any(|setting| file.value(&setting.key).is_some())
    }
}

fn changed_files(changes: &[Change]) -> Vec<PathBuf> {
    let changed = changes.iter().filter(|change| !change.is_nothing());
    changed.map(|change| change.entry.path.clone()).collect()
}
