//! What programs and the keyring gave when they were asked last.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use secrecy::SecretString;

use crate::config::SecretSource;

/// Secrets by whom they were had from. A vault that is locked, or a network that is away,
/// while a file is loaded again takes no account out that works. Cheap to clone.
#[derive(Clone, Default)]
pub struct SecretMemory(Arc<Mutex<HashMap<Asked, SecretString>>>);

/// Whoever may answer one time and not the next. A variable and a file are there or not.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Asked {
    Keyring(String),
    Command(Vec<String>),
}

impl Asked {
    pub fn of(source: &SecretSource) -> Option<Self> {
        match source {
            SecretSource::Keyring { keyring } => Some(Self::Keyring(keyring.clone())),
            SecretSource::Command { command } => Some(Self::Command(command.clone())),
            SecretSource::Literal(_) | SecretSource::Env { .. } | SecretSource::File { .. } => None,
        }
    }
}

impl SecretMemory {
    pub fn learn(&self, asked: Asked, secret: &SecretString) {
        self.lock().insert(asked, secret.clone());
    }

    pub fn recall(&self, asked: &Asked) -> Option<SecretString> {
        self.lock().get(asked).cloned()
    }

    /// Forgets what no file asks for any more.
    pub fn keep(&self, asked: &HashSet<Asked>) {
        self.lock().retain(|known, _| asked.contains(known));
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Asked, SecretString>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for SecretMemory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretMemory")
    }
}
