//! What a client can ask for, once the path has been understood.

use super::Protocol;

/// One API call, named after the provider's own path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operation {
    ChatCompletions,
    Completions,
    Embeddings,
    ImageGenerations,
    ImageEdits,
    AudioTranscriptions,
    Responses,
    Messages,
    CountTokens,
    GenerateContent,
    StreamGenerateContent,
    GeminiCountTokens,
    EmbedContent,
    BatchEmbedContents,
}

impl Operation {
    /// The dialect its request and its answer are written in.
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
        match self {
            Self::ChatCompletions => "chat/completions",
            Self::Completions => "completions",
            Self::Embeddings => "embeddings",
            Self::ImageGenerations => "images/generations",
            Self::ImageEdits => "images/edits",
            Self::AudioTranscriptions => "audio/transcriptions",
            Self::Responses => "responses",
            Self::Messages => "messages",
            Self::CountTokens => "messages/count_tokens",
            Self::GenerateContent => "generateContent",
            Self::StreamGenerateContent => "streamGenerateContent",
            Self::GeminiCountTokens => "countTokens",
            Self::EmbedContent => "embedContent",
            Self::BatchEmbedContents => "batchEmbedContents",
        }
    }

    /// The operation behind `models/{model}:{action}`.
    pub fn from_gemini_action(action: &str) -> Option<Self> {
        [
            Self::GenerateContent,
            Self::StreamGenerateContent,
            Self::GeminiCountTokens,
            Self::EmbedContent,
            Self::BatchEmbedContents,
        ]
        .into_iter()
        .find(|operation| operation.path() == action)
    }

    /// Whether the body is a form with files instead of JSON.
    pub const fn takes_multipart(self) -> bool {
        matches!(self, Self::ImageEdits | Self::AudioTranscriptions)
    }

    /// The protocols an upstream may speak to be asked this.
    pub const fn upstream_protocols(self) -> &'static [Protocol] {
        match self {
            Self::Embeddings | Self::EmbedContent | Self::BatchEmbedContents | Self::ImageGenerations => {
                &[Protocol::OpenAiChat, Protocol::Gemini]
            }
            Self::ImageEdits | Self::AudioTranscriptions => self.protocol().alone(),
            _ => &Protocol::ALL,
        }
    }

    /// Whether the request tells of earlier turns.
    pub const fn has_turns(self) -> bool {
        self.counts_tokens() || self.is_conversation() && !matches!(self, Self::Completions)
    }

    /// Whether the answer is how many tokens a prompt has.
    pub const fn counts_tokens(self) -> bool {
        matches!(self, Self::CountTokens | Self::GeminiCountTokens)
    }

    /// Whether the answer is a turn of a conversation, so that a stream of it has a
    /// terminator and usage worth watching for.
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
