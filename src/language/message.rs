//! A text that is in no language yet: what there is to say, for whoever is to say it. Logs
//! and JSON have it in English; a surface words it in its user's language.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Arguments, Language, Value, bundle};

/// Made with [`message!`](crate::message), or from words that are the same in every
/// language: a name, a path, what somebody else said. Empty by default.
///
/// In JSON it is its English text, and what is read from there is such words.
#[derive(Clone, PartialEq, Eq)]
pub struct Message(Form);

#[derive(Clone, PartialEq, Eq)]
enum Form {
    Words(String),
    Said(Box<Said>),
}

/// A key and what stands in for its variables: what a file keeps, so that a message can
/// be worded after a restart, too.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    key: Cow<'static, str>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    arguments: Vec<(Cow<'static, str>, Argument)>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Argument {
    /// Can choose a plural.
    Number(u64),
    Text(String),
    Said(Said),
}

impl Message {
    /// [`message!`](crate::message) reads better.
    pub fn new(key: &'static str) -> Self {
        Self(Form::Said(Box::new(Said { key: key.into(), arguments: Vec::new() })))
    }

    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<Argument>) -> Self {
        if let Form::Said(said) = &mut self.0 {
            said.arguments.push((name.into(), value.into()));
        }
        self
    }

    pub fn text(&self, language: Language) -> String {
        match &self.0 {
            Form::Words(words) => words.clone(),
            Form::Said(said) => said.text(language),
        }
    }

    /// The same in words, which no other language changes any more.
    #[must_use]
    pub fn worded(&self, language: Language) -> Self {
        self.text(language).into()
    }

    /// Whether this is the message of that key, or stands on it.
    pub fn mentions(&self, key: &str) -> bool {
        self.said().is_some_and(|said| said.mentions(key))
    }

    pub fn is_empty(&self) -> bool {
        matches!(&self.0, Form::Words(words) if words.is_empty())
    }

    /// With every word that came from elsewhere changed, such as to take a secret out.
    #[must_use]
    pub fn with_words(self, change: &impl Fn(&str) -> String) -> Self {
        Self(match self.0 {
            Form::Words(words) => Form::Words(change(&words)),
            Form::Said(said) => Form::Said(Box::new(said.with_words(change))),
        })
    }

    /// What to keep of it beside its English text; `None` where that is all there is.
    pub fn said(&self) -> Option<&Said> {
        match &self.0 {
            Form::Words(_) => None,
            Form::Said(said) => Some(said),
        }
    }

    /// Whether it is this message, or has it within.
    pub fn says(&self, key: &str) -> bool {
        self.said().is_some_and(|said| said.says(key))
    }

    /// From its English text and what was kept beside it, as far as that is still known.
    pub fn restored(text: String, said: Option<Said>) -> Self {
        said.filter(Said::is_known).map_or_else(|| text.into(), |said| Self(Form::Said(Box::new(said))))
    }
}

impl Said {
    fn text(&self, language: Language) -> String {
        let mut arguments = Arguments::new();
        for (name, argument) in &self.arguments {
            arguments.set(
                &**name,
                match argument {
                    Argument::Number(number) => Value::from(*number),
                    Argument::Text(text) => Value::from(text.as_str()),
                    Argument::Said(said) => Value::from(said.text(language)),
                },
            );
        }
        language.format(&self.key, &arguments)
    }

    fn mentions(&self, key: &str) -> bool {
        let mentions =
            |(_, argument): &(_, Argument)| matches!(argument, Argument::Said(said) if said.mentions(key));
        self.key == key || self.arguments.iter().any(mentions)
    }

    fn with_words(self, change: &impl Fn(&str) -> String) -> Self {
        let changed = |argument| match argument {
            Argument::Number(number) => Argument::Number(number),
            Argument::Text(text) => Argument::Text(change(&text)),
            Argument::Said(said) => Argument::Said(said.with_words(change)),
        };
        let arguments = self.arguments.into_iter().map(|(name, argument)| (name, changed(argument)));
        Self { key: self.key, arguments: arguments.collect() }
    }

    fn says(&self, key: &str) -> bool {
        let within =
            |(_, argument): &(_, Argument)| matches!(argument, Argument::Said(said) if said.says(key));
        self.key == key || self.arguments.iter().any(within)
    }

    /// A file may be of another version, or edited.
    fn is_known(&self) -> bool {
        let knows = |(_, argument): &(_, Argument)| match argument {
            Argument::Said(said) => said.is_known(),
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
            Form::Said(said) => f.write_str(&said.text(Language::English)),
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
            Form::Said(said) => Self::Said(*said),
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
/// a number (which can choose a plural), a text, or another message.
#[macro_export]
macro_rules! message {
    ($key:expr $(, $name:ident = $value:expr)* $(,)?) => {
        $crate::language::Message::new($key)$(.with(stringify!($name), $value))*
    };
}
