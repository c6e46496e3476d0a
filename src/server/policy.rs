//! The configuration's rules for entering: which Hosts and Origins are ours, and which routes
//! need the key. Rebuilt on every reload, read on every request.

use secrecy::ExposeSecret;
use sha2::{Digest, Sha256};

use crate::config::{Config, EffectiveAuth};

#[derive(Debug)]
pub struct Policy {
    pub auth: EffectiveAuth,
    /// SHA-256 of the client key; `None` when there is no key, and then every key is wrong.
    key: Option<[u8; 32]>,
    pub lan: bool,
    /// Lower case, without a port.
    pub hosts: Vec<String>,
    /// Lower case, as a browser sends them.
    pub origins: Vec<String>,
}

impl Policy {
    /// `host_name`: this machine's own, accepted with LAN access.
    pub fn new(config: &Config, host_name: &str) -> Self {
        let proxy = &config.proxy;
        let mut hosts: Vec<String> = ["localhost", "127.0.0.1", "[::1]"].map(str::to_owned).to_vec();
        if proxy.allow_lan_access && !host_name.is_empty() {
            let host_name = host_name.to_ascii_lowercase();
            let short = host_name.trim_end_matches(".local").to_owned();
            hosts.push(format!("{short}.local"));
            hosts.push(short);
            hosts.push(host_name);
        }
        hosts.extend(proxy.allowed_hosts.iter().map(|host| host.to_ascii_lowercase()));
        Self {
            auth: proxy.effective_auth(),
            key: proxy.api_key.as_known().map(|key| digest(key.expose_secret().as_bytes())),
            lan: proxy.allow_lan_access,
            hosts,
            origins: proxy.allowed_origins.iter().map(|origin| origin.to_ascii_lowercase()).collect(),
        }
    }

    #[cfg(test)]
    pub fn with_names<'a>(
        auth: EffectiveAuth,
        lan: bool,
        hosts: impl IntoIterator<Item = &'a str>,
        origins: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        let owned = |names: &mut dyn Iterator<Item = &'a str>| names.map(str::to_owned).collect();
        Self {
            auth,
            key: None,
            lan,
            hosts: owned(&mut hosts.into_iter()),
            origins: owned(&mut origins.into_iter()),
        }
    }

    /// Whether a route needs the key.
    pub const fn needs_key(&self, is_health: bool) -> bool {
        match self.auth {
            EffectiveAuth::Off => false,
            EffectiveAuth::Strict => true,
            EffectiveAuth::AllExceptHealth => !is_health,
        }
    }

    /// Whether this is the key. Digests are compared in constant time, so that neither its length
    /// nor a prefix leaks.
    pub fn is_key(&self, presented: &[u8]) -> bool {
        use subtle::ConstantTimeEq;
        self.key.is_some_and(|key| key.ct_eq(&digest(presented)).into())
    }
}

fn digest(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}
