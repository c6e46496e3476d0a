//! Every path on one screen.
//!
//! The path is parsed once, from the bytes that the client sent. Everything after (whether a key
//! is needed, which handler runs, what is recorded) uses the result, never the text again.
//! Misspellings that SDKs produce (doubled versions, a family's name in front, one operation
//! after another) are peeled off from the left; what is left must be exactly one of the paths
//! below.

use http::Method;
use percent_encoding::percent_decode_str;

use crate::protocol::{Family, Operation};

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Endpoint {
    Health,
    /// `HEAD /`, `/api/hello` and the telemetry of interactive clients: answered and ignored.
    Ignored,
    Models {
        id: Option<String>,
    },
    Call {
        operation: Operation,
        model: Option<String>,
        version: Option<&'static str>,
    },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    pub endpoint: Endpoint,
    /// The family that the path names.
    pub family: Option<Family>,
    /// What is odd about the path; for the record.
    pub hint: Option<&'static str>,
}

impl Route {
    /// The operation of an API call; `None` for a health check or a model list.
    pub const fn operation(&self) -> Option<Operation> {
        match &self.endpoint {
            Endpoint::Call { operation, .. } => Some(*operation),
            _ => None,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoRoute {
    NoSuchPath { family: Option<Family> },
    WrongMethod { family: Option<Family>, allow: &'static str },
}

pub fn find(method: &Method, path: &str) -> Result<Route, NoRoute> {
    if matches!(path, "/healthz" | "/health") {
        let route = Route { endpoint: Endpoint::Health, family: None, hint: None };
        return only(&[Method::GET, Method::HEAD], "GET, HEAD", method, None).map(|()| route);
    }
    if method == Method::HEAD && path == "/" || path.starts_with("/api/event_logging/") {
        return Ok(Route { endpoint: Endpoint::Ignored, family: Some(Family::Anthropic), hint: None });
    }
    let mut prefix = Prefix::default();
    let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
    if path.contains("//") {
        prefix.hint = Some("doubled slash: the base URL should not end in /");
    }
    if segments.iter().any(|segment| matches!(*segment, "." | "..") || segment.contains('\\')) {
        return Err(NoRoute::NoSuchPath { family: None });
    }
    let mut rest = segments.as_slice();
    loop {
        if let Some(endpoint) = exact(method, rest, prefix.version) {
            return finish(method, endpoint, &prefix);
        }
        rest = match peel(rest, &mut prefix) {
            Some(rest) => rest,
            None => return Err(NoRoute::NoSuchPath { family: prefix.family }),
        };
    }
}

/// The endpoint of a path without its prefix.
fn exact(method: &Method, segments: &[&str], version: Option<&'static str>) -> Option<Endpoint> {
    let call = |operation| Some(Endpoint::Call { operation, model: None, version: None });
    match segments {
        ["chat", "completions"] => call(Operation::ChatCompletions),
        ["responses"] => call(Operation::Responses),
        ["completions"] => call(Operation::Completions),
        ["embeddings"] => call(Operation::Embeddings),
        ["images", "generations"] => call(Operation::ImageGenerations),
        ["images", "edits"] => call(Operation::ImageEdits),
        ["audio", "transcriptions"] => call(Operation::AudioTranscriptions),
        ["messages"] => call(Operation::Messages),
        ["messages", "count_tokens"] => call(Operation::CountTokens),
        ["api", "hello"] => Some(Endpoint::Ignored),
        ["models"] => Some(Endpoint::Models { id: None }),
        ["models", name @ ..] => model(method, name, version),
        _ => None,
    }
}

/// `models/{id}` or `models/{id}:{action}`. Names may hold slashes and colons, so the text after
/// the last colon is an action only when it is a known one.
fn model(method: &Method, name: &[&str], version: Option<&'static str>) -> Option<Endpoint> {
    let name = name.join("/");
    let name = percent_decode_str(&name).decode_utf8().ok()?;
    // An SDK that is given a resource name adds the collection once more.
    let name = name.trim_start_matches("models/").to_owned();
    let colon = name.rsplit_once(':');
    match colon.and_then(|(model, action)| Some((model, Operation::from_gemini_action(action)?))) {
        Some((model, operation)) => {
            Some(Endpoint::Call { operation, model: Some(model.to_owned()), version })
        }
        // An unknown action.
        None if *method == Method::POST && colon.is_some() => None,
        None => Some(Endpoint::Models { id: Some(name) }),
    }
}

/// What was peeled off the front of a path.
#[derive(Default)]
struct Prefix {
    version: Option<&'static str>,
    family: Option<Family>,
    hint: Option<&'static str>,
}

fn peel<'a, 'b>(segments: &'a [&'b str], prefix: &mut Prefix) -> Option<&'a [&'b str]> {
    match segments {
        ["v1", rest @ ..] => Some(version("v1", None, rest, prefix)),
        ["v1beta", rest @ ..] => Some(version("v1beta", Some(Family::Gemini), rest, prefix)),
        ["v1alpha", rest @ ..] => Some(version("v1alpha", Some(Family::Gemini), rest, prefix)),
        ["openai", rest @ ..] => Some(in_family(Family::OpenAi, rest, prefix)),
        ["anthropic", rest @ ..] => Some(in_family(Family::Anthropic, rest, prefix)),
        ["gemini", rest @ ..] => Some(in_family(Family::Gemini, rest, prefix)),
        ["chat", "completions", rest @ ..] | ["responses", rest @ ..] => {
            Some(doubled(Family::OpenAi, rest, prefix))
        }
        ["messages", rest @ ..] => Some(doubled(Family::Anthropic, rest, prefix)),
        _ => None,
    }
}

fn in_family<'a, 'b>(family: Family, rest: &'a [&'b str], prefix: &mut Prefix) -> &'a [&'b str] {
    prefix.family = Some(family);
    rest
}

/// The base URL already names an operation, and the SDK has appended another.
fn doubled<'a, 'b>(family: Family, rest: &'a [&'b str], prefix: &mut Prefix) -> &'a [&'b str] {
    prefix.hint = Some("doubled path: the base URL should not name an operation");
    in_family(family, rest, prefix)
}

fn version<'a, 'b>(
    name: &'static str,
    family: Option<Family>,
    rest: &'a [&'b str],
    prefix: &mut Prefix,
) -> &'a [&'b str] {
    if prefix.version.replace(name).is_some() {
        prefix.hint = Some("doubled version: the SDK adds it to the base URL itself");
    }
    prefix.family = prefix.family.or(family);
    rest
}

fn finish(method: &Method, endpoint: Endpoint, prefix: &Prefix) -> Result<Route, NoRoute> {
    let family = match &endpoint {
        Endpoint::Call { operation, .. } => Some(operation.protocol().family()),
        Endpoint::Ignored => Some(Family::Anthropic),
        _ => prefix.family,
    };
    let hint = prefix.hint.or_else(|| missing_version(&endpoint, prefix));
    match endpoint {
        Endpoint::Call { .. } => only(&[Method::POST], "POST", method, family)?,
        _ => only(&[Method::GET, Method::HEAD], "GET, HEAD", method, family)?,
    }
    Ok(Route { endpoint, family, hint })
}

fn missing_version(endpoint: &Endpoint, prefix: &Prefix) -> Option<&'static str> {
    let named = prefix.version.is_some() || matches!(endpoint, Endpoint::Health | Endpoint::Ignored);
    (!named).then_some("no version in the path: the base URL of OpenAI SDKs should end in /v1")
}

/// Fails for other methods. `OPTIONS` never comes here: it is answered for every path.
fn only(
    methods: &[Method],
    allow: &'static str,
    method: &Method,
    family: Option<Family>,
) -> Result<(), NoRoute> {
    if methods.contains(method) { Ok(()) } else { Err(NoRoute::WrongMethod { family, allow }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn post(path: &str) -> Result<Route, NoRoute> {
        find(&Method::POST, path)
    }

    fn operation(path: &str) -> Option<Operation> {
        match post(path).ok()?.endpoint {
            Endpoint::Call { operation, .. } => Some(operation),
            _ => None,
        }
    }

    #[test]
    fn every_spelling_reaches_its_handler() {
        for (path, expected) in [
            ("/v1/chat/completions", Operation::ChatCompletions),
            ("/chat/completions", Operation::ChatCompletions),
            ("/v1/v1/chat/completions", Operation::ChatCompletions),
            ("/openai/v1/chat/completions", Operation::ChatCompletions),
            ("/v1beta/openai/chat/completions", Operation::ChatCompletions),
            ("/v1/chat/completions/chat/completions", Operation::ChatCompletions),
            ("//v1/chat/completions/", Operation::ChatCompletions),
            ("/v1/chat/completions/responses", Operation::Responses),
            ("/v1/responses", Operation::Responses),
            ("/v1/completions", Operation::Completions),
            ("/v1/embeddings", Operation::Embeddings),
            ("/v1/images/generations", Operation::ImageGenerations),
            ("/v1/images/edits", Operation::ImageEdits),
            ("/v1/audio/transcriptions", Operation::AudioTranscriptions),
            ("/v1/messages", Operation::Messages),
            ("/messages", Operation::Messages),
            ("/anthropic/v1/messages", Operation::Messages),
            ("/v1/messages/v1/messages", Operation::Messages),
            ("/v1/messages/count_tokens", Operation::CountTokens),
            ("/v1/v1/messages/count_tokens", Operation::CountTokens),
        ] {
            assert_eq!(operation(path), Some(expected), "{path}");
        }
    }

    #[test]
    fn gemini_names_its_model_in_the_path_under_every_version() {
        for (path, version) in [
            ("/v1beta/models/gemini-3-flash:generateContent", Some("v1beta")),
            ("/v1/models/gemini-3-flash:generateContent", Some("v1")),
            ("/v1alpha/models/gemini-3-flash:generateContent", Some("v1alpha")),
            ("/models/gemini-3-flash:generateContent", None),
            ("/gemini/v1beta/models/gemini-3-flash:generateContent", Some("v1beta")),
            ("/v1beta/v1beta/models/gemini-3-flash:generateContent", Some("v1beta")),
            ("/v1beta/models/gemini%2D3-flash:generateContent", Some("v1beta")),
            ("/v1beta/models/models/gemini-3-flash:generateContent", Some("v1beta")),
            ("/v1beta/models/models%2Fgemini-3-flash:generateContent", Some("v1beta")),
        ] {
            let model = Some("gemini-3-flash".to_owned());
            let endpoint = Endpoint::Call { operation: Operation::GenerateContent, model, version };
            assert_eq!(post(path).map(|route| route.endpoint), Ok(endpoint), "{path}");
        }
        let Ok(Route { endpoint: Endpoint::Call { model, .. }, .. }) =
            post("/v1/models/work/llama:8b:streamGenerateContent")
        else {
            panic!("a call");
        };
        assert_eq!(model.as_deref(), Some("work/llama:8b"));
    }

    #[test]
    fn odd_spellings_are_recorded_with_a_hint() {
        for (path, odd) in [
            ("/v1/chat/completions", false),
            ("/v1beta/models/m:generateContent", false),
            ("/openai/v1/chat/completions", false),
            ("/v1/v1/chat/completions", true),
            ("/chat/completions", true),
            ("/v1/messages/v1/messages", true),
            ("/v1/chat/completions/responses", true),
            ("//v1/messages", true),
        ] {
            assert_eq!(post(path).expect("ours").hint.is_some(), odd, "{path}");
        }
    }

    #[test]
    fn models_are_read_not_posted() {
        let models = |path: &str| find(&Method::GET, path).map(|route| route.endpoint);
        assert_eq!(models("/v1/models"), Ok(Endpoint::Models { id: None }));
        assert_eq!(
            models("/v1beta/models/gemini-3-flash"),
            Ok(Endpoint::Models { id: Some("gemini-3-flash".to_owned()) })
        );
        assert!(matches!(post("/v1/models"), Err(NoRoute::WrongMethod { .. })));
        assert!(matches!(post("/v1/models/gpt-5"), Err(NoRoute::WrongMethod { .. })));
        assert_eq!(models("/v1/models/llama:8b"), Ok(Endpoint::Models { id: Some("llama:8b".to_owned()) }));
        let action = find(&Method::GET, "/v1beta/models/m:generateContent");
        assert!(matches!(action, Err(NoRoute::WrongMethod { allow: "POST", .. })));
        assert!(matches!(find(&Method::GET, "/v1/messages"), Err(NoRoute::WrongMethod { .. })));
    }

    #[test]
    fn what_interactive_clients_probe_is_answered_and_ignored() {
        let probed = |method, path: &str| find(&method, path).map(|route| route.endpoint);
        for (method, path) in [
            (Method::HEAD, "/"),
            (Method::HEAD, "/api/hello"),
            (Method::GET, "/api/hello"),
            (Method::HEAD, "/v1/api/hello"),
            (Method::GET, "/anthropic/api/hello"),
            (Method::POST, "/api/event_logging/batch"),
        ] {
            assert_eq!(probed(method.clone(), path), Ok(Endpoint::Ignored), "{method} {path}");
        }
        assert!(matches!(probed(Method::POST, "/api/hello"), Err(NoRoute::WrongMethod { .. })));
        for path in ["/api", "/api/hello/x", "/api/hell"] {
            assert!(matches!(probed(Method::HEAD, path), Err(NoRoute::NoSuchPath { .. })), "{path}");
        }
    }

    #[test]
    fn only_the_exact_health_path_is_health() {
        assert_eq!(find(&Method::HEAD, "/healthz").map(|route| route.endpoint), Ok(Endpoint::Health));
        for path in [
            "//healthz",
            "/healthz/",
            "/%68ealthz",
            "/HEALTHZ",
            "/healthz/../v1/models",
            "/v1/healthz",
            "/healthz;x",
        ] {
            assert!(
                !matches!(find(&Method::GET, path), Ok(Route { endpoint: Endpoint::Health, .. })),
                "{path}"
            );
        }
    }

    #[test]
    fn what_is_left_over_is_not_ours() {
        for path in [
            "/",
            "/v1",
            "/v1/",
            "/v2/chat/completions",
            "/v1/chat",
            "/v1/chat/completions/x",
            "/v1/messages/x",
            "/v1/../v1/messages",
            "/v1/./messages",
            "/v1\\messages",
            "/%76%31/messages",
            "/v1/models/m:explode",
            "/v1/responses/resp_1",
            "",
        ] {
            assert!(matches!(post(path), Err(NoRoute::NoSuchPath { .. })), "{path}");
        }
    }
}
