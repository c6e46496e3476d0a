//! Texts from outside (a model name of a client, a path, an error of an upstream) made safe
//! to show in a terminal, a log line, a spreadsheet or a notification: without characters
//! that move a cursor, reverse the writing or cannot be seen.

use std::borrow::Cow;
use std::fmt::Write;

/// The replacement for such a character.
const MARK: char = '\u{fffd}';

/// Whether this is a control character of either range, a mark of writing direction, or a
/// character without width.
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

/// The text with a mark in place of each such character.
pub fn printable(text: &str) -> Cow<'_, str> {
    if !text.contains(is_unprintable) {
        return text.into();
    }
    text.chars().map(|character| if is_unprintable(character) { MARK } else { character }).collect()
}

/// The text without such characters, cut after `longest` characters: a name in a sentence.
pub fn shortened(text: &str, longest: usize) -> String {
    text.chars().filter(|&character| !is_unprintable(character)).take(longest).collect()
}

/// The text without such characters, each run of white space as one space: a sentence in a
/// log line or a menu.
pub fn one_line(text: &str) -> String {
    let is_visible = |character: &char| !is_unprintable(*character);
    let words = text.split_whitespace().map(|word| word.chars().filter(is_visible).collect::<String>());
    let words: Vec<_> = words.filter(|word| !word.is_empty()).collect();
    words.join(" ")
}

/// The text with each such character as JSON writes it, `\u202e`, so that nothing is lost.
pub fn escaped(text: &str) -> Cow<'_, str> {
    escaped_where(text, is_unprintable)
}

/// A JSON document with such characters escaped, except its line breaks; its meaning stays.
pub fn escaped_json(json: &str) -> Cow<'_, str> {
    escaped_where(json, |character| character != '\n' && is_unprintable(character))
}

fn escaped_where(text: &str, is_escaped: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !text.contains(&is_escaped) {
        return text.into();
    }
    let mut escaped = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        if is_escaped(character) {
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
        let one_line = one_line(HOSTILE);
        for text in [printable(HOSTILE), shortened(HOSTILE, 99).into(), one_line.into(), escaped(HOSTILE)] {
            assert!(!text.contains(is_unprintable), "{text:?}");
        }
        assert_eq!(printable("a\u{1b}[2Jb\r\n\u{202e}c"), "a\u{fffd}[2Jb\u{fffd}\u{fffd}\u{fffd}c");
        assert_eq!(shortened("a\u{200b}bcd", 3), "abc");
        assert_eq!(super::one_line(" a\u{202e}\r\n\u{200b} b\tc "), "a b c");
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
