//! The read side: pages, details, sums. Each call has a connection of its own that cannot
//! write, on a thread that may block, so that no reader holds up the writer or a request.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::SyncSender;

use jiff::tz::TimeZone;
use rusqlite::{Connection, OpenFlags, OptionalExtension, params_from_iter};
use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;

use super::body::KeptBody;
use super::filter::{Cursor, Filter};
use super::record::{Record, RecordNumber};
use super::recorder::Message;
use super::store::database::{REQUEST, RESPONSE, is_damage};
use super::store::row::{self, unsigned};
use super::usage::{self, UsageQuery, UsageRow};

/// Reads under way at once; more wait their turn.
const AT_ONCE: usize = 4;
/// Records that an export reads at a time.
const EXPORT_PAGE: usize = 500;
/// A page is never longer than this.
pub const MAX_PAGE: usize = 1000;

/// The record on disk, to read. Cheap to clone.
#[derive(Clone, Debug)]
pub struct History {
    path: Arc<Path>,
    turns: Arc<Semaphore>,
    /// Told when what was read is damaged.
    suspicion: Option<SyncSender<Message>>,
}

/// Some records, and where the next page begins.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Page {
    pub records: Vec<Record>,
    /// `None`: that was the last one.
    pub next: Option<Cursor>,
}

/// One record and the bodies kept of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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

type Reading<T> = Result<T, HistoryError>;

impl History {
    /// A file that does not exist is an empty record.
    pub fn new(path: PathBuf) -> Self {
        Self { path: path.into(), turns: Arc::new(Semaphore::new(AT_ONCE)), suspicion: None }
    }

    /// One whose writer looks again at what cannot be read.
    pub(super) fn watched_by(self, writer: SyncSender<Message>) -> Self {
        Self { suspicion: Some(writer), ..self }
    }

    /// At most `limit` records.
    pub async fn page(&self, filter: Filter, cursor: Cursor, limit: usize) -> Reading<Page> {
        self.read(move |connection| page(connection, &filter, cursor, limit.clamp(1, MAX_PAGE))).await
    }

    pub async fn find(&self, number: RecordNumber) -> Reading<Option<Detail>> {
        self.read(move |connection| find(connection, number)).await
    }

    /// Sums in local time.
    pub async fn usage(&self, query: UsageQuery) -> Reading<Vec<UsageRow>> {
        self.read(move |connection| usage::read(connection, &query, &TimeZone::system())).await
    }

    /// Everything that is wanted, newest first, some at a time.
    pub const fn export(&self, filter: Filter) -> Export<'_> {
        Export { history: self, filter, next: Some(Cursor::Latest) }
    }

    async fn read<T, F>(&self, read: F) -> Reading<T>
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

/// A walk through many records that no single read holds open.
#[derive(Debug)]
pub struct Export<'a> {
    history: &'a History,
    filter: Filter,
    next: Option<Cursor>,
}

impl Export<'_> {
    /// The next few; `None` at the end.
    pub async fn next(&mut self) -> Reading<Option<Vec<Record>>> {
        let Some(cursor) = self.next.take() else { return Ok(None) };
        let Page { records, next } = self.history.page(self.filter.clone(), cursor, EXPORT_PAGE).await?;
        self.next = next;
        Ok((!records.is_empty()).then_some(records))
    }
}

/// `None`: there is nothing to read, or nothing yet.
fn open(path: &Path) -> rusqlite::Result<Option<Connection>> {
    if !path.exists() {
        return Ok(None);
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(std::time::Duration::from_secs(2))?;
    let version: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    Ok((version > 0).then_some(connection))
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

/// One more than asked for, to see whether there is a next page.
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
