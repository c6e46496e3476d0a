//! What a JSON text becomes in memory: a byte of text stays a byte, but a value of two
//! bytes is a hundred times that once it is parsed, copied and written again. Told in one
//! pass, before anything is parsed.

use memchr::{memchr, memchr2};

/// What a value costs beside its text, in all the shapes it takes on its way from one
/// protocol to another: a node of the parsed tree, its place in a list that has grown by
/// doubling, and the same once more in what is written for the other side.
const VALUE: usize = 256;
/// What a member of an object costs beside its value: its key's own text and its place in
/// the index.
const MEMBER: usize = 128;

/// A body too short to become large.
const LIGHT: usize = 8 << 10;

/// Adds up what a text weighs, however it is split.
#[derive(Clone, Copy, Debug, Default)]
pub struct Scale {
    place: Place,
    weight: usize,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Place {
    #[default]
    Outside,
    InString,
    /// In a string, behind a backslash.
    Escaped,
}

impl Scale {
    pub fn push(&mut self, mut text: &[u8]) {
        while !text.is_empty() {
            text = match self.place {
                Place::Outside => self.outside(text),
                Place::InString => self.in_string(text),
                Place::Escaped => {
                    self.place = Place::InString;
                    &text[1..]
                }
            };
        }
    }

    /// Bytes of memory beside the text itself.
    pub const fn weight(self) -> usize {
        self.weight
    }

    fn outside<'a>(&mut self, text: &'a [u8]) -> &'a [u8] {
        let quote = memchr(b'"', text);
        let between = &text[..quote.unwrap_or(text.len())];
        let weights = between.iter().map(|byte| match byte {
            b',' | b'[' | b'{' => VALUE,
            b':' => MEMBER,
            _ => 0,
        });
        self.weight = self.weight.saturating_add(weights.sum());
        let Some(quote) = quote else { return &[] };
        self.place = Place::InString;
        &text[quote + 1..]
    }

    fn in_string<'a>(&mut self, text: &'a [u8]) -> &'a [u8] {
        let Some(stop) = memchr2(b'"', b'\\', text) else { return &[] };
        self.place = if text[stop] == b'"' { Place::Outside } else { Place::Escaped };
        &text[stop + 1..]
    }
}

/// What a text in one piece weighs; nothing where it is too short to matter.
pub fn of(text: &[u8]) -> usize {
    of_parts([text], text.len())
}

/// The same of a text of `length` bytes in several pieces.
pub fn of_parts<'a>(parts: impl IntoIterator<Item = &'a [u8]>, length: usize) -> usize {
    if length <= LIGHT {
        return 0;
    }
    let mut scale = Scale::default();
    parts.into_iter().for_each(|part| scale.push(part));
    scale.weight()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn weighed(text: &str, size: usize) -> usize {
        let mut scale = Scale::default();
        text.as_bytes().chunks(size).for_each(|part| scale.push(part));
        scale.weight()
    }

    #[test]
    fn values_and_members_count_and_text_does_not_however_it_is_split() {
        for (text, values, members) in [
            ("{}", 1, 0),
            ("[0,0,0]", 3, 0),
            (r#"{"a":[{}],"b":1}"#, 4, 2),
            (r#"{"a":"[,,,{\"[,:\\"}"#, 1, 1),
            (r#"["\\","\\\"",""]"#, 3, 0),
            ("[[[[", 4, 0),
        ] {
            for size in 1..=text.len() {
                let expected = values * VALUE + members * MEMBER;
                assert_eq!(weighed(text, size), expected, "{text} by {size}");
            }
        }
    }

    #[test]
    fn what_is_short_weighs_nothing() {
        let dense = |length: usize| format!("[{}0]", "0,".repeat(length / 2));
        assert_eq!(of(dense(1_000).as_bytes()), 0);
        assert!(of(dense(20_000).as_bytes()) > 10_000 * VALUE);
    }
}
