//! The place of the `[zai]` section for a request, and the GLM model that stands in for a
//! Claude model. Pure.

use std::collections::BTreeMap;

use crate::config::DispatchMode;
use crate::protocol::{Protocol, Provider};

/// The place of the section's account among the accounts for one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// No other account is asked.
    Only,
    /// Asked together with the first of the others.
    Peer,
    /// Asked like any other account that owns the model's name.
    Owner,
    /// Asked when no other account can answer.
    LastResort,
    /// Not asked.
    Out,
}

/// The modes apply to Anthropic requests; a `glm-*` model is z.ai's own in every protocol.
/// Except in `exclusive`, a model that no GLM model stands in for is not sent to z.ai, which
/// would refuse it.
pub fn standing(mode: DispatchMode, client_protocol: Protocol, model: &str) -> Standing {
    let is_anthropic = client_protocol == Protocol::Anthropic;
    match mode {
        DispatchMode::Exclusive if is_anthropic => Standing::Only,
        DispatchMode::Pooled if is_anthropic && has_stand_in(model) => Standing::Peer,
        DispatchMode::Fallback if is_anthropic && has_stand_in(model) => Standing::LastResort,
        DispatchMode::Fallback if Provider::Zai.owns(model) => Standing::LastResort,
        DispatchMode::Exclusive | DispatchMode::Pooled if Provider::Zai.owns(model) => Standing::Owner,
        _ => Standing::Out,
    }
}

fn has_stand_in(model: &str) -> bool {
    Provider::Zai.owns(model) || Provider::Anthropic.owns(model) || class(model).is_some()
}

/// `zai.models`: the GLM model for each class of Claude model.
#[derive(Clone, Debug, Default)]
pub struct ZaiModels {
    opus: Option<String>,
    sonnet: Option<String>,
    haiku: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Class {
    Opus,
    Sonnet,
    Haiku,
}

impl ZaiModels {
    pub fn new(models: &BTreeMap<String, String>) -> Self {
        let model = |class: &str| models.get(class).filter(|name| !name.is_empty()).cloned();
        Self { opus: model("opus"), sonnet: model("sonnet"), haiku: model("haiku") }
    }

    /// The name to send to z.ai: the GLM model of the class; that of sonnet for any other
    /// Claude model and for a class without one; every other name unchanged.
    pub fn sent<'a>(&'a self, model: &'a str) -> &'a str {
        let model = model.strip_prefix("z.ai/").or_else(|| model.strip_prefix("zai/")).unwrap_or(model);
        if Provider::Zai.owns(model) {
            return model;
        }
        let configured = match class(model) {
            Some(Class::Opus) => self.opus.as_ref().or(self.sonnet.as_ref()),
            Some(Class::Haiku) => self.haiku.as_ref().or(self.sonnet.as_ref()),
            Some(Class::Sonnet) => self.sonnet.as_ref(),
            None if Provider::Anthropic.owns(model) => self.sonnet.as_ref(),
            None => None,
        };
        configured.map_or(model, String::as_str)
    }
}

fn class(model: &str) -> Option<Class> {
    let classes = [("opus", Class::Opus), ("sonnet", Class::Sonnet), ("haiku", Class::Haiku)];
    classes.into_iter().find(|(name, _)| contains_ignoring_case(model, name)).map(|(_, class)| class)
}

fn contains_ignoring_case(text: &str, word: &str) -> bool {
    text.as_bytes().windows(word.len()).any(|window| window.eq_ignore_ascii_case(word.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn configured() -> ZaiModels {
        let models = [("opus", "glm-5"), ("sonnet", "glm-4.7"), ("haiku", "glm-4.5-air")];
        ZaiModels::new(&models.map(|(class, model)| (class.to_owned(), model.to_owned())).into())
    }

    #[test]
    fn each_class_of_claude_model_has_its_stand_in() {
        let cases = [
            ("claude-opus-4-5", "glm-5"),
            ("claude-3-5-sonnet-20241022", "glm-4.7"),
            ("claude-haiku-4-5[1m]", "glm-4.5-air"),
            ("Claude-OPUS", "glm-5"),
            ("opus", "glm-5"),
            ("claude-2.1", "glm-4.7"),
            ("glm-4.6", "glm-4.6"),
            ("gemini-3-flash", "gemini-3-flash"),
            ("zai/claude-opus-4-5", "glm-5"),
            ("z.ai/glm-4.6", "glm-4.6"),
            ("", ""),
        ];
        for (asked, sent) in cases {
            assert_eq!(configured().sent(asked), sent, "{asked}");
        }
    }

    #[test]
    fn a_class_without_a_model_takes_the_one_of_sonnet() {
        let only_sonnet = ZaiModels { sonnet: Some("glm-4.7".to_owned()), ..ZaiModels::default() };
        assert_eq!(only_sonnet.sent("claude-opus-4"), "glm-4.7");
        assert_eq!(ZaiModels::default().sent("claude-opus-4"), "claude-opus-4");
    }

    #[test]
    fn the_mode_gives_the_section_its_place() {
        use DispatchMode::{Exclusive, Fallback, Off, Pooled};
        use Protocol::{Anthropic, OpenAiChat};
        use Standing::{LastResort, Only, Out, Owner, Peer};
        let cases = [
            (Off, Anthropic, "claude-opus-4", Out),
            (Off, Anthropic, "glm-4.7", Out),
            (Exclusive, Anthropic, "claude-opus-4", Only),
            (Exclusive, Anthropic, "gemini-3-flash", Only),
            (Exclusive, OpenAiChat, "claude-opus-4", Out),
            (Exclusive, OpenAiChat, "glm-4.7", Owner),
            (Pooled, Anthropic, "claude-opus-4", Peer),
            (Pooled, Anthropic, "claude-2", Peer),
            (Pooled, Anthropic, "my-haiku", Peer),
            (Pooled, Anthropic, "glm-4.7", Peer),
            (Pooled, Anthropic, "gemini-3-flash", Out),
            (Pooled, OpenAiChat, "claude-opus-4", Out),
            (Pooled, OpenAiChat, "glm-4.7", Owner),
            (Fallback, Anthropic, "claude-opus-4", LastResort),
            (Fallback, Anthropic, "gemini-3-flash", Out),
            (Fallback, OpenAiChat, "glm-4.7", LastResort),
        ];
        for (mode, protocol, model, expected) in cases {
            assert_eq!(standing(mode, protocol, model), expected, "{mode:?} {protocol:?} {model}");
        }
    }
}
