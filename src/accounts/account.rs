//! One account as the gateway uses it: immutable, shared, replaced when its config changes.

use std::fmt::Write;
use std::sync::Arc;

use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use url::Url;

use super::dispatch::ZaiModels;
use super::learned::Learned;
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
    /// `None`: the provider's own.
    pub base_url: Option<String>,
    /// The same, or the provider's own, parsed once. `None` where it is no URL.
    pub base: Option<Url>,
    /// Wildcards allowed; empty: whatever the provider owns.
    pub models: Vec<String>,
    pub enabled: bool,
    /// Lower first (`fill_first`).
    pub priority: i32,
    /// At least 1 (`round_robin`).
    pub weight: u32,
    pub origin: Origin,
    /// Who it is to its upstream: what it learned is forgotten when this changes.
    pub fingerprint: Fingerprint,
    zai_models: Arc<ZaiModels>,
    pub(super) learned: Arc<Learned>,
}

/// Where in the config file an account stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Origin {
    /// An entry of `[[accounts]]`.
    Listed,
    /// The `[zai]` section, which `dispatch_mode` gives its place.
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
            learned: Arc::default(),
        }
    }

    /// Whether the account's own list names the model.
    pub fn lists(&self, model: &str) -> bool {
        self.models.iter().any(|pattern| matches(pattern, model))
    }

    /// With what the same account has learned before.
    pub(super) fn knowing_what(self, before: &Self) -> Self {
        Self { learned: Arc::clone(&before.learned), ..self }
    }

    /// Whether the account, without a list in the config, serves the model: by the spelling
    /// that its provider owns, or by its own list as far as that was read.
    pub fn owns(&self, model: &str) -> bool {
        let is_listed = || self.provider.is_known_by_its_list() && self.learned.has(model);
        self.models.is_empty() && (self.provider.owns(model) || is_listed())
    }

    /// Whether its own list has to be read before anybody knows what it serves.
    pub const fn is_known_by_its_list(&self) -> bool {
        self.models.is_empty() && self.provider.is_known_by_its_list()
    }

    /// Whether it may serve any model, because its own list could not be asked for.
    pub fn is_unheard(&self) -> bool {
        self.is_known_by_its_list() && self.learned.is_unheard()
    }

    /// What has been learned of it, at most so many names.
    pub fn learned_names(&self, at_most: usize) -> Vec<String> {
        if self.is_known_by_its_list() { self.learned.names(at_most) } else { Vec::new() }
    }

    /// Why it serves no model, as far as its list was asked for.
    pub fn serves_nothing(&self) -> Option<Message> {
        self.is_known_by_its_list().then(|| self.learned.problem()).flatten()
    }

    /// The name to send upstream: z.ai knows only GLM models.
    pub fn sent_model<'a>(&'a self, model: &'a str) -> &'a str {
        match self.provider {
            Provider::Zai => self.zai_models.sent(model),
            _ => model,
        }
    }

    /// Why the account cannot be used at all, before any request; `None` when it can.
    pub fn credential_problem(&self) -> Option<Message> {
        match (&self.api_key, self.provider) {
            (Secret::Unresolved(reason), _) => Some(reason.clone()),
            (Secret::Missing, Provider::Demo | Provider::OpenAiCompatible) | (Secret::Known(_), _) => None,
            (Secret::Missing, _) => Some(message!("reason-no-key")),
        }
    }

    /// The key is kept outside the config, and could not be had from there.
    pub const fn is_key_unresolved(&self) -> bool {
        matches!(self.api_key, Secret::Unresolved(_))
    }

    /// The text with this account's key taken out: some upstreams quote it in their errors.
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

    /// Where its requests go, as a user would name it: the host, or the provider.
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
            // The length keeps "ab" + "c" apart from "a" + "bc".
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
