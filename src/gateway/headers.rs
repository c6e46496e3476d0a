//! The headers that cross from client to upstream and back.
//!
//! They are on lists: a client's headers hold its own key and cookies, and an upstream's
//! could set cookies, loosen CORS or confuse framing.

use http::header::{
    ACCEPT, ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderName,
    HeaderValue, RETRY_AFTER, USER_AGENT,
};

use crate::protocol::{Family, Protocol};
use crate::upstream::hop;

/// Response headers that SDKs read: limits, ids, and whether to try again.
const DOWN_PREFIXES: [&str; 2] = ["anthropic-", "openai-"];
const DOWN_NAMES: [&str; 4] = ["retry-after-ms", "request-id", "x-should-retry", "content-disposition"];

/// The content type of everything that is encoded here.
pub const JSON: HeaderValue = HeaderValue::from_static("application/json");

const ANTHROPIC_VERSION: HeaderName = HeaderName::from_static("anthropic-version");
/// The version for an Anthropic upstream where the client names none.
const DEFAULT_ANTHROPIC_VERSION: HeaderValue = HeaderValue::from_static("2023-06-01");

/// A client's headers that go upstream. The credential is added later.
pub fn request_headers(client: &HeaderMap, protocol: Protocol) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(client.len());
    for (name, value) in client {
        if crosses_up(name, protocol.family()) {
            headers.append(name.clone(), value.clone());
        }
    }
    // The usage is read from the bytes as they pass, so they must not be compressed.
    headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    if protocol.family() == Family::Anthropic && !headers.contains_key(ANTHROPIC_VERSION) {
        headers.insert(ANTHROPIC_VERSION, DEFAULT_ANTHROPIC_VERSION);
    }
    headers
}

/// The headers of a request that is translated.
pub fn translated_headers(client: &HeaderMap, upstream: Protocol) -> HeaderMap {
    let mut kept = HeaderMap::new();
    for name in [USER_AGENT, HeaderName::from_static(hop::NAME)] {
        kept.extend(client.get_all(&name).iter().map(|value| (name.clone(), value.clone())));
    }
    let mut headers = request_headers(&kept, upstream);
    headers.insert(CONTENT_TYPE, JSON);
    headers
}

/// Words in the names of headers that belong to one credential. Sent upstream with another
/// credential, such a header makes a good account look broken; sent to the client, it reveals
/// whose account answered.
const WORDS_OF_AN_ACCOUNT: [&str; 16] = [
    "account",
    "auth",
    "authenticated",
    "authorization",
    "cookie",
    "credential",
    "credentials",
    "iam",
    "key",
    "org",
    "organization",
    "project",
    "secret",
    "token",
    "user",
    "workspace",
];

fn is_of_an_account(name: &str) -> bool {
    name.split(['-', '_']).any(|word| WORDS_OF_AN_ACCOUNT.contains(&word))
}

/// Headers of the OpenAI family without one of its prefixes.
const OPENAI_NAMES: [&str; 6] =
    ["originator", "session-id", "session_id", "thread-id", "conversation_id", "idempotency-key"];

/// Google's headers that describe the call; its others name the account and the project.
const GEMINI_NAMES: [&str; 2] = ["x-goog-api-client", "x-goog-request-params"];

/// Whether a client's header goes upstream. OpenAI's and Anthropic's own do, known or not,
/// unless they belong to an account; of Google's many, only those listed.
fn crosses_up(name: &HeaderName, family: Family) -> bool {
    if [CONTENT_TYPE, ACCEPT, USER_AGENT].contains(name) {
        return true;
    }
    let name = name.as_str();
    let begins =
        |prefixes: &[&str]| prefixes.iter().any(|prefix| name.starts_with(prefix)) && !is_of_an_account(name);
    match family {
        _ if name == hop::NAME => true,
        Family::Anthropic => begins(&["anthropic-", "x-stainless-"]) || name == "x-app",
        Family::OpenAi => begins(&["openai-", "x-stainless-", "x-codex-"]) || OPENAI_NAMES.contains(&name),
        Family::Gemini => GEMINI_NAMES.contains(&name),
    }
}

/// An upstream's headers that reach the client.
pub fn response_headers(upstream: &HeaderMap) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(upstream.len());
    for (name, value) in upstream {
        if crosses_down(name) {
            headers.append(name.clone(), value.clone());
        }
    }
    headers
}

fn crosses_down(name: &HeaderName) -> bool {
    // No encoding is asked for; one that is used anyway has to be named.
    if [CONTENT_TYPE, CONTENT_ENCODING, CACHE_CONTROL, RETRY_AFTER].contains(name) {
        return true;
    }
    let name = name.as_str();
    let is_limit = name.starts_with("x-ratelimit-") || name.starts_with("anthropic-ratelimit-");
    let is_own = DOWN_PREFIXES.iter().any(|prefix| name.starts_with(prefix)) && !is_of_an_account(name);
    is_limit || is_own || DOWN_NAMES.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(names: &[&'static str]) -> HeaderMap {
        names.iter().map(|name| (HeaderName::from_static(name), HeaderValue::from_static("v"))).collect()
    }

    fn names(headers: &HeaderMap) -> Vec<&str> {
        let mut names: Vec<_> = headers.keys().map(HeaderName::as_str).collect();
        names.sort_unstable();
        names
    }

    #[test]
    fn the_clients_own_secrets_stay_here() {
        let client = headers(&[
            "authorization",
            "x-api-key",
            "x-goog-api-key",
            "cookie",
            "proxy-authorization",
            "host",
            "origin",
            "x-forwarded-for",
            "connection",
            "transfer-encoding",
            "content-length",
            "content-type",
            "user-agent",
            "anthropic-beta",
            "x-goog-api-client",
            "x-goog-request-params",
            "x-goog-user-project",
            "x-goog-iam-authorization-token",
            "x-goog-iam-authority-selector",
            "x-goog-authenticated-user-email",
            "x-goog-anything-else",
            "anthropic-workspace-id",
            "anthropic-auth-token",
            "openai-user",
            "x-codex-account-id",
            "openai-beta",
            "openai-organization",
            "openai-project",
        ]);
        let crossed = |protocol| names(&request_headers(&client, protocol)).join(" ");
        assert_eq!(
            crossed(Protocol::Anthropic),
            "accept-encoding anthropic-beta anthropic-version content-type user-agent"
        );
        assert_eq!(
            crossed(Protocol::Gemini),
            "accept-encoding content-type user-agent x-goog-api-client x-goog-request-params"
        );
        assert_eq!(crossed(Protocol::OpenAiChat), "accept-encoding content-type openai-beta user-agent");
    }

    #[test]
    fn an_upstream_cannot_set_what_the_browser_or_the_framing_obeys() {
        let upstream = headers(&[
            "set-cookie",
            "access-control-allow-origin",
            "strict-transport-security",
            "alt-svc",
            "refresh",
            "content-security-policy",
            "connection",
            "transfer-encoding",
            "server",
            "location",
            "content-type",
            "retry-after",
            "anthropic-ratelimit-requests-remaining",
            "anthropic-organization-id",
            "openai-organization",
            "x-ratelimit-reset-tokens",
            "request-id",
        ]);
        assert_eq!(
            names(&response_headers(&upstream)).join(" "),
            "anthropic-ratelimit-requests-remaining content-type request-id retry-after x-ratelimit-reset-tokens"
        );
    }
}
