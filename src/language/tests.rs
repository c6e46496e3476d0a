use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use fluent_bundle::FluentResource;
use strum::VariantArray;

use super::bundle::source;
use super::*;

/// Every key of a file with the variables its text names.
fn keys(language: Language) -> BTreeMap<String, BTreeSet<String>> {
    let parsed = FluentResource::try_new(source(language).to_owned());
    let resource = parsed.unwrap_or_else(|(_, errors)| panic!("{language}: {errors:?}"));
    let sections = sections(language);
    assert_eq!(resource.entries().count(), sections.len(), "{language}: a key stands twice");
    sections.into_iter().map(|(key, text)| (key, variables(&text))).collect()
}

/// Key and text of each message: a line that starts with a name, and the indented lines after
/// it.
fn sections(language: Language) -> BTreeMap<String, String> {
    let mut sections: BTreeMap<String, String> = BTreeMap::new();
    let mut current = None;
    for line in source(language).lines() {
        if let Some((key, text)) = line.split_once(" =").filter(|_| line.starts_with(char::is_alphabetic)) {
            sections.insert(key.to_owned(), text.to_owned());
            current = Some(key.to_owned());
        } else if let Some(text) = current.as_ref().and_then(|key| sections.get_mut(key)) {
            text.push_str(line);
        }
    }
    sections
}

fn variables(text: &str) -> BTreeSet<String> {
    let names = text.split('$').skip(1);
    names
        .map(|rest| rest.chars().take_while(|c| c.is_alphanumeric() || "-_".contains(*c)).collect())
        .collect()
}

/// All Rust source but this module.
fn rust(directory: &Path, into: &mut String) {
    for entry in fs::read_dir(directory).expect("source").map(|entry| entry.expect("an entry").path()) {
        if entry.is_dir() && !entry.ends_with("language") {
            rust(&entry, into);
        } else if entry.extension().is_some_and(|extension| extension == "rs") {
            into.push_str(&fs::read_to_string(&entry).expect("text"));
        }
    }
}

/// The key at the beginning of a macro call, where it is a literal.
fn literal(text: &str) -> Option<&str> {
    text.trim_start().strip_prefix('"')?.split_once('"').map(|(key, _)| key)
}

#[test]
fn every_language_has_the_same_keys_with_the_same_variables() {
    let english = keys(Language::English);
    for language in [Language::Japanese, Language::SimplifiedChinese] {
        let mine = keys(language);
        let difference: Vec<_> = english.iter().filter(|(key, _)| !mine.contains_key(*key)).collect();
        assert!(difference.is_empty(), "{language} lacks {difference:?}");
        let difference: Vec<_> =
            mine.keys().filter(|key| !english.contains_key(*key) && !key.starts_with("help-")).collect();
        assert!(difference.is_empty(), "English lacks {difference:?}");
        for (key, variables) in &english {
            assert_eq!(&mine[key], variables, "{language}: {key}");
        }
    }
}

#[test]
fn every_key_is_used_and_every_used_key_is_there() {
    let mut source_text = String::new();
    rust(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src")), &mut source_text);
    let english = keys(Language::English);
    let all = sections(Language::English);
    for key in english.keys() {
        let named = source_text.contains(&format!("\"{key}\""));
        let referred = all.values().any(|text| text.contains(&format!("{{ {key} }}")));
        assert!(named || referred, "{key} is never used");
    }
    let uses = source_text.split("text!(").skip(1);
    let texts = uses.filter_map(|rest| literal(rest.split_once(',')?.1));
    let messages = source_text.split("message!(").skip(1).filter_map(literal);
    for key in texts.chain(messages) {
        assert!(english.contains_key(key), "{key} is in no language");
    }
}

#[test]
fn every_text_formats_without_an_error() {
    let mut arguments = Arguments::new();
    keys(Language::English).into_values().flatten().for_each(|name| arguments.set(name, 2));
    for &language in Language::VARIANTS {
        for key in keys(language).into_keys() {
            let text = language.format(&key, &arguments);
            assert!(!text.is_empty() && !text.contains("{$") && !text.contains('\u{2068}'), "{key}: {text}");
        }
    }
}

#[test]
fn a_number_selects_its_plural() {
    let check = |count: usize, expected| {
        assert_eq!(crate::text!(Language::English, "accounts-active", count = count), expected);
    };
    check(1, "1 active account");
    check(3, "3 active accounts");
    let text = crate::text!(Language::Japanese, "accounts-active-cooling", count = 3, cooling = 1);
    assert_eq!(text, "使用可能なアカウント: 3（クールダウン中: 1）");
}

#[test]
fn the_system_language_is_known_by_its_first_part() {
    let check = |locale, expected| assert_eq!(Language::of_locale(locale), expected, "{locale}");
    check("ja_JP.UTF-8", Some(Language::Japanese));
    check("ja", Some(Language::Japanese));
    check("zh-Hans-SG", Some(Language::SimplifiedChinese));
    check("zh_CN.UTF-8@pinyin", Some(Language::SimplifiedChinese));
    check("en-GB", Some(Language::English));
    check("C.UTF-8", Some(Language::English));
    check("fr_FR", None);
}

#[test]
fn a_message_is_shown_in_any_language_and_kept_in_english() {
    let inner = crate::message!("failure-in-use-by", name = "node", pid = 4242_u64);
    let message = crate::message!("failure-bind", address = "127.0.0.1:1", reason = inner);
    let english = "Could not bind 127.0.0.1:1: in use by node (pid 4242).";
    assert_eq!(message.to_string(), english);
    assert_eq!(serde_json::to_string(&message).expect("JSON"), format!("\"{english}\""));
    let japanese = "サーバー起動失敗: アドレス 127.0.0.1:1 バインド失敗: node (pid 4242) が使用中です";
    assert_eq!(message.text(Language::Japanese), japanese);
    let elsewhere = message.clone().with_words(&|words| words.replace("node", "***"));
    assert_eq!(elsewhere.to_string(), english.replace("node", "***"));
}

#[test]
fn a_message_outlives_the_file_it_is_kept_in() {
    let inner = crate::message!("failure-in-use-by", name = "node", pid = 4242_u64);
    let message = crate::message!("failure-bind", address = "127.0.0.1:1", reason = inner);
    let kept = serde_json::to_string(&message.phrase()).expect("JSON");
    let restored =
        |kept: &str| Message::restored("in English".to_owned(), serde_json::from_str(kept).expect("read"));
    assert_eq!(restored(&kept), message);
    let unknown = restored(&kept.replace("failure-in-use-by", "failure-of-another-version"));
    assert_eq!(unknown.text(Language::Japanese), "in English");
    assert_eq!(restored("null"), Message::from("in English"));
}
