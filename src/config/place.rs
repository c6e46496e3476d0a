//! From a key to its line: paths of keys, and where in the text they stand.

use std::fmt;
use std::ops::Range;

use toml_edit::{Document, Item, TableLike};

use super::Problem;
use super::redact::without_secrets;
use crate::language::Message;
use crate::message;

/// More than anybody reads at once; a broken file of a megabyte must not cost a gigabyte.
const MOST_PROBLEMS: usize = 100;

/// `accounts[1].base_url`, step by step.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct KeyPath(Vec<Step>);

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Step {
    Key(String),
    Index(usize),
}

impl KeyPath {
    pub fn of(keys: &[&str]) -> Self {
        keys.iter().fold(Self::default(), |path, key| path.key(key))
    }

    #[must_use]
    pub fn key(&self, key: &str) -> Self {
        self.with(Step::Key(key.to_owned()))
    }

    #[must_use]
    pub fn index(&self, index: usize) -> Self {
        self.with(Step::Index(index))
    }

    fn with(&self, step: Step) -> Self {
        let mut steps = self.0.clone();
        steps.push(step);
        Self(steps)
    }

    pub fn steps(&self) -> &[Step] {
        &self.0
    }

    /// The path and everything around it but the file itself, outermost first.
    pub fn prefixes(&self) -> impl Iterator<Item = Self> {
        (1..=self.0.len()).map(|depth| Self(self.0[..depth].to_vec()))
    }
}

impl fmt::Display for KeyPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, step) in self.0.iter().enumerate() {
            match step {
                Step::Index(index) => write!(f, "[{index}]")?,
                Step::Key(key) if position == 0 => f.write_str(&as_toml_key(key))?,
                Step::Key(key) => write!(f, ".{}", as_toml_key(key))?,
            }
        }
        Ok(())
    }
}

fn as_toml_key(key: &str) -> String {
    toml_edit::Key::new(key).display_repr().into_owned()
}

/// A problem that knows its key and not its line yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    pub path: KeyPath,
    pub at: At,
    pub message: Message,
    pub fix: Message,
}

/// Which part of `key = value` the cursor belongs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum At {
    Key,
    Value,
}

impl Finding {
    pub const fn value(path: KeyPath, message: Message, fix: Message) -> Self {
        Self { path, at: At::Value, message, fix }
    }

    pub const fn key(path: KeyPath, message: Message, fix: Message) -> Self {
        Self { path, at: At::Key, message, fix }
    }
}

/// The findings at their lines, top to bottom.
pub fn locate(text: &str, document: &Document<&str>, findings: Vec<Finding>) -> Vec<Problem> {
    let mut placed: Vec<(usize, Finding)> =
        findings.into_iter().map(|finding| (offset(document, &finding), finding)).collect();
    placed.sort_by_key(|(offset, _)| *offset);
    let unlisted = placed.len().saturating_sub(MOST_PROBLEMS);
    placed.truncate(MOST_PROBLEMS);
    let mut problems: Vec<Problem> = placed
        .into_iter()
        .map(|(offset, finding)| {
            let (line, column) = line_and_column(text, offset);
            let Finding { path, message, fix, .. } = finding;
            // A key pasted on the wrong side of the `=` is a name here.
            let key = without_secrets(&path.to_string());
            Problem { line, column, key, message, fix }
        })
        .collect();
    if let Some(last) = problems.last_mut()
        && unlisted > 0
    {
        last.fix = message!("fix-and-more", fix = &last.fix, count = unlisted);
    }
    problems
}

/// Line and column of a byte, both from 1, the column in characters.
pub fn line_and_column(text: &str, offset: usize) -> (usize, usize) {
    let before = &text[..text.floor_char_boundary(offset)];
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let line = before.bytes().filter(|&byte| byte == b'\n').count() + 1;
    (line, before[line_start..].chars().count() + 1)
}

/// Where the finding's key stands, or the nearest thing around it that the text holds.
fn offset(document: &Document<&str>, finding: &Finding) -> usize {
    let mut item = document.as_item();
    let mut nearest = 0;
    for (depth, step) in finding.path.steps().iter().enumerate() {
        let is_last = depth + 1 == finding.path.steps().len();
        if let Some(span) = key_span(item, step) {
            nearest = span.start;
        }
        let Some(next) = child(item, step) else { break };
        item = next;
        let wants_value = !is_last || finding.at == At::Value;
        if let Some(span) = item.span().filter(|_| wants_value && has_place_of_its_own(item, step)) {
            nearest = span.start;
        }
    }
    nearest
}

/// A table's span is its header, which is a place of its own only for one of several.
fn has_place_of_its_own(item: &Item, step: &Step) -> bool {
    item.is_value() || (item.is_table() && matches!(step, Step::Index(_)))
}

fn key_span(item: &Item, step: &Step) -> Option<Range<usize>> {
    let Step::Key(key) = step else { return None };
    item.as_table_like()?.key(key)?.span()
}

pub fn child<'item>(item: &'item Item, step: &Step) -> Option<&'item Item> {
    match step {
        Step::Key(key) => item.as_table_like().and_then(|table: &dyn TableLike| table.get(key)),
        Step::Index(index) => item.get(*index),
    }
}
