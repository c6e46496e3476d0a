//! From a key to its line: the path of a key, and where it stands in the text.

use std::fmt;
use std::ops::Range;

use toml_edit::{Document, Item, TableLike};

use super::Problem;
use super::problem::{Flaw, line_and_column};
use super::redact::without_secrets;
use crate::language::Message;
use crate::message;

/// More than one can read at once; a broken file of a megabyte must not cost a gigabyte.
const MOST_PROBLEMS: usize = 100;

/// The path of a key, step by step, such as `accounts[1].base_url`.
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

    /// The path and each path above it but the whole file, outermost first.
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

/// A problem whose key is known, and whose line is not yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    pub path: KeyPath,
    pub at: At,
    pub message: Message,
    pub fix: Message,
}

/// The part of `key = value` that a problem points at.
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

    /// The flaw of the value at this path.
    pub fn of(path: KeyPath, Flaw { message, fix }: Flaw) -> Self {
        Self::value(path, message, fix)
    }
}

/// The findings at their lines, top to bottom; at most [`MOST_PROBLEMS`] of them.
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
            // A secret pasted on the wrong side of the `=` is a name here.
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

/// The byte where the finding's key stands, or where the innermost table around it does.
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
        if let Some(span) = item.span().filter(|_| wants_value && has_own_place(item, step)) {
            nearest = span.start;
        }
    }
    nearest
}

/// Whether the item's span is worth pointing at. A table's span is its header, which says
/// more than the key only where there are several of one name.
fn has_own_place(item: &Item, step: &Step) -> bool {
    item.is_value() || (item.is_table() && matches!(step, Step::Index(_)))
}

fn key_span(item: &Item, step: &Step) -> Option<Range<usize>> {
    let Step::Key(key) = step else { return None };
    item.as_table_like()?.key(key)?.span()
}

/// The item one step down; `None` where there is none.
pub fn child<'item>(item: &'item Item, step: &Step) -> Option<&'item Item> {
    match step {
        Step::Key(key) => item.as_table_like().and_then(|table: &dyn TableLike| table.get(key)),
        Step::Index(index) => item.get(*index),
    }
}
