//! What stood in the tools' files before they were connected. Private to the user,
//! because what stood there may be a key.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::files;
use super::format::Format;
use super::tool::Tool;
use crate::desktop::disk::WriteError;

/// Every tool that was connected and not disconnected since.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Journal {
    pub tools: BTreeMap<Tool, Entry>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Where the tool was pointed last.
    pub base_url: String,
    pub files: Vec<FileEntry>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileEntry {
    pub path: PathBuf,
    pub format: Format,
    /// The copy of the file as it was; `None` when there was none.
    pub backup: Option<PathBuf>,
    /// Who could read it then: while it holds our key, its owner alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<u32>,
    /// The file as we left it, as long as nobody else has written it since.
    pub left_as: Option<Digest>,
    pub values: Vec<ValueEntry>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ValueEntry {
    pub key: Vec<String>,
    /// As it was written; `None` when it was not there.
    pub before: Option<String>,
    /// How many of the key's parents were there.
    pub depth: usize,
    /// What we wrote; `None` when we took it away.
    pub ours: Option<Digest>,
}

/// Tells whether a text is still the one it was, and nothing else of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Digest(String);

#[derive(Debug, thiserror::Error)]
#[error("the journal {} cannot be used: {reason}; put it right, or move it away to start afresh", path.display())]
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
    /// Empty when there is none.
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
