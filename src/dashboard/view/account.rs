//! The accounts in the order of priority, each with its state and the reason for it.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::format;
use super::request::Tone;
use crate::accounts::{AccountState, AccountView, PoolView};
use crate::config::{AccountConfig, Config};
use crate::control;
use crate::language::Language;
use crate::text;

#[expect(clippy::struct_excessive_bools, reason = "each decides about one button")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    pub name: String,
    pub provider: &'static str,
    /// The server's address, if it is not the provider's own.
    pub upstream: Option<String>,
    pub tone: Tone,
    /// `cooling until 14:05`.
    pub state: String,
    /// The reason for its state.
    pub reason: Option<String>,
    /// `gemini-*, claude-3`; without any in the file, the models that the provider owns.
    pub models: String,
    pub is_enabled: bool,
    pub is_cooling: bool,
    /// The `[zai]` section, which is edited under *Settings*.
    pub is_zai_section: bool,
    /// Its place by priority, from 0; `None` for the `[zai]` section.
    pub place: Option<usize>,
    pub is_last: bool,
    /// The values that its form starts with.
    pub edit: Option<Edit>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    pub base_url: String,
    pub models: String,
    pub priority: i32,
    pub weight: u32,
}

/// The accounts of the file by priority, then in the file's order; the `[zai]` section last.
pub fn accounts(pool: &PoolView, config: &Config, language: Language, zone: &TimeZone) -> Vec<Account> {
    let mut order: Vec<&AccountConfig> = config.accounts.iter().collect();
    order.sort_by_key(|account| account.priority);
    let listed = order.iter().enumerate().filter_map(|(place, configured)| {
        let view = pool.accounts.iter().find(|view| !view.is_zai_section && view.name == configured.name)?;
        let edit = Some(Edit {
            base_url: configured.base_url.clone().unwrap_or_default(),
            models: configured.models.join("\n"),
            priority: configured.priority,
            weight: configured.weight,
        });
        let is_last = place + 1 == order.len();
        Some(Account { place: Some(place), is_last, edit, ..account(view, language, zone) })
    });
    let zai = pool.accounts.iter().filter(|view| view.is_zai_section);
    listed.chain(zai.map(|view| account(view, language, zone))).collect()
}

fn account(view: &AccountView, language: Language, zone: &TimeZone) -> Account {
    let (tone, state, reason) = state(&view.state, language, zone);
    let provider = view.provider.name();
    let owned = || view.provider.owned_patterns().join(", ");
    Account {
        name: view.name.clone(),
        provider,
        upstream: Some(view.upstream.clone()).filter(|upstream| upstream != provider),
        tone,
        state,
        reason: reason.or_else(|| view.serves_nothing.as_ref().map(|reason| reason.text(language))),
        models: if view.models.is_empty() { owned() } else { view.models.join(", ") },
        is_enabled: view.state != AccountState::Off,
        is_cooling: matches!(view.state, AccountState::Cooling { .. }),
        is_zai_section: view.is_zai_section,
        place: None,
        is_last: false,
        edit: None,
    }
}

fn state(state: &AccountState, language: Language, zone: &TimeZone) -> (Tone, String, Option<String>) {
    let words = |state: control::AccountState| state.text(language, "");
    match state {
        AccountState::Enabled => (Tone::Good, words(control::AccountState::Ready), None),
        AccountState::Off => (Tone::Neutral, words(control::AccountState::Off), None),
        AccountState::Disabled { reason } => {
            (Tone::Bad, words(control::AccountState::Disabled), Some(reason.text(language)))
        }
        AccountState::Unresolved { reason } => {
            (Tone::Bad, words(control::AccountState::Unusable), Some(reason.text(language)))
        }
        AccountState::Cooling { until_unix_secs, reason, models } => {
            let until =
                i64::try_from(*until_unix_secs).ok().and_then(|secs| Timestamp::from_second(secs).ok());
            let until = until.map(|until| format::moment(until, Timestamp::now(), zone)).unwrap_or_default();
            let reason = reason.text(language);
            let reason = if models.is_empty() {
                reason
            } else {
                let models = models.join(", ");
                text!(language, "reason-of-models", models = models, reason = reason)
            };
            (Tone::Neutral, control::AccountState::Cooling.text(language, &until), Some(reason))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Secret;
    use crate::message;
    use crate::protocol::Provider;

    fn configured(name: &str, priority: i32) -> AccountConfig {
        AccountConfig {
            name: name.to_owned(),
            provider: Provider::Gemini,
            api_key: Secret::Known("hidden-secret".into()),
            base_url: None,
            models: Vec::new(),
            enabled: true,
            priority,
            weight: 1,
        }
    }

    fn view(name: &str, state: AccountState) -> AccountView {
        AccountView {
            name: name.to_owned(),
            provider: Provider::Gemini,
            state,
            in_flight: 0,
            serves_nothing: None,
            models: Vec::new(),
            upstream: "gemini".to_owned(),
            is_zai_section: false,
        }
    }

    #[test]
    fn accounts_come_by_priority_with_the_zai_section_last() {
        let config = Config {
            accounts: vec![configured("a", 5), configured("b", 0), configured("c", 5)],
            ..Config::default()
        };
        let mut pool = PoolView {
            accounts: ["a", "b", "c"].map(|name| view(name, AccountState::Enabled)).to_vec(),
            ..PoolView::default()
        };
        pool.accounts.push(AccountView { is_zai_section: true, ..view("z.ai", AccountState::Off) });
        let found = accounts(&pool, &config, Language::English, &TimeZone::UTC);
        let order: Vec<_> =
            found.iter().map(|account| (account.name.as_str(), account.place, account.is_last)).collect();
        assert_eq!(
            order,
            [("b", Some(0), false), ("a", Some(1), false), ("c", Some(2), true), ("z.ai", None, false)]
        );
        assert!(!format!("{found:?}").contains("hidden"), "{found:?}");
        assert_eq!((found[0].models.as_str(), &found[0].upstream), ("gemini-*", &None));
    }

    #[test]
    fn a_state_has_its_reason_and_its_end() {
        let cooling = AccountState::Cooling {
            until_unix_secs: 4_102_444_800,
            reason: "rate limited".into(),
            models: vec!["gemini-3-flash".to_owned()],
        };
        let found = account(&view("a", cooling), Language::English, &TimeZone::UTC);
        assert_eq!(found.state, "cooling until 2100-01-01 00:00");
        assert_eq!(found.reason.as_deref(), Some("gemini-3-flash: rate limited"));
        assert!(found.is_cooling && found.is_enabled);
        let dead = AccountState::Disabled { reason: message!("reason-invalid-key") };
        let found = account(&view("a", dead), Language::English, &TimeZone::UTC);
        assert_eq!((found.tone, found.reason.as_deref()), (Tone::Bad, Some("invalid key")));
        let dead = AccountState::Disabled { reason: message!("reason-invalid-key") };
        let found = account(&view("a", dead), Language::SimplifiedChinese, &TimeZone::UTC);
        assert_eq!((&*found.state, found.reason.as_deref()), ("密钥被拒绝", Some("密钥无效")));
    }
}
