//! The configuration as a request reads it.

use std::sync::Arc;

use crate::config::{Config, ModelMap};

/// A configuration, and its `[models]` map ready to be asked.
pub struct Settings {
    pub config: Arc<Config>,
    pub models: ModelMap,
}

impl Settings {
    pub fn new(config: Arc<Config>) -> Self {
        let models = ModelMap::new(&config.models);
        Self { config, models }
    }

    pub fn is_account(&self, name: &str) -> bool {
        self.config.accounts.iter().any(|account| account.name == name)
    }
}
