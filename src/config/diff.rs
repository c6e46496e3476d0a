//! The parts of the running program that a new configuration makes anew. Everything else
//! is read by the next request.

use super::{Config, ProxyConfig};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    /// The listener: port or LAN access.
    pub listener: bool,
    /// The client that talks to the upstreams: `[upstream]`.
    pub client: bool,
}

pub fn diff(old: &Config, new: &Config) -> Change {
    Change { listener: listener(&old.proxy) != listener(&new.proxy), client: old.upstream != new.upstream }
}

const fn listener(proxy: &ProxyConfig) -> (u16, bool) {
    (proxy.port, proxy.allow_lan_access)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::config::{AuthMode, Secret};

    #[expect(clippy::type_complexity, reason = "a table of edits and what each makes anew")]
    #[test]
    fn only_a_changed_address_binds_and_only_a_changed_upstream_section_builds_a_client() {
        let cases: [(&str, fn(&mut Config), Change); 7] = [
            ("nothing", |_| (), Change { listener: false, client: false }),
            ("port", |config| config.proxy.port = 1, Change { listener: true, client: false }),
            (
                "LAN access",
                |config| config.proxy.allow_lan_access = true,
                Change { listener: true, client: false },
            ),
            (
                "auth mode",
                |config| config.proxy.auth_mode = AuthMode::Strict,
                Change { listener: false, client: false },
            ),
            (
                "client key",
                |config| config.proxy.api_key = Secret::Known("sk-new".into()),
                Change { listener: false, client: false },
            ),
            (
                "upstream",
                |config| config.upstream.connect_timeout = Duration::from_secs(1),
                Change { listener: false, client: true },
            ),
            (
                "both",
                |config| {
                    config.proxy.port = 1;
                    config.upstream.connect_timeout = Duration::from_secs(1);
                },
                Change { listener: true, client: true },
            ),
        ];
        let old = Config::default();
        for (name, edit, expected) in cases {
            let mut new = old.clone();
            edit(&mut new);
            assert_eq!(diff(&old, &new), expected, "{name}");
        }
    }
}
