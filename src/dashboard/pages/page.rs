//! What every page is rendered from: one look at the agent, its config and its records.

use std::sync::Arc;
use std::time::Instant;

use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

use super::place::Requests;
use crate::config::Config;
use crate::control::Status;
use crate::dashboard::plane::Control;
use crate::dashboard::view::account::{self, Account};
use crate::dashboard::view::first::{FirstRequest, first};
use crate::dashboard::view::request::Row;
use crate::dashboard::view::snippets::Connection;
use crate::dashboard::view::usage::{Scope, Usage};
use crate::language::Language;
use crate::monitor::{Cursor, Filter, HistoryError, Record, RecordNumber, UsageQuery};
use crate::text;

/// Exchanges looked at for the first request.
const RECENT: usize = 20;
/// Rows of the page *Requests*.
pub const ROWS: usize = 50;

pub struct Page {
    pub control: Arc<Control>,
    pub status: Status,
    pub config: Arc<Config>,
    pub language: Language,
    pub now: Zoned,
}

impl Page {
    pub fn new(control: &Arc<Control>) -> Self {
        let status = control.agent.status();
        Self {
            config: control.config(),
            language: status.language,
            now: Zoned::now(),
            control: Arc::clone(control),
            status,
        }
    }

    pub async fn recent(&self) -> Result<Vec<Record>, HistoryError> {
        self.control.recorder.settle().await;
        let history = self.control.recorder.history();
        Ok(history.page(Filter::default(), Cursor::Latest, RECENT).await?.records)
    }

    pub fn first(&self, recent: &[Record]) -> FirstRequest {
        first(recent, &self.status.base_url, self.language)
    }

    pub async fn listed(&self, asked: &Requests) -> Result<(Vec<Row>, Option<RecordNumber>), HistoryError> {
        self.control.recorder.settle().await;
        let history = self.control.recorder.history();
        let page = history.page(asked.filter.clone(), asked.cursor, ROWS).await?;
        let next = page.next.and_then(|next| match next {
            Cursor::Before(number) => Some(number),
            Cursor::Latest | Cursor::After(_) => None,
        });
        Ok((self.rows(&page.records), next))
    }

    pub fn rows(&self, records: &[Record]) -> Vec<Row> {
        records.iter().map(|record| self.row(record)).collect()
    }

    pub fn row(&self, record: &Record) -> Row {
        Row::of(record, self.language, self.timestamp(), self.zone())
    }

    pub async fn used(&self, scope: Scope) -> Result<Usage, HistoryError> {
        self.control.recorder.settle().await;
        let filter = Filter { since: scope.starts(&self.now).first().copied(), ..Filter::default() };
        let query = UsageQuery { per: Some(scope.per), by: Some(scope.by), filter };
        let rows = self.control.recorder.history().usage(query).await?;
        Ok(Usage::of(&rows, scope, self.language, &self.now))
    }

    pub fn accounts(&self) -> Vec<Account> {
        let pool = self.control.gateway.pool.view(Instant::now());
        account::accounts(&pool, &self.config, self.language, self.zone())
    }

    pub fn connection(&self) -> Connection<'_> {
        Connection { base_url: &self.status.base_url, config: &self.config, is_windows: cfg!(windows) }
    }

    pub fn records_are_kept(&self) -> bool {
        self.config.monitor.enabled
    }

    pub fn record_problems(&self) -> Vec<String> {
        let health = self.control.recorder.health();
        let dropped =
            (health.dropped > 0).then(|| text!(self.language, "requests-dropped", count = health.dropped));
        health.problem.into_iter().chain(dropped).collect()
    }

    pub fn timestamp(&self) -> Timestamp {
        self.now.timestamp()
    }

    pub fn zone(&self) -> &TimeZone {
        self.now.time_zone()
    }
}
