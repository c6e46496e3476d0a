//! Each provider's URLs and credential header.

use http::header::{AUTHORIZATION, HeaderName, HeaderValue, InvalidHeaderValue};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use crate::config::is_version;
use crate::protocol::{Operation, Protocol, Provider};

/// The parts of one call's URL.
#[derive(Clone, Debug)]
pub struct Target<'a> {
    pub provider: Provider,
    /// As [`base`] parsed it.
    pub base: Option<&'a Url>,
    pub path: Path<'a>,
    /// The client's query, without its key.
    pub query: Option<&'a str>,
}

#[derive(Clone, Copy, Debug)]
pub enum Path<'a> {
    /// `model` and `version` (`v1`, `v1beta`, `v1alpha`) are part of Gemini's paths only.
    Operation { operation: Operation, model: &'a str, version: Option<&'a str> },
    /// The provider's model list, or the entry with this id.
    Models { id: Option<&'a str> },
}

#[derive(Debug, thiserror::Error)]
pub enum EndpointError {
    #[error("the base URL of this account is not valid")]
    BaseUrl,
    #[error("the model name cannot be part of a URL")]
    Model,
}

/// Gemini's API version where the client names none.
const GEMINI_VERSION: &str = "v1beta";

/// The parsed base URL of an account's API. Parsing costs more than building a path on it, so
/// it is done once per account.
pub fn base(provider: Provider, base_url: Option<&str>) -> Option<Url> {
    Url::parse(base_url.or(provider.base_url())?).ok()
}

/// Whether the provider's base URL is the root, without the API version.
fn is_rooted(provider: Provider) -> bool {
    matches!(provider, Provider::Gemini | Provider::Anthropic | Provider::Zai)
}

/// The URL of one call. Every part that the client chose is one escaped path segment. Fails
/// where the base URL or the model name cannot be part of a URL.
pub fn url(target: &Target<'_>) -> Result<Url, EndpointError> {
    let mut url = target.base.cloned().ok_or(EndpointError::BaseUrl)?;
    {
        let mut segments = url.path_segments_mut().map_err(|()| EndpointError::BaseUrl)?;
        segments.pop_if_empty();
        match target.path {
            Path::Operation { operation, model, version } if operation.protocol() == Protocol::Gemini => {
                segments.extend(gemini_version(target, version));
                segments.push("models");
                segments.push(&format!("{}:{}", model_segment(model)?, operation.path()));
            }
            Path::Operation { operation, .. } => {
                if is_rooted(target.provider) {
                    segments.push("v1");
                }
                segments.extend(operation.path().split('/'));
            }
            Path::Models { id } => {
                match target.provider {
                    Provider::Gemini => _ = segments.extend(gemini_version(target, None)),
                    provider if is_rooted(provider) => _ = segments.push("v1"),
                    _ => {}
                }
                segments.push("models");
                if let Some(id) = id {
                    segments.push(model_segment(id)?);
                }
            }
        }
    }
    url.set_query(target.query.filter(|query| !query.is_empty()));
    Ok(url)
}

/// Google has several versions, and the client chooses. Other servers with Google's API have
/// the usual version, or the one that their base URL names.
fn gemini_version<'a>(target: &Target<'a>, asked: Option<&'a str>) -> Option<&'a str> {
    let base = target.base?;
    let is_googles = base.host_str().is_some_and(|host| host.ends_with("googleapis.com"));
    let last = base.path().trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    match asked {
        Some(version) if is_googles => Some(version),
        _ if is_version(last) => None,
        _ => Some(GEMINI_VERSION),
    }
}

/// The client's model name, checked before it becomes part of a URL.
fn model_segment(model: &str) -> Result<&str, EndpointError> {
    let model = model.strip_prefix("models/").unwrap_or(model);
    let harmless = !model.is_empty() && model != "." && model != ".." && !model.contains(char::is_control);
    if harmless { Ok(model) } else { Err(EndpointError::Model) }
}

/// The header with the account's key. Fails where the key has characters that no header takes.
pub fn credential(
    provider: Provider,
    key: &SecretString,
) -> Result<(HeaderName, HeaderValue), InvalidHeaderValue> {
    let key = key.expose_secret();
    let (name, text) = match provider {
        Provider::Gemini => (HeaderName::from_static("x-goog-api-key"), key.to_owned()),
        Provider::Anthropic | Provider::Zai => (HeaderName::from_static("x-api-key"), key.to_owned()),
        Provider::OpenAi | Provider::OpenAiCompatible | Provider::Demo => {
            (AUTHORIZATION, format!("Bearer {key}"))
        }
    };
    let mut value = HeaderValue::try_from(text)?;
    value.set_sensitive(true);
    Ok((name, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(provider: Provider, base_url: Option<&str>, path: Path<'_>, expected: &str) {
        let base = base(provider, base_url);
        let target = Target { provider, base: base.as_ref(), path, query: None };
        assert_eq!(url(&target).expect("a URL").as_str(), expected);
    }

    #[test]
    fn each_provider_has_its_own_paths() {
        let operation = |operation| Path::Operation { operation, model: "m", version: None };
        check(
            Provider::OpenAi,
            None,
            operation(Operation::ChatCompletions),
            "https://api.openai.com/v1/chat/completions",
        );
        check(
            Provider::OpenAiCompatible,
            Some("http://127.0.0.1:11434/v1/"),
            operation(Operation::Embeddings),
            "http://127.0.0.1:11434/v1/embeddings",
        );
        check(
            Provider::Anthropic,
            None,
            operation(Operation::CountTokens),
            "https://api.anthropic.com/v1/messages/count_tokens",
        );
        check(
            Provider::Zai,
            None,
            operation(Operation::Messages),
            "https://api.z.ai/api/anthropic/v1/messages",
        );
        check(
            Provider::Gemini,
            None,
            Path::Operation {
                operation: Operation::GenerateContent,
                model: "models/gemini-3-flash",
                version: Some("v1"),
            },
            "https://generativelanguage.googleapis.com/v1/models/gemini-3-flash:generateContent",
        );
        for (base_url, expected) in [
            ("https://g.example", "https://g.example/v1beta/models/m:generateContent"),
            ("https://g.example/v1", "https://g.example/v1/models/m:generateContent"),
            ("https://g.example/api/v1beta/", "https://g.example/api/v1beta/models/m:generateContent"),
        ] {
            let operation = Operation::GenerateContent;
            let path = Path::Operation { operation, model: "m", version: Some("v1alpha") };
            check(Provider::Gemini, Some(base_url), path, expected);
        }
        check(
            Provider::Gemini,
            Some("https://g.example/v1"),
            Path::Models { id: None },
            "https://g.example/v1/models",
        );
        check(
            Provider::Gemini,
            None,
            Path::Models { id: None },
            "https://generativelanguage.googleapis.com/v1beta/models",
        );
        check(
            Provider::Anthropic,
            None,
            Path::Models { id: Some("claude-x") },
            "https://api.anthropic.com/v1/models/claude-x",
        );
    }

    #[test]
    fn a_model_name_cannot_bend_the_url() {
        let base = base(Provider::Gemini, Some("https://g.example"));
        let at = |model| Target {
            provider: Provider::Gemini,
            base: base.as_ref(),
            path: Path::Operation { operation: Operation::GenerateContent, model, version: None },
            query: None,
        };
        for model in ["a/../../secret", "x?key=1", "y#z", "a\\b", "%2e%2e", "@evil.example"] {
            let url = url(&at(model)).expect("escaped");
            assert_eq!(url.host_str(), Some("g.example"), "{model}");
            assert_eq!(url.path_segments().expect("a path").count(), 3, "{model}: {url}");
            assert_eq!((url.query(), url.fragment()), (None, None), "{model}");
        }
        for model in ["", ".", "..", "a\nb", "models/.."] {
            assert!(url(&at(model)).is_err(), "{model:?}");
        }
    }
}
