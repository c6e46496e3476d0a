//! Rewrites fields to `camelCase`. Gemini's API takes each in `camelCase` and in `snake_case`:
//! `google-genai` for Python mixes the two, litellm writes the second.

use serde_json::{Map, Value};

use crate::protocol::field::Object;

/// Fields whose content, including its keys, is the client's own.
const FREE_FORM: [&str; 8] = [
    "args",
    "response",
    "labels",
    "parameters",
    "parametersJsonSchema",
    "responseSchema",
    "responseJsonSchema",
    "partMetadata",
];

/// Rewrites the keys of a request. A field in both spellings keeps its camelCase value.
pub fn to_camel_case(object: Object) -> Object {
    let mut rewritten = Map::with_capacity(object.len());
    for (key, value) in object {
        let is_snake = key.contains('_');
        let key = if is_snake { camel(&key) } else { key };
        let value = if FREE_FORM.contains(&key.as_str()) { value } else { rewrite(value) };
        if !is_snake || !rewritten.contains_key(&key) {
            rewritten.insert(key, value);
        }
    }
    rewritten
}

fn rewrite(value: Value) -> Value {
    match value {
        Value::Object(object) => Value::Object(to_camel_case(object)),
        Value::Array(list) => Value::Array(list.into_iter().map(rewrite).collect()),
        other => other,
    }
}

/// `any_of` → `anyOf`.
pub fn camel(key: &str) -> String {
    let mut words = key.split('_');
    let mut camel = words.next().unwrap_or_default().to_owned();
    for word in words {
        let mut letters = word.chars();
        camel.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        camel.push_str(letters.as_str());
    }
    camel
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn fields_are_respelled_and_the_clients_own_keys_are_not() {
        let Value::Object(body) = json!({
            "system_instruction": {"parts": [{"inline_data": {"mime_type": "image/png"}}]},
            "contents": [{"parts": [{"function_call": {"name": "a_b", "args": {"file_path": "x"}}}]}],
            "tools": [{"function_declarations": [{"parameters_json_schema": {"properties": {"a_b": {}}}}]}],
        }) else {
            panic!("an object")
        };
        assert_eq!(
            Value::Object(to_camel_case(body)),
            json!({
                "systemInstruction": {"parts": [{"inlineData": {"mimeType": "image/png"}}]},
                "contents": [{"parts": [{"functionCall": {"name": "a_b", "args": {"file_path": "x"}}}]}],
                "tools": [{"functionDeclarations": [{"parametersJsonSchema": {"properties": {"a_b": {}}}}]}],
            })
        );
    }
}
