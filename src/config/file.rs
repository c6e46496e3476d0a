//! The configuration as written: every key optional, nothing decided.
//!
//! These types are also the schema: editors show the doc comment of a key, `form` refuses a
//! number outside its range, and a key that is not here does not exist.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::LazyLock;

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use secrecy::SecretString;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::defaults::{LANGUAGE, account, monitor, notifications, pool, proxy, updates, upstream, zai};
use super::language::LanguageSetting;
use super::settings::{AuthMode, CaptureBodies, DispatchMode, Strategy};
use crate::protocol::Provider;

/// The settings of portcullis. A key that is not here has its default.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "portcullis configuration")]
pub struct File {
    /// Language of the tray, notifications, dashboard and command line.
    #[schemars(extend("default" = LANGUAGE.tag()))]
    pub language: Option<LanguageSetting>,
    /// The proxy that clients talk to.
    pub proxy: Option<ProxySection>,
    /// How accounts are picked for requests.
    pub pool: Option<PoolSection>,
    /// z.ai as a stand-in for Claude models.
    pub zai: Option<ZaiSection>,
    /// How the upstream APIs are reached.
    pub upstream: Option<UpstreamSection>,
    /// The record of requests.
    pub monitor: Option<MonitorSection>,
    /// Desktop notifications, one switch per kind.
    pub notifications: Option<NotificationsSection>,
    /// Notices of newer versions.
    pub updates: Option<UpdatesSection>,
    /// The API accounts that answer requests, in order.
    pub accounts: Option<Vec<Account>>,
    /// Model a client asks for (`*` stands for any text) → model sent upstream. An exact name
    /// beats the most specific wildcard; `provider/model` or `account-name/model` pins where
    /// the request goes.
    pub models: Option<ModelMappings>,
    /// The price of a million tokens of a model in US dollars (`*` stands for any text), for the
    /// estimates in the record of requests. Models that are not here have the built-in price.
    pub prices: Option<BTreeMap<String, ModelPrice>>,
    /// Data for monitoring systems.
    pub telemetry: Option<TelemetrySection>,
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProxySection {
    /// Port to listen on; 0 takes any free one.
    #[schemars(extend("default" = proxy::PORT))]
    pub port: Option<u16>,
    /// false: only this computer (127.0.0.1). true: the whole network (0.0.0.0).
    #[schemars(extend("default" = proxy::ALLOW_LAN_ACCESS))]
    pub allow_lan_access: Option<bool>,
    /// Which requests need the key below.
    #[schemars(extend("default" = proxy::AUTH_MODE))]
    pub auth_mode: Option<AuthMode>,
    /// The key clients send to portcullis: starts with `sk-`, at least 10 characters.
    pub api_key: Option<SecretSource>,
    /// Start the proxy together with the agent.
    #[schemars(extend("default" = proxy::START_WITH_AGENT))]
    pub start_with_agent: Option<bool>,
    /// Seconds for a whole request; for a stream, the longest silence of the upstream.
    #[schemars(range(min = 1, max = 86_400), extend("default" = proxy::REQUEST_TIMEOUT_SECS))]
    pub request_timeout_secs: Option<u64>,
    /// Largest request body, in megabytes.
    #[schemars(range(min = 1, max = 4_096), extend("default" = proxy::MAX_BODY_MB))]
    pub max_body_mb: Option<u64>,
    /// Seconds that running requests get to finish when the proxy stops.
    #[schemars(range(min = 1, max = 3_600), extend("default" = proxy::DRAIN_TIMEOUT_SECS))]
    pub drain_timeout_secs: Option<u64>,
    /// Additional names accepted in the Host header.
    #[schemars(extend("default" = []))]
    pub allowed_hosts: Option<Vec<String>>,
    /// Additional browser origins that may call the API, as `scheme://host[:port]`.
    #[schemars(extend("default" = []))]
    pub allowed_origins: Option<Vec<String>>,
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PoolSection {
    /// How an account is picked for a request.
    #[schemars(extend("default" = pool::STRATEGY))]
    pub strategy: Option<Strategy>,
    /// Accounts tried for one request before its failure reaches the client.
    #[schemars(range(min = 1, max = 100), extend("default" = pool::MAX_ATTEMPTS))]
    pub max_attempts: Option<u32>,
    /// Longest time, in seconds, that an account rests after a rate limit.
    #[schemars(range(min = 1, max = 604_800), extend("default" = pool::MAX_COOLDOWN_SECS))]
    pub max_cooldown_secs: Option<u64>,
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ZaiSection {
    /// Whether z.ai is used.
    #[schemars(extend("default" = zai::ENABLED))]
    pub enabled: Option<bool>,
    /// Which Anthropic requests z.ai answers.
    #[schemars(extend("default" = zai::DISPATCH_MODE))]
    pub dispatch_mode: Option<DispatchMode>,
    /// Root of its Anthropic-compatible API, without a version.
    #[schemars(extend("default" = zai::BASE_URL))]
    pub base_url: Option<String>,
    /// The z.ai API key.
    pub api_key: Option<SecretSource>,
    /// The GLM model used in place of each size of Claude.
    pub models: Option<ZaiModels>,
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ZaiModels {
    /// For names that contain `opus`.
    #[schemars(extend("default" = zai::OPUS))]
    pub opus: Option<String>,
    /// For names that contain `sonnet`, and for any other Claude model.
    #[schemars(extend("default" = zai::SONNET))]
    pub sonnet: Option<String>,
    /// For names that contain `haiku`.
    #[schemars(extend("default" = zai::HAIKU))]
    pub haiku: Option<String>,
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UpstreamSection {
    /// Outgoing proxy to the upstream APIs (`http://`, `https://`, `socks5://`, `socks5h://`);
    /// empty for none.
    #[schemars(extend("default" = ""))]
    pub proxy: Option<String>,
    /// Hosts, domains (with all subdomains) and networks that are reached without the proxy.
    pub no_proxy: Option<Vec<String>>,
    /// File of certificate authorities (PEM) in addition to the system's; relative to this file.
    #[schemars(extend("default" = ""))]
    pub ca_file: Option<PathBuf>,
    /// Longest time, in seconds, to connect to an upstream.
    #[schemars(range(min = 1, max = 300), extend("default" = upstream::CONNECT_TIMEOUT_SECS))]
    pub connect_timeout_secs: Option<u64>,
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MonitorSection {
    /// Record requests.
    #[schemars(extend("default" = monitor::ENABLED))]
    pub enabled: Option<bool>,
    /// Which bodies are kept; secrets are removed before they are stored.
    #[schemars(extend("default" = monitor::CAPTURE_BODIES))]
    pub capture_bodies: Option<CaptureBodies>,
    /// Largest size of the record on disk, in megabytes.
    #[schemars(range(min = 1, max = 102_400), extend("default" = monitor::MAX_MB))]
    pub max_mb: Option<u64>,
    /// Days until the record of a request is deleted.
    #[schemars(range(min = 1, max = 3_650), extend("default" = monitor::RETENTION_DAYS))]
    pub retention_days: Option<u32>,
}

#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ModelPrice {
    /// For a million tokens of input.
    #[schemars(required, range(min = 0, max = 1_000_000))]
    pub input: Option<f64>,
    /// For a million tokens of output, reasoning included.
    #[schemars(required, range(min = 0, max = 1_000_000))]
    pub output: Option<f64>,
    /// For a million tokens of input that the provider read from a cache; by default the price
    /// of input.
    #[schemars(range(min = 0, max = 1_000_000))]
    pub cached_input: Option<f64>,
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TelemetrySection {
    /// Base URL of an OpenTelemetry collector that takes OTLP over HTTP; `/v1/traces` and
    /// `/v1/metrics` are added. Empty: nothing is exported. Prompts and keys are never exported.
    #[schemars(extend("default" = ""))]
    pub otlp_endpoint: Option<String>,
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NotificationsSection {
    /// Whether notifications are shown.
    #[schemars(extend("default" = notifications::ENABLED))]
    pub enabled: Option<bool>,
    /// The proxy could not bind its port.
    #[schemars(extend("default" = notifications::ENABLED))]
    pub bind_failure: Option<bool>,
    /// This file has a problem.
    #[schemars(extend("default" = notifications::ENABLED))]
    pub config_problem: Option<bool>,
    /// An account's credential was refused.
    #[schemars(extend("default" = notifications::ENABLED))]
    pub account_disabled: Option<bool>,
    /// Every account is cooling down.
    #[schemars(extend("default" = notifications::ENABLED))]
    pub all_cooling: Option<bool>,
    /// An upstream cannot be reached.
    #[schemars(extend("default" = notifications::ENABLED))]
    pub upstream_unreachable: Option<bool>,
    /// The network can use the proxy without a key.
    #[schemars(extend("default" = notifications::ENABLED))]
    pub lan_without_key: Option<bool>,
    /// A newer version is out (with `check` under `[updates]`).
    #[schemars(extend("default" = notifications::ENABLED))]
    pub update_available: Option<bool>,
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdatesSection {
    /// Whether the feed below is read once a day. Nothing is ever downloaded.
    #[schemars(extend("default" = updates::CHECK))]
    pub check: Option<bool>,
    /// A releases feed in GitHub's form, such as
    /// `https://api.github.com/repos/OWNER/portcullis/releases/latest`.
    #[schemars(extend("default" = ""))]
    pub url: Option<String>,
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Account {
    /// Any name without `/`. The tray shows it, and `name/model` pins a model to the account.
    #[schemars(required)]
    pub name: Option<String>,
    /// The provider of the account.
    #[schemars(required)]
    pub provider: Option<Provider>,
    /// The account's API key.
    pub api_key: Option<SecretSource>,
    /// A server in place of the provider's own. For gemini, anthropic and zai: the root, without
    /// a version. For openai and openai-compatible: the URL that ends in `/v1`.
    pub base_url: Option<String>,
    /// Upstream models that the account serves (`*` stands for any text); empty: every model that
    /// its provider owns.
    #[schemars(extend("default" = []))]
    pub models: Option<Vec<String>>,
    /// Whether the account takes requests.
    #[schemars(extend("default" = account::ENABLED))]
    pub enabled: Option<bool>,
    /// Order with the strategy `fill_first`: lower numbers first.
    #[schemars(range(min = -1_000_000, max = 1_000_000), extend("default" = account::PRIORITY))]
    pub priority: Option<i32>,
    /// Share of the requests with the strategy `round_robin`.
    #[schemars(range(min = 1, max = 1_000), extend("default" = account::WEIGHT))]
    pub weight: Option<u32>,
}

/// A secret, or the place where it is kept.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(untagged, deny_unknown_fields)]
pub enum SecretSource {
    /// The secret itself.
    Literal(
        #[serde(deserialize_with = "secret_string")]
        #[schemars(with = "String")]
        SecretString,
    ),
    /// In an environment variable of the agent.
    Env {
        /// Name of the variable.
        env: String,
    },
    /// In a file of its own; a relative path starts at the directory of this file.
    File {
        /// Path of the file; `~/` is the home directory.
        #[schemars(with = "String")]
        file: PathBuf,
    },
    /// In the system's keyring, under the service `portcullis`.
    Keyring {
        /// Name of the entry.
        keyring: String,
    },
    /// On the standard output of a program; no shell is involved.
    Command {
        /// The program and its arguments.
        #[schemars(length(min = 1))]
        command: Vec<String>,
    },
}

fn secret_string<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SecretString, D::Error> {
    String::deserialize(deserializer).map(SecretString::from)
}

/// `[models]` in the order of the file, because the first of equally specific wildcards wins.
#[derive(Debug, Default, JsonSchema)]
#[schemars(with = "std::collections::BTreeMap<String, String>")]
pub struct ModelMappings(pub Vec<(String, String)>);

impl<'de> Deserialize<'de> for ModelMappings {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(InOrder)
    }
}

struct InOrder;

impl<'de> Visitor<'de> for InOrder {
    type Value = ModelMappings;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a table of model names")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<ModelMappings, A::Error> {
        let mut pairs = Vec::new();
        while let Some(pair) = map.next_entry()? {
            pairs.push(pair);
        }
        Ok(ModelMappings(pairs))
    }
}

/// The JSON Schema of the file, for editors and for `form`. Draft 7 is the newest draft that the
/// common TOML language servers support.
pub fn schema() -> Value {
    SCHEMA.clone()
}

pub(super) static SCHEMA: LazyLock<Value> = LazyLock::new(|| {
    let settings = SchemaSettings::draft07().with(|settings| settings.inline_subschemas = true);
    let mut schema = settings.into_generator().into_root_schema_for::<File>().to_value();
    remove_null(&mut schema);
    schema
});

/// Removes `null`, which `Option` adds to a schema and TOML cannot write.
fn remove_null(schema: &mut Value) {
    match schema {
        Value::Object(object) => {
            if let Some(Value::Array(types)) = object.get_mut("type") {
                types.retain(|name| name != "null");
                if let [only] = types.as_slice() {
                    let only = only.clone();
                    object.insert("type".to_owned(), only);
                }
            }
            remove_null_alternative(object);
            object.values_mut().for_each(remove_null);
        }
        Value::Array(schemas) => schemas.iter_mut().for_each(remove_null),
        _ => {}
    }
}

/// `anyOf: [X, null]` becomes `X`, under the description of the key.
fn remove_null_alternative(object: &mut serde_json::Map<String, Value>) {
    let Some(Value::Array(alternatives)) = object.get_mut("anyOf") else { return };
    alternatives.retain(|alternative| alternative.get("type").is_none_or(|name| name != "null"));
    if alternatives.len() != 1 {
        return;
    }
    let Some(Value::Object(only)) = alternatives.pop() else { return };
    object.remove("anyOf");
    for (key, value) in only {
        object.entry(key).or_insert(value);
    }
}
