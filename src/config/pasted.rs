//! A key as people paste it: with the quotes of a shell, behind the variable's name, or one
//! that belongs to another provider.

use crate::protocol::Provider;

/// What was around a key, for the user to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Around {
    Quotes,
    Name,
    Scheme,
}

/// A key by itself, and what was taken off it.
pub fn cleaned(pasted: &str) -> (&str, Vec<Around>) {
    let (mut key, mut taken) = (pasted.trim(), Vec::new());
    loop {
        let (rest, around) = match (unquoted(key), unnamed(key), key.strip_prefix("Bearer ")) {
            (Some(rest), _, _) => (rest, Around::Quotes),
            (None, Some(rest), _) => (rest, Around::Name),
            (None, None, Some(rest)) => (rest, Around::Scheme),
            (None, None, None) => return (key, taken),
        };
        key = rest.trim();
        taken.push(around);
    }
}

fn unquoted(text: &str) -> Option<&str> {
    const QUOTES: [(char, char); 5] =
        [('"', '"'), ('\'', '\''), ('`', '`'), ('\u{201c}', '\u{201d}'), ('\u{2018}', '\u{2019}')];
    let inner = |(open, close)| text.strip_prefix(open)?.strip_suffix(close);
    QUOTES.into_iter().find_map(inner)
}

/// Behind `NAME=` or `export NAME=`. What is left of a key that ends in `=` is none.
fn unnamed(text: &str) -> Option<&str> {
    let assignment = text.strip_prefix("export ").unwrap_or(text).trim_start();
    let (name, value) = assignment.split_once('=')?;
    let is_name = name.contains('_')
        && name.starts_with(|first: char| first.is_ascii_uppercase())
        && name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_');
    (is_name && !value.trim_start_matches('=').trim().is_empty()).then_some(value)
}

/// Whose key this is by its beginning, where that is not the provider it is meant for: what
/// they are called, and how they are added.
pub fn other_owner(key: &str, provider: Provider) -> Option<(&'static str, &'static str)> {
    const BEGINNINGS: [(&str, &str, &str); 9] = [
        ("sk-ant-", "Anthropic", "--provider anthropic"),
        ("AIza", "Google Gemini", "--provider gemini"),
        ("sk-proj-", "OpenAI", "--provider openai"),
        ("sk-svcacct-", "OpenAI", "--provider openai"),
        ("sk-or-", "OpenRouter", "--provider openai-compatible --base-url https://openrouter.ai/api/v1"),
        ("gsk_", "Groq", "--provider openai-compatible --base-url https://api.groq.com/openai/v1"),
        ("xai-", "xAI", "--provider openai-compatible --base-url https://api.x.ai/v1"),
        ("pplx-", "Perplexity", "--provider openai-compatible --base-url https://api.perplexity.ai"),
        ("hf_", "Hugging Face", "--provider openai-compatible --base-url https://router.huggingface.co/v1"),
    ];
    let (_, owner, options) = BEGINNINGS.into_iter().find(|(beginning, _, _)| key.starts_with(beginning))?;
    let is_own = match provider {
        Provider::Anthropic => owner == "Anthropic",
        Provider::Gemini => owner == "Google Gemini",
        Provider::OpenAi => owner == "OpenAI",
        Provider::Zai => false,
        // Theirs are of any kind.
        Provider::OpenAiCompatible | Provider::Demo => true,
    };
    (!is_own).then_some((owner, options))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_taken_out_of_what_is_around_it() {
        use Around::{Name, Quotes, Scheme};
        let cases: [(&str, &str, &[Around]); 12] = [
            ("AIzaKey", "AIzaKey", &[]),
            ("  sk-ant-1\r\n", "sk-ant-1", &[]),
            ("\"sk-1\"", "sk-1", &[Quotes]),
            ("'sk-1'", "sk-1", &[Quotes]),
            ("“sk-1”", "sk-1", &[Quotes]),
            ("GEMINI_API_KEY=AIza1", "AIza1", &[Name]),
            ("export OPENAI_API_KEY='sk-1'", "sk-1", &[Name, Quotes]),
            ("\"GEMINI_API_KEY=AIza1\"", "AIza1", &[Quotes, Name]),
            ("Bearer sk-1", "sk-1", &[Scheme]),
            ("QUJD_REVG==", "QUJD_REVG==", &[]),
            ("ABC=def", "ABC=def", &[]),
            ("\"", "\"", &[]),
        ];
        for (pasted, key, taken) in cases {
            assert_eq!(cleaned(pasted), (key, taken.to_vec()), "{pasted:?}");
        }
    }

    #[test]
    fn a_key_for_somebody_else_is_known_by_its_beginning() {
        let owner = |key, provider| other_owner(key, provider).map(|(owner, _)| owner);
        let cases = [
            ("sk-ant-api03-x", Provider::Gemini, Some("Anthropic")),
            ("sk-ant-api03-x", Provider::OpenAi, Some("Anthropic")),
            ("sk-ant-api03-x", Provider::Anthropic, None),
            ("AIzaSyX", Provider::Anthropic, Some("Google Gemini")),
            ("AIzaSyX", Provider::Gemini, None),
            ("sk-proj-x", Provider::Anthropic, Some("OpenAI")),
            ("sk-proj-x", Provider::OpenAi, None),
            ("sk-or-v1-x", Provider::OpenAi, Some("OpenRouter")),
            ("sk-or-v1-x", Provider::OpenAiCompatible, None),
            ("sk-anything", Provider::OpenAi, None),
            ("0123.abcd", Provider::Zai, None),
        ];
        for (key, provider, expected) in cases {
            assert_eq!(owner(key, provider), expected, "{key} for {provider}");
        }
    }
}
