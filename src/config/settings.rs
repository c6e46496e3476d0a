//! The configuration as the rest of the program uses it: every default is filled in, every
//! value in range, and every secret found or the reason known.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::language::LanguageSetting;
use super::{NoProxy, Secret};
use crate::protocol::Provider;

/// All settings. The [`Default`] is what an empty file means.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    pub language: LanguageSetting,
    pub proxy: ProxyConfig,
    pub pool: PoolConfig,
    pub zai: ZaiConfig,
    pub upstream: UpstreamConfig,
    pub monitor: MonitorConfig,
    pub notifications: NotificationsConfig,
    pub updates: UpdatesConfig,
    pub accounts: Vec<AccountConfig>,
    /// Model the client asks for (`*` allowed) → model sent upstream, in the order of the file.
    pub models: Vec<(String, String)>,
    /// Model (`*` allowed) → its price, which overrides a built-in one.
    pub prices: Vec<(String, Price)>,
    pub telemetry: TelemetryConfig,
}

/// `[proxy]`.
#[derive(Clone, Debug, PartialEq)]
pub struct ProxyConfig {
    /// 0: any free port.
    pub port: u16,
    pub allow_lan_access: bool,
    pub auth_mode: AuthMode,
    pub api_key: Secret,
    pub start_with_agent: bool,
    pub request_timeout: Duration,
    /// Bytes.
    pub max_body: u64,
    pub drain_timeout: Duration,
    pub allowed_hosts: Vec<String>,
    pub allowed_origins: Vec<String>,
}

/// Which requests need the key, as written; [`ProxyConfig::effective_auth`] decides `auto`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AuthMode {
    /// No request needs the key.
    Off,
    /// Every request needs the key, even `/healthz`.
    Strict,
    /// Every request but `/healthz` and `/health` needs the key.
    AllExceptHealth,
    /// `off` on loopback, `all_except_health` with LAN access.
    Auto,
}

/// Which requests need the key, with `auto` decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EffectiveAuth {
    Off,
    Strict,
    AllExceptHealth,
}

impl ProxyConfig {
    pub const fn effective_auth(&self) -> EffectiveAuth {
        match self.auth_mode {
            AuthMode::Strict => EffectiveAuth::Strict,
            AuthMode::AllExceptHealth => EffectiveAuth::AllExceptHealth,
            AuthMode::Auto if self.allow_lan_access => EffectiveAuth::AllExceptHealth,
            AuthMode::Off | AuthMode::Auto => EffectiveAuth::Off,
        }
    }

    /// Whether a key is required and none is configured: one has to be generated and written.
    pub fn needs_key(&self) -> bool {
        self.effective_auth() != EffectiveAuth::Off && self.api_key.is_missing()
    }
}

/// `[pool]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PoolConfig {
    pub strategy: Strategy,
    /// At least 1.
    pub max_attempts: u32,
    pub max_cooldown: Duration,
}

/// How an account is picked for a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Strategy {
    /// In turn, by weight.
    RoundRobin,
    /// A conversation stays with its account.
    Sticky,
    /// The account with the lowest priority number; the next one while that cools down.
    FillFirst,
    /// The account with the fewest requests in flight.
    LeastBusy,
}

/// `[zai]`.
#[derive(Clone, Debug, PartialEq)]
pub struct ZaiConfig {
    pub enabled: bool,
    pub dispatch_mode: DispatchMode,
    pub base_url: String,
    pub api_key: Secret,
    /// `opus`, `sonnet`, `haiku` → the GLM model used in its place.
    pub models: BTreeMap<String, String>,
}

impl ZaiConfig {
    /// Whether this section sends any request to z.ai.
    pub fn takes_part(&self) -> bool {
        self.enabled && self.dispatch_mode != DispatchMode::Off
    }
}

/// Which Anthropic requests z.ai answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DispatchMode {
    /// None.
    Off,
    /// All of them.
    Exclusive,
    /// Those of its turns: z.ai is one more account in the pool.
    Pooled,
    /// Those that no account of the pool can answer.
    Fallback,
}

/// `[upstream]`.
#[derive(Clone, PartialEq, Eq)]
pub struct UpstreamConfig {
    /// The URL of the outgoing proxy, with user name and password where it has them; empty for
    /// none.
    pub proxy: String,
    pub no_proxy: NoProxy,
    /// A PEM file of additional certificate authorities.
    pub ca_file: Option<PathBuf>,
    pub connect_timeout: Duration,
}

impl fmt::Debug for UpstreamConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UpstreamConfig")
            .field("proxy", &super::redact::without_credentials(&self.proxy))
            .field("no_proxy", &self.no_proxy)
            .field("ca_file", &self.ca_file)
            .field("connect_timeout", &self.connect_timeout)
            .finish()
    }
}

/// `[monitor]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MonitorConfig {
    pub enabled: bool,
    pub capture_bodies: CaptureBodies,
    /// Bytes.
    pub max_size: u64,
    pub retention_days: u32,
}

/// Which request and answer bodies the record keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CaptureBodies {
    /// None.
    None,
    /// The bodies of failed requests.
    Errors,
    /// All of them.
    All,
}

/// US dollars for a million tokens.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Price {
    pub input: f64,
    pub output: f64,
    /// For input that the provider read from a cache.
    pub cached_input: f64,
}

/// `[telemetry]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TelemetryConfig {
    /// The base URL of the OpenTelemetry collector; `None`: nothing is exported.
    pub otlp_endpoint: Option<String>,
}

/// `[notifications]`.
#[expect(clippy::struct_excessive_bools, reason = "one independent switch per kind of notification")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotificationsConfig {
    pub enabled: bool,
    pub bind_failure: bool,
    pub config_problem: bool,
    pub account_disabled: bool,
    pub all_cooling: bool,
    pub upstream_unreachable: bool,
    pub lan_without_key: bool,
    pub update_available: bool,
}

/// `[updates]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpdatesConfig {
    pub check: bool,
    /// Never empty while `check` is on.
    pub url: String,
}

/// One of `[[accounts]]`.
#[derive(Clone, Debug, PartialEq)]
pub struct AccountConfig {
    pub name: String,
    pub provider: Provider,
    pub api_key: Secret,
    /// `None`: the provider's own.
    pub base_url: Option<String>,
    /// Model names and patterns; empty: every model that the provider owns.
    pub models: Vec<String>,
    pub enabled: bool,
    /// Lower numbers first, with `fill_first`.
    pub priority: i32,
    /// The share of turns with `round_robin`, at least 1.
    pub weight: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn auto_requires_a_key_only_with_lan_access() {
        let cases = [
            (AuthMode::Auto, false, EffectiveAuth::Off),
            (AuthMode::Auto, true, EffectiveAuth::AllExceptHealth),
            (AuthMode::Off, true, EffectiveAuth::Off),
            (AuthMode::Strict, false, EffectiveAuth::Strict),
            (AuthMode::AllExceptHealth, false, EffectiveAuth::AllExceptHealth),
        ];
        for (auth_mode, allow_lan_access, expected) in cases {
            let proxy = ProxyConfig { allow_lan_access, auth_mode, ..Config::default().proxy };
            assert_eq!(proxy.effective_auth(), expected, "{auth_mode:?}, LAN {allow_lan_access}");
        }
    }

    #[test]
    fn debug_output_hides_the_password_of_the_outgoing_proxy() {
        let upstream = UpstreamConfig {
            proxy: "socks5://user:hunter2@proxy:1080".to_owned(),
            ..Config::default().upstream
        };
        let shown = format!("{upstream:?}");
        assert!(shown.contains("proxy:1080") && !shown.contains("hunter2"), "{shown}");
    }
}
