//! Every error of our own on its way out: in the shape of the family that asked, so
//! that its SDK raises the right exception.

use std::borrow::Cow;

use http::header::{ALLOW, CONTENT_TYPE, HOST, HeaderMap, RETRY_AFTER};
use http::uri::Authority;
use http::{HeaderName, HeaderValue};
use salvo::http::ResBody;
use salvo::prelude::Response;

use super::guard::is_loopback_name;
use super::routes::Missing;
use crate::protocol::{ErrorKind, Family, LocalError};

const RETRY_AFTER_MS: HeaderName = HeaderName::from_static("retry-after-ms");

pub fn render(response: &mut Response, family: Family, error: &LocalError, request_id: &str) {
    response.status_code(error.kind.status());
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if let Some(wait) = error.retry_after {
        let seconds = wait.as_millis().div_ceil(1000);
        headers.insert(RETRY_AFTER, HeaderValue::from(u64::try_from(seconds).unwrap_or(u64::MAX)));
        if seconds <= 1 {
            headers.insert(RETRY_AFTER_MS, HeaderValue::from(crate::monitor::record::millis(wait)));
        }
    }
    let body = family.error_body(error, request_id);
    response.body(ResBody::Once(body.to_string().into()));
}

/// The family of a request whose path does not tell: what only its SDK sends.
pub fn family_of(headers: &HeaderMap, query: Option<&str>) -> Family {
    let has_query_key = || query.is_some_and(|query| query.split('&').any(|pair| pair.starts_with("key=")));
    if headers.contains_key("anthropic-version") {
        Family::Anthropic
    } else if headers.contains_key("x-goog-api-key") || has_query_key() {
        Family::Gemini
    } else if headers.contains_key("x-api-key") {
        Family::Anthropic
    } else {
        Family::OpenAi
    }
}

/// Where a client that names us like this finds us: 127.0.0.1 is another machine to one on the network. The
/// Host is known to be ours.
pub fn base_url<'a>(headers: &HeaderMap, own: &'a str) -> Cow<'a, str> {
    let host = headers.get(HOST).and_then(|host| host.to_str().ok()?.parse::<Authority>().ok());
    match host {
        Some(host) if !is_loopback_name(host.host()) => format!("http://{host}").into(),
        _ => own.into(),
    }
}

/// Says which base URL would have worked.
pub fn missing(
    missing: &Missing,
    method: &http::Method,
    path: &str,
    base_url: &str,
    headers: &mut HeaderMap,
) -> LocalError {
    match missing {
        Missing::NoSuchPath { .. } => LocalError::new(
            ErrorKind::NotFound,
            format!(
                "there is no {method} {} here. The base URL is {base_url}/v1 for OpenAI clients, {base_url} for \
                 Anthropic and Gemini clients",
                shortened(path)
            ),
        ),
        Missing::WrongMethod { allow, .. } => {
            headers.insert(ALLOW, HeaderValue::from_static(allow));
            LocalError::new(
                ErrorKind::MethodNotAllowed,
                format!("{} takes {allow}, not {method}", shortened(path)),
            )
        }
    }
}

/// A client's path in a message: bounded, and with nothing in it that moves a cursor.
fn shortened(path: &str) -> String {
    crate::language::printable::shortened(path, 120)
}
