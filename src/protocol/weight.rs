//! The memory that a JSON text takes once it is parsed, estimated before it is. A byte of
//! text stays a byte, but a value of two bytes takes a hundred times that once it is parsed,
//! copied and written again.

use crate::chat::crowd::Counter;

/// Bytes of a value beside its text, on the whole way from one protocol to another: a node of
/// the parsed tree, its place in a list that grew by doubling, and both again in what is
/// written for the other side.
const VALUE: usize = 256;
/// Bytes of an object's member beside its value: the text of its key and its place in the
/// index.
const MEMBER: usize = 128;

/// The longest text, in bytes, that is too short to become large.
const LIGHT: usize = 8 << 10;

/// Bytes of memory beside the text itself; 0 where the text is too short to matter.
pub fn of(text: &[u8]) -> usize {
    of_parts([text], text.len())
}

/// The same for a text of `length` bytes in several pieces.
pub fn of_parts<'a>(parts: impl IntoIterator<Item = &'a [u8]>, length: usize) -> usize {
    if length <= LIGHT {
        return 0;
    }
    let mut counter = Counter::default();
    parts.into_iter().for_each(|part| counter.push(part));
    weight(counter)
}

const fn weight(counter: Counter) -> usize {
    let values = counter.values.saturating_mul(VALUE);
    values.saturating_add(counter.members.saturating_mul(MEMBER))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn weighed(text: &str, size: usize) -> usize {
        let mut counter = Counter::default();
        text.as_bytes().chunks(size).for_each(|part| counter.push(part));
        weight(counter)
    }

    #[test]
    fn values_and_members_weigh_and_text_does_not_however_it_is_split() {
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
    fn a_short_text_weighs_nothing() {
        let dense = |length: usize| format!("[{}0]", "0,".repeat(length / 2));
        assert_eq!(of(dense(1_000).as_bytes()), 0);
        assert!(of(dense(20_000).as_bytes()) > 10_000 * VALUE);
    }
}
