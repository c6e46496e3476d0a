//! Keeps a page that is shown up to date: one JSON patch per line, until the page is closed.
//!
//! Each part of a page has an id and is sent whole when it has changed; rows of new exchanges are
//! put before the others. When the language changes, also before the stream began, the page is
//! loaded again.

use std::collections::HashMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream;
use maud::Markup;
use serde_json::{Value, json};
use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use tokio::sync::{broadcast, watch};

use super::page::{Page, ROWS};
use super::place::{Place, Requests};
use super::{accounts, home, parts};
use crate::control::{ProxyState, Status};
use crate::dashboard::answer::Answer;
use crate::dashboard::connection;
use crate::dashboard::plane::Control;
use crate::dashboard::view::state::State;
use crate::language::Language;
use crate::monitor::{Cursor, Record};

/// New rows are sent this often at most.
const PACE: Duration = Duration::from_millis(100);

/// `place`: `None` for an address that is not a page, where only the frame lives.
pub fn patches(control: &Arc<Control>, place: Option<Place>) -> Answer {
    let live = LivePage::new(control, place);
    Answer::stream(
        "application/x-ndjson",
        stream::unfold(live, |mut live| async move {
            let patches = live.next().await?;
            Some((Ok::<_, Infallible>(lines(&patches)), live))
        }),
    )
}

fn lines(patches: &[Value]) -> Bytes {
    let mut text = String::new();
    for patch in patches {
        text.push_str(&patch.to_string());
        text.push('\n');
    }
    text.into()
}

struct LivePage {
    control: Arc<Control>,
    place: Option<Place>,
    status: watch::Receiver<Status>,
    feed: broadcast::Receiver<Arc<Record>>,
    language: Language,
    /// The state at the last call of `/healthz`: its answer stays the same until this changes.
    checked: Option<(ProxyState, SocketAddr)>,
    /// The HTML of each part as it was last sent.
    shown: HashMap<&'static str, String>,
    has_begun: bool,
}

/// What wakes the stream.
enum Event {
    Status,
    /// New exchanges, oldest first.
    Records(Vec<Arc<Record>>),
    /// More exchanges than the feed holds: some were missed.
    TooMany,
}

impl LivePage {
    fn new(control: &Arc<Control>, place: Option<Place>) -> Self {
        let status = control.agent.watch();
        let language = status.borrow().language;
        Self {
            feed: control.recorder.subscribe(),
            control: Arc::clone(control),
            place,
            status,
            language,
            checked: None,
            shown: HashMap::new(),
            has_begun: false,
        }
    }

    /// The next patches; `None` when the agent is gone.
    async fn next(&mut self) -> Option<Vec<Value>> {
        if !self.has_begun {
            self.has_begun = true;
            return Some(self.begin().await);
        }
        loop {
            let patches = match self.event().await? {
                Event::Status => {
                    let mut patches = self.changed_parts(false).await;
                    patches.extend(self.health().await);
                    patches
                }
                Event::Records(records) => {
                    let mut patches = self.fresh_rows(&records);
                    patches.extend(self.changed_parts(true).await);
                    patches
                }
                Event::TooMany => self.begin().await,
            };
            if !patches.is_empty() {
                return Some(patches);
            }
        }
    }

    async fn event(&mut self) -> Option<Event> {
        let first = tokio::select! {
            changed = self.status.changed() => {
                changed.ok()?;
                self.status.mark_unchanged();
                return Some(Event::Status);
            }
            record = self.feed.recv() => record,
        };
        let mut records = match first {
            Ok(record) => vec![record],
            Err(RecvError::Lagged(_)) => return Some(Event::TooMany),
            Err(RecvError::Closed) => return None,
        };
        tokio::time::sleep(PACE).await;
        loop {
            match self.feed.try_recv() {
                Ok(record) => records.push(record),
                Err(TryRecvError::Empty | TryRecvError::Closed) => return Some(Event::Records(records)),
                Err(TryRecvError::Lagged(_)) => return Some(Event::TooMany),
            }
        }
    }

    /// Everything that may have changed since the page was loaded.
    async fn begin(&mut self) -> Vec<Value> {
        let mut patches = vec![json!({ "how": "language", "language": self.language.tag() })];
        patches.extend(self.changed_parts(true).await);
        patches.extend(self.health().await);
        let page = Page::new(&self.control);
        if let Some((id, asked, most)) = self.list()
            && let Ok((rows, _)) = page.listed(&asked).await
        {
            patches.push(replace(id, &parts::request_rows(id, &rows[..rows.len().min(most)])));
        }
        patches
    }

    async fn changed_parts(&mut self, has_records: bool) -> Vec<Value> {
        let page = Page::new(&self.control);
        if page.language != self.language {
            self.language = page.language;
            return vec![json!({ "how": "page" })];
        }
        let mut parts = vec![("state", parts::brand(&State::of(&page.status)))];
        match &self.place {
            Some(Place::Home) => {
                parts.push(("home-state", home::state(&page)));
                parts.push(("home-accounts", home::accounts(&page)));
                parts.push(("health-snippet", home::health(&page)));
                parts.push(("snippets", home::snippets(&page)));
                if has_records && let Ok(recent) = page.recent().await {
                    parts.push(("first-request", home::first_request(&page, &page.first(&recent))));
                }
            }
            Some(Place::Accounts) => parts.push(("accounts", accounts::list(&page))),
            _ => {}
        }
        parts.into_iter().filter_map(|(id, html)| self.changed(id, &html)).collect()
    }

    /// The answer of `/healthz`, on the page that shows it, if the state has changed.
    async fn health(&mut self) -> Option<Value> {
        let now = {
            let status = self.status.borrow();
            Some((status.state, status.address))
        };
        if self.place != Some(Place::Home) || self.checked == now {
            return None;
        }
        self.checked = now;
        let health = connection::check(&self.control).await;
        let answer = home::health_answer(&health, self.language);
        Some(replace("health", &home::health_place(&answer)))
    }

    /// A patch, unless the part is unchanged.
    fn changed(&mut self, id: &'static str, html: &Markup) -> Option<Value> {
        let before = self.shown.insert(id, html.0.clone());
        // The user may have unfolded a snippet, which a needless patch would fold again.
        let is_news = before.map_or(id != "snippets", |before| before != html.0);
        is_news.then(|| replace(id, html))
    }

    fn fresh_rows(&self, records: &[Arc<Record>]) -> Vec<Value> {
        let Some((id, asked, most)) = self.list() else { return Vec::new() };
        let page = Page::new(&self.control);
        let wanted = records.iter().filter(|record| asked.filter.wants(record));
        wanted
            .map(|record| {
                let row = parts::request_row(&page.row(record), true);
                json!({ "target": id, "how": "prepend", "html": row.0, "most": most })
            })
            .collect()
    }

    /// The list in which new exchanges appear: its id, its filter, and its number of rows.
    fn list(&self) -> Option<(&'static str, Requests, usize)> {
        match &self.place {
            Some(Place::Home) => Some(("latest", Requests::default(), home::LATEST)),
            Some(Place::Requests(asked))
                if asked.cursor == Cursor::Latest && asked.filter.until.is_none() =>
            {
                Some(("rows", asked.clone(), ROWS))
            }
            _ => None,
        }
    }
}

fn replace(id: &str, html: &Markup) -> Value {
    json!({ "target": id, "how": "replace", "html": html.0 })
}
