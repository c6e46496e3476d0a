//! Texts without their secrets, for showing.

use std::ops::Range;
use std::path::Path;

use toml_edit::{Document, Item};

use super::Problems;
use super::key_shape::{is_key, without_keys};
use super::problem::syntax_problem;

const STARS: &str = "***";
const QUOTED_STARS: &str = "\"***\"";

/// A shorter secret of the file would mask ordinary words in its other lines.
const SHORTEST_LITERAL: usize = 10;

/// The file with every literal secret replaced by `"***"`: under `api_key` and similar keys,
/// in comments, and in URLs. Fails where the text is not TOML, because a secret cannot be
/// distinguished from the rest then.
pub fn redacted(text: &str, file: &Path) -> Result<String, Problems> {
    let document =
        Document::parse(text).map_err(|error| Problems::new(file, vec![syntax_problem(text, &error)]))?;
    let mut secrets = Vec::new();
    in_document(&document, 0, &mut secrets);
    in_comments(text, &mut secrets);
    let literals: Vec<String> = secrets.iter().map(|span| unquoted(&text[span.clone()])).collect();
    let mut shown = without_spans(text, secrets);
    for literal in literals.iter().filter(|literal| literal.len() >= SHORTEST_LITERAL) {
        shown = shown.replace(literal.as_str(), STARS);
    }
    Ok(without_secrets(&shown))
}

/// Any text without keys of well-known vendors and passwords in URLs.
pub fn without_secrets(text: &str) -> String {
    without_credentials(&without_keys(text))
}

/// `//user:password@` becomes `//***@`.
pub fn without_credentials(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("://") {
        shown.push_str(before);
        shown.push_str("://");
        let ends_authority = |character: char| "/?#\"'\\,".contains(character) || character.is_whitespace();
        let authority = &after[..after.find(ends_authority).unwrap_or(after.len())];
        rest = match authority.rfind('@') {
            Some(at) => {
                shown.push_str(STARS);
                &after[at..]
            }
            None => after,
        };
    }
    shown + rest
}

/// A URL without the parts that may be secret: user and password, query, fragment.
pub fn without_url_secrets(url: &str) -> String {
    let shown = without_secrets(url);
    match shown.find(['?', '#']) {
        Some(mark) => format!("{}{STARS}", &shown[..=mark]),
        None => shown,
    }
}

fn in_document(document: &Document<&str>, offset: usize, found: &mut Vec<Range<usize>>) {
    let mut spans = Vec::new();
    for (key, item) in document.iter().filter(|(key, _)| *key != "models") {
        in_item(key, item, &mut spans);
    }
    found.extend(spans.into_iter().map(|span| span.start + offset..span.end + offset));
}

fn in_item(key: &str, item: &Item, found: &mut Vec<Range<usize>>) {
    if names_a_secret(key) {
        in_secret(item, found);
    } else if let Some(table) = item.as_table_like() {
        table.iter().for_each(|(key, item)| in_item(key, item, found));
    } else {
        elements(item).for_each(|element| in_item("", element, found));
    }
}

/// Under the key of a secret, only the name of a place may be shown.
fn in_secret(item: &Item, found: &mut Vec<Range<usize>>) {
    if let Some(table) = item.as_table_like() {
        for (_, item) in table.iter().filter(|(key, item)| !names_a_place(key, item)) {
            in_secret(item, found);
        }
    } else if item.as_str() != Some("") {
        found.extend(item.span());
    }
}

fn names_a_place(key: &str, item: &Item) -> bool {
    match key {
        "file" | "keyring" => item.is_str(),
        "command" => item.is_array(),
        "env" => item.as_str().is_some_and(|name| {
            name.chars().all(|character| character.is_ascii_alphanumeric() || character == '_')
                && !is_key(name)
        }),
        _ => false,
    }
}

/// Whether a setting of this name holds a secret.
fn names_a_secret(key: &str) -> bool {
    let key: String = key.to_ascii_lowercase().replace(['-', '_', ' '], "");
    key == "key" || ["apikey", "secret", "token", "password"].iter().any(|word| key.contains(word))
}

fn elements(item: &Item) -> impl Iterator<Item = &Item> {
    (0..).map_while(|index: usize| item.get(index))
}

/// Secrets in lines that were commented out, such as `# api_key = "…"`.
fn in_comments(text: &str, found: &mut Vec<Range<usize>>) {
    let mut offset = 0;
    for line in text.split_inclusive('\n') {
        let comment = line.trim_start().trim_start_matches(['#', ' ', '\t']);
        if line.trim_start().starts_with('#')
            && let Ok(document) = Document::parse(comment)
        {
            in_document(&document, offset + line.len() - comment.len(), found);
        }
        offset += line.len();
    }
}

fn unquoted(literal: &str) -> String {
    literal.trim_matches(['"', '\'']).trim().to_owned()
}

fn without_spans(text: &str, mut spans: Vec<Range<usize>>) -> String {
    spans.sort_by_key(|span| span.start);
    let mut shown = String::with_capacity(text.len());
    let mut end = 0;
    for span in spans.into_iter().filter(|span| span.start < span.end) {
        if span.start < end {
            continue;
        }
        shown.push_str(&text[end..span.start]);
        shown.push_str(QUOTED_STARS);
        end = span.end;
    }
    shown + &text[end..]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(cases: &[(&str, &str)]) {
        for (text, expected) in cases {
            assert_eq!(redacted(text, Path::new("config.toml")).expect("valid TOML"), *expected, "{text}");
        }
    }

    #[test]
    fn literal_secrets_are_hidden_and_places_are_not() {
        check(&[
            ("[proxy]\napi_key = \"sk-abcdefghij\" # mine\n", "[proxy]\napi_key = \"***\" # mine\n"),
            ("[proxy]\napi_key = \"\"\n", "[proxy]\napi_key = \"\"\n"),
            ("[[accounts]]\napi_key = 'short'\n", "[[accounts]]\napi_key = \"***\"\n"),
            (
                "accounts = [{ api_key = \"q\", name = \"n\" }]",
                "accounts = [{ api_key = \"***\", name = \"n\" }]",
            ),
            ("zai.api_key = \"\"\"\nlong\n\"\"\"\n", "zai.api_key = \"***\"\n"),
            ("[proxy]\napi_key = { env = \"GEMINI_KEY\" }", "[proxy]\napi_key = { env = \"GEMINI_KEY\" }"),
            ("[proxy]\napi_key = { file = \"~/k\" }", "[proxy]\napi_key = { file = \"~/k\" }"),
            ("[proxy]\napi_key = { keyring = \"k\" }", "[proxy]\napi_key = { keyring = \"k\" }"),
            ("[proxy]\napi_key = { command = [\"pass\"] }", "[proxy]\napi_key = { command = [\"pass\"] }"),
        ]);
    }

    #[test]
    fn secrets_in_the_wrong_place_are_hidden_too() {
        check(&[
            ("apikey = \"q\"", "apikey = \"***\""),
            ("api-key = 12345", "api-key = \"***\""),
            ("[x]\nToken = \"q\"", "[x]\nToken = \"***\""),
            ("[proxy]\napi_key = { value = \"q\" }", "[proxy]\napi_key = { value = \"***\" }"),
            ("[proxy]\napi_key = [\"q\"]", "[proxy]\napi_key = \"***\""),
            ("[proxy]\napi_key = { env = \"sk-abcdefghij\" }", "[proxy]\napi_key = { env = \"***\" }"),
            (
                "[proxy]\napi_key = { command = [\"echo\", \"sk-abcdefghij\"] }",
                "[proxy]\napi_key = { command = [\"echo\", \"***\"] }",
            ),
            ("[[accounts]]\nname = \"AIzaSyA-abcdef\"", "[[accounts]]\nname = \"***\""),
            ("[upstream]\nproxy = \"http://me:pw@proxy:1\"", "[upstream]\nproxy = \"http://***@proxy:1\""),
        ]);
    }

    #[test]
    fn secrets_in_comments_are_hidden_too() {
        check(&[
            ("# api_key = \"old one\"\nx = 1\n", "# api_key = \"***\"\nx = 1\n"),
            ("#zai.api_key='q' # old\n", "#zai.api_key=\"***\" # old\n"),
            ("x = 1 # was sk-abcdefghij, then?\n", "x = 1 # was ***, then?\n"),
            ("# see 0123456789abc\nzai.api_key = \"0123456789abc\"\n", "# see ***\nzai.api_key = \"***\"\n"),
            ("# a risk-management-plan, sk-…\n", "# a risk-management-plan, sk-…\n"),
        ]);
    }

    #[test]
    fn an_address_keeps_its_host_and_its_path() {
        for (url, shown) in [
            ("https://h/v1", "https://h/v1"),
            ("https://u:p@h/v1?sig=1", "https://***@h/v1?***"),
            ("https://h/?token=1#x", "https://h/?***"),
            ("http://h#access_token=1", "http://h#***"),
            ("no url?at=all", "no url?***"),
        ] {
            assert_eq!(without_url_secrets(url), shown);
        }
    }

    #[test]
    fn a_text_that_cannot_be_parsed_is_not_shown() {
        let problems =
            redacted("api_key = \"sk-abcdefghij\n", Path::new("config.toml")).expect_err("no TOML");
        assert!(!problems.to_string().contains("abcdefghij"), "{problems}");
    }

    #[test]
    fn model_names_are_not_secrets() {
        check(&[("[models]\n\"token-1\" = \"gpt\"\n", "[models]\n\"token-1\" = \"gpt\"\n")]);
    }
}
