//! Finds out whether a newer portcullis is available. Asks a release feed at most once a
//! day, sends it nothing but the running version, and never downloads anything.

use std::io;
use std::path::Path;
use std::time::{Duration, SystemTime};

use http::header::{ACCEPT, HeaderMap, HeaderValue, USER_AGENT};
use http::{Method, StatusCode};
use http_body_util::{BodyExt, Limited};
use semver::Version;
use serde::{Deserialize, Serialize};
use tokio::time::timeout;
use url::Url;

use crate::desktop::whole_file;
use crate::upstream::cause::innermost;
use crate::upstream::{Client, Frames};

/// The running version.
pub const CURRENT: &str = env!("CARGO_PKG_VERSION");

const INTERVAL: Duration = Duration::from_hours(24);
/// How long the feed may take, from the first byte sent to the last one read.
const LIMIT: Duration = Duration::from_secs(30);
/// Bytes of a page of releases, each with its notes.
const LARGEST_FEED: usize = 8 << 20;

/// What is known of releases, kept in a file so that a restart neither asks nor announces
/// again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Releases {
    /// The feed that was asked.
    feed: String,
    /// Seconds since 1970.
    asked_unix_secs: u64,
    newest: Option<Version>,
    announced: Option<Version>,
}

/// Why the newest version is not known.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AskError {
    /// The feed could not be reached, and may be asked again soon.
    #[error("{0}")]
    NotReached(String),
    #[error("{0}")]
    NotUnderstood(String),
}

/// A release in the form of GitHub, which Gitea, Forgejo and GitLab use too.
#[derive(Debug, Deserialize)]
struct Release {
    tag_name: String,
    #[serde(default)]
    draft: bool,
    #[serde(default)]
    prerelease: bool,
}

/// One release, or a page of them.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Feed {
    Latest(Release),
    Page(Vec<Release>),
}

impl Releases {
    /// Empty when the file is missing or cannot be read.
    pub fn load(path: &Path) -> Self {
        let bytes = std::fs::read(path).unwrap_or_default();
        serde_json::from_slice(&bytes).unwrap_or_default()
    }

    /// Fails when the directory cannot be written to. Blocks.
    pub fn save(&self, path: &Path) -> io::Result<()> {
        whole_file::write_json(path, self)
    }

    /// How long until this feed may be asked. Zero when the clock has run ahead.
    pub fn due_in(&self, feed: &str, now: SystemTime) -> Duration {
        let asked = SystemTime::UNIX_EPOCH + Duration::from_secs(self.asked_unix_secs);
        match now.duration_since(asked) {
            Ok(since) if self.feed == feed => INTERVAL.saturating_sub(since),
            _ => Duration::ZERO,
        }
    }

    /// Keeps the answer of a feed. Without a version, the known newest one stays.
    pub fn learn(&mut self, feed: &str, newest: Option<Version>, now: SystemTime) {
        let since_1970 = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        feed.clone_into(&mut self.feed);
        self.asked_unix_secs = since_1970.as_secs();
        self.newest = newest.or(self.newest.take());
    }

    /// The newest version, if it is newer than this one.
    pub fn newer(&self) -> Option<&Version> {
        self.newest.as_ref().filter(|newest| is_newer(newest))
    }

    /// The newer version, the first time that this is called for it.
    pub fn announce(&mut self) -> Option<Version> {
        let newer = self.newer().filter(|newer| self.announced.as_ref() != Some(newer)).cloned()?;
        self.announced = Some(newer.clone());
        Some(newer)
    }
}

/// Asks the feed for its newest version. No redirect is followed.
pub async fn ask(client: &Client, feed: &Url) -> Result<Version, AskError> {
    timeout(LIMIT, fetch(client, feed))
        .await
        .map_err(|_| AskError::NotReached(format!("it gave no answer within {} seconds", LIMIT.as_secs())))?
        .and_then(|body| newest(&body))
}

async fn fetch(client: &Client, feed: &Url) -> Result<Vec<u8>, AskError> {
    let headers = HeaderMap::from_iter([
        (USER_AGENT, HeaderValue::from_static(concat!("portcullis/", env!("CARGO_PKG_VERSION")))),
        (ACCEPT, HeaderValue::from_static("application/json")),
    ]);
    let reply = client
        .send(Method::GET, feed.clone(), headers, Frames::default())
        .await
        .map_err(|failure| AskError::NotReached(failure.reason.to_string()))?;
    if reply.status != StatusCode::OK {
        return Err(AskError::NotUnderstood(format!("it answered with status {}", reply.status)));
    }
    let body = Limited::new(reply.body, LARGEST_FEED).collect().await;
    let body = body.map_err(|error| AskError::NotUnderstood(innermost(&*error)))?;
    Ok(body.to_bytes().to_vec())
}

/// The newest version that a feed has released.
fn newest(feed: &[u8]) -> Result<Version, AskError> {
    let not_understood = || AskError::NotUnderstood("it names no released version".to_owned());
    let releases = match serde_json::from_slice(feed) {
        Ok(Feed::Latest(release)) => vec![release],
        Ok(Feed::Page(releases)) => releases,
        Err(_) => return Err(not_understood()),
    };
    let released = releases.into_iter().filter(|release| !release.draft && !release.prerelease);
    released.filter_map(|release| version(&release.tag_name)).max().ok_or_else(not_understood)
}

/// `v1.2.3` and `1.2.3`; not `1.2.3-rc.1`.
fn version(tag: &str) -> Option<Version> {
    let version = Version::parse(tag.strip_prefix('v').unwrap_or(tag)).ok()?;
    version.pre.is_empty().then_some(version)
}

fn is_newer(version: &Version) -> bool {
    Version::parse(CURRENT).is_ok_and(|current| version.cmp_precedence(&current).is_gt())
}

#[cfg(test)]
mod tests {
    use super::*;

    const FEED: &str = "https://example.com/releases";

    fn at(seconds: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
    }

    #[test]
    fn reads_a_release_and_a_page_of_releases() {
        let check = |feed: &str, expected: Option<&str>| {
            let found = newest(feed.as_bytes()).ok().map(|version| version.to_string());
            assert_eq!(found.as_deref(), expected, "{feed}");
        };
        check(r#"{"tag_name": "v1.2.3", "body": "notes"}"#, Some("1.2.3"));
        check(r#"{"tag_name": "1.2.3", "draft": false, "prerelease": false}"#, Some("1.2.3"));
        check(r#"[{"tag_name": "v1.9.0"}, {"tag_name": "v1.10.0"}, {"tag_name": "v1.2.0"}]"#, Some("1.10.0"));
        check(r#"[{"tag_name": "nightly"}, {"tag_name": "v1.0.0"}]"#, Some("1.0.0"));
        check(r#"[{"tag_name": "v2.0.0", "draft": true}, {"tag_name": "v1.0.0"}]"#, Some("1.0.0"));
        check(r#"[{"tag_name": "v2.0.0", "prerelease": true}, {"tag_name": "v1.0.0"}]"#, Some("1.0.0"));
        check(r#"{"tag_name": "v2.0.0-rc.1"}"#, None);
        check(r#"{"tag_name": "\u001b[31mv9.9.9"}"#, None);
        check(r#"{"message": "Not Found"}"#, None);
        check("[]", None);
        check("<html>", None);
        check("", None);
    }

    #[test]
    fn only_a_higher_version_is_newer() {
        let check = |version: &str, expected| {
            let newest = Some(Version::parse(version).expect("a version"));
            let releases = Releases { newest, ..Releases::default() };
            assert_eq!(releases.newer().is_some(), expected, "{version}");
        };
        check("99.0.0", true);
        check("0.0.1", false);
        check(CURRENT, false);
        check(&format!("{CURRENT}+rebuilt"), false);
    }

    #[test]
    fn a_feed_is_due_once_a_day() {
        let mut releases = Releases::default();
        assert_eq!(releases.due_in(FEED, at(1_000_000)), Duration::ZERO, "never asked");
        releases.learn(FEED, None, at(1_000_000));
        assert_eq!(releases.due_in(FEED, at(1_000_000)), INTERVAL);
        assert_eq!(releases.due_in(FEED, at(1_000_100)), Duration::from_secs(86_300));
        assert_eq!(releases.due_in(FEED, at(1_000_000) + INTERVAL), Duration::ZERO);
        assert_eq!(releases.due_in(FEED, at(999_999)), Duration::ZERO, "the clock ran ahead");
        assert_eq!(releases.due_in("https://another.example", at(1_000_000)), Duration::ZERO);
    }

    #[test]
    fn a_version_is_announced_once_and_outlives_a_day_without_an_answer() {
        let mut releases = Releases::default();
        let version = Version::new(99, 0, 0);
        releases.learn(FEED, Some(version.clone()), at(1));
        assert_eq!(releases.announce(), Some(version.clone()));
        assert_eq!(releases.announce(), None);
        releases.learn(FEED, None, at(2));
        assert_eq!((releases.newer(), releases.announced.as_ref()), (Some(&version), Some(&version)));
        releases.learn(FEED, Some(Version::new(99, 0, 1)), at(3));
        assert_eq!(releases.announce(), Some(Version::new(99, 0, 1)));
    }

    #[test]
    fn known_releases_survive_a_restart_and_a_broken_file_is_empty() {
        let directory = tempfile::tempdir().expect("a directory");
        let file = directory.path().join("updates.json");
        assert_eq!(Releases::load(&file), Releases::default());
        let mut releases = Releases::default();
        releases.learn(FEED, Some(Version::new(1, 2, 3)), at(5));
        releases.save(&file).expect("written");
        assert_eq!(Releases::load(&file), releases);
        std::fs::write(&file, "{").expect("written");
        assert_eq!(Releases::load(&file), Releases::default());
    }
}
