//! Connecting, disconnecting and following: what each does to the files and the journal.
//! The journal is written before the files, so that an interrupted change can be undone.

use std::fs::File;
use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret, SecretString};
use strum::VariantArray;

use super::change::{Change, Policy, changed_files, replace_all};
use super::environment::Environment;
use super::error::ConnectError;
use super::files;
use super::journal::{Entry, FileEntry, Journal};
use super::preview::Preview;
use super::report::{DisconnectReport, FollowReport};
use super::state::{Connection, State, state};
use super::target::Target;
use super::tool::{Role, Tool, ToolFile};
use crate::desktop::disk::{self, WriteError};

/// The tools of one user, and the directory where their journal is.
#[derive(Clone, Debug)]
pub struct Clients {
    directory: PathBuf,
    environment: Environment,
}

impl Clients {
    /// `data`: the agent's data directory.
    pub fn new(data: &Path, environment: Environment) -> Self {
        Self { directory: data.join("connections"), environment }
    }

    /// Every tool with where it points, compared with the target.
    pub fn connections(&self, target: &Target) -> Vec<Connection> {
        let journal = Journal::load(&self.journal_file()).unwrap_or_default();
        let connection = |tool: Tool| Connection {
            tool,
            state: state(tool, &self.environment, target).unwrap_or_else(|problem| State::Broken { problem }),
            by_us: journal.tools.contains_key(&tool),
            files: tool.files(&self.environment, target).into_iter().map(|file| file.path).collect(),
        };
        Tool::VARIANTS.iter().copied().map(connection).collect()
    }

    /// What [`Self::connect`] would change.
    pub fn preview(&self, tool: Tool, target: &Target) -> Result<Preview, ConnectError> {
        let journal = Journal::load(&self.journal_file())?;
        let changes = tool.files(&self.environment, target).into_iter().map(|file| {
            let entry = journal.file(tool, &file.path);
            Change::to(file, entry, Policy::Connect)
        });
        let secrets = vec![target.key.expose_secret().to_owned()];
        Ok(Preview { changes: changes.collect::<Result<_, _>>()?, secrets })
    }

    /// Points a tool at the target. Changes nothing where it points there already.
    pub fn connect(&self, tool: Tool, target: &Target) -> Result<Preview, ConnectError> {
        let _turn = self.take_turn()?;
        let preview = self.preview(tool, target)?;
        if !preview.is_nothing() {
            self.carry_out(tool, target, preview.changes.clone())?;
        }
        Ok(preview)
    }

    /// Restores the values from before the tool was connected.
    pub fn disconnect(&self, tool: Tool, target: &Target) -> Result<DisconnectReport, ConnectError> {
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
        let report = DisconnectReport {
            was_connected: true,
            files: changed_files(&changes),
            left: changes.iter().flat_map(|change| change.left(tool)).collect(),
        };
        if report.left.is_empty() {
            entry.files.iter().filter_map(|file| file.backup.as_ref()).for_each(|backup| {
                let _ = std::fs::remove_file(backup);
            });
        }
        Ok(report)
    }

    /// Points every connected tool at the target, except values that the user has changed.
    pub fn follow(&self, target: &Target) -> FollowReport {
        self.follow_to(|_| target.clone())
    }

    /// Gives every connected tool a new key; its address stays.
    pub fn follow_key(&self, key: &SecretString) -> FollowReport {
        self.follow_to(|entry| Target { base_url: entry.base_url.clone(), key: key.clone() })
    }

    fn follow_to(&self, target: impl Fn(&Entry) -> Target) -> FollowReport {
        let mut report = FollowReport::default();
        let Ok(journal) = Journal::load(&self.journal_file()) else { return report };
        for (tool, entry) in journal.tools {
            match self.follow_one(tool, &entry, &target(&entry)) {
                Ok(None) => {}
                Ok(Some(changes)) => {
                    if changes.iter().any(|change| !change.is_nothing()) {
                        report.moved.push(tool);
                    }
                    report.left.extend(changes.iter().flat_map(|change| change.left(tool)));
                }
                Err(error) => report.failed.push((tool, error.to_string())),
            }
        }
        report
    }

    fn follow_one(
        &self,
        tool: Tool,
        entry: &Entry,
        target: &Target,
    ) -> Result<Option<Vec<Change>>, ConnectError> {
        let _turn = self.take_turn()?;
        let tool_files = tool.files(&self.environment, target);
        let changes = entry.files.iter().filter_map(|entry| {
            // The agent's environment may name another path than that of `connect` did.
            let file = tool_files.iter().find(|file| entry.is_of(file))?.clone();
            Some(Change::to(ToolFile { path: entry.path.clone(), ..file }, Some(entry), Policy::Follow))
        });
        let changes = changes.collect::<Result<Vec<_>, _>>()?;
        let is_still_there = changes.iter().all(Change::is_nothing);
        if entry.base_url == target.base_url && is_still_there {
            return Ok(None);
        }
        self.carry_out(tool, target, changes.clone())?;
        Ok(Some(changes))
    }

    /// Writes the backups, the journal and the files: all of them or none.
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

    fn nothing_to_undo(&self, tool: Tool, target: &Target) -> Result<DisconnectReport, ConnectError> {
        if !matches!(state(tool, &self.environment, target), Ok(State::Here)) {
            return Ok(DisconnectReport::default());
        }
        let address = tool.files(&self.environment, target).into_iter().find_map(|file| {
            let setting = file.settings.into_iter().find(|setting| setting.role == Role::Address)?;
            Some((file.path, setting.key.join(".")))
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

    /// Waits until no other process changes the journal.
    fn take_turn(&self) -> Result<Option<File>, WriteError> {
        let path = self.directory.join("lock");
        disk::create(&path, "")?;
        Ok(File::open(path).ok().filter(|file| file.lock().is_ok()))
    }
}
