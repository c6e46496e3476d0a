//! The configuration as the rest of the program uses it: every default filled in, every
//! value in range, every secret resolved or its reason kept.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{NoProxy, Secret};
use crate::language::Language;
use crate::protocol::Provider;

/// What an empty file means is its [`Default`].
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
    /// Model the client asks for (may hold `*`) → model sent upstream, in file order.
    pub models: Vec<(String, String)>,
    /// Model (may hold `*`) → what it costs, beside and before the built-in prices.
    pub prices: Vec<(String, Price)>,
    pub telemetry: TelemetryConfig,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum LanguageSetting {
    /// What the system speaks.
    #[serde(rename = "auto")]
    Auto,
    /// English.
    #[serde(rename = "en")]
    English,
    /// 日本語.
    #[serde(rename = "ja")]
    Japanese,
    /// 简体中文.
    #[serde(rename = "zh-CN")]
    SimplifiedChinese,
}

impl LanguageSetting {
    /// The language it comes to on this system.
    pub fn spoken(self) -> Language {
        match self {
            Self::Auto => Language::system(),
            Self::English => Language::English,
            Self::Japanese => Language::Japanese,
            Self::SimplifiedChinese => Language::SimplifiedChinese,
        }
    }
}

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

/// As the user wrote it; [`ProxyConfig::effective_auth`] is what it means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AuthMode {
    /// No key is asked for.
    Off,
    /// Every path asks for the key, `/healthz` included.
    Strict,
    /// Every path but `/healthz` and `/health` asks for the key.
    AllExceptHealth,
    /// `off` on loopback, `all_except_health` with LAN access.
    Auto,
}

/// Who is asked for the key, with `auto` decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum EffectiveAuth {
    Off,
    Strict,
    AllExceptHealth,
}

impl ProxyConfig {
    pub const DEFAULT_PORT: u16 = 8045;

    pub const fn effective_auth(&self) -> EffectiveAuth {
        match self.auth_mode {
            AuthMode::Strict => EffectiveAuth::Strict,
            AuthMode::AllExceptHealth => EffectiveAuth::AllExceptHealth,
            AuthMode::Auto if self.allow_lan_access => EffectiveAuth::AllExceptHealth,
            AuthMode::Off | AuthMode::Auto => EffectiveAuth::Off,
        }
    }

    /// A key is asked for and there is none: one has to be generated and written.
    pub fn needs_key(&self) -> bool {
        self.effective_auth() != EffectiveAuth::Off && self.api_key.is_missing()
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PoolConfig {
    pub strategy: Strategy,
    /// At least 1.
    pub max_attempts: u32,
    pub max_cooldown: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Strategy {
    /// In turn, by weight.
    RoundRobin,
    /// A conversation stays with its account.
    Sticky,
    /// The lowest priority number first, the next one when that cools.
    FillFirst,
    /// Whoever has the fewest requests in flight.
    LeastBusy,
}

#[derive(Clone, Debug, PartialEq)]
pub struct ZaiConfig {
    pub enabled: bool,
    pub dispatch_mode: DispatchMode,
    pub base_url: String,
    pub api_key: Secret,
    /// `opus`, `sonnet`, `haiku` → the GLM model that stands in for it.
    pub models: BTreeMap<String, String>,
}

impl ZaiConfig {
    /// Whether any request can reach z.ai through this section.
    pub fn takes_part(&self) -> bool {
        self.enabled && self.dispatch_mode != DispatchMode::Off
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DispatchMode {
    /// Never.
    Off,
    /// Every Anthropic request goes to z.ai.
    Exclusive,
    /// One more account in the pool.
    Pooled,
    /// Only when no account of the pool can answer.
    Fallback,
}

#[derive(Clone, PartialEq, Eq)]
pub struct UpstreamConfig {
    /// Empty: none. May hold a user name and a password.
    pub proxy: String,
    pub no_proxy: NoProxy,
    /// Further certificate authorities.
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

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MonitorConfig {
    pub enabled: bool,
    pub capture_bodies: CaptureBodies,
    /// Bytes.
    pub max_size: u64,
    pub retention_days: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CaptureBodies {
    /// No body is kept.
    None,
    /// Bodies of failed requests.
    Errors,
    /// Every body.
    All,
}

/// US dollars for a million tokens.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Price {
    pub input: f64,
    pub output: f64,
    /// Input that the provider read from a cache.
    pub cached_input: f64,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TelemetryConfig {
    /// Where OpenTelemetry data goes; `None`: nowhere.
    pub otlp_endpoint: Option<String>,
}

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

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpdatesConfig {
    pub check: bool,
    /// Never empty while `check` is on.
    pub url: String,
}

#[derive(Clone, Debug, PartialEq)]
pub struct AccountConfig {
    pub name: String,
    pub provider: Provider,
    pub api_key: Secret,
    /// `None`: the provider's own.
    pub base_url: Option<String>,
    /// Wildcards allowed; empty: whatever the provider owns.
    pub models: Vec<String>,
    pub enabled: bool,
    /// Lower first (`fill_first`).
    pub priority: i32,
    /// At least 1 (`round_robin`).
    pub weight: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn auto_asks_for_a_key_only_with_lan_access() {
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
