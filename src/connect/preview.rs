//! What connecting a tool would change, for the user to read.

use std::path::PathBuf;

use super::change::{Change, changed_files};
use super::{diff, mask};

/// The files of one tool before and after, and the secrets that no output may hold.
#[derive(Clone, Debug)]
pub struct Preview {
    pub(super) changes: Vec<Change>,
    pub(super) secrets: Vec<String>,
}

impl Preview {
    /// Whether the tool points here already.
    pub fn is_nothing(&self) -> bool {
        self.changes.iter().all(Change::is_nothing)
    }

    /// The files that would change.
    pub fn files(&self) -> Vec<PathBuf> {
        changed_files(&self.changes)
    }

    /// The change in the form of `diff -u`, without secrets.
    pub fn diff(&self) -> String {
        let changed = self.changes.iter().filter(|change| !change.is_nothing());
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        changed
            .map(|change| {
                let (before, after) = (text(&change.before), text(&change.after));
                let shown = |text: &str| mask::masked(text, change.entry.format, &change.visible);
                diff::unified(&change.entry.path, &before, &after, shown, &self.secrets)
            })
            .collect()
    }
}
