//! Texts from outside (a client's model, a path, what an upstream said) made safe to show.
//! The one home of what a terminal, a log line, a spreadsheet or a notification must not be
//! given as it is: what moves a cursor, turns the writing around, or cannot be seen.

use std::borrow::Cow;
use std::fmt::Write;

/// What stands where such a character stood.
const MARK: char = '\u{fffd}';

/// A control character of either range, a mark of writing direction, or one without width.
pub const fn is_unprintable(character: char) -> bool {
    matches!(
        character,
        '\u{0}'..='\u{1f}'
            | '\u{7f}'..='\u{9f}'
            | '\u{ad}'
            | '\u{61c}'
            | '\u{180e}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}'
    )
}

/// With a mark for each character that could do harm.
pub fn printable(text: &str) -> Cow<'_, str> {
    if !text.contains(is_unprintable) {
        return text.into();
    }
    text.chars().map(|character| if is_unprintable(character) { MARK } else { character }).collect()
}

/// Without them, and no longer than so many characters: a name inside a sentence.
pub fn shortened(text: &str, longest: usize) -> String {
    text.chars().filter(|&character| !is_unprintable(character)).take(longest).collect()
}

/// With each of them as JSON spells it, `\u202e`: nothing of the text is lost.
pub fn escaped(text: &str) -> Cow<'_, str> {
    escaped_where(text, is_unprintable)
}

/// The same for a JSON document, whose line breaks are its own. It means what it meant.
pub fn escaped_json(json: &str) -> Cow<'_, str> {
    escaped_where(json, |character| character != '\n' && is_unprintable(character))
}

fn escaped_where(text: &str, is_meant: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !text.contains(&is_meant) {
        return text.into();
    }
    let mut escaped = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        if is_meant(character) {
            let mut units = [0; 2];
            let units = character.encode_utf16(&mut units);
            for unit in units.iter() {
                let _ = write!(escaped, "\\u{unit:04x}");
            }
        } else {
            escaped.push(character);
        }
    }
    escaped.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOSTILE: &str = "a\u{1b}[2J\u{9b}1m\r\n\u{202e}b\u{2066}\u{200b}\u{feff}\u{e0041}c";

    #[test]
    fn nothing_that_moves_a_cursor_or_hides_is_left() {
        for text in [printable(HOSTILE), shortened(HOSTILE, 99).into(), escaped(HOSTILE)] {
            assert!(!text.contains(is_unprintable), "{text:?}");
        }
        assert_eq!(printable("a\u{1b}[2Jb\r\n\u{202e}c"), "a\u{fffd}[2Jb\u{fffd}\u{fffd}\u{fffd}c");
        assert_eq!(shortened("a\u{200b}bcd", 3), "abc");
    }

    #[test]
    fn ordinary_text_of_any_script_is_left_alone() {
        for text in ["", "gpt-5", "モデル 大", "cafe\u{301}", "🦀 \u{2764}\u{fe0f}", "שלום"] {
            assert!(matches!(printable(text), Cow::Borrowed(same) if same == text), "{text}");
            assert!(matches!(escaped(text), Cow::Borrowed(same) if same == text), "{text}");
        }
    }

    #[test]
    fn an_escaped_document_means_what_it_meant() {
        let value = serde_json::json!({ HOSTILE: [HOSTILE, 1] });
        for document in [value.to_string(), format!("{value:#}")] {
            let shown = escaped_json(&document);
            assert!(!shown.replace('\n', "").contains(is_unprintable), "{shown:?}");
            assert_eq!(serde_json::from_str::<serde_json::Value>(&shown).expect("JSON"), value);
        }
        assert_eq!(escaped("\u{202e}\u{e0041}"), "\\u202e\\udb40\\udc41");
    }
}
