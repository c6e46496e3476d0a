//! One file of a tool, before and after: what is put into it, and what is put back.

use std::path::Path;

use super::ConnectError;
use super::Left;
use super::files;
use super::format::{Format, Put};
use super::journal::{Digest, FileEntry, ValueEntry};
use super::mask::Shown;
use super::tool::{Setting, Tool, Wanted};
use crate::config::{Problem, Problems};

/// One file, before and after.
#[derive(Clone, Debug)]
pub struct Change {
    pub before: Option<String>,
    pub after: Option<String>,
    pub entry: FileEntry,
    /// The settings whose values may be shown.
    pub shown: Shown,
    left: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    /// The user asks for it: whatever is there gives way, and is remembered.
    Connect,
    /// Nobody asks: what is not as we left it stays.
    Follow,
}

impl Change {
    /// Towards what is wanted.
    pub fn to(wanted: Wanted, known: Option<&FileEntry>, policy: Policy) -> Result<Self, ConnectError> {
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
        let shown = settings.iter().map(|setting| (setting.key.clone(), setting.role)).collect();
        let mut change = Self { after: before.clone(), before, entry, shown, left: Vec::new() };
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
    pub fn back(entry: FileEntry) -> Result<Self, ConnectError> {
        let before = files::read(&entry.path)?;
        let Some(text) = before.clone() else {
            return Ok(Self { before, after: None, entry, shown: Shown::new(), left: Vec::new() });
        };
        if entry.left_as == Some(Digest::of(&text))
            && let Some(after) = entry.original()
        {
            return Ok(Self { before, after, entry, shown: Shown::new(), left: Vec::new() });
        }
        let (mut after, mut left) = (text, Vec::new());
        for value in entry.values.iter().rev() {
            match back(&after, &entry, value).map_err(|problem| broken(&entry.path, problem))? {
                Some(text) => after = text,
                None => left.push(value.key.join(".")),
            }
        }
        let is_gone = entry.backup.is_none() && entry.format.is_empty(&after);
        Ok(Self { before, after: (!is_gone).then_some(after), entry, shown: Shown::new(), left })
    }

    pub fn is_nothing(&self) -> bool {
        self.before == self.after
    }

    pub fn left(&self, tool: Tool) -> impl Iterator<Item = Left> {
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

enum Edited {
    /// The new text, and what to remember, if anything.
    Changed(String, Option<ValueEntry>),
    /// The user has changed it since.
    Left(ValueEntry),
    /// Not ours to touch.
    Unknown,
}

/// One setting, in the text as far as it is done. `first` is the text nobody has touched.
fn edit(
    first: &str,
    text: &str,
    format: Format,
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

fn broken(file: &Path, problem: Problem) -> Problems {
    Problems::new(file, vec![problem])
}
