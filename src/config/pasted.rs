//! A key as users paste it: in the quotes of a shell, after the name of a variable or a header,
//! for another provider, or something else in place of a key.

use crate::language::Message;
use crate::message;
use crate::protocol::Provider;

/// What was removed from around a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrapping {
    Quotes,
    Name,
    Header,
    Scheme,
}

/// What was pasted in place of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mistake {
    /// As in a list of keys: `sk-...abcd`.
    Masked,
    /// As in instructions: `YOUR_API_KEY`.
    Placeholder,
    Url,
    Json,
}

impl Mistake {
    /// What it is, and what to paste instead.
    pub fn message(self) -> Message {
        match self {
            Self::Masked => message!("pasted-masked"),
            Self::Placeholder => message!("pasted-placeholder"),
            Self::Url => message!("pasted-url"),
            Self::Json => message!("pasted-json"),
        }
    }
}

/// The bare key, and what was removed from around it, outermost first.
pub fn cleaned(pasted: &str) -> (&str, Vec<Wrapping>) {
    let (mut key, mut taken) = (bare(pasted), Vec::new());
    while let Some((rest, around)) = without_one(key) {
        key = bare(rest);
        taken.push(around);
    }
    (key, taken)
}

fn bare(text: &str) -> &str {
    const BYTE_ORDER_MARK: char = '\u{feff}';
    text.trim_matches(|character: char| character.is_whitespace() || character == BYTE_ORDER_MARK)
}

fn without_one(text: &str) -> Option<(&str, Wrapping)> {
    unquoted(text)
        .map(|rest| (rest, Wrapping::Quotes))
        .or_else(|| unnamed(text).map(|rest| (rest, Wrapping::Name)))
        .or_else(|| unheaded(text).map(|rest| (rest, Wrapping::Header)))
        .or_else(|| after(text, "Bearer ").map(|rest| (rest, Wrapping::Scheme)))
}

/// The text after the name of a header, or after the option for one: `-H "x-api-key: …"`.
fn unheaded(text: &str) -> Option<&str> {
    const NAMES: [&str; 4] = ["authorization", "x-api-key", "x-goog-api-key", "api-key"];
    if let Some(header) = ["-H ", "--header "].into_iter().find_map(|option| text.strip_prefix(option)) {
        return Some(header);
    }
    let (name, value) = text.split_once(':')?;
    NAMES.iter().any(|known| name.trim().eq_ignore_ascii_case(known)).then_some(value)
}

/// The text after this beginning in any case, as in headers.
fn after<'text>(text: &'text str, beginning: &str) -> Option<&'text str> {
    let (start, rest) = text.split_at_checked(beginning.len())?;
    start.eq_ignore_ascii_case(beginning).then_some(rest)
}

/// The mistake, where this cannot be a key of any provider.
pub fn mistake(text: &str) -> Option<Mistake> {
    const MASKS: [&str; 5] = ["…", "...", "***", "•••", "●●●"];
    if text.starts_with(['{', '[']) {
        Some(Mistake::Json)
    } else if text.contains("://") {
        Some(Mistake::Url)
    } else if is_placeholder(text) {
        Some(Mistake::Placeholder)
    } else {
        MASKS.iter().any(|mask| text.contains(mask)).then_some(Mistake::Masked)
    }
}

/// Whether this is a placeholder: words that no random key contains, a variable that no shell
/// has replaced, or nothing but the letter x.
fn is_placeholder(text: &str) -> bool {
    const WORDS: [&str; 10] = [
        "yourapikey",
        "yourkey",
        "yoursecret",
        "yourtoken",
        "yourapitoken",
        "yourrealkey",
        "apikeyhere",
        "keyhere",
        "insertkey",
        "replaceme",
    ];
    const PROVIDERS: [&str; 6] = ["openai", "anthropic", "gemini", "google", "claude", "zai"];
    let letters: String = text.chars().filter(char::is_ascii_alphanumeric).collect();
    let letters = letters.to_ascii_lowercase();
    let is_named = |provider: &str| letters.contains(&format!("your{provider}"));
    let is_in_brackets = text.starts_with('<') && text.ends_with('>');
    let rest = text.rsplit('-').next().unwrap_or_default();
    let is_crossed_out = rest.len() > 2 && rest.chars().all(|letter| matches!(letter, 'x' | 'X'));
    let is_variable = text.starts_with('$') || (text.starts_with('%') && text.ends_with('%'));
    is_in_brackets
        || is_variable
        || is_crossed_out
        || WORDS.iter().any(|word| letters.contains(word))
        || PROVIDERS.iter().any(|provider| is_named(provider))
}

fn unquoted(text: &str) -> Option<&str> {
    const QUOTES: [(char, char); 5] =
        [('"', '"'), ('\'', '\''), ('`', '`'), ('\u{201c}', '\u{201d}'), ('\u{2018}', '\u{2019}')];
    let inner = |(open, close)| text.strip_prefix(open)?.strip_suffix(close);
    QUOTES.into_iter().find_map(inner)
}

/// The text after `NAME=` or `export NAME=`. A key that ends in `=` is not such a text.
fn unnamed(text: &str) -> Option<&str> {
    let assignment = text.strip_prefix("export ").unwrap_or(text).trim_start();
    let (name, value) = assignment.split_once('=')?;
    let is_name = name.contains('_')
        && name.starts_with(|first: char| first.is_ascii_uppercase())
        && name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_');
    (is_name && !value.trim_start_matches('=').trim().is_empty()).then_some(value)
}

/// The owner of a key by its beginning, where that is not this provider: the owner's name, and
/// the options that add an account for it.
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
        // Their keys can begin in any way.
        Provider::OpenAiCompatible | Provider::Demo => true,
    };
    (!is_own).then_some((owner, options))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_freed_of_what_is_around_it() {
        use Wrapping::{Header, Name, Quotes, Scheme};
        let cases: [(&str, &str, &[Wrapping]); 18] = [
            ("AIzaKey", "AIzaKey", &[]),
            ("  sk-ant-1\r\n", "sk-ant-1", &[]),
            ("\"sk-1\"", "sk-1", &[Quotes]),
            ("'sk-1'", "sk-1", &[Quotes]),
            ("“sk-1”", "sk-1", &[Quotes]),
            ("GEMINI_API_KEY=AIza1", "AIza1", &[Name]),
            ("export OPENAI_API_KEY='sk-1'", "sk-1", &[Name, Quotes]),
            ("\"GEMINI_API_KEY=AIza1\"", "AIza1", &[Quotes, Name]),
            ("Bearer sk-1", "sk-1", &[Scheme]),
            ("Authorization: Bearer sk-1", "sk-1", &[Header, Scheme]),
            ("authorization:bearer sk-1", "sk-1", &[Header, Scheme]),
            ("-H 'x-api-key: sk-ant-1'", "sk-ant-1", &[Header, Quotes, Header]),
            ("X-Goog-Api-Key: AIza1", "AIza1", &[Header]),
            ("\u{feff}sk-1", "sk-1", &[]),
            ("name:secret", "name:secret", &[]),
            ("QUJD_REVG==", "QUJD_REVG==", &[]),
            ("ABC=def", "ABC=def", &[]),
            ("\"", "\"", &[]),
        ];
        for (pasted, key, taken) in cases {
            assert_eq!(cleaned(pasted), (key, taken.to_vec()), "{pasted:?}");
        }
    }

    #[test]
    fn what_is_pasted_in_place_of_a_key_is_recognized() {
        use Mistake::{Json, Masked, Placeholder, Url};
        let cases = [
            ("sk-...abcd", Some(Masked)),
            ("sk-…abcd", Some(Masked)),
            ("sk-proj-****************abcd", Some(Masked)),
            ("sk-••••abcd", Some(Masked)),
            ("YOUR_API_KEY", Some(Placeholder)),
            ("your-openai-api-key", Some(Placeholder)),
            ("<api key>", Some(Placeholder)),
            ("sk-your-key-here", Some(Placeholder)),
            ("sk-xxxxxxxx", Some(Placeholder)),
            ("$OPENAI_API_KEY", Some(Placeholder)),
            ("${KEY}", Some(Placeholder)),
            ("%KEY%", Some(Placeholder)),
            ("https://platform.openai.com/api-keys", Some(Url)),
            ("{\"api_key\":\"sk-1\"}", Some(Json)),
            ("sk-proj-Ab3x", None),
            ("0123456789abcdef.AbCdEf", None),
            ("not-needed", None),
            ("ollama", None),
            ("eyJhbGciOi.eyJzdWIi.sig_-", None),
        ];
        for (text, expected) in cases {
            assert_eq!(mistake(text), expected, "{text}");
        }
    }

    #[test]
    fn a_key_of_another_provider_is_known_by_its_beginning() {
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
