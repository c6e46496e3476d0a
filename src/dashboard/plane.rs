//! What the control plane's calls and pages reach.

use std::path::PathBuf;
use std::sync::Arc;

use crate::config::Config;
use crate::control::{Admission, AgentHandle};
use crate::desktop::entrance::Entrances;
use crate::gateway::Gateway;
use crate::monitor::Recorder;

pub struct Control {
    pub agent: AgentHandle,
    pub recorder: Arc<Recorder>,
    pub gateway: Arc<Gateway>,
    pub config_path: PathBuf,
    pub admission: Arc<Admission>,
    pub entrances: Entrances,
}

impl Control {
    /// The configuration in force.
    pub fn config(&self) -> Arc<Config> {
        Arc::clone(&self.gateway.settings().config)
    }
}
