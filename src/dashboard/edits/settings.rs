//! Settings of the config file are set, all or none, and the client key is replaced.

use serde::Deserialize;
use serde_json::{Map, Value as Json};
use toml_edit::{Array, Value};

use super::{bad_request, edit, editor};
use crate::config::edit as file;
use crate::config::entries;
use crate::dashboard::answer::CallResult;
use crate::dashboard::call::{Call, NoFields};
use crate::language::Message;
use crate::message;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    values: Map<String, Json>,
}

pub async fn set(mut call: Call) -> CallResult {
    let Settings { values } = call.body().await?;
    let values = settings(values).map_err(bad_request(&call))?;
    let editor = editor(&call);
    edit(call, move |path| file::set_all_as(editor, path, values)).await
}

pub async fn rotate_key(mut call: Call) -> CallResult {
    let NoFields {} = call.body().await?;
    edit(call, |path| file::rotate_api_key(path).map(drop)).await
}

/// Whether a value fits its key is decided by the file's own rules.
fn settings(values: Map<String, Json>) -> Result<Vec<(String, Value)>, Message> {
    let known = entries::entries("");
    let mut settings = Vec::with_capacity(values.len());
    for (key, value) in values {
        if !known.iter().any(|entry| entry.key == key) {
            return Err(message!("edit-no-setting", key = key));
        }
        if value.as_str().is_some_and(|text| text.contains("***")) {
            return Err(message!("edit-hidden-part", key = key));
        }
        let value = toml(&value).ok_or_else(|| message!("edit-no-value", key = key.as_str()))?;
        settings.push((key, value));
    }
    Ok(settings)
}

fn toml(value: &Json) -> Option<Value> {
    match value {
        Json::String(text) => Some(text.into()),
        Json::Bool(switch) => Some((*switch).into()),
        Json::Number(number) => number.as_i64().map(Value::from),
        Json::Array(texts) => {
            let texts: Option<Array> = texts.iter().map(Json::as_str).collect();
            texts.map(Value::from)
        }
        Json::Null | Json::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_settings_are_set_and_nothing_hidden_is_written_back() {
        let check = |key: &str, value: Json| {
            settings(Map::from_iter([(key.to_owned(), value)])).map(|values| values.len())
        };
        assert_eq!(check("proxy.port", json!(1)), Ok(1));
        assert_eq!(check("proxy.allowed_hosts", json!(["a"])), Ok(1));
        for (key, value) in [
            ("proxy.prot", json!(1)),
            ("accounts", json!([])),
            ("proxy.port", json!({})),
            ("proxy.port", json!(1.5)),
            ("upstream.proxy", json!("http://***@host")),
        ] {
            assert!(check(key, value.clone()).is_err(), "{key} {value}");
        }
    }
}
