//! The record as a whole: what goes in comes out, whatever happens to the file.

mod columns;
mod faults;
mod queries;
mod retention;
mod scale;

use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::TempDir;

use super::store::{Database, Limits};
use super::*;
use crate::chat::Usage;
use crate::config::Config;
use crate::upstream::Scrubber;

/// Longer than anything a test waits for.
const LIMIT: Duration = Duration::from_secs(30);

/// A recorder with a directory of its own.
struct Fixture {
    directory: TempDir,
    recorder: Recorder,
}

impl Fixture {
    fn start() -> Self {
        Self::with(&Config::default())
    }

    fn with(config: &Config) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let recorder = Recorder::start(directory.path().join("monitor.db"), config, Scrubber::default());
        Self { directory, recorder }
    }

    fn path(&self) -> PathBuf {
        self.directory.path().join("monitor.db")
    }

    fn file(&self, id: &str) {
        self.recorder.file(Box::new(record(id)));
    }

    /// The ids of all records when the writer has caught up, oldest first.
    async fn ids(&self) -> Vec<String> {
        self.recorder.settle().await;
        ids(self.recorder.history(), Filter::default()).await
    }

    /// Waits until the condition holds for the writer's problem.
    async fn until(&self, condition: impl FnMut(&Option<String>) -> bool) {
        let mut problem = self.recorder.watch_problem();
        let changed = tokio::time::timeout(LIMIT, problem.wait_for(condition)).await;
        drop(changed.expect("in time").expect("the writer lives"));
    }
}

async fn ids(history: &History, filter: Filter) -> Vec<String> {
    let mut pages = history.pages(filter);
    let mut ids = Vec::new();
    while let Some(records) = pages.next().await.expect("readable") {
        ids.extend(records.into_iter().map(|record| record.id.to_string()));
    }
    ids.reverse();
    ids
}

fn record(id: &str) -> Record {
    Record {
        client: Some("OpenAI/Python 1.99.1".into()),
        model_asked: Some("gpt-5".into()),
        model_used: Some("gemini-3-flash".into()),
        provider: Some("gemini".into()),
        account: Some("work".into()),
        status: 200,
        usage: Some(Usage { input: 1000, cache_read: 300, cache_write: 100, output: 200, reasoning: 50 }),
        bytes_in: 812,
        bytes_out: 4096,
        first_byte_ms: Some(120),
        duration_ms: 1500,
        outcome: Outcome::Done,
        ..Record::new(id, "openai-chat", "/v1/chat/completions")
    }
}

fn database(path: &Path, max_size: u64) -> Database {
    Database::open(path, limits(max_size)).expect("opened")
}

fn limits(max_size: u64) -> Limits {
    Limits { max_size, retention: jiff::SignedDuration::from_hours(24 * 30) }
}
