//! As written → as used: every default is decided here, and nowhere else.

use std::collections::BTreeMap;
use std::time::Duration;

use super::file::{
    Account, File, ModelPrice, MonitorSection, NotificationsSection, PoolSection, ProxySection,
    TelemetrySection, UpdatesSection, UpstreamSection, ZaiModels, ZaiSection,
};
use super::place::KeyPath;
use super::settings::{
    AccountConfig, AuthMode, CaptureBodies, Config, DispatchMode, LanguageSetting, MonitorConfig,
    NotificationsConfig, PoolConfig, Price, ProxyConfig, Strategy, TelemetryConfig, UpdatesConfig,
    UpstreamConfig, ZaiConfig,
};
use super::{NoProxy, Secret, SecretSource};

const MEGABYTE: u64 = 1 << 20;

/// The secrets of one file, looked up.
#[derive(Debug)]
pub struct Secrets {
    pub proxy: Secret,
    pub zai: Secret,
    /// One per account, in order.
    pub accounts: Vec<Secret>,
}

/// Where the secrets of one file are, in an order that [`Secrets::from_found`] knows.
pub fn sources(file: &File) -> Vec<Option<SecretSource>> {
    let proxy = file.proxy.as_ref().and_then(|proxy| proxy.api_key.clone());
    let zai = file.zai.as_ref().and_then(|zai| zai.api_key.clone());
    let accounts = file.accounts.iter().flatten().map(|account| account.api_key.clone());
    [proxy, zai].into_iter().chain(accounts).collect()
}

/// The key that the source at this place of [`sources`] stands behind.
pub fn place_of(index: usize) -> KeyPath {
    match index {
        0 => KeyPath::of(&["proxy", "api_key"]),
        1 => KeyPath::of(&["zai", "api_key"]),
        account => KeyPath::of(&["accounts"]).index(account - 2).key("api_key"),
    }
}

impl Secrets {
    pub fn from_found(found: Vec<Secret>) -> Self {
        let mut found = found.into_iter();
        Self {
            proxy: found.next().unwrap_or(Secret::Missing),
            zai: found.next().unwrap_or(Secret::Missing),
            accounts: found.collect(),
        }
    }
}

impl Default for Config {
    fn default() -> Self {
        resolve(File::default(), Secrets::from_found(Vec::new()))
    }
}

/// For a file that `validate` found nothing wrong with.
pub fn resolve(file: File, secrets: Secrets) -> Config {
    Config {
        language: file.language.unwrap_or(LanguageSetting::Auto),
        proxy: proxy(file.proxy.unwrap_or_default(), secrets.proxy),
        pool: pool(&file.pool.unwrap_or_default()),
        zai: zai(file.zai.unwrap_or_default(), secrets.zai),
        upstream: upstream(file.upstream.unwrap_or_default()),
        monitor: monitor(&file.monitor.unwrap_or_default()),
        notifications: notifications(&file.notifications.unwrap_or_default()),
        updates: updates(file.updates.unwrap_or_default()),
        accounts: file
            .accounts
            .unwrap_or_default()
            .into_iter()
            .zip(secrets.accounts)
            .filter_map(|(written, secret)| account(written, secret))
            .collect(),
        models: file.models.unwrap_or_default().0,
        prices: file.prices.unwrap_or_default().into_iter().filter_map(price).collect(),
        telemetry: telemetry(file.telemetry.unwrap_or_default()),
    }
}

fn proxy(written: ProxySection, api_key: Secret) -> ProxyConfig {
    ProxyConfig {
        port: written.port.unwrap_or(ProxyConfig::DEFAULT_PORT),
        allow_lan_access: written.allow_lan_access.unwrap_or(false),
        auth_mode: written.auth_mode.unwrap_or(AuthMode::Auto),
        api_key,
        start_with_agent: written.start_with_agent.unwrap_or(true),
        request_timeout: Duration::from_secs(written.request_timeout_secs.unwrap_or(600)),
        max_body: written.max_body_mb.unwrap_or(100) * MEGABYTE,
        drain_timeout: Duration::from_secs(written.drain_timeout_secs.unwrap_or(30)),
        allowed_hosts: written.allowed_hosts.unwrap_or_default(),
        allowed_origins: written.allowed_origins.unwrap_or_default(),
    }
}

fn pool(written: &PoolSection) -> PoolConfig {
    PoolConfig {
        strategy: written.strategy.unwrap_or(Strategy::RoundRobin),
        max_attempts: written.max_attempts.unwrap_or(3),
        max_cooldown: Duration::from_secs(written.max_cooldown_secs.unwrap_or(3_600)),
    }
}

fn zai(written: ZaiSection, api_key: Secret) -> ZaiConfig {
    ZaiConfig {
        enabled: written.enabled.unwrap_or(false),
        dispatch_mode: written.dispatch_mode.unwrap_or(DispatchMode::Off),
        base_url: filled(written.base_url).unwrap_or_else(|| "https://api.z.ai/api/anthropic".to_owned()),
        api_key,
        models: zai_models(written.models.unwrap_or_default()),
    }
}

fn zai_models(written: ZaiModels) -> BTreeMap<String, String> {
    [
        ("opus", written.opus, "glm-4.7"),
        ("sonnet", written.sonnet, "glm-4.7"),
        ("haiku", written.haiku, "glm-4.5-air"),
    ]
    .into_iter()
    .map(|(size, model, default)| (size.to_owned(), model.unwrap_or_else(|| default.to_owned())))
    .collect()
}

fn upstream(written: UpstreamSection) -> UpstreamConfig {
    UpstreamConfig {
        proxy: written.proxy.unwrap_or_default(),
        no_proxy: NoProxy::new(&written.no_proxy.unwrap_or_default()),
        ca_file: written.ca_file.filter(|file| !file.as_os_str().is_empty()),
        connect_timeout: Duration::from_secs(written.connect_timeout_secs.unwrap_or(10)),
    }
}

fn monitor(written: &MonitorSection) -> MonitorConfig {
    MonitorConfig {
        enabled: written.enabled.unwrap_or(true),
        capture_bodies: written.capture_bodies.unwrap_or(CaptureBodies::None),
        max_size: written.max_mb.unwrap_or(256) * MEGABYTE,
        retention_days: written.retention_days.unwrap_or(30),
    }
}

/// `None` for a price without input or output, which `check` has refused.
fn price((model, written): (String, ModelPrice)) -> Option<(String, Price)> {
    let (input, output) = (written.input?, written.output?);
    Some((model, Price { input, output, cached_input: written.cached_input.unwrap_or(input) }))
}

fn telemetry(written: TelemetrySection) -> TelemetryConfig {
    TelemetryConfig { otlp_endpoint: filled(written.otlp_endpoint) }
}

fn notifications(written: &NotificationsSection) -> NotificationsConfig {
    NotificationsConfig {
        enabled: written.enabled.unwrap_or(true),
        bind_failure: written.bind_failure.unwrap_or(true),
        config_problem: written.config_problem.unwrap_or(true),
        account_disabled: written.account_disabled.unwrap_or(true),
        all_cooling: written.all_cooling.unwrap_or(true),
        upstream_unreachable: written.upstream_unreachable.unwrap_or(true),
        lan_without_key: written.lan_without_key.unwrap_or(true),
        update_available: written.update_available.unwrap_or(true),
    }
}

fn updates(written: UpdatesSection) -> UpdatesConfig {
    UpdatesConfig { check: written.check.unwrap_or(false), url: written.url.unwrap_or_default() }
}

/// `None` for an account without a name or a provider, which `check` has refused.
fn account(written: Account, api_key: Secret) -> Option<AccountConfig> {
    Some(AccountConfig {
        name: written.name?,
        provider: written.provider?,
        api_key,
        base_url: filled(written.base_url),
        models: written.models.unwrap_or_default(),
        enabled: written.enabled.unwrap_or(true),
        priority: written.priority.unwrap_or(0),
        weight: written.weight.unwrap_or(1),
    })
}

/// An empty URL means the provider's own.
fn filled(url: Option<String>) -> Option<String> {
    url.filter(|url| !url.is_empty())
}
