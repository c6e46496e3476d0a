//! The pages as HTML, rendered here and put in place by the shell's script. Everything
//! from outside is escaped by construction; what it says is decided in `view`.
//!
//! `GET /page/…` answers the page that the shell shows at `/…`, `GET /live?at=/…` the
//! patches that keep it true, and `POST /part/…` a piece that a button asked for.

mod accounts;
mod chart;
mod home;
mod live;
mod parts;
mod place;
mod prices;
mod requests;
mod settings;
mod usage;

use std::sync::Arc;
use std::time::Instant;

use http::header::CONTENT_TYPE;
use http::{HeaderValue, StatusCode};
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use maud::{Markup, html};
use salvo::http::ResBody;
use salvo::prelude::{Depot, FlowCtrl, Request, Response};
use salvo::{Handler, Router, async_trait};
use serde::Deserialize;

use self::place::{Lost, Place, Requests};
use super::view::account::{self, Account};
use super::view::first::{First, first};
use super::view::request::{Row, Whole};
use super::view::settings::Settings;
use super::view::snippets::Connection;
use super::view::state::State;
use super::view::usage::{Scope, Usage};
use super::{Control, api, connection};
use crate::config::{self, Config};
use crate::control::{Command, Status};
use crate::language::Language;
use crate::monitor::{Cursor, Filter, HistoryError, Outcome, Record, UsageQuery};
use crate::text;

/// Exchanges looked at for the first request.
const RECENT: usize = 20;

pub fn router(control: &Arc<Control>) -> Router {
    let endpoint = |call| Endpoint { control: Arc::clone(control), call };
    Router::new()
        .push(Router::with_path("page/{**path}").get(endpoint(Call::Page)))
        .push(Router::with_path("live").get(endpoint(Call::Live)))
        .push(Router::with_path("part/health").post(endpoint(Call::Health)))
        .push(Router::with_path("part/account-test").post(endpoint(Call::AccountTest)))
}

#[derive(Clone, Copy, Debug)]
enum Call {
    Page,
    Live,
    Health,
    AccountTest,
}

struct Endpoint {
    control: Arc<Control>,
    call: Call,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Named {
    name: String,
}

#[async_trait]
impl Handler for Endpoint {
    async fn handle(&self, request: &mut Request, _: &mut Depot, response: &mut Response, _: &mut FlowCtrl) {
        match self.call {
            Call::Page => self.page(request, response).await,
            Call::Live => self.live(request, response),
            Call::Health => self.health(response).await,
            Call::AccountTest => self.test_account(request, response).await,
        }
    }
}

impl Endpoint {
    async fn page(&self, request: &Request, response: &mut Response) {
        let address = request.uri().path_and_query().map_or("", |address| address.as_str());
        let address = address.strip_prefix("/page").unwrap_or_default();
        let page = Page::new(&self.control);
        let (status, place, body) = match Place::parse(address) {
            Ok(place) => match page.render(&place).await {
                Ok(Some(body)) => (StatusCode::OK, Some(place), body),
                Ok(None) => {
                    (StatusCode::NOT_FOUND, Some(place), page.lost(&text!(page.language, "lost-record")))
                }
                Err(error) => (StatusCode::SERVICE_UNAVAILABLE, Some(place), page.lost(&error.to_string())),
            },
            Err(Lost::NoSuchPage) => {
                (StatusCode::NOT_FOUND, None, page.lost(&text!(page.language, "lost-page")))
            }
            Err(Lost::Query(reason)) => (StatusCode::BAD_REQUEST, None, page.lost(&reason)),
        };
        answer(response, status, &page.frame(place.as_ref(), &body));
    }

    fn live(&self, request: &Request, response: &mut Response) {
        let mut places = request.queries().iter().filter(|(key, _)| *key == "at");
        let place = places.next().map(|(_, at)| Place::parse(at));
        match (place, request.queries().len()) {
            (Some(place), 1) => live::answer(&self.control, place.ok(), response),
            _ => api::refuse(
                response,
                StatusCode::BAD_REQUEST,
                "`at` and nothing else says which page is shown",
            ),
        }
    }

    async fn health(&self, response: &mut Response) {
        let language = self.control.agent.status().language;
        let health = connection::check(&self.control).await;
        answer(response, StatusCode::OK, &home::health_said(&health, language));
    }

    async fn test_account(&self, request: &mut Request, response: &mut Response) {
        let Named { name } = match api::body(request).await {
            Ok(named) => named,
            Err(error) => return api::refuse(response, StatusCode::BAD_REQUEST, &error),
        };
        let language = self.control.agent.status().language;
        let outcome = self.control.agent.ask(Command::TestAccount { name, language }).await;
        let outcome = outcome.map_err(|error| error.to_string());
        let outcome = outcome.and_then(|report| {
            serde_json::from_value(report).map_err(|error: serde_json::Error| error.to_string())
        });
        answer(response, StatusCode::OK, &accounts::test_result(&outcome, language));
    }
}

fn answer(response: &mut Response, status: StatusCode, html: &Markup) {
    response.status_code(status);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    response.body(ResBody::Once(html.0.clone().into()));
}

/// What every page is rendered from: one look at the agent.
pub struct Page {
    control: Arc<Control>,
    status: Status,
    config: Arc<Config>,
    language: Language,
    now: Zoned,
}

impl Page {
    fn new(control: &Arc<Control>) -> Self {
        let status = control.agent.status();
        Self {
            config: control.config(),
            language: status.language,
            now: Zoned::now(),
            control: Arc::clone(control),
            status,
        }
    }

    /// `None` for a record that is not there.
    async fn render(&self, place: &Place) -> Result<Option<Markup>, HistoryError> {
        Ok(Some(match place {
            Place::Home => {
                let recent = self.recent().await?;
                let (first, rows) =
                    (self.first(&recent), self.rows(&recent[..recent.len().min(home::LATEST)]));
                let is_new = !recent.iter().any(|record| record.outcome == Outcome::Done);
                home::home(self, &first, &rows, is_new)
            }
            Place::Requests(asked) => {
                let (rows, next) = self.listed(asked).await?;
                requests::requests(self, asked, &rows, next)
            }
            Place::Request(number) => {
                let Some(detail) = self.control.recorder.history().find(*number).await? else {
                    return Ok(None);
                };
                let whole = Whole::of(&detail, self.language, self.timestamp(), self.zone());
                requests::request(&whole, self.language)
            }
            Place::Usage(scope) => usage::usage(self, *scope, &self.used(*scope).await?),
            Place::Accounts => accounts::accounts(self),
            Place::Settings => {
                let path = self.control.config_path.clone();
                let read = tokio::task::spawn_blocking(move || config::read(&path)).await;
                let text = read.ok().and_then(Result::ok).map(|source| source.text).unwrap_or_default();
                settings::settings(self, &Settings::of(&text, self.language))
            }
        }))
    }

    async fn recent(&self) -> Result<Vec<Record>, HistoryError> {
        self.control.recorder.settle().await;
        let history = self.control.recorder.history();
        Ok(history.page(Filter::default(), Cursor::Latest, RECENT).await?.records)
    }

    fn first(&self, recent: &[Record]) -> First {
        first(recent, &self.status.base_url, self.language)
    }

    async fn listed(
        &self,
        asked: &Requests,
    ) -> Result<(Vec<Row>, Option<crate::monitor::RecordNumber>), HistoryError> {
        self.control.recorder.settle().await;
        let history = self.control.recorder.history();
        let page = history.page(asked.filter.clone(), asked.cursor, requests::PAGE).await?;
        let next = page.next.and_then(|next| match next {
            Cursor::Before(number) => Some(number),
            Cursor::Latest | Cursor::After(_) => None,
        });
        Ok((self.rows(&page.records), next))
    }

    fn rows(&self, records: &[Record]) -> Vec<Row> {
        records.iter().map(|record| self.row(record)).collect()
    }

    fn row(&self, record: &Record) -> Row {
        Row::of(record, self.language, self.timestamp(), self.zone())
    }

    async fn used(&self, scope: Scope) -> Result<Usage, HistoryError> {
        self.control.recorder.settle().await;
        let filter = Filter { since: scope.starts(&self.now).first().copied(), ..Filter::default() };
        let query = UsageQuery { per: Some(scope.per), by: Some(scope.by), filter };
        let rows = self.control.recorder.history().usage(query).await?;
        Ok(Usage::of(&rows, scope, self.language, &self.now))
    }

    fn accounts(&self) -> Vec<Account> {
        let pool = self.control.gateway.pool.view(Instant::now());
        account::accounts(&pool, &self.config, self.language, self.zone())
    }

    fn connection(&self) -> Connection<'_> {
        Connection { base_url: &self.status.base_url, config: &self.config, is_windows: cfg!(windows) }
    }

    fn records_are_kept(&self) -> bool {
        self.config.monitor.enabled
    }

    fn record_problems(&self) -> Vec<String> {
        let health = self.control.recorder.health();
        let dropped =
            (health.dropped > 0).then(|| text!(self.language, "requests-dropped", count = health.dropped));
        health.problem.into_iter().chain(dropped).collect()
    }

    fn timestamp(&self) -> Timestamp {
        self.now.timestamp()
    }

    fn zone(&self) -> &TimeZone {
        self.now.time_zone()
    }

    fn lost(&self, reason: &str) -> Markup {
        html! {
            h1 #title tabindex="-1" { (text!(self.language, "lost-title")) }
            p.callout.warn { (reason) }
            p { a href="/" { (text!(self.language, "nav-home")) } }
        }
    }

    fn frame(&self, place: Option<&Place>, body: &Markup) -> Markup {
        let language = self.language;
        let title =
            place.map_or_else(|| text!(language, "lost-title"), |place| text!(language, nav_label(place)));
        let is_here = |other: &Place| place.is_some_and(|place| nav_label(place) == nav_label(other));
        let places = [
            ("/", Place::Home),
            ("/requests", Place::Requests(Requests::default())),
            (
                "/usage",
                Place::Usage(Scope { per: crate::monitor::Period::Day, by: crate::monitor::Grouping::Model }),
            ),
            ("/accounts", Place::Accounts),
            ("/settings", Place::Settings),
        ];
        html! {
            div.frame lang=(language.tag()) data-title={ (title) " · portcullis" } {
                a.skip href="#title" { (text!(language, "nav-skip")) }
                header.rail {
                    (parts::brand(&State::of(&self.status)))
                    nav aria-label="portcullis" {
                        ul {
                            @for (href, place) in &places {
                                li { a href=(href) aria-current=[is_here(place).then_some("page")] { (text!(language, nav_label(place))) } }
                            }
                        }
                    }
                    footer.small.soft { "portcullis " (self.status.version) }
                }
                main.content { (body) }
            }
        }
    }
}

const fn nav_label(place: &Place) -> &'static str {
    match place {
        Place::Home => "nav-home",
        Place::Requests(_) | Place::Request(_) => "nav-requests",
        Place::Usage(_) => "nav-usage",
        Place::Accounts => "nav-accounts",
        Place::Settings => "nav-settings",
    }
}
