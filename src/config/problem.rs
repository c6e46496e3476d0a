//! What is wrong with the file, where, and what would be right.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::language::{Language, Message};
use crate::message;

/// Reads `12:8: proxy.port: 70000 is too large; write a whole number from 0 to 65535`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// From 1; 0 when the problem is the file as a whole.
    pub line: usize,
    /// From 1, in characters; 0 when the problem is the file as a whole.
    pub column: usize,
    /// `accounts[1].base_url`; empty when no key is concerned.
    pub key: String,
    /// What is wrong. Never holds a secret.
    pub message: Message,
    /// What would be right.
    pub fix: Message,
}

impl Problem {
    /// What is wrong and what would be right, without the place.
    pub fn said(&self) -> Message {
        if self.fix.is_empty() {
            return self.message.clone();
        }
        message!("problem-with-fix", problem = &self.message, fix = &self.fix)
    }

    /// The same behind its place, as far as it has one.
    pub fn placed(&self) -> Message {
        self.placed_in(None)
    }

    /// The same, with the name of its file where that is not known otherwise.
    pub fn placed_in(&self, file: Option<&Path>) -> Message {
        let file = file.map(|file| file.display().to_string());
        let line = (self.line > 0).then(|| format!("{}:{}", self.line, self.column));
        let line: Vec<String> = file.into_iter().chain(line).collect();
        let place = [line.join(":"), self.key.clone()];
        let place: Vec<String> = place.into_iter().filter(|part| !part.is_empty()).collect();
        if place.is_empty() {
            return self.said();
        }
        message!("problem-at", place = place.join(": "), said = self.said())
    }
}

/// In English.
impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.placed(), f)
    }
}

/// Everything that is wrong with one file, top to bottom; never empty.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, thiserror::Error)]
pub struct Problems {
    /// As the caller named it.
    pub file: PathBuf,
    pub list: Vec<Problem>,
}

impl Problems {
    pub fn new(file: &Path, list: Vec<Problem>) -> Self {
        Self { file: file.to_owned(), list }
    }

    /// One problem with the file as a whole.
    pub fn whole_file(file: &Path, message: Message, fix: Message) -> Self {
        Self::new(file, vec![Problem { line: 0, column: 0, key: String::new(), message, fix }])
    }

    /// One per problem: `config.toml:12:8: proxy.port: …; …`.
    pub fn messages(&self) -> impl Iterator<Item = Message> {
        self.list.iter().map(|problem| problem.placed_in(Some(&self.file)))
    }

    /// One line per problem.
    pub fn lines(&self, language: Language) -> impl Iterator<Item = String> {
        self.messages().map(move |message| message.text(language))
    }

    /// All of them.
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

/// `this or that or that`.
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
