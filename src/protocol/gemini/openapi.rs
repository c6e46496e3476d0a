//! JSON Schema to Gemini's `Schema` (`google.genai.types.Schema`, a subset of `OpenAPI` 3),
//! for the models that take nothing else.
//!
//! `Schema` has no references, so definitions replace them. That is the only way in which a
//! request grows here, so all schemas of a request share one budget for it.

use std::fmt::Write;

use serde_json::{Map, Value, json};

use crate::chat::work;
use crate::protocol::schema::annotate;

/// The deepest nesting that is kept.
const MAX_DEPTH: usize = 16;
/// Schemas that references may add to one schema.
const MAX_SCHEMAS: usize = 4_096;
/// Schemas and bytes that references may add to all schemas of a request.
const MAX_ALL_SCHEMAS: usize = 16_384;
const MAX_ALL_BYTES: usize = 1 << 20;

/// What definitions may still add to one request in place of references. A few definitions
/// that refer to each other become thousands of schemas.
#[derive(Debug)]
pub struct InlineBudget {
    schemas: usize,
    bytes: usize,
    /// Something was left out because the budget ran out.
    pub is_short: bool,
}

impl Default for InlineBudget {
    fn default() -> Self {
        Self { schemas: MAX_ALL_SCHEMAS, bytes: MAX_ALL_BYTES, is_short: false }
    }
}

impl InlineBudget {
    /// Writes JSON Schema for the older models: with definitions in place of references, and
    /// with unsupported keywords in the description.
    pub fn openapi(&mut self, schema: &Value) -> Value {
        let mut cleaner = Cleaner { root: schema, left: MAX_SCHEMAS, references: 0, budget: self };
        cleaner.clean(schema, 0)
    }
}

struct Cleaner<'a> {
    root: &'a Value,
    left: usize,
    /// The references that led here. Without any, a part stands in the schema as it was sent,
    /// and costs nothing.
    references: usize,
    budget: &'a mut InlineBudget,
}

impl Cleaner<'_> {
    fn clean(&mut self, schema: &Value, depth: usize) -> Value {
        let Value::Object(object) = schema else { return json!({"type": "STRING"}) };
        work::step();
        if depth > MAX_DEPTH || !self.may_add_schema() {
            return json!({"type": "OBJECT", "description": "Any JSON object."});
        }
        if let Some(target) = object.get("$ref").and_then(Value::as_str) {
            return self.follow(target, object, depth);
        }
        let mut cleaned = Map::new();
        let mut note = String::new();
        for (keyword, value) in object {
            self.take(keyword, value, depth, &mut cleaned, &mut note);
        }
        if cleaned.get("type").is_none() && cleaned.contains_key("properties") {
            cleaned.insert("type".to_owned(), json!("OBJECT"));
        }
        if cleaned.get("type") == Some(&json!("ARRAY")) {
            cleaned.entry("items").or_insert_with(|| json!({"type": "STRING"}));
        }
        keep_known_names(&mut cleaned);
        annotate(&mut cleaned, &note);
        Value::Object(cleaned)
    }

    fn follow(&mut self, target: &str, object: &Map<String, Value>, depth: usize) -> Value {
        let root = self.root;
        let pointer = target.strip_prefix('#').filter(|pointer| self.may_add_bytes(pointer.len()));
        let mut cleaned = match pointer.and_then(|pointer| root.pointer(pointer)) {
            Some(found) => {
                self.references += 1;
                let cleaned = self.clean(found, depth + 1);
                self.references -= 1;
                cleaned
            }
            None => json!({"type": "OBJECT"}),
        };
        if let Some(description) = object.get("description").filter(|text| self.may_add(text)) {
            cleaned["description"] = description.clone();
        }
        cleaned
    }

    fn may_add_schema(&mut self) -> bool {
        if self.references == 0 {
            return true;
        }
        let is_short = self.left == 0 || self.budget.schemas == 0;
        self.budget.is_short |= is_short;
        self.left = self.left.saturating_sub(1);
        self.budget.schemas = self.budget.schemas.saturating_sub(1);
        !is_short
    }

    fn may_add(&mut self, value: &Value) -> bool {
        self.references == 0 || self.may_add_bytes(size_of(value))
    }

    fn may_add_bytes(&mut self, bytes: usize) -> bool {
        if self.references == 0 {
            return true;
        }
        let left = self.budget.bytes.checked_sub(bytes);
        self.budget.is_short |= left.is_none();
        self.budget.bytes = left.unwrap_or(0);
        left.is_some()
    }

    fn take(
        &mut self,
        keyword: &str,
        value: &Value,
        depth: usize,
        cleaned: &mut Map<String, Value>,
        note: &mut String,
    ) {
        match (keyword, value) {
            ("properties", Value::Object(named)) => {
                let mut kept = Map::new();
                for (name, schema) in named {
                    if self.may_add_bytes(name.len()) {
                        kept.insert(name.clone(), self.clean(schema, depth + 1));
                    }
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
            (keyword, _) if keyword != "type" && OMITTED.contains(&keyword) => {}
            // The rest is copied, and costs its size.
            (_, value) if !self.may_add(value) => {}
            ("type", Value::String(kind)) => {
                cleaned.insert("type".to_owned(), json!(kind.to_ascii_uppercase()));
            }
            ("type", Value::Array(kinds)) => take_kinds(kinds, cleaned),
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
            (keyword, value) if !OMITTED.contains(&keyword) => {
                let _ = write!(note, "{}{keyword}: {value}", if note.is_empty() { "" } else { ", " });
            }
            _ => {}
        }
    }
}

/// The approximate bytes of the value once it is written.
fn size_of(value: &Value) -> usize {
    work::step();
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => 8,
        Value::String(text) => 2 + text.len(),
        Value::Array(list) => 2 + list.iter().map(|value| 1 + size_of(value)).sum::<usize>(),
        Value::Object(object) => {
            2 + object.iter().map(|(key, value)| 4 + key.len() + size_of(value)).sum::<usize>()
        }
    }
}

/// Keywords with the same meaning in both.
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

/// Kept, reduced to the names of known properties.
const REQUIRED: &str = "required";

const KNOWN_FORMATS: [&str; 6] = ["date-time", "enum", "float", "double", "int32", "int64"];

/// Keywords that mean nothing to a model: bookkeeping, and closed objects.
const OMITTED: [&str; 8] =
    ["$schema", "$id", "$defs", "definitions", "$comment", "additionalProperties", "type", "examples"];

/// Removes required fields that are not among the properties.
fn keep_known_names(cleaned: &mut Map<String, Value>) {
    let Some(Value::Array(mut required)) = cleaned.get_mut(REQUIRED).map(Value::take) else { return };
    let properties = cleaned.get("properties").and_then(Value::as_object);
    required.retain(|name| {
        work::step();
        name.as_str().is_some_and(|name| properties.is_some_and(|known| known.contains_key(name)))
    });
    if required.is_empty() {
        cleaned.remove(REQUIRED);
    } else {
        cleaned.insert(REQUIRED.to_owned(), Value::Array(required));
    }
}

/// `["string", "null"]` is a nullable type; several types are alternatives.
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

/// Alternatives with a `null` among them are the other alternatives, nullable.
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
            assert_eq!(InlineBudget::default().openapi(&written), expected, "{written}");
        }
    }

    #[test]
    fn definitions_that_contain_themselves_come_to_an_end() {
        let tree = json!({
            "$ref": "#/$defs/n",
            "$defs": {"n": {"type": "object", "properties": {"l": {"$ref": "#/$defs/n"}, "r": {"$ref": "#/$defs/n"}}}},
        });
        let cleaned = InlineBudget::default().openapi(&tree).to_string();
        assert!(cleaned.len() < 1_000_000 && !cleaned.contains("$ref"));
    }

    #[test]
    fn all_schemas_of_a_request_share_what_references_may_add() {
        let tree = json!({"type": "object", "properties": {"a": {"$ref": "#"}, "b": {"$ref": "#"}, "c": {"$ref": "#"}}});
        let long = json!({"$defs": {"long": {"type": "string", "description": "x".repeat(100_000)}},
            "properties": (0..100).map(|n| (n.to_string(), json!({"$ref": "#/$defs/long"}))).collect::<Map<_, _>>()});
        let wide = json!({"$defs": {"wide": {"enum": vec!["x"; 10_000]}},
            "properties": (0..100).map(|n| (n.to_string(), json!({"$ref": "#/$defs/wide"}))).collect::<Map<_, _>>()});
        let nowhere = json!({"properties": {"a": {"$ref": format!("#/{}", "x".repeat(1_000))}}});
        for schema in [tree, long, wide, nowhere] {
            let mut budget = InlineBudget::default();
            let written: usize = (0..200).map(|_| budget.openapi(&schema).to_string().len()).sum();
            let sent = 200 * schema.to_string().len();
            assert!(written < sent + 4 * MAX_ALL_BYTES, "{written} of {sent}");
        }
    }

    #[test]
    fn schemas_outside_of_references_are_not_counted() {
        let properties: Map<String, Value> =
            (0..20_000).map(|n| (n.to_string(), json!({"type": "string"}))).collect();
        let mut budget = InlineBudget::default();
        let cleaned = budget.openapi(&json!({"type": "object", "properties": properties}));
        assert_eq!(cleaned["properties"].as_object().map(Map::len), Some(20_000));
        assert!(!budget.is_short);
    }
}
