//! The models that an account's own list names, for an account whose models neither the config
//! nor the spelling of a name can tell.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arc_swap::ArcSwapOption;
use parking_lot::Mutex;

use crate::language::Message;

/// Survives a reload with its account; every request that looks for an account reads it.
#[derive(Debug, Default)]
pub struct OwnModels {
    names: ArcSwapOption<BTreeSet<String>>,
    /// Why the account serves no model.
    problem: Mutex<Option<Message>>,
    /// The list was never read, and the upstream is in no state to give one.
    is_unverified: AtomicBool,
}

/// Why a list could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoList {
    pub reason: Message,
    /// The upstream is unreachable or failing; it has not answered that it has no list.
    pub is_outage: bool,
}

impl OwnModels {
    pub fn has(&self, model: &str) -> bool {
        self.names.load().as_ref().is_some_and(|names| names.contains(model))
    }

    /// The first names in alphabetical order.
    pub fn names(&self, at_most: usize) -> Vec<String> {
        self.names.load().iter().flat_map(|names| names.iter().take(at_most).cloned()).collect()
    }

    pub fn problem(&self) -> Option<Message> {
        self.problem.lock().clone()
    }

    /// Takes over a list that was read. Returns whether that changes anything.
    pub fn learn(&self, names: BTreeSet<String>, problem: Option<Message>) -> bool {
        let is_same = self.names.load().as_deref() == Some(&names);
        self.names.store(Some(Arc::new(names)));
        self.is_unverified.store(false, Ordering::Relaxed);
        self.set_problem(problem) || !is_same
    }

    /// Notes that the list could not be read. A list that was read before stays in force.
    /// Returns whether that changes anything.
    pub fn miss(&self, problem: Message, is_outage: bool) -> bool {
        let is_known = self.names.load().as_ref().is_some_and(|names| !names.is_empty());
        self.is_unverified.store(!is_known && is_outage, Ordering::Relaxed);
        !is_known && self.set_problem(Some(problem))
    }

    /// Whether the models are unknown because of an outage.
    pub fn is_unverified(&self) -> bool {
        self.is_unverified.load(Ordering::Relaxed)
    }

    fn set_problem(&self, problem: Option<Message>) -> bool {
        let mut current = self.problem.lock();
        let is_news = *current != problem;
        *current = problem;
        is_news
    }
}
