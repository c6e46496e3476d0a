//! Why a tool was not connected or disconnected.

use std::path::PathBuf;

use super::files::FileError;
use super::journal::JournalError;
use super::tool::Tool;
use crate::config::Problems;
use crate::desktop::disk::WriteError;
use crate::language::Language;
use crate::text;

/// Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The tool's own file has these problems.
    #[error(transparent)]
    Broken(#[from] Problems),
    #[error(transparent)]
    File(#[from] FileError),
    #[error(transparent)]
    Journal(#[from] JournalError),
    #[error(transparent)]
    Write(#[from] WriteError),
    /// The tool points here, but `connect` did not point it here.
    #[error("{} was not connected by portcullis: remove {key} from {} yourself", tool.name(), file.display())]
    NotOurs { tool: Tool, file: PathBuf, key: String },
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
