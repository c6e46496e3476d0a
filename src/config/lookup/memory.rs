//! The last secrets that programs and the keyring returned.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::Arc;

use parking_lot::Mutex;
use secrecy::SecretString;

use crate::config::SecretSource;

/// Secrets by their source. An account keeps working when the file is loaded again while its
/// vault is locked or its network is down. Cheap to clone.
#[derive(Clone, Default)]
pub struct SecretMemory(Arc<Mutex<HashMap<UnsteadySource, SecretString>>>);

/// A source that can return a secret once and fail the next time. A variable or a file is
/// there or it is not.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum UnsteadySource {
    Keyring(String),
    Command(Vec<String>),
}

impl UnsteadySource {
    pub fn of(source: &SecretSource) -> Option<Self> {
        match source {
            SecretSource::Keyring { keyring } => Some(Self::Keyring(keyring.clone())),
            SecretSource::Command { command } => Some(Self::Command(command.clone())),
            SecretSource::Literal(_) | SecretSource::Env { .. } | SecretSource::File { .. } => None,
        }
    }
}

impl SecretMemory {
    pub fn learn(&self, source: UnsteadySource, secret: &SecretString) {
        self.0.lock().insert(source, secret.clone());
    }

    pub fn recall(&self, source: &UnsteadySource) -> Option<SecretString> {
        self.0.lock().get(source).cloned()
    }

    /// Forgets all secrets but those of these sources.
    pub fn keep(&self, sources: &HashSet<UnsteadySource>) {
        self.0.lock().retain(|known, _| sources.contains(known));
    }
}

impl fmt::Debug for SecretMemory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretMemory")
    }
}
