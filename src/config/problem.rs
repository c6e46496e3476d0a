//! What is wrong with a file, where, and what would be right.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::Serialize;
use toml_edit::TomlError;

use crate::language::{Language, Message};
use crate::message;

/// Reads `12:8: proxy.port: 70000 is too large; write a whole number from 0 to 65535`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// From 1; 0 when the problem is the file as a whole.
    pub line: usize,
    /// In characters, from 1; 0 when the problem is the file as a whole.
    pub column: usize,
    /// `accounts[1].base_url`; empty when the problem is not about one key.
    pub key: String,
    /// What is wrong. Never holds a secret.
    pub message: Message,
    /// What would be right.
    pub fix: Message,
}

impl Problem {
    /// A problem of a key whose line is not known, or would mislead.
    pub const fn without_line(key: String, message: Message, fix: Message) -> Self {
        Self { line: 0, column: 0, key, message, fix }
    }

    /// What is wrong and what would be right, without the place.
    pub fn unplaced(&self) -> Message {
        if self.fix.is_empty() {
            return self.message.clone();
        }
        message!("problem-with-fix", problem = &self.message, fix = &self.fix)
    }

    /// The same after its line and key, where it has them.
    pub fn placed(&self) -> Message {
        self.placed_in(None)
    }

    /// The same, with the name of the file first where one is given.
    pub fn placed_in(&self, file: Option<&Path>) -> Message {
        let file = file.map(|file| file.display().to_string());
        let line = (self.line > 0).then(|| format!("{}:{}", self.line, self.column));
        let line: Vec<String> = file.into_iter().chain(line).collect();
        let place = [line.join(":"), self.key.clone()];
        let place: Vec<String> = place.into_iter().filter(|part| !part.is_empty()).collect();
        if place.is_empty() {
            return self.unplaced();
        }
        message!("problem-at", place = place.join(": "), said = self.unplaced())
    }
}

/// In English.
impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.placed(), f)
    }
}

/// Every problem of one file, top to bottom; never empty.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, thiserror::Error)]
pub struct Problems {
    /// The path as the caller gave it.
    pub file: PathBuf,
    pub list: Vec<Problem>,
}

impl Problems {
    pub fn new(file: &Path, list: Vec<Problem>) -> Self {
        Self { file: file.to_owned(), list }
    }

    /// One problem with the file as a whole.
    pub fn whole_file(file: &Path, message: Message, fix: Message) -> Self {
        Self::new(file, vec![Problem::without_line(String::new(), message, fix)])
    }

    /// One message for each problem: `config.toml:12:8: proxy.port: …; …`.
    pub fn messages(&self) -> impl Iterator<Item = Message> {
        self.list.iter().map(|problem| problem.placed_in(Some(&self.file)))
    }

    /// One line for each problem.
    pub fn lines(&self, language: Language) -> impl Iterator<Item = String> {
        self.messages().map(move |message| message.text(language))
    }

    /// All problems, one a line.
    pub fn text(&self, language: Language) -> String {
        self.lines(language).collect::<Vec<_>>().join("\n")
    }
}

/// In English.
impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text(Language::English))
    }
}

/// What is wrong with a value, and what would be right, before its place is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flaw {
    pub message: Message,
    pub fix: Message,
}

impl Flaw {
    pub const fn new(message: Message, fix: Message) -> Self {
        Self { message, fix }
    }
}

/// A text that is not TOML, at the line where the parser gave up.
pub fn syntax_problem(text: &str, error: &TomlError) -> Problem {
    let (line, column) = line_and_column(text, error.span().map_or(text.len(), |span| span.start));
    let (reason, fix) = match error.message().split_once(", expected ") {
        Some((reason, expected)) => (reason, message!("fix-expected", what = expected)),
        None if error.message() == "duplicate key" => (error.message(), message!("fix-duplicate-key")),
        None => (error.message(), message!("fix-line")),
    };
    Problem { line, column, key: String::new(), message: message!("problem-not-toml", said = reason), fix }
}

/// Line and column of a byte, both from 1, the column in characters.
pub fn line_and_column(text: &str, offset: usize) -> (usize, usize) {
    let before = &text[..text.floor_char_boundary(offset)];
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let line = before.bytes().filter(|&byte| byte == b'\n').count() + 1;
    (line, before[line_start..].chars().count() + 1)
}

/// `one or another or a third`.
pub fn either(choices: impl Iterator<Item = Message>) -> Message {
    choices
        .reduce(|one, another| message!("expected-either", one = one, another = another))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_reads_as_one_line_an_editor_can_jump_to() {
        let range = message!("expected-whole-number", least = "0", most = "65535");
        let problem = Problem {
            line: 12,
            column: 8,
            key: "proxy.port".into(),
            message: message!("problem-too-large", number = "70000"),
            fix: message!("fix-write", what = range),
        };
        let problems = Problems::new(Path::new("config.toml"), vec![problem]);
        assert_eq!(
            problems.to_string(),
            "config.toml:12:8: proxy.port: 70000 is too large; write a whole number from 0 to 65535"
        );
        assert_eq!(
            problems.lines(Language::Japanese).collect::<Vec<_>>(),
            ["config.toml:12:8: proxy.port: 70000 は大きすぎます。0 から 65535 までの整数を書いてください"]
        );
    }

    #[test]
    fn a_problem_of_the_whole_file_has_no_position() {
        let problems =
            Problems::whole_file(Path::new("config.toml"), message!("problem-directory"), Message::default());
        assert_eq!(problems.to_string(), "config.toml: is a directory");
    }
}
