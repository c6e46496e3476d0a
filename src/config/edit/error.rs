//! Why the file was not edited.

use crate::config::Problems;
use crate::desktop::disk::WriteError;
use crate::desktop::edit_lock::Busy;
use crate::language::{Language, Message};
use crate::{message, text};

/// The file stays as it was.
#[derive(Debug, thiserror::Error)]
pub enum EditError {
    /// The file cannot be edited, or would have these problems afterwards.
    #[error(transparent)]
    Problems(#[from] Problems),
    #[error("there is no account named \"{0}\"")]
    UnknownAccount(String),
    #[error("there is an account named \"{0}\" already")]
    AccountExists(String),
    #[error("\"{0}\" is not a key that can be set")]
    NotAKey(String),
    #[error("proxy.api_key is kept outside the config file: change it there, then reload")]
    KeyIsElsewhere,
    /// Another program saved the file between reading and writing; a retry is safe.
    #[error("another program saved the file at the same moment, try again")]
    ChangedMeanwhile,
    #[error("{}", busy(.0).text(Language::English))]
    Busy(Busy),
    #[error(transparent)]
    Write(#[from] WriteError),
}

impl EditError {
    pub fn text(&self, language: Language) -> String {
        match self {
            Self::Problems(problems) => problems.text(language),
            Self::UnknownAccount(name) => text!(language, "cli-account-unknown", name = name.as_str()),
            Self::AccountExists(name) => text!(language, "cli-account-exists", name = name.as_str()),
            Self::KeyIsElsewhere => text!(language, "cli-key-elsewhere"),
            Self::ChangedMeanwhile => text!(language, "edit-changed-meanwhile"),
            Self::Busy(other) => busy(other).text(language),
            Self::NotAKey(_) | Self::Write(_) => self.to_string(),
        }
    }
}

fn busy(other: &Busy) -> Message {
    let (lock, seconds) = (other.lock.display().to_string(), other.waited.as_secs());
    match other.holder {
        Some(pid) => message!("edit-busy-by", lock = lock, seconds = seconds, pid = pid.to_string()),
        None => message!("edit-busy", lock = lock, seconds = seconds),
    }
}
