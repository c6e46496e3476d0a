//! Which records are wanted: the same question asked of the disk and of what arrives live.

use jiff::Timestamp;
use rusqlite::types::Value;
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

use super::record::{Record, RecordNumber};
use crate::config::models::matches;

/// Everything that is set must hold; nothing set wants everything.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Filter {
    /// Only what failed or was cut.
    pub errors: bool,
    /// As records name it: `openai-chat`, `openai-responses`, `anthropic`, `gemini`.
    pub protocol: Option<String>,
    pub account: Option<String>,
    /// Asked for or used; `*` stands for any text.
    pub model: Option<String>,
    /// The client's name, without its version.
    pub client: Option<String>,
    /// Anywhere in id, path, models, account, client or error; upper and lower case are one.
    pub text: Option<String>,
    /// Ended at or after this.
    pub since: Option<Timestamp>,
    /// Ended before this.
    pub until: Option<Timestamp>,
}

/// Where a page begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Cursor {
    /// With the latest, newest first.
    #[default]
    Latest,
    /// With the one filed before this, newest first.
    Before(RecordNumber),
    /// With the one filed after this, oldest first.
    After(RecordNumber),
}

/// Columns that [`Filter::text`] is looked for in.
const TEXT_COLUMNS: [&str; 7] = ["id", "path", "model_asked", "model_used", "account", "client", "error"];

/// A condition and what its question marks stand for.
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

    /// With `WHERE`; empty when everything is wanted.
    pub fn sql(&self) -> String {
        if self.terms.is_empty() { String::new() } else { format!(" WHERE {}", self.terms.join(" AND ")) }
    }
}

impl Filter {
    /// The same for SQLite.
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
            let like = TEXT_COLUMNS.map(|column| format!("{column} LIKE ? ESCAPE '\\'")).join(" OR ");
            condition.add(format!("({like})"), vec![Value::from(like_pattern(text)); TEXT_COLUMNS.len()]);
        }
        condition
    }

    /// The same for a record that has just been filed.
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

fn holds(record: &Record, text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    let maybe = [&record.model_asked, &record.model_used, &record.account, &record.client];
    let texts = [&record.id, &record.path].into_iter().chain(maybe.into_iter().flatten());
    texts
        .map(SmolStr::as_str)
        .chain(record.error.as_deref())
        .any(|field| field.to_ascii_lowercase().contains(&text))
}

/// `*` means the same to SQLite's `GLOB`; its other signs are put in brackets.
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
