//! The one connection that writes.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, ErrorCode, TransactionBehavior};

use super::file::{self, Identity};
use super::migrate::{Version, migrate};
use super::row;
use crate::monitor::body::Bodies;
use crate::monitor::field::{signed, unsigned};
use crate::monitor::record::Record;
use crate::upstream::Scrubber;

/// How long to wait for another program that has locked the file.
const PATIENCE: Duration = Duration::from_millis(250);
const PAGE_BYTES: u64 = 4096;
/// The side of an exchange that a stored body belongs to.
pub const REQUEST: i64 = 0;
pub const RESPONSE: i64 = 1;
/// The write-ahead log is copied into the database when it reaches one part in this many of the
/// size limit …
const LOG_SHARE: u64 = 16;
/// … and at this many bytes at the latest.
const MAX_LOG: u64 = 4 << 20;
/// The most rows deleted at a time, so that a prune holds no lock for long and little memory.
const PRUNE_ROWS: i64 = 2_000;
/// A prune for size goes on until this percentage of the limit is left.
const PRUNE_TO: u64 = 90;

/// The largest size and the longest age of the record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes, with the log.
    pub max_size: u64,
    pub retention: SignedDuration,
}

/// The database, open for writing.
#[derive(Debug)]
pub struct Database {
    connection: Connection,
    path: PathBuf,
    identity: Option<Identity>,
    limits: Limits,
    insert: String,
    /// A buffer for values that are stored as text.
    scratch: Vec<u8>,
}

/// Why the file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The file is not our database, or not any more.
    #[error("it is damaged: {0}")]
    Corrupt(rusqlite::Error),
    /// The same, by SQLite's own check.
    #[error("it is damaged: {0}")]
    Damaged(String),
    #[error("it was written by a newer portcullis")]
    Newer,
    /// The log cannot be shortened while another program reads the database.
    #[error("another program reads monitor.db, which keeps it from shrinking")]
    Blocked,
    #[error(transparent)]
    Sqlite(rusqlite::Error),
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        if is_damage(&error) { Self::Corrupt(error) } else { Self::Sqlite(error) }
    }
}

/// Whether the file is not our database, or not any more.
pub fn is_damage(error: &rusqlite::Error) -> bool {
    // SQLite reports `Unknown` when a table or column is missing.
    let codes = [ErrorCode::DatabaseCorrupt, ErrorCode::NotADatabase, ErrorCode::Unknown];
    error.sqlite_error_code().is_some_and(|code| codes.contains(&code))
}

impl Database {
    /// Opens the file, or creates it.
    pub fn open(path: &Path, limits: Limits) -> Result<Self, StoreError> {
        if file::identity(path).is_none() {
            file::remove_companions(path);
        }
        file::create_private(path)?;
        let mut connection = Connection::open(path)?;
        connection.busy_timeout(PATIENCE)?;
        // Takes effect only before the first table is created.
        connection.pragma_update(None, "auto_vacuum", "INCREMENTAL")?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "NORMAL")?;
        connection.pragma_update(None, "secure_delete", true)?;
        if migrate(&mut connection)? == Version::Newer {
            return Err(StoreError::Newer);
        }
        let mut database = Self {
            connection,
            path: path.to_owned(),
            identity: file::identity(path),
            limits,
            insert: row::insert_sql(),
            scratch: Vec::new(),
        };
        database.limit(limits)?;
        Ok(database)
    }

    /// Puts other limits in force.
    pub fn limit(&mut self, limits: Limits) -> Result<(), StoreError> {
        self.limits = limits;
        let log = (limits.max_size / LOG_SHARE).min(MAX_LOG);
        self.connection.pragma_update(None, "wal_autocheckpoint", signed(log / PAGE_BYTES).max(1))?;
        self.connection.pragma_update(None, "journal_size_limit", signed(log))?;
        Ok(())
    }

    /// Whether the path still names the open file.
    pub fn is_in_place(&self) -> bool {
        file::identity(&self.path) == self.identity
    }

    /// Closes a database whose file was removed. SQLite leaves the log behind then, and would
    /// apply it to the next file of that name.
    pub fn abandon(self) {
        let Self { connection, path, .. } = self;
        drop(connection);
        file::remove_companions(&path);
    }

    /// The number of the latest record.
    pub fn last_number(&self) -> Result<i64, StoreError> {
        let sql = "SELECT COALESCE(MAX(number), 0) FROM exchange";
        Ok(self.connection.query_row(sql, [], |row| row.get(0))?)
    }

    /// Fails when the file is more than a quarter beyond its limit and cannot be made smaller.
    pub fn make_room(&mut self, now: Timestamp) -> Result<(), StoreError> {
        let most = self.limits.max_size + self.limits.max_size / 4;
        if self.size()? > most {
            self.prune(now)?;
            self.checkpoint()?;
            if self.size()? > most {
                return Err(StoreError::Blocked);
            }
        }
        Ok(())
    }

    /// Fails when any part of the file is damaged.
    pub fn examine(&self) -> Result<(), StoreError> {
        let found: String = self.connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
        if found == "ok" { Ok(()) } else { Err(StoreError::Damaged(found)) }
    }

    /// Stores all records or, on an error, none.
    pub fn insert<'a>(
        &mut self,
        records: impl IntoIterator<Item = &'a Record>,
        scrubber: &Scrubber,
    ) -> Result<(), StoreError> {
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        {
            let mut insert = transaction.prepare_cached(&self.insert)?;
            for record in records {
                row::bind(&mut insert, record, &mut self.scratch)?;
                insert.raw_execute()?;
                if let Some(bodies) = &record.bodies {
                    insert_bodies(&transaction, record.number.0, bodies, scrubber)?;
                }
            }
        }
        Ok(transaction.commit()?)
    }

    /// Deletes the records that are too old, and the oldest while the file is too large.
    pub fn prune(&mut self, now: Timestamp) -> Result<(), StoreError> {
        let oldest = now.saturating_sub(self.limits.retention).unwrap_or(Timestamp::MIN);
        while self.delete("number < ?1", oldest.as_microsecond())? > 0 {}
        if self.size()? <= self.limits.max_size {
            return self.shrink();
        }
        // Without its log, the file may be small enough.
        self.checkpoint()?;
        while self.used()? > self.limits.max_size / 100 * PRUNE_TO {
            if self.delete("number >= ?1", 0)? == 0 {
                break;
            }
        }
        self.shrink()
    }

    /// Deletes every record and returns their number.
    pub fn clear(&mut self) -> Result<u64, StoreError> {
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        transaction.execute("DELETE FROM body", [])?;
        let deleted = transaction.execute("DELETE FROM exchange", [])?;
        transaction.commit()?;
        self.shrink()?;
        self.checkpoint()?;
        Ok(deleted as u64)
    }

    /// Bytes on disk, with the log.
    pub fn size(&self) -> Result<u64, StoreError> {
        Ok(self.pages("page_count")? * PAGE_BYTES + file::log_size(&self.path))
    }

    pub const fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Allows no page more than there is now.
    #[cfg(test)]
    pub fn fill_up(&self) {
        let pages = signed(self.pages("page_count").expect("a count"));
        self.connection.pragma_update(None, "max_page_count", pages).expect("limited");
    }

    /// Bytes of the pages that are in use.
    fn used(&self) -> Result<u64, StoreError> {
        Ok((self.pages("page_count")? - self.pages("freelist_count")?) * PAGE_BYTES)
    }

    fn pages(&self, pragma: &str) -> Result<u64, StoreError> {
        let pages: i64 = self.connection.pragma_query_value(None, pragma, |row| row.get(0))?;
        Ok(unsigned(pages))
    }

    /// Deletes the oldest rows that the condition holds for, at most [`PRUNE_ROWS`], and returns
    /// their number.
    fn delete(&mut self, condition: &str, value: i64) -> Result<usize, StoreError> {
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let last = format!(
            "SELECT MAX(number) FROM (SELECT number FROM exchange WHERE {condition} ORDER BY number LIMIT {PRUNE_ROWS})"
        );
        let last: Option<i64> = transaction.query_row(&last, [value], |row| row.get(0))?;
        let Some(last) = last else { return Ok(0) };
        transaction.execute("DELETE FROM body WHERE number <= ?1", [last])?;
        let deleted = transaction.execute("DELETE FROM exchange WHERE number <= ?1", [last])?;
        transaction.commit()?;
        Ok(deleted)
    }

    /// Returns unused pages to the file system.
    fn shrink(&self) -> Result<(), StoreError> {
        if self.pages("freelist_count")? > 0 {
            // Each step frees one page.
            let mut vacuum = self.connection.prepare("PRAGMA incremental_vacuum")?;
            let mut steps = vacuum.query([])?;
            while steps.next()?.is_some() {}
            drop(steps);
            drop(vacuum);
            self.checkpoint()?;
        }
        Ok(())
    }

    /// Copies the log into the database, and truncates it unless it is being read.
    fn checkpoint(&self) -> Result<(), StoreError> {
        Ok(self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?)
    }
}

fn insert_bodies(
    connection: &Connection,
    number: i64,
    bodies: &Bodies,
    scrubber: &Scrubber,
) -> rusqlite::Result<()> {
    let sql = "INSERT INTO body (number, side, content, length, truncated) VALUES (?1, ?2, ?3, ?4, ?5)";
    let mut insert = connection.prepare_cached(sql)?;
    for (side, body) in [(REQUEST, &bodies.request), (RESPONSE, &bodies.response)] {
        let (content, truncated) = body.redacted(scrubber);
        insert.execute((number, side, content, signed(body.length()), truncated))?;
    }
    Ok(())
}
