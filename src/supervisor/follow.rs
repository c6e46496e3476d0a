//! Connected tools follow the proxy: whenever it has an address or a key that they do
//! not know yet, they are told, behind the supervisor's back.

use std::path::Path;

use secrecy::{ExposeSecret, SecretString};

use super::Supervisor;
use crate::connect::{Clients, Environment, FollowReport, Target};
use crate::control::Notice;
use crate::server::base_url;

/// What the tools were told last.
#[derive(Debug)]
pub struct Told {
    base_url: String,
    key: SecretString,
}

impl Supervisor {
    /// Tells them, unless there is nothing new. A port for this run only is none to follow;
    /// a key is one all the same.
    pub(super) fn lead_tools(&mut self) {
        // One at a time, so that the last word is the last one they hear.
        if !self.following.is_empty() {
            return;
        }
        let target = self.target();
        let before = self.told.replace(Told { base_url: target.base_url.clone(), key: target.key.clone() });
        if before.as_ref().is_some_and(|told| told.is(&target)) {
            return;
        }
        let stays = self.options.port.is_some();
        let has_moved = !stays && before.is_some_and(|told| told.base_url != target.base_url);
        let data = self.options.data.clone();
        self.following.spawn_blocking(move || (has_moved, follow(&data, &target, stays)));
    }

    /// Where clients believe the proxy to be that could not start there.
    pub(super) fn expected_here(&mut self) {
        let target = self.target();
        self.told.get_or_insert(Told { base_url: target.base_url, key: target.key });
    }

    pub(super) fn target(&self) -> Target {
        let key = self.config.proxy.api_key.as_known().cloned().unwrap_or_default();
        Target { base_url: base_url(self.address()), key }
    }

    pub(super) fn tools_followed(&mut self, has_moved: bool, followed: &FollowReport) {
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

/// Without a key there is nothing that a tool would take. `stays`: it is only the key that
/// they follow.
fn follow(data: &Path, target: &Target, stays: bool) -> FollowReport {
    match Environment::of_process() {
        Ok(_) if target.key.expose_secret().is_empty() => FollowReport::default(),
        Ok(environment) if stays => Clients::new(data, environment).follow_key(&target.key),
        Ok(environment) => Clients::new(data, environment).follow(target),
        Err(_) => FollowReport::default(),
    }
}

impl Told {
    fn is(&self, target: &Target) -> bool {
        self.base_url == target.base_url && self.key.expose_secret() == target.key.expose_secret()
    }
}
