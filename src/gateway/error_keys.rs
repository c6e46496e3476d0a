//! Keys in the errors of an answer that passes untouched: some upstreams repeat the key they were
//! sent. Ordinary events cost one search.

use bytes::Bytes;
use memchr::memmem;

use super::shape::Shape;
use crate::upstream::Scrubber;

/// The member in which every protocol reports an error.
pub const ERROR: &[u8] = b"\"error\"";

/// Whether the bytes report an error; a member that is `null` does not.
pub fn is_error_in(passing: &[u8]) -> bool {
    memmem::find_iter(passing, ERROR).any(|at| {
        let value = passing[at + ERROR.len()..].trim_ascii_start();
        let value = value.strip_prefix(b":").unwrap_or(value).trim_ascii_start();
        !value.starts_with(b"null")
    })
}

/// The bytes without the known secrets; `None` if they hold none.
pub fn without_keys(passing: &[u8], shape: Shape, scrubber: &Scrubber) -> Option<Bytes> {
    match shape {
        Shape::Events => scrubber.scrub_events(passing).map(Bytes::from),
        Shape::Stream => in_array(passing, scrubber),
        // The words of a whole answer are the model's.
        Shape::Whole => None,
    }
}

/// The error is an element of a JSON array; everything around it passes as it is.
fn in_array(passing: &[u8], scrubber: &Scrubber) -> Option<Bytes> {
    let at = memmem::find(passing, ERROR)?;
    let begin = passing[..at].iter().rposition(|byte| *byte == b'{')?;
    let mut elements =
        serde_json::Deserializer::from_slice(&passing[begin..]).into_iter::<&serde_json::value::RawValue>();
    let Some(Ok(element)) = elements.next() else { return scrubber.scrub(passing).map(Bytes::from) };
    let end = begin + element.get().len();
    let clean = scrubber.scrub_escaped(element.get().as_bytes())?;
    Some([&passing[..begin], &clean, &passing[end..]].concat().into())
}

#[cfg(test)]
mod tests {
    use secrecy::SecretString;

    use super::*;

    #[test]
    fn a_null_error_is_not_an_error() {
        assert!(is_error_in(br#"{"error":{"message":"x"}}"#));
        assert!(is_error_in(br#"{"type":"error"}"#));
        assert!(is_error_in(br#"{"error":null,"response":{"error" : {}}}"#));
        assert!(!is_error_in(br#"{"error": null}"#));
        assert!(!is_error_in(br#"{"delta":"an \"error\" in words"}"#));
    }

    #[test]
    fn an_element_of_an_array_is_cleaned_and_the_rest_passes() {
        let scrubber = Scrubber::default();
        scrubber.learn([&SecretString::from("AIzaSecret")]);
        let passing = br#",{"a":1},{"error":{"message":"\u0041IzaSecret"}}]"#;
        let clean = without_keys(passing, Shape::Stream, &scrubber).expect("it is in there");
        assert_eq!(clean, &br#",{"a":1},{"error":{"message":"[secret]"}}]"#[..]);
    }
}
