//! JSON Schema as each vendor expects it.

use std::collections::HashSet;

use serde_json::{Map, Value, json};

use crate::chat::{ToolUse, work};

/// The schema of a tool's arguments, which every vendor requires to describe an object.
pub fn of_arguments(schema: Option<&Value>) -> Value {
    let mut object = match schema {
        Some(root @ Value::Object(object)) => follow_root(root, object.clone()),
        _ => Map::new(),
    };
    if object.get("type").is_none_or(|kind| kind != "object") {
        object.insert("type".to_owned(), json!("object"));
    }
    object.entry("properties").or_insert_with(|| json!({}));
    Value::Object(object)
}

/// Replaces a top-level reference into the schema's own definitions, as generators write it,
/// by its target.
fn follow_root(root: &Value, mut object: Map<String, Value>) -> Map<String, Value> {
    let target = object.get("$ref").and_then(Value::as_str).and_then(|target| target.strip_prefix('#'));
    let Some(Value::Object(found)) = target.and_then(|pointer| root.pointer(pointer)) else { return object };
    object.shift_remove("$ref");
    for (keyword, value) in found.iter().filter(|(keyword, _)| *keyword != "$ref") {
        object.entry(keyword).or_insert_with(|| value.clone());
    }
    object
}

/// The schema of a tool that takes free text, for vendors whose tools take JSON alone.
pub fn of_freeform() -> Value {
    json!({
        "type": "object",
        "properties": {ToolUse::FREEFORM_FIELD: {"type": "string", "description": "The whole input, as text."}},
        "required": [ToolUse::FREEFORM_FIELD],
    })
}

/// The description of such a tool, with the grammar of its text in words.
pub fn freeform_description(description: Option<&str>, format: Option<&Value>) -> String {
    let description = description.unwrap_or_default();
    let grammar = format.and_then(|format| {
        let grammar = format.get("grammar").unwrap_or(format);
        let definition = grammar.get("definition")?.as_str()?;
        let syntax = grammar.get("syntax").and_then(Value::as_str).unwrap_or("this");
        Some(format!("\n\nThe input must match this {syntax} grammar:\n{definition}"))
    });
    format!("{description}{}", grammar.unwrap_or_default())
}

/// The schema of a structured answer as Anthropic takes it: every object closed, and bounds
/// that it does not enforce moved to the description
/// (<https://docs.claude.com/en/docs/build-with-claude/structured-outputs>).
pub fn for_anthropic_output(schema: &Value) -> Value {
    let mut closed = schema.clone();
    visit(&mut closed, &mut |object| {
        if object.get("type").is_some_and(|kind| kind == "object") {
            object.insert("additionalProperties".to_owned(), Value::Bool(false));
        }
        let bounds: Vec<String> = UNENFORCED
            .iter()
            .filter_map(|bound| Some(format!("{bound}: {}", object.shift_remove(*bound)?)))
            .collect();
        annotate(object, &bounds.join(", "));
    });
    closed
}

const UNENFORCED: [&str; 10] = [
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
    "uniqueItems",
];

/// Adds a note to the description of a schema, in parentheses.
pub fn annotate(schema: &mut Map<String, Value>, note: &str) {
    if note.is_empty() {
        return;
    }
    let description = match schema.get("description").and_then(Value::as_str) {
        Some(description) => format!("{description} ({note})"),
        None => format!("({note})"),
    };
    schema.insert("description".to_owned(), json!(description));
}

/// Whether OpenAI accepts the schema as strict: every object is closed and requires all its
/// fields.
pub fn is_strict(schema: &Value) -> bool {
    let Value::Object(object) = schema else { return true };
    work::step();
    is_closed(object) && inside(object).all(is_strict)
}

/// Whether this object is closed and requires all its fields, regardless of those inside it.
fn is_closed(object: &Map<String, Value>) -> bool {
    let Some(Value::Object(properties)) = object.get("properties") else { return true };
    let required = object.get("required").and_then(Value::as_array);
    let required = required.into_iter().flatten().inspect(|_| work::step()).filter_map(Value::as_str);
    let required: HashSet<&str> = required.collect();
    let mut names = properties.keys().inspect(|_| work::step());
    object.get("additionalProperties") == Some(&Value::Bool(false))
        && names.all(|name| required.contains(name.as_str()))
}

/// The schemas inside this one. Names of properties and values that look like schemas
/// (`enum`, `default`, `examples`) do not count.
fn inside(schema: &Map<String, Value>) -> impl Iterator<Item = &Value> {
    schema.iter().flat_map(|(keyword, value)| -> Box<dyn Iterator<Item = &Value>> {
        match (Subschemas::of(keyword), value) {
            (Some(Subschemas::Named), Value::Object(named)) => Box::new(named.values()),
            (Some(Subschemas::Several | Subschemas::OneOrSeveral), Value::Array(list)) => {
                Box::new(list.iter())
            }
            (Some(Subschemas::One | Subschemas::OneOrSeveral), value) => Box::new(std::iter::once(value)),
            _ => Box::new(std::iter::empty()),
        }
    })
}

/// How a keyword holds schemas.
#[derive(Clone, Copy)]
enum Subschemas {
    Named,
    Several,
    One,
    OneOrSeveral,
}

impl Subschemas {
    fn of(keyword: &str) -> Option<Self> {
        Some(match keyword {
            "properties" | "patternProperties" | "$defs" | "definitions" => Self::Named,
            "anyOf" | "oneOf" | "allOf" | "prefixItems" => Self::Several,
            "items" => Self::OneOrSeveral,
            "additionalProperties" | "not" | "if" | "then" | "else" | "contains" | "propertyNames" => {
                Self::One
            }
            _ => return None,
        })
    }
}

/// Calls `change` for this schema and then for each [`inside`] it.
fn visit(schema: &mut Value, change: &mut impl FnMut(&mut Map<String, Value>)) {
    let Value::Object(object) = schema else { return };
    change(object);
    for (keyword, value) in object.iter_mut() {
        match (Subschemas::of(keyword), value) {
            (Some(Subschemas::Named), Value::Object(named)) => {
                for schema in named.values_mut() {
                    visit(schema, change);
                }
            }
            (Some(Subschemas::Several | Subschemas::OneOrSeveral), Value::Array(list)) => {
                for schema in list {
                    visit(schema, change);
                }
            }
            (Some(Subschemas::One | Subschemas::OneOrSeveral), value) => visit(value, change),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_always_an_object() {
        for (schema, expected) in [
            (None, json!({"type": "object", "properties": {}})),
            (Some(json!({})), json!({"type": "object", "properties": {}})),
            (
                Some(
                    json!({"$ref": "#/$defs/a", "$defs": {"a": {"type": "object", "properties": {"b": {}}}}}),
                ),
                json!({"$defs": {"a": {"type": "object", "properties": {"b": {}}}},
                       "type": "object", "properties": {"b": {}}}),
            ),
            (Some(json!({"$ref": "#"})), json!({"type": "object", "properties": {}})),
            (
                Some(json!({"type": "object", "properties": {"a": {}}})),
                json!({"type": "object", "properties": {"a": {}}}),
            ),
        ] {
            assert_eq!(of_arguments(schema.as_ref()), expected);
        }
    }

    #[test]
    fn a_structured_answer_is_closed_and_its_bounds_are_described() {
        let schema = json!({
            "type": "object",
            "properties": {
                "type": {"type": "object", "properties": {}},
                "minimum": {"type": "integer", "minimum": 1, "maximum": 5, "description": "Stars"},
            },
            "default": {"type": "object"},
        });
        assert_eq!(
            for_anthropic_output(&schema),
            json!({
                "type": "object",
                "properties": {
                    "type": {"type": "object", "properties": {}, "additionalProperties": false},
                    "minimum": {"type": "integer", "description": "Stars (minimum: 1, maximum: 5)"},
                },
                "default": {"type": "object"},
                "additionalProperties": false,
            })
        );
    }

    #[test]
    fn a_strict_schema_leaves_nothing_open() {
        let closed = json!({"type": "object", "properties": {"a": {}}, "required": ["a"], "additionalProperties": false});
        assert!(is_strict(&closed));
        for change in ["required", "additionalProperties"] {
            let mut open = closed.clone();
            open.as_object_mut().expect("an object").remove(change);
            assert!(!is_strict(&open), "{change}");
        }
    }

    #[test]
    fn a_grammar_is_described_in_words() {
        let format = json!({"type": "grammar", "syntax": "lark", "definition": "start: x"});
        let description = freeform_description(Some("Edits."), Some(&format));
        assert_eq!(description, "Edits.\n\nThe input must match this lark grammar:\nstart: x");
    }
}
