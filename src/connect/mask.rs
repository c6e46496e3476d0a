//! A tool's file as it may be shown: the values that `connect` sets, and a mark for every
//! other value and comment, because any of them may be a secret of another program.

use std::ops::Range;

use super::format::{Format, Part};
use super::tool::Role;
use crate::config::{without_secrets, without_url_secrets};

const STARS: &str = "***";

/// The keys whose values may be shown, each with its role.
pub type VisibleSettings = Vec<(Vec<String>, Role)>;

/// The text with a mark for each hidden part, and as many lines as before.
pub fn masked(text: &str, format: Format, visible: &VisibleSettings) -> String {
    let Ok(mut parts) = format.parts(text) else { return masked_lines(text) };
    parts.sort_by_key(|part| part.range().start);
    let (mut masked, mut end) = (String::with_capacity(text.len()), 0);
    for part in parts {
        let range = part.range();
        if range.start < end {
            continue;
        }
        masked.push_str(&text[end..range.start]);
        masked.push_str(&mark_for(&part, &text[range.clone()], visible));
        end = range.end;
    }
    masked + &text[end..]
}

fn mark_for(part: &Part, raw: &str, visible: &VisibleSettings) -> String {
    let kept = match part {
        Part::Comment(_) => format!("{} {STARS}", comment_mark(raw)),
        Part::Value { key, .. } => match visible.iter().find(|(ours, _)| ours == key) {
            Some((_, Role::Address)) => return quoted_as(raw, &without_url_secrets(bare(raw))),
            Some((_, Role::Choice | Role::Detail)) => return without_secrets(raw),
            Some((_, Role::Key)) | None => hidden(raw),
        },
    };
    kept + &line_ends(raw)
}

/// A value that can only be true, false or empty is not a secret.
fn hidden(raw: &str) -> String {
    if matches!(raw, "true" | "false" | "null" | "" | "\"\"" | "''") {
        return raw.to_owned();
    }
    quoted_as(raw, STARS)
}

fn quoted_as(raw: &str, text: &str) -> String {
    let quote = raw.chars().next().filter(|first| "\"'`".contains(*first));
    quote.map_or_else(|| text.to_owned(), |quote| format!("{quote}{text}{quote}"))
}

fn bare(raw: &str) -> &str {
    raw.trim_matches(['"', '\'', '`'])
}

fn comment_mark(raw: &str) -> &'static str {
    match raw.get(..2) {
        Some("//") => "//",
        Some("/*") => "/* */",
        _ => "#",
    }
}

/// The line ends of a part, so that every line keeps its number.
fn line_ends(raw: &str) -> String {
    raw.chars().filter(|character| matches!(character, '\r' | '\n')).collect()
}

/// A text that cannot be parsed, with a mark for every line.
fn masked_lines(text: &str) -> String {
    let line = |line: &str| {
        if line.trim().is_empty() { line.to_owned() } else { STARS.to_owned() + &line_ends(line) }
    };
    text.split_inclusive('\n').map(line).collect()
}

impl Part {
    fn range(&self) -> Range<usize> {
        match self {
            Self::Value { range, .. } | Self::Comment(range) => range.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(key: &str) -> Vec<String> {
        key.split('.').map(str::to_owned).collect()
    }

    #[track_caller]
    fn check(format: Format, text: &str, expected: &str) {
        let shown =
            vec![(key("env.URL"), Role::Address), (key("env.TOKEN"), Role::Key), (key("name"), Role::Detail)];
        let masked = masked(text, format, &shown);
        assert_eq!(masked, expected);
        assert_eq!(masked.lines().count(), text.lines().count());
    }

    #[test]
    fn json_shows_only_our_own_values() {
        check(
            Format::Json,
            "{ // ghp_1\n  \"a\": [\"xoxb-2\", 3, true, {\"name\": \"x\"}], /* ghp_4\nghp_5 */\n  \"name\": \"ours\",\n  \
             \"env\": {\"URL\": \"https://u:p@h/v1?sig=6\", \"TOKEN\": \"7\", \"PAT\": \"ghp_8\",},\n}\n",
            "{ // ***\n  \"a\": [\"***\", ***, true, {\"name\": \"***\"}], /* */ ***\n\n  \"name\": \"ours\",\n  \"env\": \
             {\"URL\": \"https://***@h/v1?***\", \"TOKEN\": \"***\", \"PAT\": \"***\",},\n}\n",
        );
    }

    #[test]
    fn toml_shows_only_our_own_values() {
        check(
            Format::Toml,
            "# ghp_1\nname = \"ours\" # ghp_2\nother = [\n  \"ghp_3\", # ghp_4\n]\n\n[env]\nURL = \
             \"http://h/?token=5\"\nTOKEN = '6'\n\"a#b\" = { name = \"ghp_7\" }\nlong = \"\"\"\nghp_8\n\"\"\"\n",
            "# ***\nname = \"ours\" # ***\nother = [\n  \"***\", # ***\n]\n\n[env]\nURL = \"http://h/?***\"\nTOKEN = \
             '***'\n\"a#b\" = { name = \"***\" }\nlong = \"***\"\n\n\n",
        );
    }

    #[test]
    fn lines_show_only_our_own_values() {
        let shown = vec![(key("URL"), Role::Address), (key("KEY"), Role::Key)];
        let text = "# ghp_1\nexport PAT='ghp_2' # ghp_3\nURL=http://h/#ghp_4\nKEY=5\nghp_6\n\nEMPTY=\n";
        let expected = "# ***\nexport PAT='***' # ***\nURL=http://h/# ***\nKEY=***\n# ***\n\nEMPTY=\n";
        assert_eq!(masked(text, Format::Env, &shown), expected);
    }

    #[test]
    fn a_text_that_cannot_be_parsed_is_hidden_line_by_line() {
        check(Format::Json, "{ \"a\": \n\n ghp_1", "***\n\n***");
    }
}
