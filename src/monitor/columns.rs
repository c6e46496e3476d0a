//! The columns of the record, one in each line: what is stored, read back, searched, exported and
//! shown on a request's page. To add a column, add a field to [`Record`], a line here, and a
//! migration to `migrations/`.

use rusqlite::types::{FromSqlResult, ValueRef};

use super::field::{Field, Value};
use super::record::Record;

/// A column of the record.
pub struct Column {
    /// The name in the database.
    pub name: &'static str,
    /// The name in a CSV export; `None` where it is left out.
    pub exported: Option<&'static str>,
    /// The key of its label on a request's page; `None` where it is left out.
    pub label: Option<&'static str>,
    /// Whether [`Filter::text`](super::Filter::text) is looked for in it.
    pub is_searched: bool,
    /// The column's value for a record.
    pub value: fn(&Record) -> Value<'_>,
    /// Puts a stored value back into a record.
    pub(super) read: fn(&mut Record, ValueRef<'_>) -> FromSqlResult<()>,
}

/// A field of the record as it is, or as another kind of value.
macro_rules! column {
    ($name:literal, $field:ident) => {
        Column::new(
            $name,
            |record| record.$field.value(),
            |record, cell| {
                record.$field = Field::read(cell)?;
                Ok(())
            },
        )
    };
    ($name:literal, $field:ident, $kind:ident) => {
        Column { value: |record| Value::$kind(record.$field), ..column!($name, $field) }
    };
}

/// One count of the usage, unknown where the usage is.
macro_rules! tokens {
    ($name:literal, $count:ident) => {
        Column::new(
            $name,
            |record| record.usage.as_ref().map_or(Value::Unknown, |usage| usage.$count.value()),
            |record, cell| {
                if let Some(count) = Field::read(cell)? {
                    record.usage.get_or_insert_default().$count = count;
                }
                Ok(())
            },
        )
    };
}

/// In the order of an export.
pub const COLUMNS: &[Column] = &[
    column!("number", number).exported(),
    column!("id", id).exported().labelled("detail-id").searched(),
    column!("at", at).exported().labelled("detail-time"),
    column!("protocol", protocol).exported().labelled("detail-protocol"),
    column!("operation", operation).exported().labelled("detail-understood"),
    column!("path", path).exported().labelled("detail-path").searched(),
    column!("hint", hint).labelled("detail-hint"),
    column!("client", client).exported().labelled("detail-client").searched(),
    column!("client_name", client_name),
    column!("peer", peer).exported().labelled("detail-peer"),
    column!("model_asked", model_asked).exported().labelled("detail-asked").searched(),
    column!("model_used", model_used).exported().labelled("detail-used").searched(),
    column!("provider", provider).exported().labelled("detail-provider"),
    column!("account", account).exported().labelled("detail-account").searched(),
    column!("attempts", attempts).exported(),
    column!("streamed", streamed).exported().labelled("detail-streamed"),
    column!("dropped", dropped).exported(),
    column!("status", status).exported().labelled("detail-status"),
    column!("outcome", outcome).exported(),
    // Kept for its index: the failed records are found without reading the others.
    Column::new("failed", |record| Value::Flag(record.outcome.is_error()), |_, _| Ok(())),
    column!("error_kind", error_kind).exported().labelled("detail-error-kind"),
    column!("error", error).exported().searched(),
    tokens!("input_tokens", input).exported().labelled("detail-input"),
    tokens!("cached_tokens", cache_read).exported().labelled("detail-cached"),
    tokens!("cache_write_tokens", cache_write).exported().labelled("detail-cache-write"),
    tokens!("output_tokens", output).exported().labelled("detail-output"),
    tokens!("reasoning_tokens", reasoning).exported().labelled("detail-reasoning"),
    column!("cost", cost).exported_as("estimated_cost_usd"),
    column!("bytes_in", bytes_in, Bytes).labelled("detail-bytes-in"),
    column!("bytes_out", bytes_out, Bytes).labelled("detail-bytes-out"),
    column!("first_byte_ms", first_byte_ms).exported(),
    column!("duration_ms", duration_ms).exported(),
];

impl Column {
    const fn new(
        name: &'static str,
        value: fn(&Record) -> Value<'_>,
        read: fn(&mut Record, ValueRef<'_>) -> FromSqlResult<()>,
    ) -> Self {
        Self { name, exported: None, label: None, is_searched: false, value, read }
    }

    const fn exported(self) -> Self {
        let name = self.name;
        self.exported_as(name)
    }

    const fn exported_as(self, name: &'static str) -> Self {
        Self { exported: Some(name), ..self }
    }

    const fn labelled(self, key: &'static str) -> Self {
        Self { label: Some(key), ..self }
    }

    const fn searched(self) -> Self {
        Self { is_searched: true, ..self }
    }
}
