//! The settings by section, each key with its label and its problem.

use crate::config::entries::{self, Entry, Kind, PriceLine, SecretPlace, Value};
use crate::config::{Problem, problems_in};
use crate::language::Language;
use crate::text;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    pub sections: Vec<Section>,
    pub models: Vec<Mapping>,
    pub prices: Vec<Price>,
    /// Problems that belong to no field.
    pub problems: Vec<String>,
}

/// One line of `[models]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mapping {
    pub asked: String,
    pub sent: String,
    pub problem: Option<String>,
}

/// One line of `[prices]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Price {
    pub line: PriceLine,
    pub problem: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    pub title: String,
    pub fields: Vec<Field>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// As in the file.
    pub key: String,
    pub label: String,
    pub input: Input,
    pub problem: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    Switch(bool),
    Number {
        value: i64,
        least: i64,
        most: i64,
    },
    /// Value, label, and whether it is chosen.
    Choice(Vec<(String, String, bool)>),
    Text(String),
    /// One per line.
    List(String),
    /// Where the secret is, in words; never the secret.
    Secret(String),
}

/// The title of each section by its key; `""` is for keys outside a section.
const SECTIONS: [(&str, &str); 9] = [
    ("", "settings-general"),
    ("proxy", "settings-proxy"),
    ("pool", "settings-pool"),
    ("upstream", "settings-upstream"),
    ("monitor", "settings-monitor"),
    ("notifications", "settings-notifications"),
    ("zai", "settings-zai"),
    ("telemetry", "settings-telemetry"),
    ("updates", "settings-updates"),
];

/// The label of each key.
const LABELS: [(&str, &str); 40] = [
    ("language", "setting-language"),
    ("proxy.port", "setting-port"),
    ("proxy.allow_lan_access", "setting-lan"),
    ("proxy.auth_mode", "setting-auth-mode"),
    ("proxy.api_key", "setting-api-key"),
    ("proxy.start_with_agent", "setting-start-with-agent"),
    ("proxy.request_timeout_secs", "setting-request-timeout"),
    ("proxy.max_body_mb", "setting-max-body"),
    ("proxy.drain_timeout_secs", "setting-drain-timeout"),
    ("proxy.allowed_hosts", "setting-allowed-hosts"),
    ("proxy.allowed_origins", "setting-allowed-origins"),
    ("pool.strategy", "setting-strategy"),
    ("pool.max_attempts", "setting-max-attempts"),
    ("pool.max_cooldown_secs", "setting-max-cooldown"),
    ("zai.enabled", "setting-zai-enabled"),
    ("zai.dispatch_mode", "setting-zai-dispatch-mode"),
    ("zai.base_url", "setting-zai-base-url"),
    ("zai.api_key", "setting-zai-api-key"),
    ("zai.models.opus", "setting-zai-opus"),
    ("zai.models.sonnet", "setting-zai-sonnet"),
    ("zai.models.haiku", "setting-zai-haiku"),
    ("upstream.proxy", "setting-upstream-proxy"),
    ("upstream.no_proxy", "setting-no-proxy"),
    ("upstream.ca_file", "setting-ca-file"),
    ("upstream.connect_timeout_secs", "setting-connect-timeout"),
    ("monitor.enabled", "setting-monitor-enabled"),
    ("monitor.capture_bodies", "setting-capture-bodies"),
    ("monitor.max_mb", "setting-max-mb"),
    ("monitor.retention_days", "setting-retention"),
    ("notifications.enabled", "setting-notifications-enabled"),
    ("notifications.bind_failure", "setting-notify-bind-failure"),
    ("notifications.config_problem", "setting-notify-config-problem"),
    ("notifications.account_disabled", "setting-notify-account-disabled"),
    ("notifications.all_cooling", "setting-notify-all-cooling"),
    ("notifications.upstream_unreachable", "setting-notify-upstream-unreachable"),
    ("notifications.lan_without_key", "setting-notify-lan-without-key"),
    ("notifications.update_available", "setting-notify-update-available"),
    ("telemetry.otlp_endpoint", "setting-otlp-endpoint"),
    ("updates.check", "setting-updates-check"),
    ("updates.url", "setting-updates-url"),
];

/// The label of each choice: key, value, label.
const CHOICES: [(&str, &str, &str); 19] = [
    ("language", "auto", "choice-language-auto"),
    ("language", "en", "choice-language-en"),
    ("language", "ja", "choice-language-ja"),
    ("language", "zh-CN", "choice-language-zh"),
    ("proxy.auth_mode", "off", "choice-auth-off"),
    ("proxy.auth_mode", "strict", "choice-auth-strict"),
    ("proxy.auth_mode", "all_except_health", "choice-auth-all-except-health"),
    ("proxy.auth_mode", "auto", "choice-auth-auto"),
    ("pool.strategy", "round_robin", "choice-strategy-round-robin"),
    ("pool.strategy", "sticky", "choice-strategy-sticky"),
    ("pool.strategy", "fill_first", "choice-strategy-fill-first"),
    ("pool.strategy", "least_busy", "choice-strategy-least-busy"),
    ("zai.dispatch_mode", "off", "choice-dispatch-off"),
    ("zai.dispatch_mode", "exclusive", "choice-dispatch-exclusive"),
    ("zai.dispatch_mode", "pooled", "choice-dispatch-pooled"),
    ("zai.dispatch_mode", "fallback", "choice-dispatch-fallback"),
    ("monitor.capture_bodies", "none", "choice-capture-none"),
    ("monitor.capture_bodies", "errors", "choice-capture-errors"),
    ("monitor.capture_bodies", "all", "choice-capture-all"),
];

impl Settings {
    /// `text`: the file, valid or not.
    pub fn of(text: &str, language: Language) -> Self {
        let mut problems = problems_in(text);
        let mut fields: Vec<Field> =
            entries::entries(text).into_iter().map(|entry| field(entry, &mut problems, language)).collect();
        let mut sections = Vec::new();
        for (name, title) in SECTIONS {
            let (of_section, others) = fields.into_iter().partition(|field| section(&field.key) == name);
            fields = others;
            sections.push(Section { title: text!(language, title), fields: of_section });
        }
        // A section without a title is shown by its name.
        while let Some(first) = fields.first() {
            let name = section(&first.key).to_owned();
            let (of_section, others) = fields.into_iter().partition(|field| section(&field.key) == name);
            fields = others;
            sections.push(Section { title: name, fields: of_section });
        }
        sections.retain(|section| !section.fields.is_empty());
        let models = models(text, &mut problems, language);
        let prices = prices(text, &mut problems, language);
        let problems = problems.iter().map(|problem| problem.placed().text(language)).collect();
        Self { sections, models, prices, problems }
    }
}

fn models(text: &str, problems: &mut Vec<Problem>, language: Language) -> Vec<Mapping> {
    let lines = entries::model_mappings(text).into_iter();
    lines
        .map(|(asked, sent)| {
            let problem = take(problems, &entries::line_of("models", &asked), language);
            Mapping { asked, sent, problem }
        })
        .collect()
}

fn prices(text: &str, problems: &mut Vec<Problem>, language: Language) -> Vec<Price> {
    let lines = entries::price_lines(text).into_iter();
    lines
        .map(|line| {
            let problem = take(problems, &entries::line_of("prices", &line.model), language);
            Price { line, problem }
        })
        .collect()
}

fn section(key: &str) -> &str {
    key.split_once('.').map_or("", |(section, _)| section)
}

fn field(entry: Entry, problems: &mut Vec<Problem>, language: Language) -> Field {
    let Entry { key, kind, value, .. } = entry;
    let label = LABELS.iter().find(|(known, _)| *known == key);
    Field {
        label: label.map_or_else(|| key.clone(), |(_, label)| text!(language, label)),
        input: input(&key, kind, value, language),
        problem: take(problems, &key, language),
        key,
    }
}

/// Takes the problems of a key out of the list, as one text.
fn take(problems: &mut Vec<Problem>, key: &str, language: Language) -> Option<String> {
    let mut own = Vec::new();
    problems.retain(|problem| {
        let is_own = problem.key == key
            || problem.key.strip_prefix(key).is_some_and(|rest| rest.starts_with(['[', '.']));
        if is_own {
            own.push(problem.unplaced().text(language));
        }
        !is_own
    });
    (!own.is_empty()).then(|| own.join("\n"))
}

fn input(key: &str, kind: Kind, value: Value, language: Language) -> Input {
    match (kind, value) {
        (_, Value::Switch(on)) => Input::Switch(on),
        (Kind::Number { least, most }, Value::Number(value)) => Input::Number { value, least, most },
        (Kind::Choice(choices), Value::Text(chosen)) => Input::Choice(
            choices
                .into_iter()
                .map(|choice| {
                    let label = choice_label(key, &choice, language);
                    let is_chosen = choice == chosen;
                    (choice, label, is_chosen)
                })
                .collect(),
        ),
        (_, Value::Text(text)) => Input::Text(text),
        (_, Value::List(texts)) => Input::List(texts.join("\n")),
        (_, Value::Secret(place)) => Input::Secret(match place {
            SecretPlace::Nowhere => text!(language, "secret-nowhere"),
            SecretPlace::Here => text!(language, "secret-here"),
            SecretPlace::Elsewhere(place) => text!(language, "secret-elsewhere", place = place),
        }),
        (_, Value::Number(value)) => Input::Number { value, least: i64::MIN, most: i64::MAX },
    }
}

fn choice_label(key: &str, choice: &str, language: Language) -> String {
    let known = CHOICES.iter().find(|(of, known, _)| *of == key && *known == choice);
    known.map_or_else(|| choice.to_owned(), |(_, _, label)| text!(language, label))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(text: &str) -> Settings {
        Settings::of(text, Language::English)
    }

    fn field<'a>(settings: &'a Settings, key: &str) -> &'a Field {
        let mut fields = settings.sections.iter().flat_map(|section| &section.fields);
        fields.find(|field| field.key == key).unwrap_or_else(|| panic!("no field {key}"))
    }

    #[test]
    fn every_key_of_the_file_has_a_label() {
        let settings = settings("");
        for field in settings.sections.iter().flat_map(|section| &section.fields) {
            assert_ne!(field.label, field.key, "{}: add its label to LABELS", field.key);
            if let Input::Choice(choices) = &field.input {
                assert!(
                    choices.iter().all(|(choice, label, _)| choice != label),
                    "{}: {choices:?}",
                    field.key
                );
            }
        }
        let titled =
            |section: &Section| section.fields.iter().all(|field| self::section(&field.key) != section.title);
        assert!(settings.sections.iter().all(titled), "a section without a title");
    }

    #[test]
    fn a_problem_stands_beside_its_field() {
        let found = settings("[proxy]\nport = 70000\nallowed_hosts = [\"http://x\"]\n[nonsense]\na = 1\n");
        assert!(
            field(&found, "proxy.port")
                .problem
                .as_deref()
                .is_some_and(|problem| problem.contains("too large"))
        );
        assert!(field(&found, "proxy.allowed_hosts").problem.is_some());
        assert_eq!(field(&found, "proxy.auth_mode").problem, None);
        assert!(found.problems.len() == 1 && found.problems[0].contains("nonsense"), "{:?}", found.problems);
    }

    #[test]
    fn a_problem_of_a_line_stands_beside_it() {
        let found = settings(
            "[models]\na = \"b*\"\nc = \"d\"\n[prices]\n\"gpt-5.1\" = { input = -1, output = 0 }\ne = { input = 0, output = 0 }\n",
        );
        let of_models: Vec<_> = found.models.iter().map(|mapping| mapping.problem.is_some()).collect();
        let of_prices: Vec<_> = found.prices.iter().map(|price| price.problem.is_some()).collect();
        assert_eq!((of_models, of_prices), (vec![true, false], vec![true, false]), "{found:?}");
        assert_eq!(found.problems, Vec::<String>::new());
    }

    #[test]
    fn no_secret_comes_out() {
        let found = settings(
            "[proxy]\napi_key = \"sk-hidden-hidden\"\n[upstream]\nproxy = \"http://a:hidden@b\"\n[zai]\napi_key = \"hidden\"\n",
        );
        assert!(!format!("{found:?}").contains("hidden"), "{found:?}");
    }
}
