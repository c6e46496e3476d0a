//! One file of a tool before and after: the settings put into it, and the values restored.

use std::path::{Path, PathBuf};

use super::error::ConnectError;
use super::files;
use super::format::{Format, Put};
use super::journal::{Digest, FileEntry, ValueEntry};
use super::mask::VisibleSettings;
use super::report::ChangedValue;
use super::tool::{Setting, Tool, ToolFile};
use crate::config::{Problem, Problems};

/// One file before and after, each `None` where there is no file.
#[derive(Clone, Debug)]
pub struct Change {
    pub before: Option<String>,
    pub after: Option<String>,
    pub entry: FileEntry,
    /// The settings whose values may be shown.
    pub visible: VisibleSettings,
    /// The settings that the user has changed since, by their keys with dots.
    left: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    /// The user asks for it: a value that is there is replaced, and kept in the journal.
    Connect,
    /// The proxy moved: a value that the user has changed since stays.
    Follow,
}

impl Change {
    /// The change that gives the file these settings. `known` is its entry in the journal.
    pub fn to(file: ToolFile, known: Option<&FileEntry>, policy: Policy) -> Result<Self, ConnectError> {
        let ToolFile { path, format, settings } = file;
        let before = files::read(&path)?;
        let text = before.clone().unwrap_or_default();
        let mut entry = FileEntry {
            path: path.clone(),
            format,
            backup: known.and_then(|known| known.backup.clone()),
            mode: known.map_or_else(|| files::mode(&path), |known| known.mode),
            left_as: None,
            values: Vec::new(),
        };
        let visible = settings.iter().map(|setting| (setting.key.clone(), setting.role)).collect();
        let mut change = Self { after: before.clone(), before, entry, visible, left: Vec::new() };
        let mut after = text.clone();
        for setting in &settings {
            let old = known.and_then(|known| known.value(&setting.key));
            let edited = edit(&text, &after, format, setting, old, policy);
            match edited.map_err(|problem| broken(&path, problem))? {
                Outcome::Changed(text, value) => {
                    after = text;
                    change.entry.values.extend(value);
                }
                Outcome::Left(value) => {
                    change.left.push(setting.key.join("."));
                    change.entry.values.push(value);
                }
                Outcome::Unknown => {}
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

    /// The change that restores what was there before.
    pub fn back(entry: FileEntry) -> Result<Self, ConnectError> {
        let before = files::read(&entry.path)?;
        let Some(text) = before.clone() else {
            return Ok(Self {
                before,
                after: None,
                entry,
                visible: VisibleSettings::new(),
                left: Vec::new(),
            });
        };
        if entry.left_as == Some(Digest::of(&text))
            && let Some(after) = entry.original()
        {
            return Ok(Self { before, after, entry, visible: VisibleSettings::new(), left: Vec::new() });
        }
        let (mut after, mut left) = (text, Vec::new());
        for value in entry.values.iter().rev() {
            match back(&after, &entry, value).map_err(|problem| broken(&entry.path, problem))? {
                Some(text) => after = text,
                None => left.push(value.key.join(".")),
            }
        }
        let is_gone = entry.backup.is_none() && entry.format.is_empty(&after);
        Ok(Self { before, after: (!is_gone).then_some(after), entry, visible: VisibleSettings::new(), left })
    }

    pub fn is_nothing(&self) -> bool {
        self.before == self.after
    }

    /// The settings that the user has changed since.
    pub fn left(&self, tool: Tool) -> impl Iterator<Item = ChangedValue> {
        let file = &self.entry.path;
        self.left.iter().map(move |key| ChangedValue { tool, file: file.clone(), key: key.clone() })
    }
}

impl FileEntry {
    /// The file as it was: `Some(None)` when there was none, `None` when it is not known.
    #[expect(clippy::option_option, reason = "no file and no knowledge are two things")]
    fn original(&self) -> Option<Option<String>> {
        match &self.backup {
            None => Some(None),
            Some(backup) => files::read(backup).ok().flatten().map(Some),
        }
    }
}

enum Outcome {
    /// The new text, and the entry for the journal where there is something to restore.
    Changed(String, Option<ValueEntry>),
    /// The user has changed the value since, so it stays.
    Left(ValueEntry),
    /// The journal does not have the value, so it stays.
    Unknown,
}

/// Edits one setting. `text` has the settings before it already, `first` has none of them.
fn edit(
    first: &str,
    text: &str,
    format: Format,
    setting: &Setting,
    old: Option<&ValueEntry>,
    policy: Policy,
) -> Result<Outcome, Problem> {
    let Setting { key, value, .. } = setting;
    let found = format.read(text, key)?;
    let raw = found.as_ref().map(|found| found.raw.clone());
    let is_ours = old.is_some_and(|old| old.is_ours(raw.as_deref()));
    if policy == Policy::Follow && !is_ours {
        return Ok(old.map_or(Outcome::Unknown, |old| Outcome::Left(old.clone())));
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
    Ok(Outcome::Changed(after, note))
}

/// The text with a value as it was before; `None` when the user has changed it since.
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

/// Replaces the files in turn. Where one cannot be replaced, those before it are restored.
pub fn replace_all(changes: &[Change]) -> Result<(), ConnectError> {
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

/// The paths of the files that change.
pub fn changed_files(changes: &[Change]) -> Vec<PathBuf> {
    let changed = changes.iter().filter(|change| !change.is_nothing());
    changed.map(|change| change.entry.path.clone()).collect()
}

fn broken(file: &Path, problem: Problem) -> Problems {
    Problems::new(file, vec![problem])
}
