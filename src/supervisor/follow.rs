//! Connected tools follow the proxy: whenever it has an address or a key that they do
//! not know yet, they are told, behind the supervisor's back.

use secrecy::{ExposeSecret, SecretString};

use super::Supervisor;
use crate::connect::{Clients, Environment, Followed, Target};
use crate::control::Notice;
use crate::server::base_url;

/// What the tools were told last.
#[derive(Debug)]
pub struct Told {
    base_url: String,
    key: SecretString,
}

impl Supervisor {
    /// Tells them, unless there is nothing new. A port for this run only is none to follow.
    pub(super) fn lead_tools(&mut self) {
        if self.options.port.is_some() {
            return;
        }
        let Some(key) = self.config.proxy.api_key.as_known().cloned() else { return };
        let target = Target { base_url: base_url(self.address()), key };
        // One at a time, so that the last word is the last one they hear.
        if !self.following.is_empty() || self.told.as_ref().is_some_and(|told| told.is(&target)) {
            return;
        }
        let Ok(environment) = Environment::of_process() else { return };
        let clients = Clients::new(&self.options.data, environment);
        let has_moved = self.told.as_ref().is_some_and(|told| told.base_url != target.base_url);
        self.told = Some(Told { base_url: target.base_url.clone(), key: target.key.clone() });
        self.following.spawn_blocking(move || (has_moved, clients.follow(&target)));
    }

    pub(super) fn tools_followed(&mut self, has_moved: bool, followed: &Followed) {
        for (tool, error) in &followed.failed {
            tracing::warn!("{} could not be pointed at the new address: {error}", tool.name());
        }
        for left in &followed.left {
            let (file, tool) = (left.file.display(), left.tool.name());
            tracing::warn!(
                "{tool} may not follow: {} in {file} was changed since it was connected",
                left.key
            );
        }
        let not_moved = followed.failed.iter().map(|(tool, _)| *tool);
        let mut not_moved: Vec<_> = followed.left.iter().map(|left| left.tool).chain(not_moved).collect();
        not_moved.dedup();
        if has_moved || !not_moved.is_empty() {
            let names =
                |tools: &[crate::connect::Tool]| tools.iter().map(|tool| tool.name().to_owned()).collect();
            self.notify(&Notice::Moved {
                base_url: base_url(self.address()),
                followed: names(&followed.moved),
                left: names(&not_moved),
            });
        }
        self.lead_tools();
    }
}

impl Told {
    fn is(&self, target: &Target) -> bool {
        self.base_url == target.base_url && self.key.expose_secret() == target.key.expose_secret()
    }
}
