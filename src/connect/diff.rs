//! A change of a file as a person reads it, without the secrets in it.

use std::path::Path;

use similar::TextDiff;

use crate::config::{names_a_secret, without_secrets};

const STARS: &str = "***";
const CONTEXT_LINES: usize = 2;

/// As `diff -u` has it. Secrets are hidden line by line, after the comparison: a key that
/// changes still shows as a change.
pub fn unified(path: &Path, before: &str, after: &str, secrets: &[String]) -> String {
    let diff = TextDiff::from_lines(before, after);
    let name = path.display().to_string();
    let text = diff.unified_diff().context_radius(CONTEXT_LINES).header(&name, &name).to_string();
    text.lines().map(|line| masked(line, secrets) + "\n").collect()
}

fn masked(line: &str, secrets: &[String]) -> String {
    let secrets = secrets.iter().filter(|secret| !secret.is_empty());
    let line = secrets.fold(line.to_owned(), |line, secret| line.replace(secret.as_str(), STARS));
    without_secrets(&without_secret_value(&line))
}

/// `"api_key": "abc",` becomes `"api_key": "***",`.
fn without_secret_value(line: &str) -> String {
    let Some((name, value)) = line.split_once([':', '=']) else { return line.to_owned() };
    let bare = name.trim_start_matches(['+', '-', ' ', '\t', '{', '#']).trim();
    let bare = bare.strip_prefix("export ").unwrap_or(bare).trim_matches(['"', '\'', ' ']);
    if !names_a_secret(bare) || value.trim().is_empty() || value.trim_end().ends_with(['{', '[']) {
        return line.to_owned();
    }
    let quote = value.trim_start().chars().next().filter(|first| "\"'`".contains(*first));
    let blank = &value[..value.len() - value.trim_start().len()];
    let separator = &line[name.len()..=name.len()];
    let comma = if value.trim_end().ends_with(',') { "," } else { "" };
    let quote = quote.map_or(String::new(), String::from);
    format!("{name}{separator}{blank}{quote}{STARS}{quote}{comma}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_what_changes_and_no_secret() {
        let before = "{\n  \"a\": 1,\n  \"OTHER_TOKEN\": \"t0p-s3cret\",\n  \"url\": \"http://old\"\n}\n";
        let after = before.replace("http://old", "http://new").replace("t0p-s3cret", "our-own-one");
        let shown = unified(Path::new("f.json"), before, &after, &["our-own-one".to_owned()]);
        assert_eq!(
            shown,
            "--- f.json\n+++ f.json\n@@ -1,5 +1,5 @@\n {\n   \"a\": 1,\n-  \"OTHER_TOKEN\": \"***\",\n-  \"url\": \
             \"http://old\"\n+  \"OTHER_TOKEN\": \"***\",\n+  \"url\": \"http://new\"\n }\n"
        );
    }

    #[test]
    fn hides_the_values_of_secret_names_in_every_format() {
        let cases = [
            ("+GEMINI_API_KEY=abc", "+GEMINI_API_KEY=***"),
            (" export MY_SECRET='abc'", " export MY_SECRET='***'"),
            ("-experimental_bearer_token = \"abc\"", "-experimental_bearer_token = \"***\""),
            ("   \"apiKey\": \"abc\",", "   \"apiKey\": \"***\","),
            (" \"model\": \"abc\"", " \"model\": \"abc\""),
            (" # sk-0123456789abc was mine", " # *** was mine"),
        ];
        for (line, expected) in cases {
            assert_eq!(masked(line, &[String::new()]), expected);
        }
    }
}
