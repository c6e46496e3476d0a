//! The accounts of the pool: tested, enabled, revived, and kept in `pool.json`.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use serde_json::{Value, json};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::reload::Then;
use super::{Supervisor, report};
use crate::accounts::{AccountState, Pool, UnknownAccount, store};
use crate::config::edit;
use crate::control::CommandError;
use crate::control::command::CommandResult;
use crate::language::Language;

/// The pool is written at most this often.
const SAVE_INTERVAL: Duration = Duration::from_secs(1);

/// When the pool was written, and whether it has changed since.
#[derive(Debug)]
pub struct PoolFile {
    saved: Instant,
    is_stale: bool,
}

impl PoolFile {
    pub fn new() -> Self {
        Self { saved: Instant::now(), is_stale: false }
    }

    pub const fn is_stale(&self) -> bool {
        self.is_stale
    }

    pub fn due_in(&self) -> Option<Duration> {
        self.is_stale.then_some(SAVE_INTERVAL)
    }
}

impl Supervisor {
    pub(super) fn test_account(
        &self,
        name: String,
        language: Language,
        reply: oneshot::Sender<CommandResult>,
    ) {
        let gateway = Arc::clone(&self.gateway);
        let _detached: JoinHandle<()> = tokio::spawn(async move {
            let outcome = gateway.test_account(&name).await;
            let outcome = outcome.map(|report| json!(report.worded(language)));
            let _ = reply.send(outcome.map_err(|error| unknown(&error, language)));
        });
    }

    /// Switches an account on or off in the file. Switched on, it starts afresh: a refusal of
    /// its credential is forgotten, which is all there is to do for one that is on already.
    pub(super) async fn enable(
        &mut self,
        name: String,
        enabled: bool,
        reply: oneshot::Sender<CommandResult>,
    ) {
        if enabled && self.is_on(&name) {
            let outcome = self.revive(&name).map(|_| Value::Null);
            self.publish();
            let _ = reply.send(outcome);
            return;
        }
        let then = if enabled { Then::Revive(name.clone()) } else { Then::Edited };
        self.edit_then(then, reply, move |path| edit::set_account_enabled(path, &name, enabled)).await;
    }

    fn is_on(&self, name: &str) -> bool {
        let accounts = self.pool().view(Instant::now()).accounts;
        accounts.iter().any(|account| account.name == name && account.state != AccountState::Off)
    }

    /// Asks the accounts for the models that only their own lists name, in the background.
    pub(super) fn learn_models(&self) {
        let gateway = Arc::clone(&self.gateway);
        let _detached: JoinHandle<()> = tokio::spawn(async move { gateway.learn().await });
    }

    pub(super) fn clear_cooldown(&self, name: Option<&str>) -> CommandResult {
        let cleared = self.gateway.pool.clear_cooldown(name);
        let cleared = cleared.map_err(|error| unknown(&error, self.language()))?;
        Ok(json!({ "cleared": cleared }))
    }

    pub(super) fn revive(&self, name: &str) -> CommandResult {
        let revived = self.gateway.pool.enable(name).map(Value::from);
        revived.map_err(|error| unknown(&error, self.language()))
    }

    pub(super) async fn pool_changed(&mut self) {
        for event in self.gateway.pool.take_events() {
            self.notify(&report::notice(event));
        }
        self.pool_file.is_stale = true;
        // A slow disk must not hold up what the surfaces show.
        self.publish();
        if self.pool_file.saved.elapsed() >= SAVE_INTERVAL {
            self.save_pool().await;
        }
    }

    /// Restores the cooldowns and refusals of the accounts in the first valid file.
    pub(super) fn restore_pool(&self) {
        let saved = store::load(&self.options.pool_file);
        self.gateway.pool.restore(saved, Instant::now(), SystemTime::now());
    }

    /// Writes `pool.json`. Without a valid config file there are no accounts, and `pool.json`
    /// stays as it is.
    pub(super) async fn save_pool(&mut self) {
        self.pool_file = PoolFile::new();
        if self.file.is_unconfigured {
            return;
        }
        let saved = self.gateway.pool.snapshot(Instant::now(), SystemTime::now());
        let path = self.options.pool_file.clone();
        let written = tokio::task::spawn_blocking(move || store::save(&path, &saved)).await;
        if let Ok(Err(error)) = written {
            tracing::warn!("the pool's state could not be written: {error}");
        }
    }

    pub(super) fn pool(&self) -> &Pool {
        &self.gateway.pool
    }
}

fn unknown(error: &UnknownAccount, language: Language) -> CommandError {
    CommandError::Failed(error.text(language))
}
