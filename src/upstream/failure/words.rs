//! The words of a refusal: its sentence without what it quotes, on one line, without keys.

use crate::language::printable::one_line;

/// Characters of a reason.
pub const LONGEST_REASON: usize = 300;

/// How a message begins, in [`plain`] letters, up to the first quotation or escape: what
/// stands behind one may be put together of the upstream's words and the request's.
pub fn before_quotation(message: &str) -> String {
    let mut before = ' ';
    let end = message.char_indices().find(|&(_, character)| {
        let ends = character == '\\' || closing_quote(character, before).is_some();
        before = character;
        ends
    });
    first_sentence(&message[..end.map_or(message.len(), |(at, _)| at)])
}

/// The first sentence outside quotations, in [`plain`] letters and without its full stop:
/// what stands in quotes may be the request's, and one that has no end ends the text.
pub fn first_sentence(message: &str) -> String {
    let own = plain(&without_quotations(message));
    let end = own.find(". ").unwrap_or(own.len());
    own[..end].trim_end_matches(['.', '!', ' ']).to_owned()
}

/// Lower case, on one line, with nothing invisible: so that two spellings of one sentence
/// are the same.
fn plain(text: &str) -> String {
    one_line(text).to_lowercase()
}

fn without_quotations(text: &str) -> String {
    let mut own = String::with_capacity(text.len());
    let mut before = ' ';
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        if let Some(close) = closing_quote(character, before) {
            before = close;
            if !characters.by_ref().any(|inside| inside == close) {
                return own;
            }
            continue;
        }
        // An escaped quote opens a quotation, too.
        if character != '\\' {
            own.push(character);
        }
        before = character;
    }
    own
}

/// What ends the quotation that this begins; an apostrophe within a word begins none.
const fn closing_quote(character: char, before: char) -> Option<char> {
    Some(match character {
        '"' | '`' => character,
        '\'' if !before.is_ascii_alphanumeric() => '\'',
        '“' | '„' => '”',
        '‘' => '’',
        '«' => '»',
        '「' => '」',
        _ => return None,
    })
}

pub fn shorten(mut text: String, longest: usize) -> String {
    if let Some((cut, _)) = text.char_indices().nth(longest) {
        let keep = text[..cut].char_indices().next_back().map_or(0, |(last, _)| last);
        text.truncate(keep);
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_ends_before_anything_quoted() {
        for (message, own) in [
            ("API key not valid. Please pass one.", "api key not valid"),
            ("Unknown name \"api key not valid\" at x.", "unknown name at x"),
            ("'api key not valid' is unknown", "is unknown"),
            ("\\\"api key not valid\\\" is unknown", "is unknown"),
            ("`api key` “api key” ‘api key’ «api key» 「api key」 rest", "rest"),
            ("Unknown name \"x: api key not valid", "unknown name"),
            ("Your account's credit is the account's", "your account's credit is the account's"),
            ("\"", ""),
        ] {
            assert_eq!(first_sentence(message), own, "{message}");
        }
    }

    #[test]
    fn nothing_behind_a_quotation_is_how_a_message_begins() {
        for (message, beginning) in [
            ("API key not valid. Please pass a valid API key.", "api key not valid"),
            ("Your \"\" credit balance is too low", "your"),
            ("your 'q' credit balance is too low", "your"),
            ("your \\credit balance is too low", "your"),
            ("\"api key not valid\" is unknown", ""),
            ("Your account's credit is low", "your account's credit is low"),
        ] {
            assert_eq!(before_quotation(message), beginning, "{message}");
        }
    }
}
