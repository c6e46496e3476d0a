//! Reads the fields of a query. Unknown ones are refused.
//!
//! A [`Filter`] has the fields `errors=true`, `protocol`, `account`, `model`, `client`,
//! `text`, `since` and `until`; times are RFC 3339.

use std::fmt::Display;
use std::str::FromStr;

use serde::de::DeserializeOwned;
use serde_json::Value;
use url::form_urlencoded;

use super::answer::Refusal;
use crate::monitor::Filter;

/// Reads a filter; `other` reads each field that is not of a filter.
pub fn filter(
    query: &str,
    mut other: impl FnMut(&str, &str) -> Result<(), Refusal>,
) -> Result<Filter, Refusal> {
    let mut filter = Filter::default();
    for (key, value) in form_urlencoded::parse(query.as_bytes()) {
        let text = || Some(value.clone().into_owned()).filter(|text| !text.is_empty());
        match key.as_ref() {
            "errors" => filter.errors = read(&key, &value)?,
            "protocol" => filter.protocol = text(),
            "account" => filter.account = text(),
            "model" => filter.model = text(),
            "client" => filter.client = text(),
            "text" => filter.text = text(),
            "since" => filter.since = Some(read(&key, &value)?),
            "until" => filter.until = Some(read(&key, &value)?),
            key => other(key, &value)?,
        }
    }
    Ok(filter)
}

pub fn read<T: FromStr<Err: Display>>(key: &str, value: &str) -> Result<T, Refusal> {
    value.parse().map_err(|error| Refusal::bad_request(format!("`{key}` cannot be read: {error}")))
}

/// Reads a name that `T` deserializes from; `choices` lists them for the refusal.
pub fn choice<T: DeserializeOwned>(key: &str, value: &str, choices: &str) -> Result<T, Refusal> {
    serde_json::from_value(Value::from(value))
        .map_err(|_| Refusal::bad_request(format!("`{key}` is one of {choices}")))
}

/// Refuses a field; `others` are the fields of the call beside the filter's.
pub fn unknown(key: &str, others: &str) -> Refusal {
    let separator = if others.is_empty() { "" } else { ", " };
    Refusal::bad_request(format!(
        "unknown field `{key}`: there are {others}{separator}errors, protocol, account, model, client, text, since \
         and until"
    ))
}
