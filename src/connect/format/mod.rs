//! One value of one file, in the three formats the tools keep their settings in. A
//! change touches that value; comments, order and blanks around it stay. Text in, text
//! out: no I/O.

mod env;
mod json;
mod toml;

use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::config::Problem;
use crate::message;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// With comments and trailing commas, as most tools take them.
    Json,
    Toml,
    /// `NAME=value` lines.
    Env,
}

/// A value that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// What it says; `None` for anything but a string.
    pub text: Option<String>,
    /// As it is written, so that it can be written back.
    pub raw: String,
}

/// What in a text may say something: everything else is names, blanks and brackets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// A value that is no section, and the way to it; elements of a list have none.
    Value {
        key: Vec<String>,
        range: Range<usize>,
    },
    Comment(Range<usize>),
}

/// What to put under a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Put<'a> {
    Text(&'a str),
    /// As [`Found::raw`] had it.
    Raw(&'a str),
}

const BYTE_ORDER_MARK: char = '\u{feff}';

impl Format {
    /// The value under a key, given as the way to it; fails where the text is broken.
    pub fn read(self, text: &str, key: &[String]) -> Result<Option<Found>, Problem> {
        let text = text.trim_start_matches(BYTE_ORDER_MARK);
        match self {
            Self::Json => json::read(text, key),
            Self::Toml => toml::read(text, key),
            Self::Env => Ok(env::read(text, name(key))),
        }
    }

    /// Every value and comment of the text, in no order; fails where it is broken.
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

    /// How many of the key's parents are there.
    pub fn depth(self, text: &str, key: &[String]) -> usize {
        let parents = key.len().saturating_sub(1);
        (0..parents).take_while(|&depth| matches!(self.read(text, &key[..=depth]), Ok(Some(_)))).count()
    }

    pub fn put(self, text: &str, key: &[String], value: Put) -> Result<String, Problem> {
        keeping_mark(text, |text| match self {
            Self::Json => json::put(text, key, value),
            Self::Toml => toml::put(text, key, value),
            Self::Env => Ok(env::put(text, name(key), value)),
        })
    }

    /// Takes a value away, and its parents from `depth` on if they are empty then.
    pub fn remove(self, text: &str, key: &[String], depth: usize) -> Result<String, Problem> {
        keeping_mark(text, |text| match self {
            Self::Json => json::remove(text, key, depth),
            Self::Toml => toml::remove(text, key, depth),
            Self::Env => Ok(env::remove(text, name(key))),
        })
    }

    /// Nothing is said in this text: not a value, not a comment.
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

/// Something else stands where a section belongs.
fn no_section(key: &[String], line: usize) -> Problem {
    let key = key.join(".");
    let message =
        if key.is_empty() { message!("problem-no-settings") } else { message!("problem-no-section") };
    let fix = message!("fix-no-section");
    Problem { line, column: usize::from(line > 0), key, message, fix }
}

#[cfg(test)]
mod tests;
