//! Connected tools follow the proxy: whenever its address or its key is new, their settings
//! are changed in the background.

use std::path::Path;

use secrecy::ExposeSecret;
use tokio::task::JoinSet;

use super::Supervisor;
use crate::connect::{Clients, Environment, FollowReport, Target};
use crate::control::Notice;
use crate::server::base_url;

/// The target that the tools were last pointed at, and the change of their settings that is
/// under way: at most one, so that the latest target is also the last one they get.
#[derive(Debug, Default)]
pub struct Following {
    latest: Option<Target>,
    running: JoinSet<(bool, FollowReport)>,
}

impl Following {
    /// The change that has ended, and whether the proxy has moved; `None` when none is under
    /// way.
    pub async fn finished(&mut self) -> Option<(bool, FollowReport)> {
        self.running.join_next().await?.ok()
    }
}

impl Supervisor {
    /// Points the tools at the proxy, unless they were already. A port for this run only is
    /// not followed; a key is.
    pub(super) fn lead_tools(&mut self) {
        if !self.following.running.is_empty() {
            return;
        }
        let target = self.target();
        let before = self.following.latest.replace(target.clone());
        if before.as_ref().is_some_and(|before| is_same(before, &target)) {
            return;
        }
        let only_key = self.options.port.is_some();
        let has_moved = !only_key && before.is_some_and(|before| before.base_url != target.base_url);
        let data = self.options.data.clone();
        self.following.running.spawn_blocking(move || (has_moved, follow(&data, &target, only_key)));
    }

    /// The proxy could not start where clients believe it to be.
    pub(super) fn expected_here(&mut self) {
        let target = self.target();
        self.following.latest.get_or_insert(target);
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

/// A tool takes no empty key, so without a key nothing is changed.
fn follow(data: &Path, target: &Target, only_key: bool) -> FollowReport {
    match Environment::of_process() {
        Ok(_) if target.key.expose_secret().is_empty() => FollowReport::default(),
        Ok(environment) if only_key => Clients::new(data, environment).follow_key(&target.key),
        Ok(environment) => Clients::new(data, environment).follow(target),
        Err(_) => FollowReport::default(),
    }
}

fn is_same(one: &Target, other: &Target) -> bool {
    one.base_url == other.base_url && one.key.expose_secret() == other.key.expose_secret()
}
