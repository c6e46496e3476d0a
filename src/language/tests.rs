use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use fluent_bundle::FluentResource;

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

/// Key and text of each message: a line that starts with a name, and what is indented.
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

#[test]
fn every_language_has_the_same_keys_with_the_same_variables() {
    let english = keys(Language::English);
    for language in [Language::Japanese, Language::SimplifiedChinese] {
        let mine = keys(language);
        let difference: Vec<_> = english.iter().filter(|(key, _)| !mine.contains_key(*key)).collect();
        assert!(difference.is_empty(), "{language} lacks {difference:?}");
        let difference: Vec<_> = mine.keys().filter(|key| !english.contains_key(*key)).collect();
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
    let literals = uses.filter_map(|rest| {
        let (_, after) = rest.split_once(',')?;
        after.trim_start().strip_prefix('"')?.split_once('"').map(|(key, _)| key)
    });
    for key in literals {
        assert!(english.contains_key(key), "{key} is in no language");
    }
}

#[test]
fn every_text_formats_without_an_error() {
    let mut arguments = Arguments::new();
    keys(Language::English).into_values().flatten().for_each(|name| arguments.set(name, 2));
    for language in Language::ALL {
        for key in keys(language).into_keys() {
            let text = language.format(&key, &arguments);
            assert!(!text.is_empty() && !text.contains("{$") && !text.contains('\u{2068}'), "{key}: {text}");
        }
    }
}

#[test]
fn a_number_chooses_its_plural() {
    let check = |count: usize, expected| {
        assert_eq!(crate::text!(Language::English, "accounts-active", count = count), expected);
    };
    check(1, "1 active account");
    check(3, "3 active accounts");
    let text = crate::text!(Language::Japanese, "accounts-active-cooling", count = 3, cooling = 1);
    assert_eq!(text, "有効なアカウント: 3（クールダウン中: 1）");
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
