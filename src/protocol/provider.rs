//! The vendors: which protocols each speaks and which model names are its own.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Protocol;

/// Whom an account belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Provider {
    /// Google's Gemini API with an API key.
    Gemini,
    /// Anthropic's own API.
    Anthropic,
    /// OpenAI's own API.
    #[serde(rename = "openai")]
    OpenAi,
    /// z.ai through its Anthropic-compatible endpoint.
    Zai,
    /// Any server that speaks OpenAI chat completions.
    #[serde(rename = "openai-compatible")]
    OpenAiCompatible,
    /// The built-in demo: answers every protocol, needs no key and no network.
    Demo,
}

impl Provider {
    pub const ALL: [Self; 6] =
        [Self::Gemini, Self::Anthropic, Self::OpenAi, Self::Zai, Self::OpenAiCompatible, Self::Demo];

    /// The name used in the config file, in pins (`provider/model`) and in records.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Gemini => "gemini",
            Self::Anthropic => "anthropic",
            Self::OpenAi => "openai",
            Self::Zai => "zai",
            Self::OpenAiCompatible => "openai-compatible",
            Self::Demo => "demo",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|provider| provider.name() == name)
    }

    /// The protocols this provider answers itself, without translation.
    pub const fn protocols(self) -> &'static [Protocol] {
        match self {
            Self::Gemini => &[Protocol::Gemini],
            Self::Anthropic | Self::Zai => &[Protocol::Anthropic],
            Self::OpenAi => &[Protocol::OpenAiChat, Protocol::OpenAiResponses],
            Self::OpenAiCompatible => &[Protocol::OpenAiChat],
            Self::Demo => &Protocol::ALL,
        }
    }

    /// Where it answers when an account names no base URL of its own. The root for gemini,
    /// anthropic and zai; the URL that ends in `/v1` for openai.
    pub const fn base_url(self) -> Option<&'static str> {
        match self {
            Self::Gemini => Some("https://generativelanguage.googleapis.com"),
            Self::Anthropic => Some("https://api.anthropic.com"),
            Self::OpenAi => Some("https://api.openai.com/v1"),
            Self::Zai => Some("https://api.z.ai/api/anthropic"),
            Self::OpenAiCompatible | Self::Demo => None,
        }
    }

    pub fn speaks(self, protocol: Protocol) -> bool {
        self.protocols().contains(&protocol)
    }

    /// Whether a model of this name is the provider's own by its spelling alone.
    pub fn owns(self, model: &str) -> bool {
        match self {
            Self::Gemini => model.starts_with("gemini-") || model.starts_with("models/gemini-"),
            Self::Anthropic => model.starts_with("claude-"),
            Self::OpenAi => {
                model.starts_with("gpt-")
                    || model.starts_with("chatgpt-")
                    || is_o_series(model)
                    || OPENAI_SIDE_MODELS.iter().any(|prefix| model.starts_with(prefix))
            }
            Self::Zai => model.starts_with("glm-"),
            Self::OpenAiCompatible => false,
            Self::Demo => {
                model.starts_with("demo")
                    || [Self::Gemini, Self::Anthropic, Self::OpenAi, Self::Zai]
                        .into_iter()
                        .any(|provider| provider.owns(model))
            }
        }
    }

    /// Whether only its own model list can tell what an account serves that names no models:
    /// the provider owns no spelling.
    pub const fn is_known_by_its_list(self) -> bool {
        matches!(self, Self::OpenAiCompatible)
    }

    /// The spellings `owns` accepts, as a user would write them.
    pub const fn owned_patterns(self) -> &'static [&'static str] {
        match self {
            Self::Gemini => &["gemini-*"],
            Self::Anthropic => &["claude-*"],
            Self::OpenAi => &["gpt-*", "o*", "chatgpt-*"],
            Self::Zai => &["glm-*"],
            Self::OpenAiCompatible => &[],
            Self::Demo => &["demo*", "gemini-*", "claude-*", "gpt-*"],
        }
    }
}

/// OpenAI's models for the side endpoints, whose names do not start with `gpt-`.
pub const OPENAI_SIDE_MODELS: [&str; 5] = ["text-embedding-", "dall-e-", "whisper-", "tts-", "omni-"];

/// `o1`, `o3-mini`, `o4-mini-high`: an `o` and a digit. A bare `o*` would also claim
/// `olmo`, `openchat` and `orca`, which belong to other servers.
fn is_o_series(model: &str) -> bool {
    let mut letters = model.bytes();
    letters.next() == Some(b'o') && letters.next().is_some_and(|second| second.is_ascii_digit())
}

impl fmt::Display for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
