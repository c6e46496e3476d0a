//! Fits tool names and call ids to the protocol they are sent in, and reverses it.

use std::collections::{HashMap, HashSet};

use crate::chat::{Request, work};

/// The tool names that a protocol accepts.
#[derive(Clone, Copy, Debug)]
pub struct NameRule {
    /// In bytes.
    pub longest: usize,
    /// Characters allowed beside ASCII letters, digits, `_` and `-`.
    pub also: &'static str,
    /// The first character must be a letter or `_`.
    pub starts_with_letter: bool,
}

/// The tool names that had to change in one request. Most requests have none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ToolNames {
    /// The sent names by the client's.
    sent: HashMap<String, String>,
    /// The client's names by the sent ones.
    original: HashMap<String, String>,
}

impl ToolNames {
    /// Finds a fitting name for each tool whose own name the rule does not allow.
    pub fn fit(request: &Request, rule: NameRule) -> Self {
        let own = || request.tools.iter().filter_map(|tool| tool.name());
        if own().all(|name| rule.allows(name)) {
            return Self::default();
        }
        let mut names = Self::default();
        let mut free = FreeNames { rule, taken: own().collect(), next: HashMap::new() };
        for original in own() {
            if !rule.allows(original) && !names.sent.contains_key(original) {
                let sent = free.take(original, &names.original);
                names.sent.insert(original.to_owned(), sent.clone());
                names.original.insert(sent, original.to_owned());
            }
        }
        names
    }

    /// The name to send for a tool of the client.
    pub fn sent<'a>(&'a self, original: &'a str) -> &'a str {
        self.sent.get(original).map_or(original, String::as_str)
    }

    /// The client's name for a tool that the model called.
    pub fn original<'a>(&'a self, sent: &'a str) -> &'a str {
        self.original.get(sent).map_or(sent, String::as_str)
    }
}

/// The names that no tool has yet.
struct FreeNames<'a> {
    rule: NameRule,
    /// The client's own names.
    taken: HashSet<&'a str>,
    /// The number to try next, by the beginning of the name and the digits of the number.
    /// Taken names stay taken, so no number is tried twice.
    next: HashMap<(String, usize), usize>,
}

impl FreeNames<'_> {
    fn take(&mut self, original: &str, given: &HashMap<String, String>) -> String {
        let base = self.rule.mend(original);
        if self.is_free(&base, given) {
            return base;
        }
        let numbered = (1..self.rule.longest).find_map(|digits| self.numbered(&base, digits, given));
        numbered.unwrap_or(base)
    }

    /// `base_7`, with the base shortened to fit and a number of this many digits.
    fn numbered(&mut self, base: &str, digits: usize, given: &HashMap<String, String>) -> Option<String> {
        let start: String = base.chars().take(self.rule.longest - digits - 1).collect();
        let power = |digits: usize| 10_usize.saturating_pow(u32::try_from(digits).unwrap_or(u32::MAX));
        let first = if digits == 1 { 2 } else { power(digits - 1) };
        let key = (start, digits);
        let mut number = self.next.get(&key).copied().unwrap_or(first);
        let mut found = None;
        while found.is_none() && number < power(digits) {
            let name = format!("{}_{number}", key.0);
            found = self.is_free(&name, given).then_some(name);
            number += 1;
        }
        self.next.insert(key, number);
        found
    }

    fn is_free(&self, name: &str, given: &HashMap<String, String>) -> bool {
        work::step();
        !self.taken.contains(name) && !given.contains_key(name)
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

/// A call id of at most 64 letters, digits, `_` and `-`, which every vendor accepts. Equal
/// ids stay equal, so calls and results stay paired.
pub fn fit_id(id: &str) -> String {
    const LONGEST: usize = 64;
    let fits = id.len() <= LONGEST && id.bytes().all(is_id_byte) && !id.is_empty();
    if fits {
        return id.to_owned();
    }
    let mended: String = id.chars().map(|c| if is_id_char(c) { c } else { '_' }).take(44).collect();
    format!("{mended}_{:016x}", fingerprint(id))
}

/// A seed for ids: the letters and digits of a request id, at most 32.
pub fn id_seed(request_id: &str) -> String {
    request_id.chars().filter(char::is_ascii_alphanumeric).take(32).collect()
}

const fn is_id_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-'
}

const fn is_id_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == '-'
}

/// FNV-1a, which unlike the standard hasher is stable between runs and releases.
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
    fn many_tools_that_mend_to_one_name_get_different_names() {
        let names: Vec<String> = (0..1_200_u32).map(|n| "一".repeat(n as usize + 1)).collect();
        let mut request = Request::new(Maker::Gemini, "m");
        let tool = |name: &String| Tool::Freeform { name: name.clone(), description: None, format: None };
        request.tools = names.iter().map(tool).collect();
        let fitted = ToolNames::fit(&request, RULE);
        let sent: HashSet<&str> = names.iter().map(|name| fitted.sent(name)).collect();
        assert_eq!(sent.len(), names.len());
        assert!(sent.iter().all(|name| RULE.allows(name)));
        assert!(names.iter().all(|name| fitted.original(fitted.sent(name)) == name));
    }

    #[test]
    fn ids_that_do_not_fit_stay_distinct_and_stable() {
        assert_eq!(fit_id("call_1"), "call_1");
        assert_eq!(fit_id("functions.x:0"), fit_id("functions.x:0"));
        assert_ne!(fit_id("functions.x:0"), fit_id("functions.x:1"));
        let long = "x".repeat(500);
        assert!(fit_id(&long).len() <= 64 && !fit_id("").is_empty());
    }
}
