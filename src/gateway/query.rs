//! The parameters of a client's query that go upstream.
//!
//! They are on a list, compared after percent-decoding: `access_token` and `%6bey` are
//! credentials to Google, and a foreign one makes a good account look broken.

use percent_encoding::percent_decode_str;

use crate::protocol::Family;

/// The parameters that the family's calls take
/// (<https://cloud.google.com/apis/docs/system-parameters>; the Anthropic SDKs send `beta`,
/// Azure's clients `api-version`).
const fn known(family: Family) -> &'static [&'static str] {
    match family {
        Family::OpenAi => &["api-version"],
        Family::Anthropic => &["beta"],
        Family::Gemini => &["alt", "$alt", "fields", "$fields", "prettyPrint", "$prettyPrint"],
    }
}

/// The part of the query that goes upstream, with its names decoded.
pub fn crossing(query: &str, family: Family) -> Option<String> {
    let mut crossing = String::new();
    for (name, value) in pairs(query) {
        let Some(name) = known(family).iter().find(|known| **known == name) else { continue };
        if !crossing.is_empty() {
            crossing.push('&');
        }
        crossing.push_str(name);
        if let Some(value) = value {
            crossing.push('=');
            crossing.push_str(value);
        }
    }
    (!crossing.is_empty()).then_some(crossing)
}

/// Whether a parameter has this value, after both are decoded.
pub fn has(query: &str, name: &str, value: &str) -> bool {
    pairs(query).any(|(found, text)| found == name && text.is_some_and(|text| decoded(text) == value))
}

fn pairs(query: &str) -> impl Iterator<Item = (String, Option<&str>)> {
    query.split('&').filter(|pair| !pair.is_empty()).map(|pair| match pair.split_once('=') {
        Some((name, value)) => (decoded(name), Some(value)),
        None => (decoded(pair), None),
    })
}

fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_means_something_crosses() {
        for (family, query, expected) in [
            (Family::Gemini, "alt=sse", Some("alt=sse")),
            (Family::Gemini, "%61lt=sse&access_token=x&%6bey=y&key=z", Some("alt=sse")),
            (Family::Gemini, "oauth_token=x&quotaUser=y&$.xgafv=1&callback=f&uploadType=media", None),
            (
                Family::Gemini,
                "prettyPrint=false&fields=a%26b&$alt=json",
                Some("prettyPrint=false&fields=a%26b&$alt=json"),
            ),
            (Family::Gemini, "ALT=sse&alt%00=sse&%2561lt=sse", None),
            (Family::Anthropic, "beta=true&api_key=x&key=y", Some("beta=true")),
            (Family::OpenAi, "api-version=2026-01-01&alt=sse&api-key=x", Some("api-version=2026-01-01")),
            (Family::OpenAi, "", None),
        ] {
            assert_eq!(crossing(query, family).as_deref(), expected, "{query}");
        }
        assert!(has("x&%61lt=%73se", "alt", "sse") && !has("alt=json", "alt", "sse"));
    }
}
