//! JSON that ends in the middle, because only its beginning was read.

use serde_json::Value;

/// As deep as the parser goes.
const DEEPEST: usize = 128;

/// Reads it with what is open closed again, else without the member it ends in.
pub fn read(json: &[u8]) -> Option<Value> {
    let text = String::from_utf8_lossy(json);
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

/// The text without an escape that has lost its end (`\`, `\u00`).
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
