//! What a model takes, by its name, where the models of one vendor differ. A name that is
//! not listed gets the behaviour of its vendor's newest models.

use super::models::bare_id;

/// A model with a thinking budget in tokens: Claude up to 4.5, and what is not Claude.
pub fn claude_counts_thinking(model: &str) -> bool {
    const OLD: [&str; 9] = [
        "claude-2",
        "claude-3",
        "claude-instant",
        "claude-opus-4-0",
        "claude-opus-4-1",
        "claude-opus-4-2",
        "claude-sonnet-4-0",
        "claude-sonnet-4-2",
        "claude-4",
    ];
    !model.starts_with("claude-")
        || OLD.iter().any(|old| model.starts_with(old))
        || ["opus-4", "sonnet-4", "haiku-4"].iter().any(|bare| model.ends_with(bare))
        || model.contains("-4-5")
}

/// A model that takes `temperature`, `top_p` and `top_k`: Claude up to 4.6.
pub fn claude_takes_sampling(model: &str) -> bool {
    claude_counts_thinking(model) || model.contains("-4-6")
}

/// The most tokens of one answer; asking for more is a 400. `None` where the limit is
/// unknown, or higher than clients ask for.
pub fn most_output(model: &str) -> Option<u64> {
    let model = bare_id(model);
    MOST_OUTPUT.iter().find(|(prefix, _)| model.starts_with(prefix)).map(|(_, most)| *most)
}

/// By the beginning of the name. The first that fits counts.
const MOST_OUTPUT: [(&str, u64); 25] = [
    ("gpt-3.5", 4096),
    ("gpt-4-turbo", 4096),
    ("gpt-4o", 16_384),
    ("gpt-4.1", 32_768),
    ("gpt-4.5", 16_384),
    ("gpt-4", 8192),
    ("chatgpt-4o", 16_384),
    ("gpt-5-chat", 16_384),
    ("gpt-5", 128_000),
    ("o1-mini", 65_536),
    ("o1", 100_000),
    ("o3", 100_000),
    ("o4", 100_000),
    ("gemini-1", 8192),
    ("gemini-2.0", 8192),
    ("gemini-", 65_536),
    ("gemma-", 8192),
    ("claude-3-5", 8192),
    ("claude-3-7", 64_000),
    ("claude-3", 4096),
    ("claude-opus-4-0", 32_000),
    ("claude-opus-4-1", 32_000),
    ("claude-opus-4-2", 32_000),
    ("claude-sonnet-4", 64_000),
    ("claude-haiku-4", 64_000),
];

/// `max_tokens` for a Claude where the client sets none: Anthropic requires it.
pub fn claude_default_max_tokens(model: &str) -> u64 {
    const USUAL: u64 = 32_000;
    most_output(model).map_or(USUAL, |most| most.min(USUAL))
}

/// A model that OpenAI serves. It takes `max_completion_tokens` and not `max_tokens`. The
/// open `gpt-oss` models run on other vendors' servers.
pub fn is_openai(model: &str) -> bool {
    let is_named = ["gpt-", "chatgpt-", "codex-"].iter().any(|prefix| model.starts_with(prefix));
    (is_named && !model.starts_with("gpt-oss")) || is_o_series(model)
}

/// An OpenAI model that thinks, and so refuses `temperature`, `top_p` and `stop`.
pub fn openai_thinks(model: &str) -> bool {
    is_openai(model) && !openai_refuses_effort(model)
}

/// An OpenAI model that answers 400 to `reasoning_effort`.
pub fn openai_refuses_effort(model: &str) -> bool {
    ["gpt-3", "gpt-4", "chatgpt-", "gpt-5-chat"].iter().any(|prefix| model.starts_with(prefix))
}

/// An OpenAI model that only the Responses API serves; chat completions answers 404
/// (<https://platform.openai.com/docs/models>).
pub fn openai_only_responds(model: &str) -> bool {
    is_openai(model) && ["codex", "-pro", "-deep-research"].iter().any(|kind| model.contains(kind))
}

/// An OpenAI model that draws, through `images/generations`.
pub fn openai_draws(model: &str) -> bool {
    ["gpt-image-", "chatgpt-image-", "dall-e-"].iter().any(|prefix| model.starts_with(prefix))
}

/// `o1`, `o3-mini`, `o4-mini-high`: an `o` and a digit. A bare `o*` would also claim `olmo`,
/// `openchat` and `orca`, which run on other vendors' servers.
pub fn is_o_series(model: &str) -> bool {
    let mut letters = model.bytes();
    letters.next() == Some(b'o') && letters.next().is_some_and(|second| second.is_ascii_digit())
}

/// How a Gemini model is told to think.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GeminiThinking {
    /// 2.0 and earlier, and Gemma: it does not think.
    None,
    /// 2.5: `thinkingBudget`, in tokens from `least` to `most`.
    Budget { least: u32, most: u32 },
    /// 3 and later: `thinkingLevel`. The lowest level of a pro model is `LOW`.
    Level { is_pro: bool },
}

pub fn gemini_thinking(model: &str) -> GeminiThinking {
    let model = bare_id(model);
    let is_pro = model.contains("pro");
    if is_old_gemini(model) {
        GeminiThinking::None
    } else if model.starts_with("gemini-2.5") {
        if is_pro {
            GeminiThinking::Budget { least: 128, most: 32_768 }
        } else {
            GeminiThinking::Budget { least: 0, most: 24_576 }
        }
    } else {
        GeminiThinking::Level { is_pro }
    }
}

/// A model that takes only the `OpenAPI` subset of JSON Schema.
pub fn gemini_needs_cleaned_schema(model: &str) -> bool {
    is_old_gemini(bare_id(model))
}

fn is_old_gemini(model: &str) -> bool {
    ["gemini-1", "gemini-2.0", "gemini-pro", "gemma-"].iter().any(|prefix| model.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn claude_generations_are_distinguished_by_name() {
        for (model, counts, samples) in [
            ("claude-3-5-sonnet-latest", true, true),
            ("claude-sonnet-4-20250514", true, true),
            ("claude-opus-4-1", true, true),
            ("claude-sonnet-4-5-20250929", true, true),
            ("claude-opus-4-6", false, true),
            ("claude-opus-4-7", false, false),
            ("claude-sonnet-5", false, false),
            ("glm-4.7", true, true),
        ] {
            assert_eq!(
                (claude_counts_thinking(model), claude_takes_sampling(model)),
                (counts, samples),
                "{model}"
            );
        }
    }

    #[test]
    fn openai_models_that_think_are_distinguished_by_name() {
        for (model, thinks, refuses) in [
            ("gpt-4o-mini", false, true),
            ("gpt-5.1-codex", true, false),
            ("o4-mini", true, false),
            ("gpt-5-chat-latest", false, true),
            ("qwen3", false, false),
            ("gpt-oss-120b", false, false),
            ("olmo-2", false, false),
        ] {
            assert_eq!((openai_thinks(model), openai_refuses_effort(model)), (thinks, refuses), "{model}");
        }
    }

    #[test]
    fn openai_models_beyond_chat_completions_are_distinguished_by_name() {
        for (model, only_responds) in [
            ("gpt-5-codex", true),
            ("gpt-5.1-codex-max", true),
            ("codex-mini-latest", true),
            ("o3-pro", true),
            ("gpt-5.2-pro-2025-12-11", true),
            ("o4-mini-deep-research", true),
            ("gpt-5.1", false),
            ("o4-mini", false),
            ("gpt-oss-codex", false),
            ("qwen3-pro", false),
        ] {
            assert_eq!(openai_only_responds(model), only_responds, "{model}");
        }
    }

    #[test]
    fn limits_are_those_of_the_longest_matching_name() {
        for (model, most) in [
            ("gpt-4o-mini", Some(16_384)),
            ("gpt-4-0613", Some(8192)),
            ("gpt-5.1-codex", Some(128_000)),
            ("models/gemini-2.0-flash", Some(8192)),
            ("gemini-3-flash", Some(65_536)),
            ("claude-3-5-haiku-latest", Some(8192)),
            ("claude-sonnet-5", None),
            ("qwen3", None),
        ] {
            assert_eq!(most_output(model), most, "{model}");
        }
    }

    #[test]
    fn gemini_generations_are_distinguished_by_name() {
        for (model, thinking) in [
            ("gemini-2.0-flash", GeminiThinking::None),
            ("gemini-2.5-pro", GeminiThinking::Budget { least: 128, most: 32_768 }),
            ("models/gemini-2.5-flash-lite", GeminiThinking::Budget { least: 0, most: 24_576 }),
            ("gemini-3-flash", GeminiThinking::Level { is_pro: false }),
            ("gemini-3.1-pro-preview", GeminiThinking::Level { is_pro: true }),
        ] {
            assert_eq!(gemini_thinking(model), thinking, "{model}");
        }
    }
}
