//! The state of the config file: whether one was ever valid, its problem now, and the warnings
//! of its load. Time is a parameter.

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
    pub fn set_problem(&mut self, problem: Option<FileProblem>, now: Instant) -> Option<Notice> {
        if problem == self.problem {
            return None;
        }
        let is_invalid = matches!(problem, Some(FileProblem::Invalid(_)));
        self.notice_due = is_invalid.then(|| now + STILL_WRITING);
        self.problem = problem;
        if is_invalid { None } else { self.notice() }
    }

    /// The notice of a problem that has lasted, once.
    pub fn due_notice(&mut self, now: Instant) -> Option<Notice> {
        self.notice_due.take_if(|due| *due <= now)?;
        self.notice()
    }

    pub fn notice_due_in(&self, now: Instant) -> Option<Duration> {
        self.notice_due.map(|due| due.saturating_duration_since(now))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::BindReason;

    fn invalid(text: &str) -> FileProblem {
        FileProblem::Invalid(Problems::whole_file("config.toml".as_ref(), text.into(), "correct it".into()))
    }

    fn is_first(notice: Option<Notice>) -> Option<bool> {
        match notice? {
            Notice::ConfigProblem { is_first, .. } => Some(is_first),
            notice => panic!("{notice:?}"),
        }
    }

    #[test]
    fn an_invalid_file_is_reported_once_when_it_lasts() {
        let (mut file, start) = (FileState::new(), Instant::now());
        assert_eq!(file.set_problem(Some(invalid("half")), start), None);
        assert_eq!(file.due_notice(start), None, "it may still be written");
        assert_eq!(file.notice_due_in(start), Some(STILL_WRITING));
        let later = start + STILL_WRITING;
        assert_eq!(file.set_problem(Some(invalid("half")), later), None);
        assert_eq!(is_first(file.due_notice(later)), Some(true), "none was valid before");
        assert_eq!((file.due_notice(later), file.notice_due_in(later)), (None, None));
        file.is_unconfigured = false;
        assert_eq!(file.set_problem(Some(invalid("another")), later), None);
        assert_eq!(is_first(file.due_notice(later + STILL_WRITING)), Some(false));
    }

    #[test]
    fn a_corrected_file_and_a_failed_bind_leave_no_notice_for_later() {
        let (mut file, start) = (FileState::new(), Instant::now());
        file.set_problem(Some(invalid("half")), start);
        assert_eq!(file.set_problem(None, start), None);
        assert_eq!(file.due_notice(start + STILL_WRITING), None);
        let address = ([127, 0, 0, 1], 8045).into();
        let failure = BindFailure { address, reason: BindReason::Denied, next_free_port: None };
        let problem = Some(FileProblem::Bind(failure.clone()));
        assert_eq!(file.set_problem(problem.clone(), start), Some(Notice::BindFailure(failure.clone())));
        assert_eq!(file.set_problem(problem, start), None, "reported once");
        assert_eq!((file.bind_failure(), file.notice_due_in(start)), (Some(&failure), None));
    }
}
