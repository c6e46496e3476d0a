//! What an account's own model list says that it serves, where neither the config nor the
//! spelling of a name can tell.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::ArcSwapOption;

use crate::language::Message;

/// Survives a reload with its account; read by every request that looks for one.
#[derive(Debug, Default)]
pub struct Learned {
    models: ArcSwapOption<BTreeSet<String>>,
    /// Why it serves nothing.
    problem: Mutex<Option<Message>>,
    /// No list is known, and the upstream was in no state to give one.
    is_unheard: AtomicBool,
}

/// Why there is no list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoList {
    pub reason: Message,
    /// The upstream is out of reach or in trouble, and has not said that it has none.
    pub is_outage: bool,
}

impl Learned {
    pub fn has(&self, model: &str) -> bool {
        self.models.load().as_ref().is_some_and(|models| models.contains(model))
    }

    /// The first few names.
    pub fn names(&self, at_most: usize) -> Vec<String> {
        self.models.load().iter().flat_map(|models| models.iter().take(at_most).cloned()).collect()
    }

    pub fn problem(&self) -> Option<Message> {
        self.lock().clone()
    }

    /// A list that was read; returns whether that changes anything.
    pub fn learn(&self, models: BTreeSet<String>, problem: Option<Message>) -> bool {
        let is_same = self.models.load().as_deref() == Some(&models);
        self.models.store(Some(Arc::new(models)));
        self.is_unheard.store(false, Ordering::Relaxed);
        self.note(problem) || !is_same
    }

    /// A list that could not be had. One that was read before is still believed.
    pub fn miss(&self, problem: Message, is_outage: bool) -> bool {
        let is_known = self.models.load().as_ref().is_some_and(|models| !models.is_empty());
        self.is_unheard.store(!is_known && is_outage, Ordering::Relaxed);
        !is_known && self.note(Some(problem))
    }

    /// What it serves cannot be known at the moment.
    pub fn is_unheard(&self) -> bool {
        self.is_unheard.load(Ordering::Relaxed)
    }

    fn note(&self, problem: Option<Message>) -> bool {
        let mut known = self.lock();
        let is_news = *known != problem;
        *known = problem;
        is_news
    }

    fn lock(&self) -> MutexGuard<'_, Option<Message>> {
        self.problem.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
