//! When the config asks for it: asks a release feed for a newer version once a day, in the
//! background, and notifies of each version once.

use std::path::PathBuf;
use std::time::{Duration, Instant, SystemTime};

use semver::Version;
use tokio::task::JoinHandle;
use url::Url;

use super::Supervisor;
use crate::control::Notice;
use crate::language::Message;
use crate::message;
use crate::updates::{self, AskError, Releases};

/// A computer that has just woken up may have no network yet.
const RETRY: Duration = Duration::from_hours(1);

/// What is known of newer versions, and the request under way.
#[derive(Debug)]
pub struct Updates {
    file: PathBuf,
    releases: Releases,
    asking: Option<JoinHandle<FeedAnswer>>,
    /// The feed could not be reached, and is not asked again before this.
    retry_at: Option<Instant>,
    /// Why the latest request brought no version.
    failure: Option<AskError>,
}

/// The outcome of asking a feed for its newest version.
#[derive(Debug)]
pub struct FeedAnswer {
    feed: String,
    newest: Result<Version, AskError>,
}

impl Updates {
    pub fn new(file: PathBuf) -> Self {
        let releases = Releases::load(&file);
        Self { file, releases, asking: None, retry_at: None, failure: None }
    }

    /// The answer to the request under way; pending for ever when there is none.
    pub async fn answered(&mut self) -> Option<FeedAnswer> {
        let Some(asking) = &mut self.asking else { return std::future::pending().await };
        let answer = asking.await;
        self.asking = None;
        answer.ok()
    }

    /// How long until this feed is to be asked.
    fn due_in(&self, feed: &str) -> Duration {
        let retry = self.retry_at.map(|at| at.saturating_duration_since(Instant::now()));
        self.releases.due_in(feed, SystemTime::now()).max(retry.unwrap_or_default())
    }
}

impl Supervisor {
    /// Asks the feed when that is due.
    pub(super) fn look_for_updates(&mut self) {
        if self.until_update_check() != Some(Duration::ZERO) {
            return;
        }
        let feed = self.config.updates.url.clone();
        let Ok(url) = Url::parse(&feed) else { return };
        let client = self.gateway.client();
        self.updates.asking = Some(tokio::spawn(async move {
            let newest = updates::ask(&client, &url).await;
            FeedAnswer { feed, newest }
        }));
    }

    /// How long until the feed is to be asked; `None` when checks are off, or one is under way.
    pub(super) fn until_update_check(&self) -> Option<Duration> {
        let wanted = self.config.updates.check && self.updates.asking.is_none();
        wanted.then(|| self.updates.due_in(&self.config.updates.url))
    }

    pub(super) async fn end_update_check(&mut self, FeedAnswer { feed, newest }: FeedAnswer) {
        if let Err(error) = &newest {
            tracing::warn!("the check for a newer version at {feed} failed: {error}");
        }
        let reached = !matches!(newest, Err(AskError::NotReached(_)));
        self.updates.retry_at = (!reached).then(|| Instant::now() + RETRY);
        if reached {
            let newest = newest.as_ref().ok().cloned();
            self.updates.releases.learn(&feed, newest, SystemTime::now());
        }
        self.updates.failure = newest.err();
        if let Some(version) = self.updates.releases.announce() {
            self.notify(&Notice::UpdateAvailable { version: version.to_string() });
        }
        let (releases, file) = (self.updates.releases.clone(), self.updates.file.clone());
        let saved = tokio::task::spawn_blocking(move || releases.save(&file)).await;
        if let Ok(Err(error)) = saved {
            tracing::warn!("the file of known releases could not be written: {error}");
        }
    }

    /// The newer version, where checks are on and have found one.
    pub(super) fn update_available(&self) -> Option<String> {
        let newer = self.updates.releases.newer().filter(|_| self.config.updates.check);
        newer.map(ToString::to_string)
    }

    pub(super) fn update_warning(&self) -> Option<Message> {
        let failure = self.updates.failure.as_ref().filter(|_| self.config.updates.check)?;
        Some(message!("updates-no-answer", reason = failure.to_string()))
    }
}
