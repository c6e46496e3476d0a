//! The state of the config file: whether one was ever valid, what is wrong with it now, and
//! what its load warned of.

use std::time::{Duration, Instant};

use crate::config::Problems;
use crate::control::{BindFailure, Notice, StartFailure};
use crate::language::Message;
use crate::message;

/// A program that writes a file does not pause for longer.
const STILL_WRITING: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub struct FileState {
    /// No file was valid yet: the configuration in force is the default, and serves nothing.
    pub is_unconfigured: bool,
    problem: Option<FileProblem>,
    /// When the problem has lasted long enough for a notice.
    notice_due: Option<Instant>,
    warnings: Vec<Message>,
}

/// Why the file is not in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileProblem {
    Invalid(Problems),
    Bind(BindFailure),
}

impl FileState {
    pub const fn new() -> Self {
        Self { is_unconfigured: true, problem: None, notice_due: None, warnings: Vec::new() }
    }

    pub const fn problem(&self) -> Option<&FileProblem> {
        self.problem.as_ref()
    }

    /// The address of the file cannot be bound, and the old one is still served.
    pub const fn bind_failure(&self) -> Option<&BindFailure> {
        match &self.problem {
            Some(FileProblem::Bind(failure)) => Some(failure),
            Some(FileProblem::Invalid(_)) | None => None,
        }
    }

    pub fn warnings(&self) -> &[Message] {
        &self.warnings
    }

    /// Keeps the warnings of a load, and logs those that the load before did not have.
    pub fn warn(&mut self, warnings: Vec<Message>) {
        for warning in warnings.iter().filter(|warning| !self.warnings.contains(warning)) {
            tracing::warn!("{warning}");
        }
        self.warnings = warnings;
    }

    /// Keeps what is wrong with the file, and returns the notice that is due at once. An
    /// invalid file may be half of one that is still being written: its notice is due when
    /// it lasts.
    pub fn set_problem(&mut self, problem: Option<FileProblem>) -> Option<Notice> {
        if problem == self.problem {
            return None;
        }
        let is_invalid = matches!(problem, Some(FileProblem::Invalid(_)));
        self.notice_due = is_invalid.then(|| Instant::now() + STILL_WRITING);
        self.problem = problem;
        if is_invalid { None } else { self.notice() }
    }

    /// The notice of a problem that has lasted, once.
    pub fn due_notice(&mut self) -> Option<Notice> {
        self.notice_due.take_if(|due| *due <= Instant::now())?;
        self.notice()
    }

    pub fn notice_due_in(&self) -> Option<Duration> {
        self.notice_due.map(|due| due.saturating_duration_since(Instant::now()))
    }

    fn notice(&self) -> Option<Notice> {
        Some(match self.problem.as_ref()? {
            FileProblem::Bind(failure) => Notice::BindFailure(failure.clone()),
            FileProblem::Invalid(problems) => Notice::ConfigProblem {
                text: problems.messages().next().unwrap_or_default(),
                count: problems.list.len(),
                is_first: self.is_unconfigured,
            },
        })
    }
}

impl FileProblem {
    /// What is wrong and what to do. `is_serving`: the old address still is.
    pub fn message(&self, is_serving: bool) -> Message {
        match self {
            Self::Bind(failure) => {
                let failure = StartFailure::Bind(failure.clone()).message();
                if is_serving { message!("failure-old-address", failure = failure) } else { failure }
            }
            Self::Invalid(problems) => {
                let first = problems.messages().next().unwrap_or_default();
                match problems.list.len() {
                    0 | 1 => first,
                    count => message!("failure-more-problems", first = first, count = count - 1),
                }
            }
        }
    }
}
