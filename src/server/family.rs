//! The family of a request: which SDK has to understand the answer.

use http::HeaderMap;
use salvo::prelude::Request;

use super::routes::{Endpoint, NoRoute, Route};
use crate::protocol::Family;

/// The family that the path names, else the one whose SDK sends such headers.
pub fn family(route: &Result<Route, NoRoute>, request: &Request) -> Family {
    let named = match route {
        Ok(route) => route.family,
        Err(NoRoute::NoSuchPath { family } | NoRoute::WrongMethod { family, .. }) => *family,
    };
    let is_model_list = matches!(route, Ok(Route { endpoint: Endpoint::Models { .. }, .. }));
    match named {
        Some(family) => family,
        None if is_model_list => of_model_list(request.headers()),
        None => of_headers(request.headers(), request.uri().query()),
    }
}

/// The family of `/v1/models`: three SDKs ask for it, and only a header tells them apart.
fn of_model_list(headers: &HeaderMap) -> Family {
    if headers.contains_key("anthropic-version") {
        Family::Anthropic
    } else if headers.contains_key("x-goog-api-key") {
        Family::Gemini
    } else {
        Family::OpenAi
    }
}

/// The family of any other request, by what only its SDK sends.
fn of_headers(headers: &HeaderMap, query: Option<&str>) -> Family {
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
