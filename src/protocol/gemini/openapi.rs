//! JSON Schema to Gemini's `Schema` (`google.genai.types.Schema`, a subset of `OpenAPI` 3),
//! for the models that know nothing better.
//!
//! It has no references: definitions are put in their place. That is the one way in which
//! a request grows by itself, so all schemas of a request share what it may cost.

use std::fmt::Write;

use serde_json::{Map, Value, json};

use crate::chat::work;
use crate::protocol::schema::tell;

/// How far definitions are followed into each other.
const MAX_DEPTH: usize = 16;
/// How many schemas one may become by references.
const MAX_SCHEMAS: usize = 4_096;
/// How many all schemas of a request together may become by references, and in how many
/// bytes.
const MAX_ALL_SCHEMAS: usize = 16_384;
const MAX_ALL_BYTES: usize = 1 << 20;

/// What one request may still gain by putting definitions in the place of references to
/// them. A few that refer to each other become thousands.
#[derive(Debug)]
pub struct Inlining {
    schemas: usize,
    bytes: usize,
    /// Something was left out for want of it.
    pub is_short: bool,
}

impl Default for Inlining {
    fn default() -> Self {
        Self { schemas: MAX_ALL_SCHEMAS, bytes: MAX_ALL_BYTES, is_short: false }
    }
}

impl Inlining {
    /// Writes JSON Schema as what the older models take: definitions put in place, keywords
    /// they do not know told in the description.
    pub fn openapi(&mut self, schema: &Value) -> Value {
        let mut cleaner = Cleaner { root: schema, left: MAX_SCHEMAS, references: 0, budget: self };
        cleaner.clean(schema, 0)
    }
}

struct Cleaner<'a> {
    root: &'a Value,
    left: usize,
    /// How many references have led here. What none has led to stands in the schema as it
    /// is sent, and costs nothing more.
    references: usize,
    budget: &'a mut Inlining,
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
        told: &mut String,
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
            (keyword, _) if keyword != "type" && UNSAID.contains(&keyword) => {}
            // What is left is copied.
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
            (keyword, value) if !UNSAID.contains(&keyword) => {
                let _ = write!(told, "{}{keyword}: {value}", if told.is_empty() { "" } else { ", " });
            }
            _ => {}
        }
    }
}

/// About as many bytes as the value takes once it is written.
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
            assert_eq!(Inlining::default().openapi(&written), expected, "{written}");
        }
    }

    #[test]
    fn definitions_that_contain_themselves_end_somewhere() {
        let tree = json!({
            "$ref": "#/$defs/n",
            "$defs": {"n": {"type": "object", "properties": {"l": {"$ref": "#/$defs/n"}, "r": {"$ref": "#/$defs/n"}}}},
        });
        let cleaned = Inlining::default().openapi(&tree).to_string();
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
            let mut budget = Inlining::default();
            let written: usize = (0..200).map(|_| budget.openapi(&schema).to_string().len()).sum();
            let sent = 200 * schema.to_string().len();
            assert!(written < sent + 4 * MAX_ALL_BYTES, "{written} of {sent}");
        }
    }

    #[test]
    fn what_no_reference_adds_is_not_counted() {
        let properties: Map<String, Value> =
            (0..20_000).map(|n| (n.to_string(), json!({"type": "string"}))).collect();
        let mut budget = Inlining::default();
        let cleaned = budget.openapi(&json!({"type": "object", "properties": properties}));
        assert_eq!(cleaned["properties"].as_object().map(Map::len), Some(20_000));
        assert!(!budget.is_short);
    }
}
