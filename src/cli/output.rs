//! A command's output and exit code. Results go to stdout, everything else to stderr; a reader
//! that went away is not an error.

use std::io::{self, Write};
use std::process::{ExitCode, Termination};
use std::sync::OnceLock;

use serde_json::Value;

use crate::language::Language;
use crate::language::printable::escaped_json;
use crate::text;
use unicode_width::UnicodeWidthStr;

/// The language of this process's user.
static LANGUAGE: OnceLock<Language> = OnceLock::new();

/// The language of texts in results.
static ANSWER_LANGUAGE: OnceLock<Language> = OnceLock::new();

/// The exit codes scripts rely on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    Done,
    Failed,
    /// Bad usage or a bad config file.
    Usage,
    /// No agent, a proxy that is not running, or no graphical session.
    NotRunning,
    /// Another agent is already using this home.
    AlreadyRunning,
    /// Ended by the signal of this number, as a shell counts it.
    Signalled(u8),
}

impl Termination for Exit {
    fn report(self) -> ExitCode {
        ExitCode::from(match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::NotRunning => 3,
            Self::AlreadyRunning => 4,
            Self::Signalled(number) => 128 + number,
        })
    }
}

/// One line of result.
pub fn line(text: &str) {
    let _ = line_read(text);
}

/// The same for a command with more to print; returns whether stdout is still open.
pub fn line_read(text: &str) -> bool {
    writeln!(io::stdout(), "{text}").is_ok()
}

/// A result as JSON; indented on a terminal, where people read it.
pub fn json(value: &Value) {
    line(&escaped_json(&format!("{value:#}")));
}

/// One of many JSON results, on a line of its own; returns whether stdout is still open.
pub fn json_line(value: &Value) -> bool {
    line_read(&escaped_json(&value.to_string()))
}

/// One line on stderr.
pub fn note(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}

pub fn failed(text: &str) -> Exit {
    error(text);
    Exit::Failed
}

/// A failure with a specific exit code.
pub fn error(text: &str) {
    note(&text!(language(), "cli-error", text = text));
}

/// Sets the language of all output. JSON is for programs and stays in English.
pub fn speak(language: Language, json: bool) {
    let _ = LANGUAGE.set(language);
    let _ = ANSWER_LANGUAGE.set(if json { Language::English } else { language });
}

pub fn language() -> Language {
    LANGUAGE.get().copied().unwrap_or_else(Language::system)
}

/// The language of a result's texts, the agent's texts included.
pub fn answer_language() -> Language {
    ANSWER_LANGUAGE.get().copied().unwrap_or_else(language)
}

/// A table with its columns aligned, two spaces apart.
pub fn table(rows: &[Vec<String>]) {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.width()).max();
    let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or(0)).collect();
    for row in rows {
        let cells: Vec<String> = row.iter().zip(&widths).map(|(cell, width)| padded(cell, *width)).collect();
        line(cells.join("  ").trim_end());
    }
}

/// Letters of some scripts are two columns wide.
fn padded(cell: &str, width: usize) -> String {
    format!("{cell}{}", " ".repeat(width.saturating_sub(cell.width())))
}
