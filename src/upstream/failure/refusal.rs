//! What a refusal's body says, whatever its dialect: the upstream's own sentence and the
//! labels beside it. Read by structure only, because upstreams quote what they were sent:
//! a label counts where a provider puts one, never where a request could.

use http::{HeaderMap, header};
use serde_json::Value;

use crate::config::without_keys;
use crate::language::printable::is_unprintable;

/// Bodies beyond this are read as far as this: an error says what it means early.
const LARGEST_BODY: usize = 256 * 1024;

/// Characters of a reason.
pub const LONGEST_REASON: usize = 300;

/// As deep as the parser goes.
const DEEPEST: usize = 128;

const LABEL_FIELDS: [&str; 3] = ["code", "type", "status"];

/// The one member of Google's `details` whose `reason` is a code of theirs
/// (<https://cloud.google.com/apis/design/errors>).
const ERROR_INFO: &str = "type.googleapis.com/google.rpc.ErrorInfo";

/// Not the API but something in front of it: a firewall, a captive portal.
pub fn is_web_page(headers: &HeaderMap, body: &[u8]) -> bool {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    content_type.is_some_and(|value| value.starts_with("text/html"))
        || body.trim_ascii_start().starts_with(b"<")
}

/// The message and the labels of an error body: JSON in any known shape, also one that is
/// cut off, else the text itself, which has no labels.
pub fn read(body: &[u8]) -> (String, Vec<String>) {
    let body = &body[..body.len().min(LARGEST_BODY)];
    let parsed: Option<Value> = serde_json::from_slice(body).ok().or_else(|| read_cut_off(body));
    let Some(parsed) = parsed else {
        return (String::from_utf8_lossy(body).chars().take(LONGEST_REASON).collect(), Vec::new());
    };
    // Gemini wraps the error of a streamed answer in a list.
    let outer = parsed.get(0).unwrap_or(&parsed);
    let error = outer.get("error").unwrap_or(outer);
    let message = [&error["message"], error, &outer["message"], &outer["detail"]];
    let message = message.into_iter().find_map(Value::as_str).unwrap_or_default();
    (message.to_owned(), labels(outer, error))
}

fn labels(outer: &Value, error: &Value) -> Vec<String> {
    let details = error["details"].as_array().into_iter().flatten();
    let reasons = details.filter(|detail| detail["@type"] == ERROR_INFO).map(|detail| &detail["reason"]);
    [outer, error]
        .into_iter()
        .flat_map(|object| LABEL_FIELDS.map(|field| &object[field]))
        .chain(reasons)
        .filter_map(|value| match value {
            Value::String(text) => Some(text.to_lowercase()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        })
        .collect()
}

/// JSON that ends in the middle, with what is open closed again, else without the member
/// it ends in.
fn read_cut_off(body: &[u8]) -> Option<Value> {
    let text = String::from_utf8_lossy(body);
    let text = text.trim_end_matches('\u{fffd}');
    let mut open = String::new();
    let (mut in_string, mut is_escaped) = (false, false);
    let mut last_member = None;
    for (at, character) in text.char_indices() {
        match character {
            _ if is_escaped => is_escaped = false,
            '\\' if in_string => is_escaped = true,
            '"' => in_string = !in_string,
            _ if in_string => {}
            '{' => open.push('}'),
            '[' => open.push(']'),
            '}' | ']' => _ = open.pop(),
            ',' => last_member = Some((at, open.clone())),
            _ => {}
        }
        if open.len() > DEEPEST {
            return None;
        }
    }
    let whole = if in_string { without_open_escape(text) } else { text };
    let quote = if in_string { "\"" } else { "" };
    let closed = |text: &str, end: &str, open: &str| {
        let closers: String = open.chars().rev().collect();
        serde_json::from_str(&format!("{text}{end}{closers}")).ok()
    };
    closed(whole, quote, &open).or_else(|| {
        let (end, open) = last_member?;
        closed(&text[..end], "", &open)
    })
}

/// An escape that has lost its end (`\`, `\u00`) goes with it.
fn without_open_escape(text: &str) -> &str {
    let last = text.len().saturating_sub("\\u0000".len() - 1);
    let begun = (last..text.len()).find(|&at| {
        let backslashes = text.as_bytes()[..=at].iter().rev().take_while(|byte| **byte == b'\\').count();
        text.as_bytes()[at] == b'\\' && backslashes % 2 == 1
    });
    match begun {
        Some(at) if text.len() - at < escape_length(&text[at..]) => &text[..at],
        _ => text,
    }
}

fn escape_length(escape: &str) -> usize {
    if escape.as_bytes().get(1) == Some(&b'u') { "\\u0000".len() } else { "\\n".len() }
}

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

/// White space of any kind becomes one space; controls and invisible direction marks,
/// which could forge a log line or a menu entry, go.
pub fn one_line(text: &str) -> String {
    let visible = |c: &char| !is_unprintable(*c);
    let words = text.split_whitespace().map(|word| word.chars().filter(visible).collect::<String>());
    let words: Vec<_> = words.filter(|word| !word.is_empty()).collect();
    words.join(" ")
}

/// Google names the whole key in `Consumer 'api_key:AIza…' has been suspended`, and some
/// servers quote a wrong one: what looks like a key is not repeated.
pub fn mask_keys(text: &str) -> String {
    without_keys(text)
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

    #[test]
    fn what_is_cut_off_anywhere_keeps_what_is_whole() {
        let whole = r#"{"error":{"code":"insufficient_quota","message":"a \"b\" A","n":[1,{"x":true}]}}"#;
        let quota_ends = whole.find(",\"message").expect("a member");
        for end in 0..=whole.len() {
            let (message, labels) = read(&whole.as_bytes()[..end]);
            let is_told = labels.iter().any(|label| label == "insufficient_quota");
            assert_eq!(is_told, end >= quota_ends - 1, "{}", &whole[..end]);
            assert!(!is_told || "a \"b\" A".starts_with(&message), "{end}: {message}");
        }
    }

    #[test]
    fn no_label_is_read_from_where_a_request_can_stand() {
        for body in [
            r#"{"error":{"message":"\"code\":\"insufficient_quota\""}}"#,
            r#"{"error":{"message":"\"code\":\"insufficient_quota\""#,
            r#"{"error":{"message":"x","details":[{"reason":"API_KEY_INVALID"}]}}"#,
            r#"{"error":{"message":"x","errors":[{"code":"insufficient_quota"}]}}"#,
            r#"{"detail":[{"type":"insufficient_quota","input":{"code":"insufficient_quota"}}]}"#,
            r#"bad input: {"code":"insufficient_quota"}"#,
            r#"{"error":"bad "code":"insufficient_quota""#,
        ] {
            let (_, labels) = read(body.as_bytes());
            assert!(labels.is_empty(), "{body}: {labels:?}");
        }
    }
}
