//! How a field of the record is stored, read back and shown.

use std::borrow::Cow;
use std::fmt;
use std::io::Write;
use std::net::SocketAddr;

use jiff::Timestamp;
use rusqlite::types::{self, FromSqlError, FromSqlResult, ToSqlOutput, ValueRef};
use smallvec::SmallVec;
use smol_str::SmolStr;

use super::price::Cost;
use super::record::{AttemptRecord, Outcome, RecordNumber};

/// The value of a column for one record. As text it is what an export shows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value<'a> {
    Unknown,
    Text(&'a str),
    Flag(bool),
    /// A number that is not a count.
    Number(i64),
    Count(u64),
    Bytes(u64),
    Moment(Timestamp),
    Address(SocketAddr),
    Money(Cost),
    Attempts(&'a [AttemptRecord]),
}

/// A field of the record that fills a column.
pub trait Field: Sized {
    fn value(&self) -> Value<'_>;

    /// Fails when the column holds something else.
    fn read(cell: ValueRef<'_>) -> FromSqlResult<Self>;
}

impl<'a> Value<'a> {
    /// The value as SQLite stores it. `scratch` holds what becomes text on the way.
    pub fn stored(self, scratch: &'a mut Vec<u8>) -> ToSqlOutput<'a> {
        let integer = |number| ToSqlOutput::Owned(types::Value::Integer(number));
        match self {
            Self::Unknown | Self::Attempts([]) => ToSqlOutput::Owned(types::Value::Null),
            Self::Text(text) => ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes())),
            Self::Flag(flag) => integer(flag.into()),
            Self::Number(number) => integer(number),
            Self::Count(count) | Self::Bytes(count) => integer(signed(count)),
            Self::Moment(at) => integer(at.as_microsecond()),
            Self::Money(cost) => integer(cost.0),
            Self::Address(address) => written(scratch, |scratch| write!(scratch, "{address}").is_ok()),
            Self::Attempts(attempts) => {
                written(scratch, |scratch| serde_json::to_writer(scratch, attempts).is_ok())
            }
        }
    }
}

/// The text that `write` puts into the empty buffer; `NULL` when it fails.
fn written(buffer: &mut Vec<u8>, write: impl Fn(&mut Vec<u8>) -> bool) -> ToSqlOutput<'_> {
    buffer.clear();
    if write(buffer) {
        ToSqlOutput::Borrowed(ValueRef::Text(buffer))
    } else {
        ToSqlOutput::Owned(types::Value::Null)
    }
}

impl fmt::Display for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown => Ok(()),
            Self::Text(text) => f.write_str(text),
            Self::Flag(flag) => write!(f, "{flag}"),
            Self::Number(number) => write!(f, "{number}"),
            Self::Count(count) | Self::Bytes(count) => write!(f, "{count}"),
            Self::Moment(at) => write!(f, "{at}"),
            Self::Address(address) => write!(f, "{address}"),
            Self::Money(cost) => write!(f, "{}", cost.dollars()),
            Self::Attempts(attempts) => write!(f, "{}", attempts.len()),
        }
    }
}

impl<T: Field> Field for Option<T> {
    fn value(&self) -> Value<'_> {
        self.as_ref().map_or(Value::Unknown, T::value)
    }

    fn read(cell: ValueRef<'_>) -> FromSqlResult<Self> {
        if cell == ValueRef::Null { Ok(None) } else { T::read(cell).map(Some) }
    }
}

impl Field for SmolStr {
    fn value(&self) -> Value<'_> {
        Value::Text(self)
    }

    fn read(cell: ValueRef<'_>) -> FromSqlResult<Self> {
        cell.as_str().map(Self::new)
    }
}

impl Field for String {
    fn value(&self) -> Value<'_> {
        Value::Text(self)
    }

    fn read(cell: ValueRef<'_>) -> FromSqlResult<Self> {
        cell.as_str().map(str::to_owned)
    }
}

impl Field for Cow<'static, str> {
    fn value(&self) -> Value<'_> {
        Value::Text(self)
    }

    fn read(cell: ValueRef<'_>) -> FromSqlResult<Self> {
        String::read(cell).map(Self::Owned)
    }
}

impl Field for bool {
    fn value(&self) -> Value<'_> {
        Value::Flag(*self)
    }

    fn read(cell: ValueRef<'_>) -> FromSqlResult<Self> {
        cell.as_i64().map(|flag| flag != 0)
    }
}

impl Field for u16 {
    fn value(&self) -> Value<'_> {
        Value::Number((*self).into())
    }

    fn read(cell: ValueRef<'_>) -> FromSqlResult<Self> {
        let number = cell.as_i64()?;
        Self::try_from(number).map_err(|_| FromSqlError::OutOfRange(number))
    }
}

impl Field for u64 {
    fn value(&self) -> Value<'_> {
        Value::Count(*self)
    }

    fn read(cell: ValueRef<'_>) -> FromSqlResult<Self> {
        cell.as_i64().map(unsigned)
    }
}

impl Field for RecordNumber {
    fn value(&self) -> Value<'_> {
        Value::Number(self.0)
    }

    fn read(cell: ValueRef<'_>) -> FromSqlResult<Self> {
        cell.as_i64().map(Self)
    }
}

impl Field for Timestamp {
    fn value(&self) -> Value<'_> {
        Value::Moment(*self)
    }

    fn read(cell: ValueRef<'_>) -> FromSqlResult<Self> {
        Self::from_microsecond(cell.as_i64()?).map_err(FromSqlError::other)
    }
}

impl Field for SocketAddr {
    fn value(&self) -> Value<'_> {
        Value::Address(*self)
    }

    fn read(cell: ValueRef<'_>) -> FromSqlResult<Self> {
        cell.as_str()?.parse().map_err(FromSqlError::other)
    }
}

impl Field for Cost {
    fn value(&self) -> Value<'_> {
        Value::Money(*self)
    }

    fn read(cell: ValueRef<'_>) -> FromSqlResult<Self> {
        cell.as_i64().map(Self)
    }
}

impl Field for Outcome {
    fn value(&self) -> Value<'_> {
        Value::Text(self.name())
    }

    fn read(cell: ValueRef<'_>) -> FromSqlResult<Self> {
        Ok(cell.as_str()?.parse().unwrap_or(Self::Failed))
    }
}

impl Field for SmallVec<[AttemptRecord; 1]> {
    fn value(&self) -> Value<'_> {
        Value::Attempts(self)
    }

    fn read(cell: ValueRef<'_>) -> FromSqlResult<Self> {
        let text = cell.as_str_or_null()?;
        text.map_or_else(|| Ok(Self::new()), |text| serde_json::from_str(text).map_err(FromSqlError::other))
    }
}

/// SQLite counts to 2⁶³ only; no real count is larger.
pub fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

pub fn unsigned(count: i64) -> u64 {
    u64::try_from(count).unwrap_or(0)
}
