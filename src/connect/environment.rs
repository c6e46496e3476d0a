//! What decides where a tool has its files: the home directory and a few variables.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::desktop::paths::NoHome;

const VARIABLES: [&str; 6] = [
    "CLAUDE_CONFIG_DIR",
    "CODEX_HOME",
    "GEMINI_CLI_HOME",
    "OPENCODE_CONFIG",
    "OPENCODE_CONFIG_DIR",
    "XDG_CONFIG_HOME",
];

/// The home directory and variables of one process.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Environment {
    pub home: PathBuf,
    pub variables: BTreeMap<String, OsString>,
}

impl Environment {
    /// The environment of this process. Fails where there is no home directory.
    pub fn of_process() -> Result<Self, NoHome> {
        let home = directories::BaseDirs::new().ok_or(NoHome)?.home_dir().to_owned();
        let set = |name: &str| Some((name.to_owned(), std::env::var_os(name)?));
        Ok(Self { home, variables: VARIABLES.into_iter().filter_map(set).collect() })
    }

    /// The path that a variable names, made absolute; `None` where it is not set or empty.
    pub fn directory(&self, name: &str) -> Option<PathBuf> {
        let path = self.variables.get(name).filter(|path| !path.is_empty())?;
        Some(std::path::absolute(path).unwrap_or_else(|_| path.into()))
    }

    pub fn in_home(&self, path: impl AsRef<Path>) -> PathBuf {
        self.home.join(path)
    }
}
