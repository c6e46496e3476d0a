//! The wire dialects there are, and the vendors whose SDKs speak them.

use strum::{EnumString, IntoStaticStr};

/// A wire dialect that a client or an upstream speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumString, IntoStaticStr)]
#[strum(const_into_str)]
pub enum Protocol {
    /// `POST /v1/chat/completions` and its siblings (completions, embeddings, images, audio).
    #[strum(serialize = "openai-chat")]
    OpenAiChat,
    /// `POST /v1/responses`.
    #[strum(serialize = "openai-responses")]
    OpenAiResponses,
    /// `POST /v1/messages`.
    #[strum(serialize = "anthropic")]
    Anthropic,
    /// `POST /v1beta/models/{model}:generateContent` and its siblings.
    #[strum(serialize = "gemini")]
    Gemini,
}

/// The vendor whose SDK is on the other side. It decides the shape of errors and lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, IntoStaticStr)]
#[strum(const_into_str)]
pub enum Family {
    #[strum(serialize = "OpenAI")]
    OpenAi,
    Anthropic,
    Gemini,
}

impl Protocol {
    pub const ALL: [Self; 4] = [Self::OpenAiChat, Self::OpenAiResponses, Self::Anthropic, Self::Gemini];

    /// A list of this protocol alone.
    pub const fn alone(self) -> &'static [Self] {
        match self {
            Self::OpenAiChat => &[Self::OpenAiChat],
            Self::OpenAiResponses => &[Self::OpenAiResponses],
            Self::Anthropic => &[Self::Anthropic],
            Self::Gemini => &[Self::Gemini],
        }
    }

    pub const fn family(self) -> Family {
        match self {
            Self::OpenAiChat | Self::OpenAiResponses => Family::OpenAi,
            Self::Anthropic => Family::Anthropic,
            Self::Gemini => Family::Gemini,
        }
    }

    /// The name used in records, logs and the dashboard.
    pub const fn name(self) -> &'static str {
        self.into_str()
    }
}

impl Family {
    /// The name users know the vendor by.
    pub const fn name(self) -> &'static str {
        self.into_str()
    }
}
