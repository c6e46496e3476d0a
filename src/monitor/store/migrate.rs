//! The steps from an empty file to the current tables. A released step is never edited: every
//! change is another file.

use rusqlite::{Connection, Result};

const STEPS: [&str; 2] =
    [include_str!("../migrations/001_exchanges.sql"), include_str!("../migrations/002_cache_writes.sql")];

/// The version of a file after its migration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// It has the current tables.
    Current,
    /// A newer portcullis wrote it.
    Newer,
}

/// Takes every step that the file has not taken, each in a transaction.
pub fn migrate(connection: &mut Connection) -> Result<Version> {
    let taken: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let Ok(taken) = usize::try_from(taken) else { return Ok(Version::Newer) };
    if taken > STEPS.len() {
        return Ok(Version::Newer);
    }
    for (version, step) in (1_i64..).zip(STEPS).skip(taken) {
        let transaction = connection.transaction()?;
        transaction.execute_batch(step)?;
        transaction.pragma_update(None, "user_version", version)?;
        transaction.commit()?;
    }
    Ok(Version::Current)
}

/// Whether a file of this version lacks a step.
pub fn is_older(version: i64) -> bool {
    usize::try_from(version).is_ok_and(|taken| taken < STEPS.len())
}
