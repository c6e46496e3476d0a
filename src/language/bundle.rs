//! The texts of each language, parsed when the first of them is needed.

use std::sync::OnceLock;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource};

use super::locale::Language;

type Bundle = FluentBundle<FluentResource>;

pub(super) const fn source(language: Language) -> &'static str {
    match language {
        Language::English => include_str!("en.ftl"),
        Language::Japanese => include_str!("ja.ftl"),
        Language::SimplifiedChinese => include_str!("zh-CN.ftl"),
    }
}

impl Language {
    /// The text of `key` in this language alone, for texts whose English is elsewhere.
    pub fn find(self, key: &str) -> Option<String> {
        in_bundle(bundle(self), key, &FluentArgs::new())
    }

    /// The text of `key`, in English where this language lacks it. [`text!`](crate::text)
    /// reads better.
    pub fn format(self, key: &str, arguments: &FluentArgs) -> String {
        in_bundle(bundle(self), key, arguments)
            .or_else(|| in_bundle(bundle(Self::English), key, arguments))
            .unwrap_or_else(|| key.to_owned())
    }
}

/// Whether there is a text of this key.
pub(super) fn has(key: &str) -> bool {
    bundle(Language::English).get_message(key).is_some_and(|message| message.value().is_some())
}

fn in_bundle(bundle: &Bundle, key: &str, arguments: &FluentArgs) -> Option<String> {
    let pattern = bundle.get_message(key)?.value()?;
    Some(bundle.format_pattern(pattern, Some(arguments), &mut Vec::new()).into_owned())
}

fn bundle(language: Language) -> &'static Bundle {
    static ENGLISH: OnceLock<Bundle> = OnceLock::new();
    static JAPANESE: OnceLock<Bundle> = OnceLock::new();
    static SIMPLIFIED_CHINESE: OnceLock<Bundle> = OnceLock::new();
    match language {
        Language::English => &ENGLISH,
        Language::Japanese => &JAPANESE,
        Language::SimplifiedChinese => &SIMPLIFIED_CHINESE,
    }
    .get_or_init(|| parse(language))
}

fn parse(language: Language) -> Bundle {
    let mut bundle = FluentBundle::new_concurrent(vec![language.tag().parse().unwrap_or_default()]);
    // The marks around variables are for texts that mix writing directions; terminals and
    // menus show them as boxes.
    bundle.set_use_isolating(false);
    // A message that cannot be parsed is left out; a test makes sure that there is none.
    let resource =
        FluentResource::try_new(source(language).to_owned()).unwrap_or_else(|(understood, _)| understood);
    bundle.add_resource_overriding(resource);
    bundle
}
