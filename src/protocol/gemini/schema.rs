//! Gemini's `Schema` (`google.genai.types.Schema`, a subset of `OpenAPI` 3) to JSON Schema,
//! and back for the models that know nothing better.

use std::fmt::Write;

use serde_json::{Map, Value, json};

use super::spelling::camel;
use crate::protocol::schema::tell;

/// Types as the API numbers them (`google.genai.types.Type`), for clients that send numbers.
const TYPES: [&str; 8] = ["", "string", "number", "integer", "boolean", "array", "object", "null"];

/// How far definitions are followed into each other, and how many schemas one may become.
const MAX_DEPTH: usize = 16;
const MAX_SCHEMAS: usize = 4096;

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

/// Writes JSON Schema as what the older models take: definitions put in place, keywords
/// they do not know told in the description.
pub fn to_openapi(schema: &Value) -> Value {
    let mut cleaner = Cleaner { root: schema, left: MAX_SCHEMAS };
    cleaner.clean(schema, 0)
}

struct Cleaner<'a> {
    root: &'a Value,
    left: usize,
}

impl Cleaner<'_> {
    fn clean(&mut self, schema: &Value, depth: usize) -> Value {
        let Value::Object(object) = schema else { return json!({"type": "STRING"}) };
        if depth > MAX_DEPTH || self.left == 0 {
            return json!({"type": "OBJECT", "description": "Any JSON object."});
        }
        self.left -= 1;
        if let Some(target) = object.get("$ref").and_then(Value::as_str) {
            return self.follow(target, object, depth);
        }
        let mut cleaned = Map::new();
        let mut told = String::new();
        for (keyword, value) in object {
            self.take(keyword, value, depth, &mut cleaned, &mut told);
        }
        if cleaned.get("type").is_none() && cleaned.contains_key("properties") {
            cleaned.insert("type".to_owned(), json!("OBJECT"));
        }
        if cleaned.get("type") == Some(&json!("ARRAY")) {
            cleaned.entry("items").or_insert_with(|| json!({"type": "STRING"}));
        }
        keep_known_names(&mut cleaned);
        tell(&mut cleaned, &told);
        Value::Object(cleaned)
    }

    fn follow(&mut self, target: &str, object: &Map<String, Value>, depth: usize) -> Value {
        let root = self.root;
        let found = target.strip_prefix('#').and_then(|pointer| root.pointer(pointer));
        let mut cleaned = match found {
            Some(found) => self.clean(found, depth + 1),
            None => json!({"type": "OBJECT"}),
        };
        if let Some(description) = object.get("description") {
            cleaned["description"] = description.clone();
        }
        cleaned
    }

    fn take(
        &mut self,
        keyword: &str,
        value: &Value,
        depth: usize,
        cleaned: &mut Map<String, Value>,
        told: &mut String,
    ) {
        match (keyword, value) {
            ("type", Value::String(kind)) => {
                cleaned.insert("type".to_owned(), json!(kind.to_ascii_uppercase()));
            }
            ("type", Value::Array(kinds)) => take_kinds(kinds, cleaned),
            ("properties", Value::Object(named)) => {
                let mut kept = Map::new();
                for (name, schema) in named {
                    kept.insert(name.clone(), self.clean(schema, depth + 1));
                }
                cleaned.insert("properties".to_owned(), Value::Object(kept));
            }
            ("items", Value::Object(_)) => {
                cleaned.insert("items".to_owned(), self.clean(value, depth + 1));
            }
            ("anyOf" | "oneOf", Value::Array(list)) => {
                let list = list.iter().map(|schema| self.clean(schema, depth + 1)).collect();
                take_alternatives(list, cleaned);
            }
            ("allOf", Value::Array(list)) => {
                for schema in list {
                    if let Value::Object(more) = self.clean(schema, depth + 1) {
                        merge(cleaned, more);
                    }
                }
            }
            ("enum", Value::Array(values)) if values.iter().all(Value::is_string) => {
                cleaned.insert("enum".to_owned(), value.clone());
            }
            ("const", Value::String(_)) => {
                cleaned.insert("type".to_owned(), json!("STRING"));
                cleaned.insert("enum".to_owned(), json!([value]));
            }
            ("format", Value::String(format)) if KNOWN_FORMATS.contains(&format.as_str()) => {
                cleaned.insert("format".to_owned(), value.clone());
            }
            (keyword, value) if KEPT.contains(&keyword) => {
                cleaned.insert(keyword.to_owned(), value.clone());
            }
            (keyword, value) if !UNSAID.contains(&keyword) => {
                let _ = write!(told, "{}{keyword}: {value}", if told.is_empty() { "" } else { ", " });
            }
            _ => {}
        }
    }
}

/// What both know alike.
const KEPT: [&str; 15] = [
    REQUIRED,
    "title",
    "description",
    "nullable",
    "default",
    "example",
    "minItems",
    "maxItems",
    "minProperties",
    "maxProperties",
    "minLength",
    "maxLength",
    "pattern",
    "minimum",
    "maximum",
];

/// Kept too, once its names are checked.
const REQUIRED: &str = "required";

const KNOWN_FORMATS: [&str; 6] = ["date-time", "enum", "float", "double", "int32", "int64"];

/// What says nothing to a model: bookkeeping, and objects being closed.
const UNSAID: [&str; 8] =
    ["$schema", "$id", "$defs", "definitions", "$comment", "additionalProperties", "type", "examples"];

/// Required fields must be among the properties.
fn keep_known_names(cleaned: &mut Map<String, Value>) {
    let known: Vec<String> = match cleaned.get("properties") {
        Some(Value::Object(properties)) => properties.keys().cloned().collect(),
        _ => Vec::new(),
    };
    if let Some(Value::Array(required)) = cleaned.get_mut(REQUIRED) {
        required.retain(|name| name.as_str().is_some_and(|name| known.iter().any(|one| one == name)));
        if required.is_empty() {
            cleaned.remove(REQUIRED);
        }
    }
}

/// `["string", "null"]`: a type and its nullability; of several types the first is asked for.
fn take_kinds(kinds: &[Value], cleaned: &mut Map<String, Value>) {
    let names: Vec<&str> = kinds.iter().filter_map(Value::as_str).collect();
    if names.contains(&"null") {
        cleaned.insert("nullable".to_owned(), json!(true));
    }
    let typed: Vec<Value> = names
        .iter()
        .filter(|name| **name != "null")
        .map(|name| json!({"type": name.to_ascii_uppercase()}))
        .collect();
    match typed.as_slice() {
        [one] => {
            cleaned.insert("type".to_owned(), one["type"].clone());
        }
        [] => {}
        several => {
            cleaned.insert("anyOf".to_owned(), json!(several));
        }
    }
}

/// Alternatives of which `null` is one are a nullable rest.
fn take_alternatives(list: Vec<Value>, cleaned: &mut Map<String, Value>) {
    let (nulls, mut rest): (Vec<Value>, Vec<Value>) =
        list.into_iter().partition(|schema| schema["type"] == "NULL");
    if !nulls.is_empty() {
        cleaned.insert("nullable".to_owned(), json!(true));
    }
    match (rest.len(), rest.pop()) {
        (1, Some(Value::Object(only))) => merge(cleaned, only),
        (_, Some(other)) => {
            rest.push(other);
            cleaned.insert("anyOf".to_owned(), Value::Array(rest));
        }
        (_, None) => {}
    }
}

fn merge(into: &mut Map<String, Value>, more: Map<String, Value>) {
    for (key, value) in more {
        match (into.get_mut(&key), value) {
            (Some(Value::Object(old)), Value::Object(new)) => old.extend(new),
            (Some(Value::Array(old)), Value::Array(new)) => old.extend(new),
            (Some(_), _) => {}
            (None, value) => {
                into.insert(key, value);
            }
        }
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

    #[test]
    fn json_schema_is_cleaned_for_models_that_need_it() {
        for (written, expected) in [
            (
                json!({"$schema": "x", "type": "object", "additionalProperties": false,
                       "properties": {"n": {"type": "integer", "exclusiveMinimum": 0, "description": "Lines"}},
                       "required": ["n", "gone"]}),
                json!({"type": "OBJECT",
                       "properties": {"n": {"type": "INTEGER", "description": "Lines (exclusiveMinimum: 0)"}},
                       "required": ["n"]}),
            ),
            (
                json!({"$ref": "#/$defs/a", "$defs": {"a": {"type": ["string", "null"], "format": "uri"}}}),
                json!({"nullable": true, "type": "STRING", "description": "(format: \"uri\")"}),
            ),
            (
                json!({"anyOf": [{"const": "x"}, {"type": "null"}]}),
                json!({"nullable": true, "type": "STRING", "enum": ["x"]}),
            ),
            (
                json!({"allOf": [{"properties": {"a": {"type": "string"}}}, {"properties": {"b": {"type": "array"}}}]}),
                json!({"properties": {"a": {"type": "STRING"}, "b": {"type": "ARRAY", "items": {"type": "STRING"}}},
                       "type": "OBJECT"}),
            ),
        ] {
            assert_eq!(to_openapi(&written), expected, "{written}");
        }
    }

    #[test]
    fn definitions_that_contain_themselves_end_somewhere() {
        let tree = json!({
            "$ref": "#/$defs/n",
            "$defs": {"n": {"type": "object", "properties": {"l": {"$ref": "#/$defs/n"}, "r": {"$ref": "#/$defs/n"}}}},
        });
        let cleaned = to_openapi(&tree).to_string();
        assert!(cleaned.len() < 1_000_000 && !cleaned.contains("$ref"));
    }
}
