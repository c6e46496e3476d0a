//! The vendors: the protocols that each speaks and the model names that are its own.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use strum::{Display, EnumString, IntoStaticStr};

use super::capability;
use super::dialect::Protocol;

/// The vendor of an account.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    Serialize,
    Deserialize,
    JsonSchema,
    Display,
    EnumString,
    IntoStaticStr,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case", const_into_str)]
pub enum Provider {
    /// Google's Gemini API with an API key.
    Gemini,
    /// Anthropic's own API.
    Anthropic,
    /// OpenAI's own API.
    #[serde(rename = "openai")]
    #[strum(serialize = "openai")]
    OpenAi,
    /// z.ai through its Anthropic-compatible endpoint.
    Zai,
    /// Any server that speaks OpenAI chat completions.
    #[serde(rename = "openai-compatible")]
    #[strum(serialize = "openai-compatible")]
    OpenAiCompatible,
    /// The built-in demo: answers every protocol, needs no key and no network.
    Demo,
}

impl Provider {
    pub const ALL: [Self; 6] =
        [Self::Gemini, Self::Anthropic, Self::OpenAi, Self::Zai, Self::OpenAiCompatible, Self::Demo];

    /// The name used in the config file, in pins (`provider/model`) and in records.
    pub const fn name(self) -> &'static str {
        self.into_str()
    }

    /// The provider with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        name.parse().ok()
    }

    /// The protocols that this provider speaks, so that they need no translation.
    pub const fn protocols(self) -> &'static [Protocol] {
        match self {
            Self::Gemini => &[Protocol::Gemini],
            Self::Anthropic | Self::Zai => &[Protocol::Anthropic],
            Self::OpenAi => &[Protocol::OpenAiChat, Protocol::OpenAiResponses],
            Self::OpenAiCompatible => &[Protocol::OpenAiChat],
            Self::Demo => &Protocol::ALL,
        }
    }

    /// The base URL of an account that names none: the root for gemini, anthropic and zai, the
    /// URL that ends in `/v1` for openai.
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

    /// Whether the spelling of a model's name makes it one of the provider's own.
    pub fn owns(self, model: &str) -> bool {
        match self {
            Self::Gemini => model.starts_with("gemini-") || model.starts_with("models/gemini-"),
            Self::Anthropic => model.starts_with("claude-"),
            Self::OpenAi => {
                model.starts_with("gpt-")
                    || model.starts_with("chatgpt-")
                    || capability::is_o_series(model)
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

    /// Whether an account without `models` serves what its own model list holds: the provider
    /// owns no spelling.
    pub const fn is_known_by_its_list(self) -> bool {
        matches!(self, Self::OpenAiCompatible)
    }

    /// The spellings that `owns` accepts, as a user writes them.
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
