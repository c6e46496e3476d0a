//! Bytes inside JSON: base64 in two alphabets, `data:` URLs, and media types by file name.

use crate::chat::{Blob, Source};

/// Base64 in the standard alphabet with padding, from either alphabet.
///
/// `google-genai` for Python writes the URL-safe one, which no other vendor reads.
pub fn standard_base64(text: &str) -> String {
    let mut standard: String = text
        .chars()
        .filter(|c| !c.is_ascii_whitespace() && *c != '=')
        .map(|c| match c {
            '-' => '+',
            '_' => '/',
            other => other,
        })
        .collect();
    while !standard.len().is_multiple_of(4) {
        standard.push('=');
    }
    standard
}

/// The source that a URL in an image or file field names: a `data:` URL holds the bytes.
pub fn source_from_url(url: &str) -> Source {
    match parse_data_url(url) {
        Some(blob) => Source::Inline(blob),
        None => Source::Url { url: url.to_owned(), media_type: None },
    }
}

/// `data:image/png;base64,…`
pub fn parse_data_url(url: &str) -> Option<Blob> {
    let (head, base64) = url.strip_prefix("data:")?.split_once(',')?;
    let media_type = head.strip_suffix(";base64")?;
    let media_type = media_type.split(';').next().filter(|t| !t.is_empty()).unwrap_or("text/plain");
    Some(Blob { media_type: media_type.to_owned(), base64: standard_base64(base64) })
}

pub fn data_url(blob: &Blob) -> String {
    format!("data:{};base64,{}", blob.media_type, blob.base64)
}

/// The media type that the extension of a name or URL suggests.
pub fn guess_type(name: &str) -> Option<&'static str> {
    let path = name.split(['?', '#']).next().unwrap_or_default();
    let extension = path.rsplit('/').next()?.rsplit_once('.')?.1;
    let (_, media_type) = TYPES.iter().find(|(known, _)| extension.eq_ignore_ascii_case(known))?;
    Some(media_type)
}

const TYPES: [(&str, &str); 13] = [
    ("png", "image/png"),
    ("jpg", "image/jpeg"),
    ("jpeg", "image/jpeg"),
    ("gif", "image/gif"),
    ("webp", "image/webp"),
    ("heic", "image/heic"),
    ("pdf", "application/pdf"),
    ("txt", "text/plain"),
    ("md", "text/plain"),
    ("csv", "text/plain"),
    ("json", "text/plain"),
    ("wav", "audio/wav"),
    ("mp3", "audio/mp3"),
];

/// The text of an inline document; `None` if it is not text.
pub fn decode_text(blob: &Blob) -> Option<String> {
    use base64::Engine;
    let is_text = blob.media_type.starts_with("text/") || blob.media_type == "application/json";
    if !is_text {
        return None;
    }
    let bytes = base64::engine::general_purpose::STANDARD.decode(&blob.base64).ok()?;
    String::from_utf8(bytes).ok()
}

pub fn encode_text(text: &str) -> Blob {
    use base64::Engine;
    let base64 = base64::engine::general_purpose::STANDARD.encode(text);
    Blob { media_type: "text/plain".to_owned(), base64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_alphabets_become_the_standard_one() {
        for (written, expected) in [("-_8", "+/8="), ("+/8=", "+/8="), ("aGk", "aGk="), ("", "")] {
            assert_eq!(standard_base64(written), expected);
        }
    }

    #[test]
    fn data_urls_are_parsed_and_others_are_not() {
        let blob = parse_data_url("data:image/png;charset=x;base64,aGk=").expect("a data URL");
        assert_eq!(data_url(&blob), "data:image/png;base64,aGk=");
        for url in ["https://x/y.png", "data:image/png,raw", "data:", ""] {
            assert_eq!(parse_data_url(url), None, "{url}");
        }
    }

    #[test]
    fn the_extension_of_a_name_suggests_its_type() {
        for (name, expected) in [
            ("https://a.b/c.PNG?x=.gif", Some("image/png")),
            ("notes.md", Some("text/plain")),
            ("https://a.png/c", None),
            ("", None),
        ] {
            assert_eq!(guess_type(name), expected, "{name}");
        }
    }
}
