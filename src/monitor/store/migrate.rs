//! The steps from an empty file to today's tables. A step that has been released is never
//! edited: the next change is one more file.

use rusqlite::{Connection, Result};

const STEPS: [&str; 1] = [include_str!("../migrations/001_exchanges.sql")];

/// What a file's version says about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// Has today's tables, or has been given them.
    Current,
    /// Written by a portcullis that is newer than this one.
    Newer,
}

/// Takes every step the file has not taken yet, each of them whole or not at all.
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
