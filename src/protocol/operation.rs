//! The API calls that a client can make, as its path names them.

use strum::{EnumString, IntoStaticStr};

use super::dialect::Protocol;

/// One API call, named after the provider's own path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumString, IntoStaticStr)]
#[strum(const_into_str)]
pub enum Operation {
    #[strum(serialize = "chat/completions")]
    ChatCompletions,
    #[strum(serialize = "completions")]
    Completions,
    #[strum(serialize = "embeddings")]
    Embeddings,
    #[strum(serialize = "images/generations")]
    ImageGenerations,
    #[strum(serialize = "images/edits")]
    ImageEdits,
    #[strum(serialize = "audio/transcriptions")]
    AudioTranscriptions,
    #[strum(serialize = "responses")]
    Responses,
    #[strum(serialize = "messages")]
    Messages,
    #[strum(serialize = "messages/count_tokens")]
    CountTokens,
    #[strum(serialize = "generateContent")]
    GenerateContent,
    #[strum(serialize = "streamGenerateContent")]
    StreamGenerateContent,
    #[strum(serialize = "countTokens")]
    GeminiCountTokens,
    #[strum(serialize = "embedContent")]
    EmbedContent,
    #[strum(serialize = "batchEmbedContents")]
    BatchEmbedContents,
}

/// The parts of a request that stand in its path: Gemini has the model and the action there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RequestTarget<'a> {
    pub model: Option<&'a str>,
    pub stream: bool,
}

impl Operation {
    /// The dialect of its request and its answer.
    pub const fn protocol(self) -> Protocol {
        match self {
            Self::ChatCompletions
            | Self::Completions
            | Self::Embeddings
            | Self::ImageGenerations
            | Self::ImageEdits
            | Self::AudioTranscriptions => Protocol::OpenAiChat,
            Self::Responses => Protocol::OpenAiResponses,
            Self::Messages | Self::CountTokens => Protocol::Anthropic,
            Self::GenerateContent
            | Self::StreamGenerateContent
            | Self::GeminiCountTokens
            | Self::EmbedContent
            | Self::BatchEmbedContents => Protocol::Gemini,
        }
    }

    /// The path below an API's versioned root; for Gemini, the action after the model.
    pub const fn path(self) -> &'static str {
        self.into_str()
    }

    /// The operation of `models/{model}:{action}`.
    pub fn from_gemini_action(action: &str) -> Option<Self> {
        let operation: Self = action.parse().ok()?;
        (operation.protocol() == Protocol::Gemini).then_some(operation)
    }

    /// Whether the body is a form with files instead of JSON.
    pub const fn takes_multipart(self) -> bool {
        matches!(self, Self::ImageEdits | Self::AudioTranscriptions)
    }

    /// The protocols in which an upstream can be asked this.
    pub const fn upstream_protocols(self) -> &'static [Protocol] {
        match self {
            Self::Embeddings | Self::EmbedContent | Self::BatchEmbedContents | Self::ImageGenerations => {
                &[Protocol::OpenAiChat, Protocol::Gemini]
            }
            Self::ImageEdits | Self::AudioTranscriptions => self.protocol().alone(),
            _ => &Protocol::ALL,
        }
    }

    /// Whether the request holds earlier turns.
    pub const fn has_turns(self) -> bool {
        self.counts_tokens() || self.is_conversation() && !matches!(self, Self::Completions)
    }

    /// Whether the answer is the number of tokens of a prompt.
    pub const fn counts_tokens(self) -> bool {
        matches!(self, Self::CountTokens | Self::GeminiCountTokens)
    }

    /// Whether the answer is a turn of a conversation. A stream of it then has a terminator
    /// and usage.
    pub const fn is_conversation(self) -> bool {
        matches!(
            self,
            Self::ChatCompletions
                | Self::Completions
                | Self::Responses
                | Self::Messages
                | Self::GenerateContent
                | Self::StreamGenerateContent
        )
    }
}
