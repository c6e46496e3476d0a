//! The languages, and which of them the system uses.

use serde::{Deserialize, Serialize};
use strum::{Display, EnumString, IntoStaticStr, ParseError, VariantArray};

/// A language that every text exists in; as text and in JSON it is its tag.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    Hash,
    Display,
    EnumString,
    IntoStaticStr,
    VariantArray,
    Serialize,
    Deserialize,
)]
#[strum(const_into_str)]
#[serde(into = "&'static str", try_from = "String")]
pub enum Language {
    #[default]
    #[strum(serialize = "en")]
    English,
    #[strum(serialize = "ja")]
    Japanese,
    #[strum(serialize = "zh-CN")]
    SimplifiedChinese,
}

impl Language {
    /// As in the config file and in an HTML `lang` attribute.
    pub const fn tag(self) -> &'static str {
        self.into_str()
    }

    /// The language's name for itself.
    pub const fn own_name(self) -> &'static str {
        match self {
            Self::English => "English",
            Self::Japanese => "日本語",
            Self::SimplifiedChinese => "简体中文",
        }
    }

    /// The first of the system's languages that is also one of these; English where none is.
    pub fn system() -> Self {
        sys_locale::get_locales().find_map(|locale| Self::of_locale(&locale)).unwrap_or_default()
    }

    /// The language of a locale such as `ja_JP.UTF-8` or `zh-Hans-SG`. Readers of traditional
    /// Chinese read the simplified script better than English.
    pub(super) fn of_locale(locale: &str) -> Option<Self> {
        let primary = locale.split(['-', '_', '.', '@']).next().unwrap_or_default();
        match primary.to_ascii_lowercase().as_str() {
            "en" | "c" | "posix" => Some(Self::English),
            "ja" => Some(Self::Japanese),
            "zh" => Some(Self::SimplifiedChinese),
            _ => None,
        }
    }
}

impl TryFrom<String> for Language {
    type Error = ParseError;

    fn try_from(tag: String) -> Result<Self, ParseError> {
        tag.parse()
    }
}
