//! Which records to show. The same filter applies to the database and to live records.

use jiff::Timestamp;
use rusqlite::types::Value;

use super::columns::{COLUMNS, Column};
use super::field;
use super::record::{Record, RecordNumber};
use crate::config::models::matches;

/// A record passes when every field that is set holds for it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Only records that failed or were cut.
    pub errors: bool,
    /// The client's protocol: `openai-chat`, `openai-responses`, `anthropic`, `gemini`.
    pub protocol: Option<String>,
    pub account: Option<String>,
    /// The model asked for or used; `*` stands for any text.
    pub model: Option<String>,
    /// The client's name, without its version.
    pub client: Option<String>,
    /// A text in the id, path, models, account, client or error, in upper or lower case.
    pub text: Option<String>,
    /// Records that ended at this time or later.
    pub since: Option<Timestamp>,
    /// Records that ended before this time.
    pub until: Option<Timestamp>,
}

/// Where a page begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Cursor {
    /// With the latest record, newest first.
    #[default]
    Latest,
    /// With the record filed before this one, newest first.
    Before(RecordNumber),
    /// With the record filed after this one, oldest first.
    After(RecordNumber),
}

/// A condition in SQL, and the values of its question marks.
#[derive(Debug, Default)]
pub struct Condition {
    terms: Vec<String>,
    pub values: Vec<Value>,
}

impl Condition {
    fn add(&mut self, term: impl Into<String>, values: impl IntoIterator<Item = Value>) {
        self.terms.push(term.into());
        self.values.extend(values);
    }

    /// With `WHERE`; empty when every record passes.
    pub fn sql(&self) -> String {
        if self.terms.is_empty() { String::new() } else { format!(" WHERE {}", self.terms.join(" AND ")) }
    }
}

impl Filter {
    /// The filter as a condition for SQLite, from a cursor on.
    pub fn condition(&self, cursor: Cursor) -> Condition {
        let mut condition = Condition::default();
        match cursor {
            Cursor::Latest => {}
            Cursor::Before(number) => condition.add("number < ?", [number.0.into()]),
            Cursor::After(number) => condition.add("number > ?", [number.0.into()]),
        }
        if let Some(since) = self.since {
            condition.add("number >= ?", [since.as_microsecond().into()]);
        }
        if let Some(until) = self.until {
            condition.add("number < ?", [until.as_microsecond().into()]);
        }
        if self.errors {
            condition.add("failed = 1", []);
        }
        let exact = [("protocol", &self.protocol), ("account", &self.account), ("client_name", &self.client)];
        for (column, wanted) in exact {
            if let Some(wanted) = wanted {
                condition.add(format!("{column} = ?"), [wanted.clone().into()]);
            }
        }
        if let Some(model) = &self.model {
            let glob = Value::from(glob(model));
            condition.add("(model_asked GLOB ? OR model_used GLOB ?)", [glob.clone(), glob]);
        }
        if let Some(text) = &self.text {
            let like: Vec<_> =
                searched().map(|column| format!("{} LIKE ? ESCAPE '\\'", column.name)).collect();
            condition
                .add(format!("({})", like.join(" OR ")), vec![Value::from(like_pattern(text)); like.len()]);
        }
        condition
    }

    /// Whether a record passes.
    pub fn wants(&self, record: &Record) -> bool {
        let is = |wanted: &Option<String>, found: Option<&str>| {
            wanted.as_deref().is_none_or(|wanted| found == Some(wanted))
        };
        let is_model = |pattern: &String| {
            [&record.model_asked, &record.model_used]
                .into_iter()
                .flatten()
                .any(|model| matches(pattern, model))
        };
        let number = record.number.0;
        (!self.errors || record.outcome.is_error())
            && self.since.is_none_or(|since| number >= since.as_microsecond())
            && self.until.is_none_or(|until| number < until.as_microsecond())
            && is(&self.protocol, Some(&record.protocol))
            && is(&self.account, record.account.as_deref())
            && is(&self.client, record.client_name.as_deref())
            && self.model.as_ref().is_none_or(is_model)
            && self.text.as_deref().is_none_or(|text| holds(record, text))
    }
}

fn searched() -> impl Iterator<Item = &'static Column> {
    COLUMNS.iter().filter(|column| column.is_searched)
}

fn holds(record: &Record, text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    searched().any(|column| match (column.value)(record) {
        field::Value::Text(content) => content.to_ascii_lowercase().contains(&text),
        _ => false,
    })
}

/// A pattern for SQLite's `GLOB`. `*` means the same there; its other special characters are
/// escaped with brackets.
fn glob(pattern: &str) -> String {
    pattern.chars().fold(String::with_capacity(pattern.len()), |mut glob, character| {
        match character {
            '?' => glob.push_str("[?]"),
            '[' => glob.push_str("[[]"),
            other => glob.push(other),
        }
        glob
    })
}

fn like_pattern(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len() + 2);
    pattern.push('%');
    for character in text.chars() {
        if matches!(character, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(character);
    }
    pattern.push('%');
    pattern
}
