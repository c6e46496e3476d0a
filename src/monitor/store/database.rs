//! The one connection that writes.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, ErrorCode, TransactionBehavior};

use super::file::{self, Identity};
use super::migrate::{Version, migrate};
use super::row::{self, signed};
use crate::monitor::body::Bodies;
use crate::monitor::record::Record;
use crate::upstream::Scrubber;

/// Another program may hold the file this long before we give up for now.
const PATIENCE: Duration = Duration::from_millis(250);
const PAGE_BYTES: u64 = 4096;
/// Which body of an exchange a row holds.
pub const REQUEST: i64 = 0;
pub const RESPONSE: i64 = 1;
/// The write-ahead log is copied into the database at this share of the limit …
const LOG_SHARE: u64 = 16;
/// … and no later than at so many bytes.
const MAX_LOG: u64 = 4 << 20;
/// Rows deleted at a time, so that a prune holds no lock and no memory for long.
const PRUNE_ROWS: i64 = 2_000;
/// A prune for size goes on until so many hundredths of the limit are left.
const PRUNE_TO: u64 = 90;

/// How large and how old the record may become.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes, log included.
    pub max_size: u64,
    pub retention: SignedDuration,
}

#[derive(Debug)]
pub struct Database {
    connection: Connection,
    path: PathBuf,
    identity: Option<Identity>,
    limits: Limits,
    insert: String,
    /// For what becomes text on its way.
    scratch: Vec<u8>,
}

/// What can be wrong with the file.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// What is there is not our database, or not any more.
    #[error("it is damaged: {0}")]
    Corrupt(rusqlite::Error),
    /// The same, by its own examination.
    #[error("it is damaged: {0}")]
    Damaged(String),
    #[error("it was written by a newer portcullis")]
    Newer,
    /// The log cannot be shortened, because somebody has been reading for long.
    #[error("another program reads monitor.db and keeps it from being shortened")]
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
    // `Unknown` is what SQLite says when tables are not what they should be.
    let codes = [ErrorCode::DatabaseCorrupt, ErrorCode::NotADatabase, ErrorCode::Unknown];
    error.sqlite_error_code().is_some_and(|code| codes.contains(&code))
}

type Stored<T> = Result<T, StoreError>;

impl Database {
    /// Opens the file, or begins a new one.
    pub fn open(path: &Path, limits: Limits) -> Stored<Self> {
        if file::identity(path).is_none() {
            file::remove_companions(path);
        }
        file::create_private(path)?;
        let mut connection = Connection::open(path)?;
        connection.busy_timeout(PATIENCE)?;
        // Only heard before the first table is made.
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
    pub fn limit(&mut self, limits: Limits) -> Stored<()> {
        self.limits = limits;
        let log = (limits.max_size / LOG_SHARE).min(MAX_LOG);
        self.connection.pragma_update(None, "wal_autocheckpoint", signed(log / PAGE_BYTES).max(1))?;
        self.connection.pragma_update(None, "journal_size_limit", signed(log))?;
        Ok(())
    }

    /// Whether the path still leads to the file that is open.
    pub fn is_in_place(&self) -> bool {
        file::identity(&self.path) == self.identity
    }

    /// Closes a database whose file has been taken away. SQLite leaves the log then, and
    /// would take it for that of whatever file comes next.
    pub fn abandon(self) {
        let Self { connection, path, .. } = self;
        drop(connection);
        file::remove_companions(&path);
    }

    /// The number of the latest record.
    pub fn last_number(&self) -> Stored<i64> {
        let sql = "SELECT COALESCE(MAX(number), 0) FROM exchange";
        Ok(self.connection.query_row(sql, [], |row| row.get(0))?)
    }

    /// Fails when the file has grown too far beyond its limit and cannot be made smaller.
    pub fn make_room(&mut self, now: Timestamp) -> Stored<()> {
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

    /// Fails when what is stored is damaged, also where nobody has looked lately.
    pub fn examine(&self) -> Stored<()> {
        let found: String = self.connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
        if found == "ok" { Ok(()) } else { Err(StoreError::Damaged(found)) }
    }

    /// All of them or, on an error, none.
    pub fn insert<'a>(
        &mut self,
        records: impl IntoIterator<Item = &'a Record>,
        scrubber: &Scrubber,
    ) -> Stored<()> {
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

    /// Forgets what is too old, and the oldest of what is too much.
    pub fn prune(&mut self, now: Timestamp) -> Stored<()> {
        let oldest = now.saturating_sub(self.limits.retention).unwrap_or(Timestamp::MIN);
        while self.delete("number < ?1", oldest.as_microsecond())? > 0 {}
        if self.size()? <= self.limits.max_size {
            return self.shrink();
        }
        // What a log holds may be in the database already.
        self.checkpoint()?;
        while self.used()? > self.limits.max_size / 100 * PRUNE_TO {
            if self.delete("number >= ?1", 0)? == 0 {
                break;
            }
        }
        self.shrink()
    }

    /// Forgets everything.
    pub fn clear(&mut self) -> Stored<u64> {
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        transaction.execute("DELETE FROM body", [])?;
        let forgotten = transaction.execute("DELETE FROM exchange", [])?;
        transaction.commit()?;
        self.shrink()?;
        self.checkpoint()?;
        Ok(forgotten as u64)
    }

    /// Bytes on disk, log included.
    pub fn size(&self) -> Stored<u64> {
        Ok(self.pages("page_count")? * PAGE_BYTES + file::log_size(&self.path))
    }

    pub const fn limits(&self) -> &Limits {
        &self.limits
    }

    /// No page more than there is.
    #[cfg(test)]
    pub fn fill_up(&self) {
        let pages = signed(self.pages("page_count").expect("a count"));
        self.connection.pragma_update(None, "max_page_count", pages).expect("limited");
    }

    /// Bytes of the database that hold something.
    fn used(&self) -> Stored<u64> {
        Ok((self.pages("page_count")? - self.pages("freelist_count")?) * PAGE_BYTES)
    }

    fn pages(&self, pragma: &str) -> Stored<u64> {
        let pages: i64 = self.connection.pragma_query_value(None, pragma, |row| row.get(0))?;
        Ok(row::unsigned(pages))
    }

    /// Deletes the oldest rows that the condition holds for, some at a time.
    fn delete(&mut self, condition: &str, value: i64) -> Stored<usize> {
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

    /// Gives pages that hold nothing back to the disk.
    fn shrink(&self) -> Stored<()> {
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

    /// Moves the log into the database, and cuts it to nothing if nobody reads it.
    fn checkpoint(&self) -> Stored<()> {
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
