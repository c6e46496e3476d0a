//! Gemini's `Schema` (`google.genai.types.Schema`, a subset of `OpenAPI` 3) to JSON Schema.
//! [`super::openapi`] is the reverse.

use serde_json::{Map, Value, json};

use super::spelling::camel;

/// The names of types (`google.genai.types.Type`) by their numbers, which some clients send.
const TYPES: [&str; 8] = ["", "string", "number", "integer", "boolean", "array", "object", "null"];

/// Reads a schema that may be Gemini's own, JSON Schema, or a mixture of both.
pub fn to_json_schema(schema: &Value) -> Value {
    let Value::Object(object) = schema else { return schema.clone() };
    let mut read = Map::new();
    let mut is_nullable = false;
    for (key, value) in object {
        let keyword = if key.contains('_') { camel(key) } else { key.clone() };
        match (keyword.as_str(), value) {
            ("type", value) => {
                if let Some(kind) = read_type(value) {
                    read.insert("type".to_owned(), kind);
                }
            }
            ("nullable", value) => is_nullable = value == &json!(true),
            ("propertyOrdering", _) => {}
            ("properties" | "$defs" | "definitions" | "patternProperties", Value::Object(named)) => {
                let named = named.iter().map(|(name, schema)| (name.clone(), to_json_schema(schema)));
                read.insert(keyword, Value::Object(named.collect()));
            }
            ("anyOf" | "oneOf" | "allOf" | "prefixItems", Value::Array(list)) => {
                read.insert(keyword, Value::Array(list.iter().map(to_json_schema).collect()));
            }
            ("items" | "not" | "additionalProperties", Value::Object(_)) => {
                read.insert(keyword, to_json_schema(value));
            }
            // Google writes 64-bit counts as strings.
            (
                "minItems" | "maxItems" | "minLength" | "maxLength" | "minProperties" | "maxProperties",
                Value::String(count),
            ) => {
                if let Ok(count) = count.parse::<u64>() {
                    read.insert(keyword, json!(count));
                }
            }
            (_, value) => {
                read.insert(keyword, value.clone());
            }
        }
    }
    if is_nullable {
        allow_null(&mut read);
    }
    Value::Object(read)
}

fn read_type(kind: &Value) -> Option<Value> {
    match kind {
        Value::String(name) if name.eq_ignore_ascii_case("TYPE_UNSPECIFIED") => None,
        Value::String(name) => Some(json!(name.to_ascii_lowercase())),
        Value::Number(number) => {
            let name = TYPES.get(usize::try_from(number.as_u64()?).ok()?)?;
            (!name.is_empty()).then(|| json!(name))
        }
        Value::Array(kinds) => Some(Value::Array(kinds.iter().filter_map(read_type).collect())),
        _ => None,
    }
}

fn allow_null(schema: &mut Map<String, Value>) {
    if let Some(Value::String(kind)) = schema.get("type") {
        let kinds = json!([kind, "null"]);
        schema.insert("type".to_owned(), kinds);
    }
    if let Some(Value::Array(values)) = schema.get_mut("enum")
        && !values.contains(&Value::Null)
    {
        values.push(Value::Null);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn geminis_own_schema_reads_as_json_schema() {
        for (written, expected) in [
            (json!({"type": "OBJECT", "nullable": true}), json!({"type": ["object", "null"]})),
            (
                json!({"type": 6, "properties": {"type": {"type": 1}}}),
                json!({"type": "object", "properties": {"type": {"type": "string"}}}),
            ),
            (
                json!({"any_of": [{"type": "STRING"}], "min_items": "2", "property_ordering": ["a"]}),
                json!({"anyOf": [{"type": "string"}], "minItems": 2}),
            ),
            (json!({"type": "TYPE_UNSPECIFIED", "enum": ["STRING"]}), json!({"enum": ["STRING"]})),
            (json!({"type": 99}), json!({})),
            (json!(true), json!(true)),
        ] {
            assert_eq!(to_json_schema(&written), expected, "{written}");
        }
    }
}
