//! A translatable message: a key and its arguments. Logs and JSON have it in English, a
//! surface in its user's language.

use std::borrow::Cow;
use std::fmt;

use fluent_bundle::{FluentArgs, FluentValue};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::bundle;
use super::locale::Language;

/// Made with [`message!`](crate::message), or from words that are the same in every
/// language: a name, a path, the words of a provider. Empty by default.
///
/// In JSON it is its English text; a message read from JSON consists of such words.
#[derive(Clone, PartialEq, Eq)]
pub struct Message(Form);

#[derive(Clone, PartialEq, Eq)]
enum Form {
    Words(String),
    Phrase(Box<Phrase>),
}

/// A key and its arguments. Kept in files, so that a message can be translated after a
/// restart, too.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Phrase {
    key: Cow<'static, str>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    arguments: Vec<(Cow<'static, str>, Argument)>,
}

/// The value of a variable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Argument {
    /// Can select a plural.
    Number(u64),
    Text(String),
    Phrase(Phrase),
}

impl Message {
    /// [`message!`](crate::message) reads better.
    pub fn new(key: &'static str) -> Self {
        Self(Form::Phrase(Box::new(Phrase { key: key.into(), arguments: Vec::new() })))
    }

    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<Argument>) -> Self {
        if let Form::Phrase(phrase) = &mut self.0 {
            phrase.arguments.push((name.into(), value.into()));
        }
        self
    }

    pub fn text(&self, language: Language) -> String {
        match &self.0 {
            Form::Words(words) => words.clone(),
            Form::Phrase(phrase) => phrase.text(language),
        }
    }

    /// The message as words of this language, which no longer can be translated.
    #[must_use]
    pub fn worded(&self, language: Language) -> Self {
        self.text(language).into()
    }

    /// Whether this is the message of that key, or contains it.
    pub fn mentions(&self, key: &str) -> bool {
        self.phrase().is_some_and(|phrase| phrase.mentions(key))
    }

    pub fn is_empty(&self) -> bool {
        matches!(&self.0, Form::Words(words) if words.is_empty())
    }

    /// The message with `change` applied to all words that no language file has, such as to
    /// remove a secret.
    #[must_use]
    pub fn with_words(self, change: &impl Fn(&str) -> String) -> Self {
        Self(match self.0 {
            Form::Words(words) => Form::Words(change(&words)),
            Form::Phrase(phrase) => Form::Phrase(Box::new(phrase.with_words(change))),
        })
    }

    /// The part to keep beside the English text; `None` for a message of mere words.
    pub fn phrase(&self) -> Option<&Phrase> {
        match &self.0 {
            Form::Words(_) => None,
            Form::Phrase(phrase) => Some(phrase),
        }
    }

    /// From its English text and the phrase kept beside it, if this version knows its keys.
    pub fn restored(text: String, phrase: Option<Phrase>) -> Self {
        phrase
            .filter(Phrase::is_known)
            .map_or_else(|| text.into(), |phrase| Self(Form::Phrase(Box::new(phrase))))
    }
}

impl Phrase {
    fn text(&self, language: Language) -> String {
        let mut arguments = FluentArgs::new();
        for (name, argument) in &self.arguments {
            arguments.set(
                &**name,
                match argument {
                    Argument::Number(number) => FluentValue::from(*number),
                    Argument::Text(text) => FluentValue::from(text.as_str()),
                    Argument::Phrase(phrase) => FluentValue::from(phrase.text(language)),
                },
            );
        }
        language.format(&self.key, &arguments)
    }

    fn mentions(&self, key: &str) -> bool {
        let mentions = |(_, argument): &(_, Argument)| matches!(argument, Argument::Phrase(phrase) if phrase.mentions(key));
        self.key == key || self.arguments.iter().any(mentions)
    }

    fn with_words(self, change: &impl Fn(&str) -> String) -> Self {
        let changed = |argument| match argument {
            Argument::Number(number) => Argument::Number(number),
            Argument::Text(text) => Argument::Text(change(&text)),
            Argument::Phrase(phrase) => Argument::Phrase(phrase.with_words(change)),
        };
        let arguments = self.arguments.into_iter().map(|(name, argument)| (name, changed(argument)));
        Self { key: self.key, arguments: arguments.collect() }
    }

    /// Whether all keys exist: the file may be of another version, or edited.
    fn is_known(&self) -> bool {
        let knows = |(_, argument): &(_, Argument)| match argument {
            Argument::Phrase(phrase) => phrase.is_known(),
            Argument::Number(_) | Argument::Text(_) => true,
        };
        bundle::has(&self.key) && self.arguments.iter().all(knows)
    }
}

impl Default for Message {
    fn default() -> Self {
        Self(Form::Words(String::new()))
    }
}

impl From<String> for Message {
    fn from(words: String) -> Self {
        Self(Form::Words(words))
    }
}

impl From<&str> for Message {
    fn from(words: &str) -> Self {
        words.to_owned().into()
    }
}

/// In English.
impl fmt::Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Form::Words(words) => f.write_str(words),
            Form::Phrase(phrase) => f.write_str(&phrase.text(Language::English)),
        }
    }
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.to_string(), f)
    }
}

impl Serialize for Message {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Message {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::from)
    }
}

impl From<Message> for Argument {
    fn from(message: Message) -> Self {
        match message.0 {
            Form::Words(words) => Self::Text(words),
            Form::Phrase(phrase) => Self::Phrase(*phrase),
        }
    }
}

impl From<&Message> for Argument {
    fn from(message: &Message) -> Self {
        message.clone().into()
    }
}

impl From<String> for Argument {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&str> for Argument {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<u64> for Argument {
    fn from(number: u64) -> Self {
        Self::Number(number)
    }
}

impl From<usize> for Argument {
    fn from(number: usize) -> Self {
        Self::Number(number as u64)
    }
}

/// `message!("key")`, or with variables: `message!("key", count = 3_usize)`. A variable is
/// a number (which can select a plural), a text, or another message.
#[macro_export]
macro_rules! message {
    ($key:expr $(, $name:ident = $value:expr)* $(,)?) => {
        $crate::language::Message::new($key)$(.with(stringify!($name), $value))*
    };
}
