//! The values of the tools' files from before they were connected. The journal is private
//! to the user, because such a value may be a key.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::files;
use super::format::Format;
use super::tool::{Tool, ToolFile};
use crate::desktop::disk::WriteError;

/// Every tool that is connected.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Journal {
    pub tools: BTreeMap<Tool, Entry>,
}

/// One tool.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The address that the tool was pointed at last.
    pub base_url: String,
    pub files: Vec<FileEntry>,
}

/// One file of a tool.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileEntry {
    pub path: PathBuf,
    pub format: Format,
    /// The copy of the file as it was; `None` when there was no file.
    pub backup: Option<PathBuf>,
    /// Its mode then; while it holds our key, only its owner can read it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<u32>,
    /// The file as we left it; `None` once another program has written it.
    pub left_as: Option<Digest>,
    pub values: Vec<ValueEntry>,
}

/// One value of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ValueEntry {
    pub key: Vec<String>,
    /// The value as it was written; `None` when there was none.
    pub before: Option<String>,
    /// How many parents of the key were there.
    pub depth: usize,
    /// What we wrote; `None` when we removed the value.
    pub ours: Option<Digest>,
}

/// A hash of a text, to see whether it has changed without keeping it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Digest(String);

#[derive(Debug, thiserror::Error)]
#[error("the journal {} cannot be used: {reason}; correct it, or move it away to start afresh", path.display())]
pub struct JournalError {
    pub path: PathBuf,
    pub reason: String,
}

impl Digest {
    pub fn of(text: &str) -> Self {
        Self(BASE64.encode(Sha256::digest(text.as_bytes())))
    }
}

impl Journal {
    /// Reads the journal; empty where there is no file yet.
    pub fn load(path: &Path) -> Result<Self, JournalError> {
        let error = |reason: String| JournalError { path: path.to_owned(), reason };
        let Some(text) = files::read(path).map_err(|cause| error(cause.to_string()))? else {
            return Ok(Self::default());
        };
        serde_json::from_str(&text).map_err(|cause| error(cause.to_string()))
    }

    pub fn save(&self, path: &Path) -> Result<(), WriteError> {
        let text = serde_json::to_string_pretty(self).unwrap_or_default();
        files::keep(path, &(text + "\n"))
    }

    pub fn file(&self, tool: Tool, path: &Path) -> Option<&FileEntry> {
        self.tools.get(&tool)?.files.iter().find(|file| file.path == path)
    }
}

impl FileEntry {
    /// Whether this is the entry of that file, even if the file was elsewhere then.
    pub fn is_of(&self, file: &ToolFile) -> bool {
        self.format == file.format && file.settings.iter().any(|setting| self.value(&setting.key).is_some())
    }

    pub fn value(&self, key: &[String]) -> Option<&ValueEntry> {
        self.values.iter().find(|value| value.key == key)
    }
}

impl ValueEntry {
    /// Whether a value is still the one we wrote.
    pub fn is_ours(&self, raw: Option<&str>) -> bool {
        raw.map(Digest::of) == self.ours
    }
}
