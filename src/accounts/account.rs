//! One account as the gateway uses it: immutable, shared, replaced when its config changes.

use std::fmt::Write;
use std::sync::Arc;

use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use url::Url;

use super::dispatch::ZaiModels;
use super::own_models::OwnModels;
use crate::config::models::matches;
use crate::config::{AccountConfig, Config, Secret, ZaiConfig};
use crate::language::Message;
use crate::message;
use crate::protocol::Provider;
use crate::upstream::endpoint;
use crate::upstream::scrub::can_be_masked;

#[derive(Clone, Debug)]
pub struct Account {
    pub name: String,
    pub provider: Provider,
    pub api_key: Secret,
    /// `None` for the provider's own.
    pub base_url: Option<String>,
    /// The base URL in use, parsed once. `None` where it is not a URL.
    pub base: Option<Url>,
    /// Wildcards allowed. Empty for every model that the provider owns.
    pub models: Vec<String>,
    pub enabled: bool,
    /// The lowest comes first (`fill_first`).
    pub priority: i32,
    /// At least 1 (`round_robin`).
    pub weight: u32,
    pub origin: Origin,
    /// The account's identity to its upstream: a change resets the account's state.
    pub fingerprint: Fingerprint,
    zai_models: Arc<ZaiModels>,
    pub(super) own_models: Arc<OwnModels>,
}

/// The place of an account in the config file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Origin {
    /// An entry of `[[accounts]]`.
    Listed,
    /// The `[zai]` section; `dispatch_mode` says when it is asked.
    ZaiSection,
}

/// Truncated SHA-256 over provider, base URL and secret, in hexadecimal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fingerprint(String);

/// The name of the `[zai]` section's account in pins, records and `pool.json`.
pub const ZAI_SECTION_NAME: &str = "z.ai";

/// Every account of a config, in file order; the `[zai]` section comes last.
pub fn accounts_of(config: &Config) -> impl Iterator<Item = Account> {
    let zai_models = Arc::new(ZaiModels::new(&config.zai.models));
    let section = config.zai.takes_part().then(|| zai_section(&config.zai));
    let listed = config.accounts.iter().cloned().map(|account| (account, Origin::Listed));
    listed
        .chain(section.map(|account| (account, Origin::ZaiSection)))
        .map(move |(account, origin)| Account::new(account, origin, &zai_models))
}

fn zai_section(zai: &ZaiConfig) -> AccountConfig {
    AccountConfig {
        name: ZAI_SECTION_NAME.to_owned(),
        provider: Provider::Zai,
        api_key: zai.api_key.clone(),
        base_url: Some(zai.base_url.clone()).filter(|url| !url.is_empty()),
        models: Vec::new(),
        enabled: true,
        priority: 0,
        weight: 1,
    }
}

impl Account {
    fn new(config: AccountConfig, origin: Origin, zai_models: &Arc<ZaiModels>) -> Self {
        Self {
            fingerprint: Fingerprint::of(&config),
            name: config.name,
            provider: config.provider,
            api_key: config.api_key,
            base: endpoint::base(config.provider, config.base_url.as_deref()),
            base_url: config.base_url,
            models: config.models,
            enabled: config.enabled,
            priority: config.priority,
            weight: config.weight.max(1),
            origin,
            zai_models: Arc::clone(zai_models),
            own_models: Arc::default(),
        }
    }

    /// Whether `models` in the config names the model.
    pub fn lists(&self, model: &str) -> bool {
        self.models.iter().any(|pattern| matches(pattern, model))
    }

    /// With the model list that the same account had before a reload.
    pub(super) fn with_own_models_of(self, before: &Self) -> Self {
        Self { own_models: Arc::clone(&before.own_models), ..self }
    }

    /// Whether an account without models in the config serves the model: its provider owns the
    /// spelling, or the account's own list names it.
    pub fn owns(&self, model: &str) -> bool {
        let is_listed = || self.provider.is_known_by_its_list() && self.own_models.has(model);
        self.models.is_empty() && (self.provider.owns(model) || is_listed())
    }

    /// Whether only the account's own list can tell which models it serves.
    pub const fn is_known_by_its_list(&self) -> bool {
        self.models.is_empty() && self.provider.is_known_by_its_list()
    }

    /// Whether it may serve any model, because its own list could not be read.
    pub fn is_unverified(&self) -> bool {
        self.is_known_by_its_list() && self.own_models.is_unverified()
    }

    /// The first models of its own list, where only that list can tell them.
    pub fn own_models(&self, at_most: usize) -> Vec<String> {
        if self.is_known_by_its_list() { self.own_models.names(at_most) } else { Vec::new() }
    }

    /// Why it serves no model, where its own list was asked for.
    pub fn serves_nothing(&self) -> Option<Message> {
        self.is_known_by_its_list().then(|| self.own_models.problem()).flatten()
    }

    /// The name to send upstream: z.ai knows only GLM models.
    pub fn sent_model<'a>(&'a self, model: &'a str) -> &'a str {
        match self.provider {
            Provider::Zai => self.zai_models.sent(model),
            _ => model,
        }
    }

    /// Why the account has no credential to send; `None` when it has one or needs none.
    pub fn credential_problem(&self) -> Option<Message> {
        match (&self.api_key, self.provider) {
            (Secret::Unresolved(reason), _) => Some(reason.clone()),
            (Secret::Missing, Provider::Demo | Provider::OpenAiCompatible) | (Secret::Known(_), _) => None,
            (Secret::Missing, _) => Some(message!("reason-no-key")),
        }
    }

    /// Whether the key is kept outside the config and could not be read there.
    pub const fn is_key_unresolved(&self) -> bool {
        matches!(self.api_key, Secret::Unresolved(_))
    }

    /// The text without this account's key, which some upstreams quote in their errors.
    pub fn without_key(&self, text: &str) -> String {
        match self.api_key.as_known().map(SecretString::expose_secret) {
            Some(key) if can_be_masked(key) => text.replace(key, "***"),
            _ => text.to_owned(),
        }
    }

    /// The same for a message.
    pub fn without_key_in(&self, message: &Message) -> Message {
        message.clone().with_words(&|words| self.without_key(words))
    }

    /// Where its requests go: the host, or the provider without a base URL.
    pub fn upstream(&self) -> &str {
        let Some(url) = &self.base_url else { return self.provider.name() };
        let authority = url.split_once("://").map_or(url.as_str(), |(_, rest)| rest);
        authority.split(['/', '?', '#']).next().unwrap_or(authority)
    }

    pub fn is_zai_section(&self) -> bool {
        self.origin == Origin::ZaiSection
    }
}

impl Fingerprint {
    fn of(config: &AccountConfig) -> Self {
        let base_url = config.base_url.as_deref().unwrap_or_default();
        let secret = config.api_key.as_known().map_or("", SecretString::expose_secret);
        let mut hash = Sha256::new();
        for part in [config.provider.name(), base_url, secret] {
            // The length distinguishes "ab" + "c" from "a" + "bc".
            hash.update(part.len().to_le_bytes());
            hash.update(part);
        }
        let mut hexadecimal = String::with_capacity(16);
        for byte in &hash.finalize()[..8] {
            write!(hexadecimal, "{byte:02x}").ok();
        }
        Self(hexadecimal)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(base_url: &str, key: &str) -> Account {
        let config = AccountConfig {
            name: "work".to_owned(),
            provider: Provider::OpenAiCompatible,
            api_key: Secret::Known(key.into()),
            base_url: Some(base_url.to_owned()).filter(|url| !url.is_empty()),
            models: Vec::new(),
            enabled: true,
            priority: 0,
            weight: 0,
        };
        Account::new(config, Origin::Listed, &Arc::default())
    }

    #[test]
    fn a_fingerprint_tells_identities_apart_and_shows_no_key() {
        let fingerprint = |base_url, key| account(base_url, key).fingerprint;
        assert_eq!(fingerprint("http://a", "key"), fingerprint("http://a", "key"));
        assert_ne!(fingerprint("http://a", "key"), fingerprint("http://a", "other"));
        assert_ne!(fingerprint("http://a", "bc"), fingerprint("http://ab", "c"));
        let text = fingerprint("", "sk-secret");
        assert_eq!(text.as_str().len(), 16);
        assert!(text.as_str().bytes().all(|byte| byte.is_ascii_hexdigit()), "{text:?}");
    }

    #[test]
    fn an_upstream_is_a_host_or_the_provider() {
        let cases = [
            ("", "openai-compatible"),
            ("http://localhost:11434/v1", "localhost:11434"),
            ("https://[::1]:8080", "[::1]:8080"),
            ("api.example.com/v1", "api.example.com"),
        ];
        for (base_url, upstream) in cases {
            assert_eq!(account(base_url, "key").upstream(), upstream);
        }
    }

    #[test]
    fn a_key_is_taken_out_of_any_text_unless_it_is_too_short_to_be_one() {
        assert_eq!(account("", "sk-secret").without_key("bad sk-secret, sk-secret!"), "bad ***, ***!");
        assert_eq!(account("", "a").without_key("a bad key"), "a bad key");
    }

    #[test]
    fn a_weight_is_at_least_one() {
        assert_eq!(account("", "key").weight, 1);
    }
}
