//! What is wrong with the file, where, and what would be right.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::Serialize;

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
    pub message: String,
    /// What would be right.
    pub fix: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.line > 0 {
            write!(f, "{}:{}: ", self.line, self.column)?;
        }
        if !self.key.is_empty() {
            write!(f, "{}: ", self.key)?;
        }
        f.write_str(&self.message)?;
        if !self.fix.is_empty() {
            write!(f, "; {}", self.fix)?;
        }
        Ok(())
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
    pub fn whole_file(file: &Path, message: impl Into<String>, fix: impl Into<String>) -> Self {
        let problem =
            Problem { line: 0, column: 0, key: String::new(), message: message.into(), fix: fix.into() };
        Self::new(file, vec![problem])
    }

    /// One line per problem: `config.toml:12:8: proxy.port: …; …`.
    pub fn lines(&self) -> impl Iterator<Item = String> {
        let file = self.file.display();
        self.list.iter().map(move |problem| {
            let gap = if problem.line > 0 { "" } else { " " };
            format!("{file}:{gap}{problem}")
        })
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, line) in self.lines().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            f.write_str(&line)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_reads_as_one_line_an_editor_can_jump_to() {
        let problem = Problem {
            line: 12,
            column: 8,
            key: "proxy.port".into(),
            message: "70000 is too large".into(),
            fix: "write a whole number from 0 to 65535".into(),
        };
        let problems = Problems::new(Path::new("config.toml"), vec![problem]);
        assert_eq!(
            problems.to_string(),
            "config.toml:12:8: proxy.port: 70000 is too large; write a whole number from 0 to 65535"
        );
    }

    #[test]
    fn a_problem_of_the_whole_file_has_no_position() {
        let problems = Problems::whole_file(Path::new("config.toml"), "is a directory", "");
        assert_eq!(problems.to_string(), "config.toml: is a directory");
    }
}
