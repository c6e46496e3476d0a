//! How many values a JSON text holds, known before it is read: numbers and empty objects
//! take a hundred times their text once they are values.

use memchr::{memchr2, memchr3_iter};

/// Whether the text holds more values than anybody means who writes that much: a value
/// takes up to two hundred bytes once it is read, so text of nothing but small ones would
/// become a hundred times its size.
pub fn is_crowded(json: &[u8]) -> bool {
    let most = most_values(json.len());
    // A value and its comma take two bytes; and nearly always the marks in the texts are few, too.
    json.len() / 2 > most && marks(json) > most && count_values(json, most) > most
}

/// The same of texts that are going to be read one beside the other.
pub fn are_crowded<'a>(texts: impl Iterator<Item = &'a str> + Clone) -> bool {
    let bytes = texts.clone().map(str::len).sum();
    let most = most_values(bytes);
    bytes / 2 > most && texts.map(|text| count_values(text.as_bytes(), most)).sum::<usize>() > most
}

/// For a text of so many bytes. A model would need a token or two for each.
pub const fn most_values(bytes: usize) -> usize {
    const FREE: usize = 100_000;
    const BYTES_A_VALUE: usize = 16;
    const MOST: usize = 600_000;
    let most = FREE + bytes / BYTES_A_VALUE;
    if most < MOST { most } else { MOST }
}

/// How many values the text holds, itself included.
pub fn values_in(json: &[u8]) -> usize {
    1 + count_values(json, usize::MAX - 1)
}

/// Commas and opening brackets, those in texts included: never fewer than values.
fn marks(json: &[u8]) -> usize {
    memchr3_iter(b',', b'[', b'{', json).count()
}

/// Counts values by what stands before each, and stops above `most`.
fn count_values(json: &[u8], most: usize) -> usize {
    let (mut values, mut at) = (0, 0);
    while at < json.len() && values <= most {
        match json[at] {
            b'"' => at = end_of_string(json, at + 1),
            b',' | b'[' | b'{' => {
                values += 1;
                at += 1;
            }
            _ => at += 1,
        }
    }
    values
}

/// The position after the string that has begun.
fn end_of_string(json: &[u8], mut at: usize) -> usize {
    while let Some(found) = json.get(at..).and_then(|rest| memchr2(b'"', b'\\', rest)) {
        at += found + 1;
        if json[at - 1] == b'"' {
            return at;
        }
        at += 1;
    }
    json.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_values_by_the_hundred_thousand_are_a_crowd_and_long_texts_are_none() {
        for (piece, times, expected) in [
            ("0,", 10_000, false),
            ("0,", 1_000_000, true),
            ("{},", 1_000_000, true),
            ("{\"a\":0},", 500_000, true),
            ("\"a, [b], {c}, and so on\",", 50_000, false),
            ("\"a \\\" b, c\",", 50_000, false),
            ("0.123456,", 10_000, false),
        ] {
            let text = format!("[{}0]", piece.repeat(times));
            assert_eq!(is_crowded(text.as_bytes()), expected, "{piece} {times}");
        }
        let prose = format!("[\"{}\"]", "a, b, c, [d] {e} \\\" ".repeat(500_000));
        assert!(!is_crowded(prose.as_bytes()));
        assert!(!is_crowded("\"\\".repeat(1_000_000).as_bytes()));
    }
}
