//! What a provider's key looks like: the one table of how keys begin, for every place that
//! must not repeat one.

const STARS: &str = "***";

/// How keys begin, and the fewest characters a key of this kind has in a text. The less a
/// beginning says, the more characters it takes to tell a key from a name: `xai-backup` may be
/// an account's.
const KINDS: [(&str, usize); 9] = [
    ("sk-", 10),
    ("AIza", 10),
    ("AQ.", 12),
    ("gsk_", 12),
    ("sk_", 20),
    ("xai-", 20),
    ("nvapi-", 20),
    ("pplx-", 20),
    ("hf_", 20),
];

/// Whether a text given in place of a name is a key by mistake. A name may begin like a key,
/// so that only a long one counts.
pub fn is_key_by_mistake(text: &str) -> bool {
    text.len() > 20 && kind(text).is_some()
}

/// Whether a word of a text is a key.
pub fn is_key(word: &str) -> bool {
    kind(word).is_some_and(|shortest| word.len() >= shortest)
}

/// The text with `***` in place of each word that is a key.
pub fn without_keys(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for piece in text.split_inclusive(|character| !is_key_character(character)) {
        let word = piece.trim_end_matches(|character| !is_key_character(character));
        let (before, is_cut) = before_key(word);
        shown.push_str(before);
        shown.push_str(if is_cut { STARS } else { "" });
        shown.push_str(&piece[word.len()..]);
    }
    shown
}

/// The word up to its key, and whether it has one: a key may follow a dot, as in `proxy.sk-…`.
fn before_key(word: &str) -> (&str, bool) {
    let mut starts = std::iter::once(0).chain(word.match_indices('.').map(|(dot, _)| dot + 1));
    let key = starts.find(|&start| is_key(&word[start..]));
    key.map_or((word, false), |start| (&word[..start], true))
}

fn kind(text: &str) -> Option<usize> {
    KINDS.iter().find(|(beginning, _)| text.starts_with(beginning)).map(|(_, shortest)| *shortest)
}

/// Servers quote wrong keys with stars in them.
const fn is_key_character(character: char) -> bool {
    character.is_ascii_alphanumeric() || matches!(character, '-' | '_' | '.' | '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_taken_out_of_a_text_and_names_are_not() {
        for (text, shown) in [
            (
                "Consumer 'api_key:AIzaSyA-0123_456789' has been suspended.",
                "Consumer 'api_key:***' has been suspended.",
            ),
            ("Incorrect API key provided: sk-abcd*****wxyz.", "Incorrect API key provided: ***"),
            ("gsk_0123456789 or AQ.Ab8RN6-0123", "*** or ***"),
            ("a risk-management-plan, sk-…", "a risk-management-plan, sk-…"),
            ("proxy.sk-client-0123: unknown key", "proxy.***: unknown key"),
            ("xai-backup-1 and hf_model", "xai-backup-1 and hf_model"),
        ] {
            assert_eq!(without_keys(text), shown);
        }
    }

    #[test]
    fn a_long_name_that_begins_like_a_key_is_one_by_mistake() {
        assert!(is_key_by_mistake("sk-ant-api03-0123456789abcdef"));
        assert!(!is_key_by_mistake("sk-of-the-team"));
        assert!(!is_key_by_mistake("the-key-of-the-whole-team"));
    }
}
