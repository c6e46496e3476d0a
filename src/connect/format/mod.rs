//! One value of one file, in the three formats of the tools' settings. A change touches that
//! value; comments, order and white space around it stay. Text in, text out: no I/O.

mod env;
mod json;
mod toml;

use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::config::Problem;
use crate::message;

/// The format of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// With comments and trailing commas, which most tools accept.
    Json,
    Toml,
    /// `NAME=value` lines.
    Env,
}

/// A value in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExistingValue {
    /// The string; `None` for any other kind of value.
    pub text: Option<String>,
    /// The value as it is written, so that it can be restored.
    pub raw: String,
}

/// A part of a text with a meaning: everything else is names, white space and brackets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// A value that is not a section, with its key; elements of a list have no key.
    Value {
        key: Vec<String>,
        range: Range<usize>,
    },
    Comment(Range<usize>),
}

/// The value to put under a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Put<'a> {
    Text(&'a str),
    /// A value as in [`ExistingValue::raw`].
    Raw(&'a str),
}

const BYTE_ORDER_MARK: char = '\u{feff}';

impl Format {
    /// The value under a key. Fails where the text does not parse.
    pub fn read(self, text: &str, key: &[String]) -> Result<Option<ExistingValue>, Problem> {
        let text = text.trim_start_matches(BYTE_ORDER_MARK);
        match self {
            Self::Json => json::read(text, key),
            Self::Toml => toml::read(text, key),
            Self::Env => Ok(env::read(text, name(key))),
        }
    }

    /// Every value and comment of the text, in no order. Fails where it does not parse.
    pub fn parts(self, text: &str) -> Result<Vec<Part>, Problem> {
        let inner = text.trim_start_matches(BYTE_ORDER_MARK);
        let offset = text.len() - inner.len();
        let parts = match self {
            Self::Json => json::parts(inner)?,
            Self::Toml => toml::parts(inner)?,
            Self::Env => env::parts(inner),
        };
        Ok(parts.into_iter().map(|part| part.moved(offset)).collect())
    }

    /// How many parents of the key exist.
    pub fn depth(self, text: &str, key: &[String]) -> usize {
        let parents = key.len().saturating_sub(1);
        (0..parents).take_while(|&depth| matches!(self.read(text, &key[..=depth]), Ok(Some(_)))).count()
    }

    /// The text with this value under the key. Fails where it does not parse, or where a parent
    /// of the key is not a section.
    pub fn put(self, text: &str, key: &[String], value: Put) -> Result<String, Problem> {
        keeping_mark(text, |text| match self {
            Self::Json => json::put(text, key, value),
            Self::Toml => toml::put(text, key, value),
            Self::Env => Ok(env::put(text, name(key), value)),
        })
    }

    /// The text without the value, and without its parents from `depth` on that are empty then.
    pub fn remove(self, text: &str, key: &[String], depth: usize) -> Result<String, Problem> {
        keeping_mark(text, |text| match self {
            Self::Json => json::remove(text, key, depth),
            Self::Toml => toml::remove(text, key, depth),
            Self::Env => Ok(env::remove(text, name(key))),
        })
    }

    /// Whether the text has neither a value nor a comment.
    pub fn is_empty(self, text: &str) -> bool {
        let text = text.trim_start_matches(BYTE_ORDER_MARK).trim();
        text.is_empty() || (self == Self::Json && text.split_whitespace().collect::<String>() == "{}")
    }
}

impl Part {
    fn moved(self, offset: usize) -> Self {
        let moved = |range: Range<usize>| range.start + offset..range.end + offset;
        match self {
            Self::Value { key, range } => Self::Value { key, range: moved(range) },
            Self::Comment(range) => Self::Comment(moved(range)),
        }
    }
}

fn keeping_mark(text: &str, change: impl FnOnce(&str) -> Result<String, Problem>) -> Result<String, Problem> {
    match text.strip_prefix(BYTE_ORDER_MARK) {
        Some(rest) => Ok(format!("{BYTE_ORDER_MARK}{}", change(rest)?)),
        None => change(text),
    }
}

fn name(key: &[String]) -> &str {
    key.last().map_or("", String::as_str)
}

/// The problem of a key that holds another kind of value than a section.
fn no_section(key: &[String], line: usize) -> Problem {
    let key = key.join(".");
    let message =
        if key.is_empty() { message!("problem-no-settings") } else { message!("problem-no-section") };
    let fix = message!("fix-no-section");
    Problem { line, column: usize::from(line > 0), key, message, fix }
}

#[cfg(test)]
mod tests;
