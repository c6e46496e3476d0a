//! The `language` key.

use std::borrow::Cow;
use std::path::Path;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error;
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};
use strum::VariantArray;
use toml_edit::Document;

use super::source::read;
use crate::language::Language;

const AUTO: &str = "auto";

/// What the `language` key asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LanguageSetting {
    /// The language of the system.
    Auto,
    Fixed(Language),
}

impl LanguageSetting {
    /// The name in the file.
    pub const fn tag(self) -> &'static str {
        match self {
            Self::Auto => AUTO,
            Self::Fixed(language) => language.tag(),
        }
    }

    fn of_tag(tag: &str) -> Option<Self> {
        if tag == AUTO { Some(Self::Auto) } else { tag.parse().ok().map(Self::Fixed) }
    }

    /// The language it means on this system.
    pub fn spoken(self) -> Language {
        match self {
            Self::Auto => Language::system(),
            Self::Fixed(language) => language,
        }
    }
}

/// The language that a file asks for, even where the file has problems: they are reported
/// in it. The key is looked for in the lines before the first section.
pub fn language(path: &Path) -> LanguageSetting {
    let text = read(path).map(|source| source.text).unwrap_or_default();
    let lines = text.trim_start_matches('\u{feff}').lines();
    let mut lines = lines.take_while(|line| !line.trim_start().starts_with('['));
    lines.find_map(language_in).unwrap_or(LanguageSetting::Auto)
}

fn language_in(line: &str) -> Option<LanguageSetting> {
    let document = Document::parse(line).ok()?;
    LanguageSetting::of_tag(document.get("language")?.as_str()?)
}

impl<'de> Deserialize<'de> for LanguageSetting {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let tag = Cow::<str>::deserialize(deserializer)?;
        Self::of_tag(&tag).ok_or_else(|| D::Error::custom(format!("\"{tag}\" is not a language")))
    }
}

/// One choice for each language, so that a new one is in the schema by itself.
impl JsonSchema for LanguageSetting {
    fn schema_name() -> Cow<'static, str> {
        "LanguageSetting".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let choice = |tag: &str, description: &str| -> Value {
            json!({ "description": description, "type": "string", "const": tag })
        };
        let auto = choice(AUTO, "The language of the system.");
        let languages = Language::VARIANTS
            .iter()
            .map(|language| choice(language.tag(), &format!("{}.", language.own_name())));
        let choices: Vec<Value> = std::iter::once(auto).chain(languages).collect();
        json_schema!({ "oneOf": choices })
    }
}
