//! Reports to the agent what becomes of the icon.

use crate::control::{AgentHandle, Command, IconState, IconStatus, Session};
use crate::desktop::session_bus;

pub struct Report {
    agent: AgentHandle,
    bus: String,
}

impl Report {
    /// Of the icon in this session.
    pub fn of(agent: &AgentHandle, session: &Session) -> Self {
        Self { agent: agent.clone(), bus: session_bus::address(session) }
    }

    pub async fn send(&self, state: IconState) {
        let icon = IconStatus { state, bus: self.bus.clone() };
        let _ = self.agent.ask(Command::ReportIcon(icon)).await;
    }
}
