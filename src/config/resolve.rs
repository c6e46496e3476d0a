//! As written → as used: every key that the file leaves out gets its value from `defaults`.

use std::collections::BTreeMap;
use std::time::Duration;

use super::defaults::{LANGUAGE, account, monitor, notifications, pool, proxy, updates, upstream, zai};
use super::file::{
    Account, File, ModelPrice, MonitorSection, NotificationsSection, PoolSection, ProxySection,
    TelemetrySection, UpdatesSection, UpstreamSection, ZaiModels, ZaiSection,
};
use super::place::KeyPath;
use super::settings::{
    AccountConfig, Config, MonitorConfig, NotificationsConfig, PoolConfig, Price, ProxyConfig,
    TelemetryConfig, UpdatesConfig, UpstreamConfig, ZaiConfig,
};
use super::{NoProxy, Secret, SecretSource};

const MEGABYTE: u64 = 1 << 20;

/// The secrets of one file, looked up.
#[derive(Debug)]
pub struct Secrets {
    pub proxy: Secret,
    pub zai: Secret,
    /// One for each account, in order.
    pub accounts: Vec<Secret>,
}

/// Where the secrets of one file are, in the order that [`Secrets::from_found`] takes them.
pub fn sources(file: &File) -> Vec<Option<SecretSource>> {
    let proxy = file.proxy.as_ref().and_then(|proxy| proxy.api_key.clone());
    let zai = file.zai.as_ref().and_then(|zai| zai.api_key.clone());
    let accounts = file.accounts.iter().flatten().map(|account| account.api_key.clone());
    [proxy, zai].into_iter().chain(accounts).collect()
}

/// The key whose source is at this index of [`sources`].
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

/// The configuration of a file that passed both checks.
pub fn resolve(file: File, secrets: Secrets) -> Config {
    Config {
        language: file.language.unwrap_or(LANGUAGE),
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
        port: written.port.unwrap_or(proxy::PORT),
        allow_lan_access: written.allow_lan_access.unwrap_or(proxy::ALLOW_LAN_ACCESS),
        auth_mode: written.auth_mode.unwrap_or(proxy::AUTH_MODE),
        api_key,
        start_with_agent: written.start_with_agent.unwrap_or(proxy::START_WITH_AGENT),
        request_timeout: Duration::from_secs(
            written.request_timeout_secs.unwrap_or(proxy::REQUEST_TIMEOUT_SECS),
        ),
        max_body: written.max_body_mb.unwrap_or(proxy::MAX_BODY_MB) * MEGABYTE,
        drain_timeout: Duration::from_secs(written.drain_timeout_secs.unwrap_or(proxy::DRAIN_TIMEOUT_SECS)),
        allowed_hosts: written.allowed_hosts.unwrap_or_default(),
        allowed_origins: written.allowed_origins.unwrap_or_default(),
    }
}

fn pool(written: &PoolSection) -> PoolConfig {
    PoolConfig {
        strategy: written.strategy.unwrap_or(pool::STRATEGY),
        max_attempts: written.max_attempts.unwrap_or(pool::MAX_ATTEMPTS),
        max_cooldown: Duration::from_secs(written.max_cooldown_secs.unwrap_or(pool::MAX_COOLDOWN_SECS)),
    }
}

fn zai(written: ZaiSection, api_key: Secret) -> ZaiConfig {
    ZaiConfig {
        enabled: written.enabled.unwrap_or(zai::ENABLED),
        dispatch_mode: written.dispatch_mode.unwrap_or(zai::DISPATCH_MODE),
        base_url: filled(written.base_url).unwrap_or_else(|| zai::BASE_URL.to_owned()),
        api_key,
        models: zai_models(written.models.unwrap_or_default()),
    }
}

fn zai_models(written: ZaiModels) -> BTreeMap<String, String> {
    [
        ("opus", written.opus, zai::OPUS),
        ("sonnet", written.sonnet, zai::SONNET),
        ("haiku", written.haiku, zai::HAIKU),
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
        connect_timeout: Duration::from_secs(
            written.connect_timeout_secs.unwrap_or(upstream::CONNECT_TIMEOUT_SECS),
        ),
    }
}

fn monitor(written: &MonitorSection) -> MonitorConfig {
    MonitorConfig {
        enabled: written.enabled.unwrap_or(monitor::ENABLED),
        capture_bodies: written.capture_bodies.unwrap_or(monitor::CAPTURE_BODIES),
        max_size: written.max_mb.unwrap_or(monitor::MAX_MB) * MEGABYTE,
        retention_days: written.retention_days.unwrap_or(monitor::RETENTION_DAYS),
    }
}

/// `None` for a price without input or output, which `form` refuses.
fn price((model, written): (String, ModelPrice)) -> Option<(String, Price)> {
    let (input, output) = (written.input?, written.output?);
    Some((model, Price { input, output, cached_input: written.cached_input.unwrap_or(input) }))
}

fn telemetry(written: TelemetrySection) -> TelemetryConfig {
    TelemetryConfig { otlp_endpoint: filled(written.otlp_endpoint) }
}

fn notifications(written: &NotificationsSection) -> NotificationsConfig {
    let is_on = |switch: Option<bool>| switch.unwrap_or(notifications::ENABLED);
    NotificationsConfig {
        enabled: is_on(written.enabled),
        bind_failure: is_on(written.bind_failure),
        config_problem: is_on(written.config_problem),
        account_disabled: is_on(written.account_disabled),
        all_cooling: is_on(written.all_cooling),
        upstream_unreachable: is_on(written.upstream_unreachable),
        lan_without_key: is_on(written.lan_without_key),
        update_available: is_on(written.update_available),
    }
}

fn updates(written: UpdatesSection) -> UpdatesConfig {
    UpdatesConfig { check: written.check.unwrap_or(updates::CHECK), url: written.url.unwrap_or_default() }
}

/// `None` for an account without a name or a provider, which `form` refuses.
fn account(written: Account, api_key: Secret) -> Option<AccountConfig> {
    Some(AccountConfig {
        name: written.name?,
        provider: written.provider?,
        api_key,
        base_url: filled(written.base_url),
        models: written.models.unwrap_or_default(),
        enabled: written.enabled.unwrap_or(account::ENABLED),
        priority: written.priority.unwrap_or(account::PRIORITY),
        weight: written.weight.unwrap_or(account::WEIGHT),
    })
}

/// An empty URL means the provider's own.
fn filled(url: Option<String>) -> Option<String> {
    url.filter(|url| !url.is_empty())
}
