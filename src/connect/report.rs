//! What disconnecting and following changed, and what they left as it was.

use std::path::PathBuf;

use serde::Serialize;

use super::tool::Tool;

/// What disconnecting a tool changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DisconnectReport {
    /// `connect` had pointed the tool here.
    pub was_connected: bool,
    pub files: Vec<PathBuf>,
    /// Values that the user has changed since; they stay as they are.
    pub left: Vec<ChangedValue>,
}

/// What following changed when the proxy's address or key did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FollowReport {
    pub moved: Vec<Tool>,
    /// Values that the user has changed since; they stay as they are.
    pub left: Vec<ChangedValue>,
    /// Tools whose files could not be changed, and why.
    pub failed: Vec<(Tool, String)>,
}

/// A value that the user has changed since it was connected.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ChangedValue {
    pub tool: Tool,
    pub file: PathBuf,
    pub key: String,
}
