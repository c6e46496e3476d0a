//! The read side: pages, details, sums. Each call opens a read-only connection on a blocking
//! thread, so no reader holds up the writer or a request.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::SyncSender;

use jiff::tz::TimeZone;
use rusqlite::{Connection, OpenFlags, OptionalExtension, params_from_iter};
use serde::Serialize;
use tokio::sync::Semaphore;

use super::body::KeptBody;
use super::field::unsigned;
use super::filter::{Cursor, Filter};
use super::queue::Message;
use super::record::{Record, RecordNumber};
use super::store::database::{REQUEST, RESPONSE, is_damage};
use super::store::{migrate, row};
use super::usage::{self, UsageQuery, UsageRow};

/// The most reads at once; others wait their turn.
const AT_ONCE: usize = 4;
/// The number of records in each of [`Pages`].
const PAGE: usize = 500;
/// The most records in a page.
pub const MAX_PAGE: usize = 1000;

/// The record on disk, for reading. Cheap to clone.
#[derive(Clone, Debug)]
pub struct History {
    path: Arc<Path>,
    turns: Arc<Semaphore>,
    /// The writer's queue, for a report of damage.
    suspicion: Option<SyncSender<Message>>,
}

/// Records, and where the next page begins.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Page {
    pub records: Vec<Record>,
    /// `None` after the last page.
    pub next: Option<Cursor>,
}

/// One record and its kept bodies.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Detail {
    #[serde(flatten)]
    pub record: Record,
    pub request_body: Option<KeptBody>,
    pub response_body: Option<KeptBody>,
}

/// Why the record cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    #[error("the record of requests cannot be read: {0}")]
    Unreadable(#[from] rusqlite::Error),
    #[error("the record of requests was not read: {0}")]
    Interrupted(String),
}

impl History {
    /// A file that does not exist is an empty history.
    pub fn new(path: PathBuf) -> Self {
        Self { path: path.into(), turns: Arc::new(Semaphore::new(AT_ONCE)), suspicion: None }
    }

    /// A history that reports damage to the writer.
    pub(super) fn watched_by(self, writer: SyncSender<Message>) -> Self {
        Self { suspicion: Some(writer), ..self }
    }

    /// At most `limit` records.
    pub async fn page(&self, filter: Filter, cursor: Cursor, limit: usize) -> Result<Page, HistoryError> {
        self.read(move |connection| page(connection, &filter, cursor, limit.clamp(1, MAX_PAGE))).await
    }

    pub async fn find(&self, number: RecordNumber) -> Result<Option<Detail>, HistoryError> {
        self.read(move |connection| find(connection, number)).await
    }

    /// Sums in local time.
    pub async fn usage(&self, query: UsageQuery) -> Result<Vec<UsageRow>, HistoryError> {
        self.read(move |connection| usage::read(connection, &query, &TimeZone::system())).await
    }

    /// Every record that passes the filter, newest first, page by page.
    pub fn pages(&self, filter: Filter) -> Pages {
        Pages { history: self.clone(), filter, next: Some(Cursor::Latest) }
    }

    async fn read<T, F>(&self, read: F) -> Result<T, HistoryError>
    where
        T: Default + Send + 'static,
        F: FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        let _turn =
            self.turns.acquire().await.map_err(|error| HistoryError::Interrupted(error.to_string()))?;
        let path = Arc::clone(&self.path);
        let reading = tokio::task::spawn_blocking(move || {
            let Some(connection) = open(&path)? else { return Ok(T::default()) };
            read(&connection)
        });
        let read = reading.await.map_err(|error| HistoryError::Interrupted(error.to_string()))?;
        if let (Err(error), Some(writer)) = (&read, &self.suspicion)
            && is_damage(error)
        {
            let _ = writer.try_send(Message::Suspect);
        }
        Ok(read?)
    }
}

/// A walk through many records, page by page. Between two pages no read is open.
#[derive(Debug)]
pub struct Pages {
    history: History,
    filter: Filter,
    next: Option<Cursor>,
}

impl Pages {
    /// The records of the next page; `None` at the end, and after an error.
    pub async fn next(&mut self) -> Result<Option<Vec<Record>>, HistoryError> {
        let Some(cursor) = self.next.take() else { return Ok(None) };
        let Page { records, next } = self.history.page(self.filter.clone(), cursor, PAGE).await?;
        self.next = next;
        Ok((!records.is_empty()).then_some(records))
    }
}

/// `None` when there is no file, or no table in it yet.
fn open(path: &Path) -> rusqlite::Result<Option<Connection>> {
    if !path.exists() {
        return Ok(None);
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(std::time::Duration::from_secs(2))?;
    let version: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if version <= 0 {
        return Ok(None);
    }
    if migrate::is_older(version) {
        row::add_missing_columns(&connection)?;
    }
    Ok(Some(connection))
}

fn page(connection: &Connection, filter: &Filter, cursor: Cursor, limit: usize) -> rusqlite::Result<Page> {
    let (sql, values) = page_sql(filter, cursor, limit);
    let mut statement = connection.prepare(&sql)?;
    let rows = statement.query_map(params_from_iter(values), row::read)?;
    let mut records: Vec<Record> = rows.collect::<Result<_, _>>()?;
    let has_more = records.len() > limit;
    records.truncate(limit);
    let last = records.last().map(|record| record.number);
    let next = last.filter(|_| has_more).map(|last| match cursor {
        Cursor::After(_) => Cursor::After(last),
        Cursor::Latest | Cursor::Before(_) => Cursor::Before(last),
    });
    Ok(Page { records, next })
}

/// The query for a page, with one record more than `limit`: it says whether there is a next
/// page.
pub(super) fn page_sql(
    filter: &Filter,
    cursor: Cursor,
    limit: usize,
) -> (String, Vec<rusqlite::types::Value>) {
    let condition = filter.condition(cursor);
    let order = if matches!(cursor, Cursor::After(_)) { "ASC" } else { "DESC" };
    let sql = format!("{}{} ORDER BY number {order} LIMIT {}", row::select_sql(), condition.sql(), limit + 1);
    (sql, condition.values)
}

fn find(connection: &Connection, number: RecordNumber) -> rusqlite::Result<Option<Detail>> {
    let sql = format!("{} WHERE number = ?", row::select_sql());
    let Some(record) = connection.query_row(&sql, [number.0], row::read).optional()? else { return Ok(None) };
    let request_body = find_body(connection, number, REQUEST)?;
    let response_body = find_body(connection, number, RESPONSE)?;
    Ok(Some(Detail { record, request_body, response_body }))
}

fn find_body(connection: &Connection, number: RecordNumber, side: i64) -> rusqlite::Result<Option<KeptBody>> {
    let sql = "SELECT content, length, truncated FROM body WHERE number = ?1 AND side = ?2";
    let read = |row: &rusqlite::Row<'_>| {
        let content: Vec<u8> = row.get(0)?;
        let text = String::from_utf8_lossy(&content).into_owned();
        Ok(KeptBody { text, length: unsigned(row.get(1)?), truncated: row.get(2)? })
    };
    connection.query_row(sql, (number.0, side), read).optional()
}
