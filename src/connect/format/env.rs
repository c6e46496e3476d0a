//! `NAME=value` lines as Node's `dotenv` package reads them: `export` before a name, quotes
//! around a value (even over several lines), a comment after it; the last definition of a name
//! counts.

use std::ops::Range;

use super::{ExistingValue, Part, Put};

pub fn read(text: &str, name: &str) -> Option<ExistingValue> {
    let value = last(text, name)?.value;
    let raw = &text[value];
    Some(ExistingValue { text: Some(unquoted(raw)), raw: raw.to_owned() })
}

pub fn put(text: &str, name: &str, value: Put) -> String {
    let value = match value {
        Put::Text(text) => quoted(text),
        Put::Raw(raw) => raw.to_owned(),
    };
    if let Some(line) = last(text, name) {
        return format!("{}{value}{}", &text[..line.value.start], &text[line.value.end..]);
    }
    let end = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let gap = if text.is_empty() || text.ends_with('\n') { "" } else { end };
    format!("{text}{gap}{name}={value}{end}")
}

pub fn remove(text: &str, name: &str) -> String {
    let mut text = text.to_owned();
    while let Some(line) = last(&text, name) {
        text.replace_range(line.whole, "");
    }
    text
}

/// Every value, and the rest of each line as a comment.
pub fn parts(text: &str) -> Vec<Part> {
    let (mut parts, mut start) = (Vec::new(), 0);
    while start < text.len() {
        let line = definition(text, start);
        let end = line.as_ref().map_or_else(|| line_end(text, start), |line| line.whole.end);
        let rest = line.as_ref().map_or(start, |line| line.value.end);
        if let Some(line) = line {
            parts.push(Part::Value { key: vec![text[line.name].to_owned()], range: line.value });
        }
        let (without_end, without_start) = (text[rest..end].trim_end(), text[rest..end].trim_start());
        if !without_end.is_empty() {
            parts.push(Part::Comment(end - without_start.len()..rest + without_end.len()));
        }
        start = end;
    }
    parts
}

struct Line {
    /// With its line end.
    whole: Range<usize>,
    name: Range<usize>,
    /// With its quotes.
    value: Range<usize>,
}

fn last(text: &str, name: &str) -> Option<Line> {
    lines(text).filter(|line| &text[line.name.clone()] == name).last()
}

fn lines(text: &str) -> impl Iterator<Item = Line> {
    let mut start = 0;
    std::iter::from_fn(move || {
        while start < text.len() {
            let line = definition(text, start);
            start = line.as_ref().map_or_else(|| line_end(text, start), |line| line.whole.end);
            if line.is_some() {
                return line;
            }
        }
        None
    })
}

/// The definition that begins at this line; `None` for a comment, an empty line or another
/// text.
fn definition(text: &str, start: usize) -> Option<Line> {
    let end = line_end(text, start);
    let line = text[start..end].trim_end_matches(['\r', '\n']);
    let (before, after) = line.split_once('=')?;
    let written = before.trim_start();
    let written = written.strip_prefix("export ").unwrap_or(written).trim();
    let is_name = |character: char| character.is_ascii_alphanumeric() || "_.-".contains(character);
    if written.is_empty() || !written.chars().all(is_name) {
        return None;
    }
    let name = start + before.rfind(written)?;
    let value = start + before.len() + 1 + (after.len() - after.trim_start().len());
    let value_end = value_end(text, value, start + line.len());
    Some(Line {
        whole: start..if value_end > end { line_end(text, value_end) } else { end },
        name: name..name + written.len(),
        value: value..value_end,
    })
}

fn value_end(text: &str, value: usize, line_end: usize) -> usize {
    let rest = &text[value..];
    if let Some(quote) = rest.chars().next().filter(|character| "'\"`".contains(*character))
        && let Some(close) = closing(&rest[1..], quote)
    {
        return value + 1 + close + 1;
    }
    let bare = &text[value..line_end];
    let bare = bare.split('#').next().unwrap_or_default();
    value + bare.trim_end().len()
}

/// Where the quote closes; a quote after a backslash does not close it.
fn closing(text: &str, quote: char) -> Option<usize> {
    let mut escaped = false;
    text.char_indices().find_map(|(index, character)| {
        let closes = character == quote && !escaped;
        escaped = character == '\\' && !escaped;
        closes.then_some(index)
    })
}

fn line_end(text: &str, from: usize) -> usize {
    text[from..].find('\n').map_or(text.len(), |newline| from + newline + 1)
}

fn unquoted(raw: &str) -> String {
    let quote = raw.chars().next().filter(|character| "'\"`".contains(*character));
    let inner = quote.and_then(|quote| raw[1..].strip_suffix(quote));
    match (quote, inner) {
        (Some('"'), Some(inner)) => inner.replace("\\n", "\n").replace("\\r", "\r"),
        (_, Some(inner)) => inner.to_owned(),
        _ => raw.to_owned(),
    }
}

/// The value in quotes, or bare where that is safe.
fn quoted(text: &str) -> String {
    let is_plain = |character: char| character.is_ascii_alphanumeric() || "_.-:/@+%,[]".contains(character);
    if text.chars().all(is_plain) {
        return text.to_owned();
    }
    let quote = ['\'', '"', '`'].into_iter().find(|quote| !text.contains(*quote)).unwrap_or('\'');
    format!("{quote}{text}{quote}")
}
