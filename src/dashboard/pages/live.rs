//! Keeps a shown page true: one JSON patch a line, for as long as somebody looks.
//!
//! Parts of a page have an id and are sent whole when they have changed; rows of new
//! exchanges are put before the others. When the language changes, the page is asked for
//! again.

use std::collections::HashMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, StatusCode};
use maud::Markup;
use salvo::http::ResBody;
use salvo::prelude::Response;
use serde_json::{Value, json};
use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use tokio::sync::{broadcast, watch};

use super::place::{Place, Requests};
use super::{Page, accounts, home, parts, requests};
use crate::control::{ProxyState, Status};
use crate::dashboard::view::state::State;
use crate::dashboard::{Control, connection};
use crate::language::Language;
use crate::monitor::{Cursor, Record};

/// Busy traffic is shown this often, not with every request.
const PACE: Duration = Duration::from_millis(100);

/// `place`: `None` for a page that there is not, where only the frame lives.
pub fn answer(control: &Arc<Control>, place: Option<Place>, response: &mut Response) {
    let live = Live::new(control, place);
    let patches = stream::unfold(live, |mut live| async move {
        let patches = live.next().await?;
        Some((Ok::<_, Infallible>(lines(&patches)), live))
    });
    response.status_code(StatusCode::OK);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/x-ndjson"));
    response.body(ResBody::stream(patches));
}

fn lines(patches: &[Value]) -> Bytes {
    let mut text = String::new();
    for patch in patches {
        text.push_str(&patch.to_string());
        text.push('\n');
    }
    text.into()
}

struct Live {
    control: Arc<Control>,
    place: Option<Place>,
    status: watch::Receiver<Status>,
    feed: broadcast::Receiver<Arc<Record>>,
    language: Language,
    /// When `/healthz` was asked last: it answers the same until this changes.
    checked: Option<(ProxyState, SocketAddr)>,
    /// What each part looked like when it was last sent.
    shown: HashMap<&'static str, String>,
    has_begun: bool,
}

/// What woke us.
enum Event {
    Status,
    /// New exchanges, oldest first.
    Records(Vec<Arc<Record>>),
    /// So many that some were missed.
    TooMany,
}

impl Live {
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

    /// Everything that may have changed between the page and this stream.
    async fn begin(&mut self) -> Vec<Value> {
        let mut patches = self.changed_parts(true).await;
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

    /// What `/healthz` answers by now, on the page that shows it.
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
        let said = home::health_said(&health, self.language);
        Some(replace("health", &home::health_place(&said)))
    }

    /// A patch, unless this part is shown like that already.
    fn changed(&mut self, id: &'static str, html: &Markup) -> Option<Value> {
        let before = self.shown.insert(id, html.0.clone());
        // The reader may have opened one of them, which a needless patch would close.
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

    /// The list that new exchanges arrive in: its id, what it shows, and how many.
    fn list(&self) -> Option<(&'static str, Requests, usize)> {
        match &self.place {
            Some(Place::Home) => Some(("latest", Requests::default(), home::LATEST)),
            Some(Place::Requests(asked))
                if asked.cursor == Cursor::Latest && asked.filter.until.is_none() =>
            {
                Some(("rows", asked.clone(), requests::PAGE))
            }
            _ => None,
        }
    }
}

fn replace(id: &str, html: &Markup) -> Value {
    json!({ "target": id, "how": "replace", "html": html.0 })
}
