//! Tool names and call ids that fit the protocol they are sent in, and the way back.

use crate::chat::Request;

/// What a protocol takes as the name of a tool.
#[derive(Clone, Copy, Debug)]
pub struct NameRule {
    pub longest: usize,
    /// Beside ASCII letters, digits, `_` and `-`.
    pub also: &'static str,
    /// The first character must be a letter or `_`.
    pub starts_with_letter: bool,
}

/// The tool names of one request that had to change. Most requests have none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ToolNames {
    changed: Vec<Change>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Change {
    original: String,
    sent: String,
}

impl ToolNames {
    /// Finds a name that fits for each tool whose own does not.
    pub fn fit(request: &Request, rule: NameRule) -> Self {
        let mut names = Self::default();
        let taken: Vec<&str> = request.tools.iter().filter_map(|tool| tool.name()).collect();
        for original in &taken {
            if !rule.allows(original) && !names.changed.iter().any(|change| change.original == *original) {
                let sent = names.free_name(original, rule, &taken);
                names.changed.push(Change { original: (*original).to_owned(), sent });
            }
        }
        names
    }

    /// The name to send for a tool of the client.
    pub fn sent<'a>(&'a self, original: &'a str) -> &'a str {
        self.changed
            .iter()
            .find(|change| change.original == original)
            .map_or(original, |change| change.sent.as_str())
    }

    /// The client's name for a tool the model called.
    pub fn original<'a>(&'a self, sent: &'a str) -> &'a str {
        self.changed.iter().find(|change| change.sent == sent).map_or(sent, |change| change.original.as_str())
    }

    fn free_name(&self, original: &str, rule: NameRule, taken: &[&str]) -> String {
        let is_free =
            |name: &str| !taken.contains(&name) && !self.changed.iter().any(|change| change.sent == name);
        let base = rule.mend(original);
        let mut name = base.clone();
        let mut number = 2;
        while !is_free(&name) {
            let ending = format!("_{number}");
            name = base.chars().take(rule.longest - ending.len()).collect::<String>() + &ending;
            number += 1;
        }
        name
    }
}

impl NameRule {
    fn allows(self, name: &str) -> bool {
        !name.is_empty()
            && name.len() <= self.longest
            && name.chars().all(|c| self.allows_char(c))
            && (!self.starts_with_letter || starts_with_letter(name))
    }

    fn mend(self, name: &str) -> String {
        let mended: String = name.chars().map(|c| if self.allows_char(c) { c } else { '_' }).collect();
        let needs_start = mended.is_empty() || (self.starts_with_letter && !starts_with_letter(&mended));
        let start = if needs_start { "_" } else { "" };
        format!("{start}{mended}").chars().take(self.longest).collect()
    }

    fn allows_char(self, c: char) -> bool {
        c.is_ascii_alphanumeric() || c == '_' || c == '-' || self.also.contains(c)
    }
}

fn starts_with_letter(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
}

/// A call id of at most 64 letters, digits, `_` and `-`, which every vendor takes.
/// The same id always becomes the same one, so calls and results stay paired.
pub fn fit_id(id: &str) -> String {
    const LONGEST: usize = 64;
    let fits = id.len() <= LONGEST && id.bytes().all(is_id_byte) && !id.is_empty();
    if fits {
        return id.to_owned();
    }
    let mended: String = id.chars().map(|c| if is_id_char(c) { c } else { '_' }).take(44).collect();
    format!("{mended}_{:016x}", fingerprint(id))
}

/// A seed for ids of our own: what of a request id every vendor takes in an id.
pub fn id_seed(request_id: &str) -> String {
    request_id.chars().filter(char::is_ascii_alphanumeric).take(32).collect()
}

const fn is_id_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-'
}

const fn is_id_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == '-'
}

/// FNV-1a: stable between runs and releases, which the standard hasher is not.
fn fingerprint(text: &str) -> u64 {
    text.bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::{Maker, Tool};

    const RULE: NameRule = NameRule { longest: 12, also: "", starts_with_letter: true };

    fn check(names: &[&str], expected: &[&str]) {
        let mut request = Request::new(Maker::Gemini, "m");
        request.tools = names
            .iter()
            .map(|name| Tool::Freeform { name: (*name).to_owned(), description: None, format: None })
            .collect();
        let fitted = ToolNames::fit(&request, RULE);
        let sent: Vec<&str> = names.iter().map(|name| fitted.sent(name)).collect();
        assert_eq!(sent, expected);
        let back: Vec<&str> = sent.iter().map(|name| fitted.original(name)).collect();
        assert_eq!(back, names, "the way back");
    }

    #[test]
    fn names_that_do_not_fit_change_and_change_back() {
        check(&["read", "write_file"], &["read", "write_file"]);
        check(&["mcp.read", "mcp:read", "mcp_read"], &["mcp_read_2", "mcp_read_3", "mcp_read"]);
        check(&["a_name_of_many", "a_name_of_more"], &["a_name_of_ma", "a_name_of_mo"]);
        check(&["a_name_of_many", "a_name_of_man2"], &["a_name_of_ma", "a_name_of__2"]);
        check(&["2fast", "名"], &["_2fast", "_"]);
    }

    #[test]
    fn ids_that_do_not_fit_stay_apart_and_stay_the_same() {
        assert_eq!(fit_id("call_1"), "call_1");
        assert_eq!(fit_id("functions.x:0"), fit_id("functions.x:0"));
        assert_ne!(fit_id("functions.x:0"), fit_id("functions.x:1"));
        let long = "x".repeat(500);
        assert!(fit_id(&long).len() <= 64 && !fit_id("").is_empty());
    }
}
