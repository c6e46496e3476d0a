//! The state of the proxy: a sentence, a picture, and the possible actions.

use crate::control::{ProxyState, Status};
use crate::language::Message;

/// The picture: how far the gate is raised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gate {
    Raised,
    Half,
    Lowered,
    /// Lowered and crossed out.
    Barred,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
    pub gate: Gate,
    /// `Running on 127.0.0.1:8045`.
    pub sentence: String,
    /// `3 active accounts, 1 cooling`.
    pub accounts: String,
    pub can_start: bool,
    pub can_stop: bool,
    /// A port to move to, after the configured one could not be bound.
    pub next_free_port: Option<u16>,
    /// What is wrong, with its fix.
    pub problem: Option<String>,
    pub warnings: Vec<String>,
}

impl State {
    pub fn of(status: &Status) -> Self {
        let state = status.state;
        let words = |message: &Message| message.text(status.language);
        Self {
            gate: match state {
                ProxyState::Running => Gate::Raised,
                ProxyState::Starting | ProxyState::Draining => Gate::Half,
                ProxyState::Stopped => Gate::Lowered,
                ProxyState::Failed => Gate::Barred,
            },
            sentence: status.sentence(),
            accounts: status.accounts_text(),
            can_start: !matches!(state, ProxyState::Running | ProxyState::Starting),
            can_stop: matches!(state, ProxyState::Running | ProxyState::Starting),
            next_free_port: status.next_free_port,
            problem: status.problem.as_ref().map(words),
            warnings: status.warnings.iter().map(words).collect(),
        }
    }
}
