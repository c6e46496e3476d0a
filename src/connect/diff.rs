//! A change of a file in readable form, without secrets.

use std::fmt::Write;
use std::path::Path;

use similar::{DiffableStr, TextDiff};

use crate::config::without_secrets;

const STARS: &str = "***";
const CONTEXT_LINES: usize = 2;

/// The change in the form of `diff -u`. The files are compared as they are and shown `masked`
/// line by line, so that a changed key shows as a change.
pub fn unified(
    path: &Path,
    before: &str,
    after: &str,
    masked: impl Fn(&str) -> String,
    secrets: &[String],
) -> String {
    let diff = TextDiff::from_lines(before, after);
    let (old, new) = (masked(before), masked(after));
    let (old, new) = (old.tokenize_lines(), new.tokenize_lines());
    let name = path.display();
    let mut text = format!("--- {name}\n+++ {name}\n");
    for hunk in diff.unified_diff().context_radius(CONTEXT_LINES).iter_hunks() {
        let _ = writeln!(text, "{}", hunk.header());
        for change in hunk.iter_changes() {
            let of_new = change.new_index().and_then(|index| new.get(index));
            let line = of_new.or_else(|| old.get(change.old_index()?)).copied().unwrap_or(STARS);
            let _ =
                writeln!(text, "{}{}", change.tag(), without(line.trim_end_matches(['\r', '\n']), secrets));
        }
    }
    text
}

fn without(line: &str, secrets: &[String]) -> String {
    let secrets = secrets.iter().filter(|secret| !secret.is_empty());
    without_secrets(&secrets.fold(line.to_owned(), |line, secret| line.replace(secret.as_str(), STARS)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_shown_without_secrets() {
        let before = "{\n  \"a\": 1,\n  \"OTHER_TOKEN\": \"t0p-s3cret\",\n  \"url\": \"http://old\"\n}\n";
        let after = before.replace("http://old", "http://new").replace("t0p-s3cret", "another-one");
        let masked = |text: &str| text.replace("t0p-s3cret", STARS).replace("another-one", STARS);
        let shown = unified(Path::new("f.json"), before, &after, masked, &["http://new".to_owned()]);
        assert_eq!(
            shown,
            "--- f.json\n+++ f.json\n@@ -1,5 +1,5 @@\n {\n   \"a\": 1,\n-  \"OTHER_TOKEN\": \"***\",\n-  \"url\": \
             \"http://old\"\n+  \"OTHER_TOKEN\": \"***\",\n+  \"url\": \"***\"\n }\n"
        );
    }
}
