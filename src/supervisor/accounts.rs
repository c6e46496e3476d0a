//! The pool as users and the disk see it: tested, revived, and its state written down.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use serde_json::{Value, json};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::{Supervisor, report};
use crate::accounts::{Pool, UnknownAccount, store};
use crate::control::CommandError;
use crate::control::command::CommandResult;
use crate::language::Language;

/// The pool is written no more often than this.
pub(super) const SAVE_INTERVAL: Duration = Duration::from_secs(1);

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

    /// Reads what accounts serve that only their own lists can tell; nobody waits for it.
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
        self.pool_dirty = true;
        // A slow disk must not keep the news from who is looking.
        self.publish();
        if self.pool_saved.elapsed() >= SAVE_INTERVAL {
            self.save_pool().await;
        }
    }

    pub(super) async fn save_pool(&mut self) {
        self.pool_dirty = false;
        self.pool_saved = Instant::now();
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
