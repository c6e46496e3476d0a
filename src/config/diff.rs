//! What a new configuration costs: which parts of the running program it reaches.

use super::{Config, ProxyConfig};

/// All false: the file says what it said before.
#[expect(clippy::struct_excessive_bools, reason = "the parts change independently of each other")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// The proxy has to be bound anew (port, LAN access).
    pub listener: bool,
    /// The pool has other accounts or other rules (`accounts`, `[pool]`, `[zai]`).
    pub pool: bool,
    /// The client that talks to the upstreams has to be built anew (`[upstream]`).
    pub client: bool,
    /// Anything else: the next request reads the new values.
    pub settings: bool,
}

impl Change {
    pub fn is_nothing(self) -> bool {
        self == Self::default()
    }
}

pub fn diff(old: &Config, new: &Config) -> Change {
    Change {
        listener: listener(&old.proxy) != listener(&new.proxy),
        pool: (&old.accounts, &old.pool, &old.zai) != (&new.accounts, &new.pool, &new.zai),
        client: old.upstream != new.upstream,
        settings: without_costlier_parts(old, new) != *new,
    }
}

fn listener(proxy: &ProxyConfig) -> (u16, bool) {
    (proxy.port, proxy.allow_lan_access)
}

/// The old configuration with everything the other parts of [`Change`] speak of taken
/// from the new one. Written so that a key nobody thought of counts as a setting.
fn without_costlier_parts(old: &Config, new: &Config) -> Config {
    Config {
        proxy: ProxyConfig {
            port: new.proxy.port,
            allow_lan_access: new.proxy.allow_lan_access,
            ..old.proxy.clone()
        },
        accounts: new.accounts.clone(),
        pool: new.pool.clone(),
        zai: new.zai.clone(),
        upstream: new.upstream.clone(),
        ..old.clone()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::config::{AccountConfig, AuthMode, LanguageSetting, Price, Secret};
    use crate::language::Language;
    use crate::protocol::Provider;

    const PRICE: Price = Price { input: 1.0, output: 2.0, cached_input: 0.5 };
    const NOTHING: Change = Change { listener: false, pool: false, client: false, settings: false };

    fn account() -> AccountConfig {
        AccountConfig {
            name: "one".into(),
            provider: Provider::Demo,
            api_key: Secret::Known("sk-old".into()),
            base_url: None,
            models: Vec::new(),
            enabled: true,
            priority: 0,
            weight: 1,
        }
    }

    #[expect(clippy::type_complexity, reason = "a table of edits and what each costs")]
    #[test]
    fn each_key_costs_what_it_has_to() {
        let listener = Change { listener: true, ..NOTHING };
        let pool = Change { pool: true, ..NOTHING };
        let client = Change { client: true, ..NOTHING };
        let settings = Change { settings: true, ..NOTHING };
        let cases: [(&str, fn(&mut Config), Change); 17] = [
            ("nothing", |_| (), NOTHING),
            ("port", |config| config.proxy.port = 1, listener),
            ("LAN access", |config| config.proxy.allow_lan_access = true, listener),
            ("auth mode", |config| config.proxy.auth_mode = AuthMode::Strict, settings),
            ("client key", |config| config.proxy.api_key = Secret::Known("sk-new".into()), settings),
            ("language", |config| config.language = LanguageSetting::Fixed(Language::Japanese), settings),
            ("notifications", |config| config.notifications.all_cooling = false, settings),
            ("monitor", |config| config.monitor.retention_days = 1, settings),
            ("prices", |config| config.prices.push(("a".into(), PRICE)), settings),
            ("telemetry", |config| config.telemetry.otlp_endpoint = Some("http://c".into()), settings),
            ("updates", |config| config.updates.check = true, settings),
            ("models", |config| config.models.push(("a".into(), "b".into())), settings),
            ("account key", |config| config.accounts[0].api_key = Secret::Known("sk-new".into()), pool),
            ("account gone", |config| config.accounts.clear(), pool),
            ("strategy", |config| config.pool.max_attempts = 9, pool),
            ("z.ai", |config| config.zai.enabled = true, pool),
            ("upstream", |config| config.upstream.connect_timeout = Duration::from_secs(1), client),
        ];
        let old = Config { accounts: vec![account()], ..Config::default() };
        for (name, edit, expected) in cases {
            let mut new = old.clone();
            edit(&mut new);
            assert_eq!(diff(&old, &new), expected, "{name}");
        }
    }

    #[test]
    fn costs_add_up() {
        let old = Config::default();
        let mut new = old.clone();
        new.proxy.port = 1;
        new.proxy.auth_mode = AuthMode::Off;
        new.accounts.push(account());
        let change = diff(&old, &new);
        assert_eq!(change, Change { listener: true, pool: true, client: false, settings: true });
        assert!(!change.is_nothing());
    }
}
