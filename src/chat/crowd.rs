//! How many values a JSON text holds, counted before it is parsed: a number or an empty
//! object takes a hundred times the bytes of its text once it is parsed.

use memchr::{memchr2, memchr3_iter};

/// Whether the text holds more values than a real request or answer of its length. A parsed
/// value takes up to 200 bytes, so a text of small values alone would become a hundred times
/// its size.
pub fn is_crowded(json: &[u8]) -> bool {
    let most = most_values(json.len());
    // Two cheap checks first: a value and its comma take two bytes, and most texts hold few marks.
    json.len() / 2 > most && marks(json) > most && count_values(json, most) > most
}

/// Whether several texts that are parsed side by side hold too many values together.
pub fn are_crowded<'a>(texts: impl Iterator<Item = &'a str> + Clone) -> bool {
    let bytes = texts.clone().map(str::len).sum();
    let most = most_values(bytes);
    bytes / 2 > most && texts.map(|text| count_values(text.as_bytes(), most)).sum::<usize>() > most
}

/// The most values in a text of this many bytes. A model reads or writes a token or two for each.
pub const fn most_values(bytes: usize) -> usize {
    const FREE: usize = 100_000;
    const BYTES_A_VALUE: usize = 16;
    const MOST: usize = 600_000;
    let most = FREE + bytes / BYTES_A_VALUE;
    if most < MOST { most } else { MOST }
}

/// How many values the text holds, itself included.
pub fn values_in(json: &[u8]) -> usize {
    1 + count_values(json, usize::MAX)
}

/// Commas and opening brackets, those in strings included: never fewer than values.
fn marks(json: &[u8]) -> usize {
    memchr3_iter(b',', b'[', b'{', json).count()
}

/// The values inside the text. Stops soon after `most`.
fn count_values(json: &[u8], most: usize) -> usize {
    const PIECE: usize = 64 << 10;
    let mut counter = Counter::default();
    for piece in json.chunks(PIECE) {
        counter.push(piece);
        if counter.values > most {
            break;
        }
    }
    counter.values
}

/// Counts what a JSON text holds, however it is split, by the mark that stands before each.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counter {
    place: Place,
    /// The values inside the outermost one, and an empty array or object once more.
    pub values: usize,
    /// The members of objects.
    pub members: usize,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Place {
    #[default]
    Outside,
    InString,
    /// In a string, after a backslash.
    Escaped,
}

impl Counter {
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

    fn outside<'a>(&mut self, text: &'a [u8]) -> &'a [u8] {
        for (at, byte) in text.iter().enumerate() {
            match byte {
                b',' | b'[' | b'{' => self.values += 1,
                b':' => self.members += 1,
                b'"' => {
                    self.place = Place::InString;
                    return &text[at + 1..];
                }
                _ => {}
            }
        }
        &[]
    }

    fn in_string<'a>(&mut self, text: &'a [u8]) -> &'a [u8] {
        let Some(stop) = memchr2(b'"', b'\\', text) else { return &[] };
        self.place = if text[stop] == b'"' { Place::Outside } else { Place::Escaped };
        &text[stop + 1..]
    }
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
