//! What is known of a model by its name alone, where a vendor's own models differ in
//! what they take. A name that is not known gets the newest behaviour of its vendor.

/// A Claude that counts thinking in tokens and takes sampling parameters: up to 4.5.
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

/// A Claude that refuses or ignores `temperature`, `top_p` and `top_k`: those after 4.6.
pub fn claude_takes_sampling(model: &str) -> bool {
    claude_counts_thinking(model) || model.contains("-4-6")
}

/// The most a model writes in one answer, in tokens; asking for more is a 400. `None` for
/// models whose limit is not known, or beyond what anyone asks for.
pub fn most_output(model: &str) -> Option<u64> {
    let model = model.strip_prefix("models/").unwrap_or(model);
    MOST_OUTPUT.iter().find(|(prefix, _)| model.starts_with(prefix)).map(|(_, most)| *most)
}

/// The first that fits counts.
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

/// What a Claude is given where the client sets no limit and Anthropic wants one.
pub fn claude_default_max_tokens(model: &str) -> u64 {
    const USUAL: u64 = 32_000;
    most_output(model).map_or(USUAL, |most| most.min(USUAL))
}

/// OpenAI's own, by name: they take `max_completion_tokens` and not `max_tokens`. The open
/// `gpt-oss` models run on servers of others.
pub fn is_openai(model: &str) -> bool {
    let is_named = ["gpt-", "chatgpt-", "codex-"].iter().any(|prefix| model.starts_with(prefix));
    (is_named && !model.starts_with("gpt-oss")) || is_o_series(model)
}

/// An OpenAI model that thinks, and therefore takes no `temperature`, `top_p` or `stop`.
pub fn openai_thinks(model: &str) -> bool {
    is_openai(model) && !openai_refuses_effort(model)
}

/// An OpenAI model that answers 400 to `reasoning_effort`.
pub fn openai_refuses_effort(model: &str) -> bool {
    ["gpt-3", "gpt-4", "chatgpt-", "gpt-5-chat"].iter().any(|prefix| model.starts_with(prefix))
}

/// An OpenAI model that chat completions answers with a 404: Responses alone has it
/// (<https://platform.openai.com/docs/models>).
pub fn openai_only_responds(model: &str) -> bool {
    is_openai(model) && ["codex", "-pro", "-deep-research"].iter().any(|kind| model.contains(kind))
}

/// An OpenAI model that answers in pictures, through `images/generations`.
pub fn openai_draws(model: &str) -> bool {
    ["gpt-image-", "chatgpt-image-", "dall-e-"].iter().any(|prefix| model.starts_with(prefix))
}

fn is_o_series(model: &str) -> bool {
    let mut letters = model.bytes();
    letters.next() == Some(b'o') && letters.next().is_some_and(|second| second.is_ascii_digit())
}

/// How a Gemini takes its thinking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GeminiThinking {
    /// 2.0 and before, and Gemma: not at all.
    None,
    /// 2.5: `thinkingBudget`, with the least and the most it takes.
    Budget { least: u32, most: u32 },
    /// 3 and later: `thinkingLevel`. The pro models cannot go below `LOW`.
    Level { is_pro: bool },
}

pub fn gemini_thinking(model: &str) -> GeminiThinking {
    let model = model.strip_prefix("models/").unwrap_or(model);
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

/// A model that knows only the `OpenAPI` subset of JSON Schema.
pub fn gemini_needs_cleaned_schema(model: &str) -> bool {
    is_old_gemini(model.strip_prefix("models/").unwrap_or(model))
}

fn is_old_gemini(model: &str) -> bool {
    ["gemini-1", "gemini-2.0", "gemini-pro", "gemma-"].iter().any(|prefix| model.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn claude_generations_are_told_apart_by_name() {
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
    fn openai_models_that_think_are_told_apart_by_name() {
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
    fn openai_models_beyond_chat_completions_are_told_apart_by_name() {
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
    fn limits_are_those_of_the_closest_name() {
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
    fn gemini_generations_are_told_apart_by_name() {
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
