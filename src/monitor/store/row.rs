//! A record as a row, and back.

use std::io::Write;

use jiff::Timestamp;
use rusqlite::types::Type;
use rusqlite::{Error, Result, Row, Statement};
use smallvec::SmallVec;
use smol_str::SmolStr;

use crate::chat::Usage;
use crate::monitor::price::Cost;
use crate::monitor::record::{AttemptRecord, Outcome, Record, RecordNumber, Word};

/// In the order of [`bind`] and [`read`].
const COLUMNS: [&str; 31] = [
    "number",
    "id",
    "at",
    "protocol",
    "operation",
    "path",
    "hint",
    "client",
    "client_name",
    "peer",
    "model_asked",
    "model_used",
    "provider",
    "account",
    "attempts",
    "streamed",
    "dropped",
    "status",
    "outcome",
    "failed",
    "error",
    "error_kind",
    "input_tokens",
    "output_tokens",
    "cached_tokens",
    "reasoning_tokens",
    "cost",
    "bytes_in",
    "bytes_out",
    "first_byte_ms",
    "duration_ms",
];

pub fn insert_sql() -> String {
    let places = vec!["?"; COLUMNS.len()].join(", ");
    format!("INSERT INTO exchange ({}) VALUES ({places})", COLUMNS.join(", "))
}

/// `SELECT` and the columns that [`read`] wants, up to the table's name.
pub fn select_sql() -> String {
    format!("SELECT {} FROM exchange", COLUMNS.join(", "))
}

/// Puts a record into the statement of [`insert_sql`].
pub fn bind(statement: &mut Statement<'_>, record: &Record, scratch: &mut Vec<u8>) -> Result<()> {
    let mut place = 0..;
    let mut next = || place.next().unwrap_or_default() + 1;
    let usage = record.usage.as_ref();
    let tokens = |count: fn(&Usage) -> u64| usage.map(|usage| signed(count(usage)));
    statement.raw_bind_parameter(next(), record.number.0)?;
    statement.raw_bind_parameter(next(), record.id.as_str())?;
    statement.raw_bind_parameter(next(), record.at.as_microsecond())?;
    statement.raw_bind_parameter(next(), record.protocol.as_ref())?;
    statement.raw_bind_parameter(next(), record.operation.as_deref())?;
    statement.raw_bind_parameter(next(), record.path.as_str())?;
    statement.raw_bind_parameter(next(), record.hint.as_deref())?;
    statement.raw_bind_parameter(next(), record.client.as_deref())?;
    statement.raw_bind_parameter(next(), record.client_name.as_deref())?;
    statement.raw_bind_parameter(next(), write_peer(record, scratch))?;
    statement.raw_bind_parameter(next(), record.model_asked.as_deref())?;
    statement.raw_bind_parameter(next(), record.model_used.as_deref())?;
    statement.raw_bind_parameter(next(), record.provider.as_deref())?;
    statement.raw_bind_parameter(next(), record.account.as_deref())?;
    statement.raw_bind_parameter(next(), write_attempts(record, scratch))?;
    statement.raw_bind_parameter(next(), record.streamed)?;
    statement.raw_bind_parameter(next(), record.dropped.as_str())?;
    statement.raw_bind_parameter(next(), record.status)?;
    statement.raw_bind_parameter(next(), record.outcome.name())?;
    statement.raw_bind_parameter(next(), record.outcome.is_error())?;
    statement.raw_bind_parameter(next(), record.error.as_deref())?;
    statement.raw_bind_parameter(next(), record.error_kind.as_deref())?;
    statement.raw_bind_parameter(next(), tokens(|usage| usage.input))?;
    statement.raw_bind_parameter(next(), tokens(|usage| usage.output))?;
    statement.raw_bind_parameter(next(), tokens(|usage| usage.cache_read))?;
    statement.raw_bind_parameter(next(), tokens(|usage| usage.reasoning))?;
    statement.raw_bind_parameter(next(), record.cost.map(|cost| cost.0))?;
    statement.raw_bind_parameter(next(), signed(record.bytes_in))?;
    statement.raw_bind_parameter(next(), signed(record.bytes_out))?;
    statement.raw_bind_parameter(next(), record.first_byte_ms.map(signed))?;
    statement.raw_bind_parameter(next(), signed(record.duration_ms))
}

/// Reads what [`select_sql`] selects.
pub fn read(row: &Row<'_>) -> Result<Record> {
    let word =
        |column| -> Result<Option<Word>> { Ok(row.get::<_, Option<String>>(column)?.map(Word::Owned)) };
    let text =
        |column| -> Result<Option<SmolStr>> { Ok(row.get_ref(column)?.as_str_or_null()?.map(SmolStr::new)) };
    let count = |column| row.get::<_, i64>(column).map(unsigned);
    let maybe = |column| Ok::<_, Error>(row.get::<_, Option<i64>>(column)?.map(unsigned));
    Ok(Record {
        number: RecordNumber(row.get(0)?),
        id: row.get_ref(1)?.as_str()?.into(),
        at: Timestamp::from_microsecond(row.get(2)?).map_err(|error| unreadable(2, error))?,
        protocol: Word::Owned(row.get(3)?),
        operation: word(4)?,
        path: row.get_ref(5)?.as_str()?.into(),
        hint: word(6)?,
        client: text(7)?,
        client_name: text(8)?,
        peer: row.get::<_, Option<String>>(9)?.and_then(|peer| peer.parse().ok()),
        model_asked: text(10)?,
        model_used: text(11)?,
        provider: word(12)?,
        account: text(13)?,
        attempts: read_attempts(row)?,
        streamed: row.get(15)?,
        dropped: row.get(16)?,
        status: row.get(17)?,
        outcome: Outcome::from_name(&row.get::<_, String>(18)?).unwrap_or(Outcome::Failed),
        error: row.get(20)?,
        error_kind: word(21)?,
        usage: read_usage(row)?,
        cost: row.get::<_, Option<i64>>(26)?.map(Cost),
        bytes_in: count(27)?,
        bytes_out: count(28)?,
        first_byte_ms: maybe(29)?,
        duration_ms: count(30)?,
        bodies: None,
    })
}

fn read_usage(row: &Row<'_>) -> Result<Option<Usage>> {
    let Some(input) = row.get::<_, Option<i64>>(22)? else { return Ok(None) };
    let count = |column| Ok::<_, Error>(row.get::<_, Option<i64>>(column)?.map_or(0, unsigned));
    Ok(Some(Usage {
        input: unsigned(input),
        output: count(23)?,
        cache_read: count(24)?,
        cache_write: 0,
        reasoning: count(25)?,
    }))
}

fn write_peer<'a>(record: &Record, scratch: &'a mut Vec<u8>) -> Option<&'a str> {
    scratch.clear();
    write!(scratch, "{}", record.peer?).ok()?;
    str::from_utf8(scratch).ok()
}

fn write_attempts<'a>(record: &Record, scratch: &'a mut Vec<u8>) -> Option<&'a str> {
    scratch.clear();
    let attempts = Some(&record.attempts).filter(|attempts| !attempts.is_empty())?;
    serde_json::to_writer(&mut *scratch, attempts).ok()?;
    str::from_utf8(scratch).ok()
}

fn read_attempts(row: &Row<'_>) -> Result<SmallVec<[AttemptRecord; 1]>> {
    let Some(attempts) = row.get_ref(14)?.as_str_or_null()? else { return Ok(SmallVec::new()) };
    serde_json::from_str(attempts).map_err(|error| unreadable(14, error))
}

fn unreadable(column: usize, error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::FromSqlConversionFailure(column, Type::Text, Box::new(error))
}

/// SQLite counts to 2⁶³ only; nothing real is larger.
pub fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

pub fn unsigned(count: i64) -> u64 {
    u64::try_from(count).unwrap_or(0)
}
