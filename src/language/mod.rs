//! What people read on the control side (tray, notifications, dashboard, CLI), in the
//! languages they read it in: one [Fluent](https://projectfluent.org) file per language.
//! Logs and the proxy's own HTTP errors stay English; this module leaves them alone.
//!
//! ```
//! use portcullis::language::Language;
//! use portcullis::text;
//!
//! let language = Language::Japanese;
//! assert_eq!(text!(language, "state-stopped"), "停止中");
//! assert_eq!(text!(language, "state-running", address = "127.0.0.1:8045"), "127.0.0.1:8045 で実行中");
//! ```
//!
//! What is said in one place and shown in another is a [`Message`] in between.
//!
//! A key stands in all three files, with the same variables, and in quotes somewhere in
//! the source; `tests` holds both. The English of `help-…` is with the command line itself.

mod bundle;
mod duration;
mod message;
pub mod printable;
#[cfg(test)]
mod tests;

use std::fmt;

use serde::{Deserialize, Serialize};

pub use duration::duration;
pub use fluent_bundle::{FluentArgs as Arguments, FluentValue as Value};
pub use message::{Argument, Message, Said};
pub use printable::printable;

/// A language that every text exists in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Language {
    #[default]
    #[serde(rename = "en")]
    English,
    #[serde(rename = "ja")]
    Japanese,
    #[serde(rename = "zh-CN")]
    SimplifiedChinese,
}

impl Language {
    pub const ALL: [Self; 3] = [Self::English, Self::Japanese, Self::SimplifiedChinese];

    /// As in the config file and in an HTML `lang` attribute.
    pub const fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Japanese => "ja",
            Self::SimplifiedChinese => "zh-CN",
        }
    }

    /// The language's name for itself.
    pub const fn own_name(self) -> &'static str {
        match self {
            Self::English => "English",
            Self::Japanese => "日本語",
            Self::SimplifiedChinese => "简体中文",
        }
    }

    /// What the system speaks: the first of its languages that we speak too, else English.
    pub fn system() -> Self {
        sys_locale::get_locales().find_map(|locale| Self::of_locale(&locale)).unwrap_or_default()
    }

    /// The language of a locale such as `ja_JP.UTF-8` or `zh-Hans-SG`. Whoever reads
    /// traditional Chinese reads the simplified script better than English.
    fn of_locale(locale: &str) -> Option<Self> {
        let primary = locale.split(['-', '_', '.', '@']).next().unwrap_or_default();
        match primary.to_ascii_lowercase().as_str() {
            "en" | "c" | "posix" => Some(Self::English),
            "ja" => Some(Self::Japanese),
            "zh" => Some(Self::SimplifiedChinese),
            _ => None,
        }
    }

    /// The text of `key` in this language alone, for texts whose English stands elsewhere.
    pub fn find(self, key: &str) -> Option<String> {
        bundle::find(self, key, &Arguments::new())
    }

    /// The text of `key`, in English where this language lacks it. [`text!`](crate::text)
    /// reads better.
    pub fn format(self, key: &str, arguments: &Arguments) -> String {
        bundle::format(self, key, arguments)
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.tag())
    }
}

/// `text!(language, "key")`, or with variables: `text!(language, "key", count = 3)`. A
/// variable is anything that is a Fluent value: a number (which can choose a plural), a
/// `&str`, a `String`.
#[macro_export]
macro_rules! text {
    ($language:expr, $key:expr $(, $name:ident = $value:expr)* $(,)?) => {{
        #[allow(unused_mut)]
        let mut arguments = $crate::language::Arguments::new();
        $(arguments.set(stringify!($name), $crate::language::Value::from($value));)*
        $crate::language::Language::format($language, $key, &arguments)
    }};
}
