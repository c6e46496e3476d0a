//! JSON as it really arrives: with lone surrogates, with bytes that are not UTF-8, and with
//! strings that a chunk parser wants to borrow.

use std::borrow::Cow;
use std::fmt;
use std::io;
use std::ops::Deref;

use memchr::memchr;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use serde_json::{Map, Value};

use super::invalid::Outcome;
use super::limits::Meter;
use crate::chat::Failure;

/// The text with [mended](mend_surrogates) surrogates: a copy only where that changes it.
pub fn mended(json: &[u8]) -> Cow<'_, [u8]> {
    if !has_lone_surrogate(json) {
        return Cow::Borrowed(json);
    }
    let mut copy = json.to_vec();
    mend_surrogates(&mut copy);
    Cow::Owned(copy)
}

fn has_lone_surrogate(json: &[u8]) -> bool {
    let mut from = 0;
    while let Some(lone) = next_surrogate(json, &mut from) {
        if lone.is_some() {
            return true;
        }
    }
    false
}

/// Replaces the escapes of lone surrogates (`\uD800`…`\uDFFF` without the other half) by
/// `\uFFFD`, in place.
///
/// JavaScript code that cuts a text between UTF-16 units writes them. They are legal JSON and
/// must not end a stream, but `serde_json` refuses them.
pub fn mend_surrogates(json: &mut [u8]) {
    let mut from = 0;
    while let Some(lone) = next_surrogate(json, &mut from) {
        if let Some(at) = lone {
            json[at..at + 6].copy_from_slice(b"\\ufffd");
        }
    }
}

/// Moves `from` past the next escape. Returns `Some(Some(at))` if that is a lone surrogate.
#[expect(clippy::option_option, reason = "no more escapes, or one that may be a lone surrogate")]
fn next_surrogate(json: &[u8], from: &mut usize) -> Option<Option<usize>> {
    let at = *from + memchr(b'\\', json.get(*from..)?)?;
    // The second character belongs to the escape, even if it is a backslash.
    *from = at + 2;
    match (unit_at(json, at), unit_at(json, at + 6)) {
        (Some(0xD800..=0xDBFF), Some(0xDC00..=0xDFFF)) => *from = at + 12,
        (Some(0xD800..=0xDFFF), _) => {
            *from = at + 6;
            return Some(Some(at));
        }
        _ => {}
    }
    Some(None)
}

/// The UTF-16 unit of the escape that begins here.
fn unit_at(json: &[u8], at: usize) -> Option<u16> {
    let escape = json.get(at..at + 6)?.strip_prefix(b"\\u")?;
    let digits = std::str::from_utf8(escape).ok().filter(|digits| !digits.starts_with('+'))?;
    u16::from_str_radix(digits, 16).ok()
}

/// The failure for an upstream's answer that does not fit its protocol.
pub fn nonsense(error: &serde_json::Error) -> Failure {
    Failure::broken(format!("the upstream's answer makes no sense: {error}"))
}

/// A value as bytes. A `Value` has only string keys, so this cannot fail.
pub fn to_bytes(value: &Value) -> Vec<u8> {
    serde_json::to_vec(value).unwrap_or_default()
}

/// An object as text.
pub fn object_text(object: &Map<String, Value>) -> String {
    serde_json::to_string(object).unwrap_or_default()
}

/// A value as bytes. Fails with a 413 where it would be longer than the meter allows.
pub fn to_bytes_within(value: &Value, meter: Meter) -> Outcome<Vec<u8>> {
    let mut out = LimitedBytes { bytes: Vec::new(), meter };
    match serde_json::to_writer(&mut out, value) {
        Ok(()) => Ok(out.bytes),
        Err(_) => Err(meter.exceeded()),
    }
}

/// Collects bytes up to the limit of a meter.
struct LimitedBytes {
    bytes: Vec<u8>,
    meter: Meter,
}

impl io::Write for LimitedBytes {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.meter.charge(bytes.len()) {
            Ok(()) => {
                self.bytes.extend_from_slice(bytes);
                Ok(bytes.len())
            }
            Err(_) => Err(io::ErrorKind::FileTooLarge.into()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The bytes as text, with U+FFFD for what is not UTF-8.
pub fn text(bytes: &[u8]) -> Cow<'_, str> {
    // It nearly always is UTF-8, and the plain check is faster.
    std::str::from_utf8(bytes).map_or_else(|_| String::from_utf8_lossy(bytes), Cow::Borrowed)
}

/// A string that borrows from the JSON unless an escape prevents it.
///
/// Also reads what compatible servers write in its place: `null` and `false` as empty, a
/// number as its digits, an object (arguments that should be JSON in a string) as its text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Str<'a>(Cow<'a, str>);

impl Str<'_> {
    /// The text, unless it is empty.
    pub fn some(&self) -> Option<&str> {
        if self.0.is_empty() { None } else { Some(&self.0) }
    }

    pub fn owned(&self) -> Option<String> {
        self.some().map(str::to_owned)
    }
}

impl Deref for Str<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Str<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(StrVisitor)
    }
}

struct StrVisitor;

impl<'de> Visitor<'de> for StrVisitor {
    type Value = Str<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Str(Cow::Borrowed(text)))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Str(Cow::Owned(text.to_owned())))
    }

    fn visit_string<E: Error>(self, text: String) -> Result<Self::Value, E> {
        Ok(Str(Cow::Owned(text)))
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(Str::default())
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Self::Value, E> {
        Ok(Str::default())
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Self::Value, E> {
        Ok(Str(Cow::Owned(number.to_string())))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Self::Value, E> {
        Ok(Str(Cow::Owned(number.to_string())))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Self::Value, E> {
        Ok(Str(Cow::Owned(number.to_string())))
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<Self::Value, A::Error> {
        let object = Map::deserialize(MapAccessDeserializer::new(members))?;
        Ok(Str(Cow::Owned(Value::Object(object).to_string())))
    }
}

/// Reads `null` as the default: some servers write it for a field without a value.
pub fn or_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_lone_surrogates_are_replaced() {
        for (json, expected) in [
            (r#""\ud83d""#, "\u{FFFD}"),
            (r#""a\uDE00b""#, "a\u{FFFD}b"),
            (r#""\ud83d\ude00""#, "😀"),
            (r#""\ud83d\ud83d\ude00""#, "\u{FFFD}😀"),
            (r#""\\ud83d""#, r"\ud83d"),
            (r#""\\\ud83d""#, "\\\u{FFFD}"),
            (r#""\u00e9\n""#, "é\n"),
        ] {
            let mut bytes = json.as_bytes().to_vec();
            mend_surrogates(&mut bytes);
            let read: String = serde_json::from_slice(&bytes).expect(json);
            assert_eq!(read, expected, "{json}");
        }
    }

    #[test]
    fn what_needs_no_mending_is_not_copied() {
        assert!(matches!(mended(br#"{"a":"\ud83d\ude00 \n"}"#), Cow::Borrowed(_)));
        assert_eq!(&*mended(br#""\ud83d""#), br#""\ufffd""#);
        assert!(matches!(mended(b"\"\\"), Cow::Borrowed(_)));
    }

    #[test]
    fn text_that_is_not_json_is_left_alone() {
        for text in ["\\u", "\\ud8", "\\uZZZZ", "\\u+123", "plain"] {
            let mut bytes = text.as_bytes().to_vec();
            mend_surrogates(&mut bytes);
            assert_eq!(bytes, text.as_bytes());
        }
    }

    #[test]
    fn a_string_borrows_unless_an_escape_prevents_it() {
        let plain: Str<'_> = serde_json::from_str(r#""plain""#).expect("a string");
        let escaped: Str<'_> = serde_json::from_str(r#""a\nb""#).expect("a string");
        let null: Str<'_> = serde_json::from_str("null").expect("null");
        assert!(matches!(plain.0, Cow::Borrowed("plain")));
        assert_eq!((&*escaped, null.some()), ("a\nb", None));
    }

    #[test]
    fn a_value_in_place_of_a_string_is_read_where_it_has_a_text() {
        for (json, expected) in
            [("false", ""), ("7", "7"), ("-1.5", "-1.5"), (r#"{"a": [1]}"#, r#"{"a":[1]}"#)]
        {
            let read: Str<'_> = serde_json::from_str(json).expect(json);
            assert_eq!(&*read, expected);
        }
        assert!(serde_json::from_str::<Str<'_>>("[]").is_err());
    }
}
