//! Every error of the proxy's own, in the shape of the client's family, so that its SDK raises
//! the right exception.

use http::header::{ALLOW, CONTENT_TYPE, HeaderMap, RETRY_AFTER};
use http::{HeaderName, HeaderValue};
use salvo::http::ResBody;
use salvo::prelude::Response;

use super::routes::NoRoute;
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

/// The error for a path or method without a route; its message names the base URL that works.
pub fn no_route(
    no_route: &NoRoute,
    method: &http::Method,
    path: &str,
    base_url: &str,
    headers: &mut HeaderMap,
) -> LocalError {
    match no_route {
        NoRoute::NoSuchPath { .. } => LocalError::new(
            ErrorKind::NotFound,
            format!(
                "there is no {method} {} here. The base URL is {base_url}/v1 for OpenAI clients, {base_url} for \
                 Anthropic and Gemini clients",
                shortened(path)
            ),
        ),
        NoRoute::WrongMethod { allow, .. } => {
            headers.insert(ALLOW, HeaderValue::from_static(allow));
            LocalError::new(
                ErrorKind::MethodNotAllowed,
                format!("{} takes {allow}, not {method}", shortened(path)),
            )
        }
    }
}

/// A client's path for a message: bounded, and without characters that move a cursor.
fn shortened(path: &str) -> String {
    crate::language::printable::shortened(path, 120)
}
