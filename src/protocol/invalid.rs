//! What is wrong with a request: a field and its problem.

use super::error::{ErrorKind, LocalError};

/// A value, or the field that is wrong.
pub type Outcome<T> = Result<T, InvalidField>;

/// A field that violates its protocol. The path grows from the inside out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidField {
    path: String,
    problem: String,
    kind: ErrorKind,
}

impl InvalidField {
    pub fn new(problem: impl Into<String>) -> Self {
        Self { path: String::new(), problem: problem.into(), kind: ErrorKind::InvalidRequest }
    }

    /// Replaces the kind, which is a 400 otherwise.
    #[must_use]
    pub fn kind(self, kind: ErrorKind) -> Self {
        Self { kind, ..self }
    }

    /// Adds the field that holds this one to the path.
    #[must_use]
    pub fn at(mut self, key: &str) -> Self {
        let separator = if self.path.is_empty() || self.path.starts_with('[') { "" } else { "." };
        self.path = format!("{key}{separator}{}", self.path);
        self
    }

    /// Adds the list element that holds this field to the path.
    #[must_use]
    pub fn at_index(self, index: usize) -> Self {
        self.at(&format!("[{index}]"))
    }
}

impl From<InvalidField> for LocalError {
    fn from(invalid: InvalidField) -> Self {
        let problem = shortened(invalid.problem);
        let message = match invalid.path.as_str() {
            "" => problem,
            path => format!("{path}: {problem}"),
        };
        Self::new(invalid.kind, message)
    }
}

/// A problem may quote the request, so it can be of any length.
fn shortened(mut problem: String) -> String {
    const LONGEST: usize = 1_000;
    if problem.len() > LONGEST {
        problem.truncate(problem.floor_char_boundary(LONGEST));
        problem.push('…');
    }
    problem
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_that_quotes_a_book_is_cut_short() {
        let error = LocalError::from(InvalidField::new("é".repeat(1_000_000)).at("input"));
        assert!(error.message.len() < 1_100 && error.message.ends_with("é…"));
    }
}
