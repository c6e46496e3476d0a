//! Model names and the patterns that cover many of them: tables by model (`[models]`,
//! `[prices]`), and the wildcard that these tables and `accounts[].models` use.

use std::cmp::Reverse;
use std::collections::HashMap;

/// A value for each model.
///
/// An exact name beats every pattern. Among patterns the one with the most literal
/// characters wins, and of two equal ones the first in the file.
#[derive(Clone, Debug, PartialEq)]
pub struct ByModel<T> {
    exact: HashMap<String, T>,
    /// Most specific first.
    patterns: Vec<Pattern<T>>,
}

#[derive(Clone, Debug, PartialEq)]
struct Pattern<T> {
    text: String,
    /// Bytes before the first star: most patterns are ruled out by these alone.
    head: usize,
    value: T,
}

/// `[models]`: the name a client asks for → the name (or `provider/model`) sent upstream.
pub type ModelMap = ByModel<String>;

impl<T> Default for ByModel<T> {
    fn default() -> Self {
        Self { exact: HashMap::new(), patterns: Vec::new() }
    }
}

impl<T: Clone> ByModel<T> {
    /// From pairs of a name or pattern and its value, in the order of the file.
    pub fn new(models: &[(String, T)]) -> Self {
        let mut exact = HashMap::new();
        let mut patterns = Vec::new();
        for (name, value) in models.iter().cloned() {
            match name.find('*') {
                Some(head) => patterns.push(Pattern { text: name, head, value }),
                None => {
                    exact.insert(name, value);
                }
            }
        }
        // The sort is stable, so equals keep the order of the file.
        patterns.sort_by_key(|pattern| Reverse(literal_characters(&pattern.text)));
        Self { exact, patterns }
    }

    /// The value of the model; `None` where no name or pattern covers it.
    pub fn get(&self, model: &str) -> Option<&T> {
        self.exact.get(model).or_else(|| self.get_by_pattern(model))
    }

    fn get_by_pattern(&self, model: &str) -> Option<&T> {
        let covers = |pattern: &&Pattern<T>| {
            model.starts_with(&pattern.text[..pattern.head]) && matches(&pattern.text, model)
        };
        self.patterns.iter().find(covers).map(|pattern| &pattern.value)
    }
}

impl ModelMap {
    /// The model to send upstream; `None` where the map does not cover the name.
    pub fn resolve(&self, model: &str) -> Option<&str> {
        self.get(model).map(String::as_str)
    }
}

fn literal_characters(pattern: &str) -> usize {
    pattern.chars().filter(|&character| character != '*').count()
}

/// Whether the pattern covers the whole name; `*` stands for any text, even none.
///
/// Linear in both: each piece between two stars is matched where it first occurs, which leaves
/// the most room for the rest, so there is no backtracking.
pub fn matches(pattern: &str, name: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else {
        return pattern == name;
    };
    let (middle, last) = rest.rsplit_once('*').unwrap_or(("", rest));
    let Some(name) = name.strip_prefix(first).and_then(|name| name.strip_suffix(last)) else {
        return false;
    };
    middle.split('*').try_fold(name, |left, piece| left.split_once(piece).map(|(_, after)| after)).is_some()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_star_stands_for_any_text() {
        let cases = [
            ("gpt-4o", "gpt-4o", true),
            ("gpt-4o", "gpt-4o-mini", false),
            ("gpt-4o*", "gpt-4o", true),
            ("gpt-4o*", "gpt-4o-mini", true),
            ("*-flash", "gemini-3-flash", true),
            ("*-flash", "gemini-3-flash-lite", false),
            ("claude-*-4*", "claude-sonnet-4-5", true),
            ("claude-*-4*", "claude-4", false),
            ("*", "", true),
            ("", "", true),
            ("", "x", false),
            ("**", "anything", true),
            ("a*a", "a", false),
            ("a*a", "aa", true),
            ("ab*ba", "aba", false),
            ("*a*b*", "xxbxxa", false),
            ("*a*b*", "xxaxxb", true),
            ("*ab*b", "abb", true),
            ("GPT-*", "gpt-4", false),
            ("モデル*", "モデル-大", true),
        ];
        for (pattern, name, expected) in cases {
            assert_eq!(matches(pattern, name), expected, "{pattern:?} on {name:?}");
        }
    }

    #[test]
    fn many_stars_on_a_long_name_take_linear_time() {
        let pattern = "*a".repeat(2_000) + "b";
        let name = "a".repeat(100_000);
        assert!(!matches(&pattern, &name));
    }

    fn map(pairs: &[(&str, &str)]) -> ModelMap {
        let owned: Vec<_> = pairs.iter().map(|&(asked, sent)| (asked.to_owned(), sent.to_owned())).collect();
        ModelMap::new(&owned)
    }

    #[test]
    fn exact_beats_pattern_and_the_most_specific_pattern_beats_the_rest() {
        let models = map(&[
            ("*", "any"),
            ("claude-*", "claude"),
            ("claude-*-haiku", "haiku"),
            ("claude-3-haiku", "exact"),
            ("*-pro", "first-of-equals"),
            ("pro-*", "second-of-equals"),
        ]);
        let cases = [
            ("claude-3-haiku", "exact"),
            ("claude-4-haiku", "haiku"),
            ("claude-opus", "claude"),
            ("llama", "any"),
            ("pro-pro", "first-of-equals"),
        ];
        for (asked, expected) in cases {
            assert_eq!(models.resolve(asked), Some(expected), "{asked}");
        }
    }

    #[test]
    fn a_name_that_no_key_covers_is_left_alone() {
        assert_eq!(map(&[("gpt-*", "x"), ("claude", "y")]).resolve("gemini-3"), None);
        assert_eq!(ModelMap::default().resolve("gemini-3"), None);
    }

    /// The textbook definition: exponential, and obviously right.
    fn matches_by_definition(pattern: &[char], name: &[char]) -> bool {
        match (pattern, name) {
            ([], []) => true,
            (['*', rest @ ..], _) => {
                (0..=name.len()).any(|taken| matches_by_definition(rest, &name[taken..]))
            }
            ([one, rest @ ..], [first, name @ ..]) if one == first => matches_by_definition(rest, name),
            _ => false,
        }
    }

    proptest! {
        #[test]
        fn matching_agrees_with_its_definition(pattern in "[ab*]{0,8}", name in "[ab]{0,8}") {
            let (pattern_chars, name_chars): (Vec<_>, Vec<_>) = (pattern.chars().collect(), name.chars().collect());
            prop_assert_eq!(matches(&pattern, &name), matches_by_definition(&pattern_chars, &name_chars));
        }
    }
}
