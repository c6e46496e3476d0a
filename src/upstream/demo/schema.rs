//! The smallest value that satisfies a JSON Schema, or Gemini's dialect of one: required
//! members only, the first of every choice.

use serde_json::{Map, Number, Value, json};

/// A small value for `schema`. A `pattern` and an endless recursion are not satisfied.
pub fn smallest(schema: &Value) -> Value {
    Example { root: schema, values_left: 1000 }.of(schema, 0)
}

struct Example<'a> {
    /// The schema that a `$ref` points into.
    root: &'a Value,
    /// Bounds the whole value: a recursive schema may grow in width as well as in depth.
    values_left: usize,
}

impl<'a> Example<'a> {
    const DEEPEST: usize = 16;

    fn of(&mut self, schema: &Value, depth: usize) -> Value {
        if depth > Self::DEEPEST || self.values_left == 0 {
            return Value::Null;
        }
        self.values_left -= 1;
        if let Some(value) = given(schema) {
            return value.clone();
        }
        if let Some(target) = self.target(schema) {
            return self.of(target, depth + 1);
        }
        if let Some(option) = first_option(schema) {
            return self.of(&with_option(schema, option), depth + 1);
        }
        if let Some(Value::Array(parts)) = schema.get("allOf") {
            let whole = self.merged(schema, parts);
            return self.of(&whole, depth + 1);
        }
        match Kind::of(schema) {
            Kind::Object => self.object(schema, depth),
            Kind::Array => self.array(schema, depth),
            Kind::String => Value::String(string(schema)),
            Kind::Integer => integer(schema),
            Kind::Number => number(schema),
            Kind::Boolean => Value::Bool(true),
            Kind::Null => Value::Null,
        }
    }

    fn object(&mut self, schema: &Value, depth: usize) -> Value {
        let anything = json!({"type": "string"});
        let required = schema.get("required").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        let members = required.iter().filter_map(Value::as_str).map(|name| {
            let schema = schema.get("properties").and_then(|properties| properties.get(name));
            (name.to_owned(), self.of(schema.unwrap_or(&anything), depth + 1))
        });
        Value::Object(members.collect())
    }

    fn array(&mut self, schema: &Value, depth: usize) -> Value {
        const LONGEST: u64 = 16;
        let anything = json!({"type": "string"});
        let length = limit(schema, "minItems").unwrap_or(0).min(LONGEST);
        let first = schema.get("prefixItems").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        let rest = std::iter::repeat(schema.get("items").unwrap_or(&anything));
        let length = usize::try_from(length).unwrap_or_default().max(first.len());
        first.iter().chain(rest).take(length).map(|item| self.of(item, depth + 1)).collect()
    }

    /// The target of a local `$ref`.
    fn target(&self, schema: &Value) -> Option<&'a Value> {
        let pointer = schema.get("$ref")?.as_str()?.strip_prefix('#')?;
        self.root.pointer(pointer)
    }

    /// One schema with the demands of all `allOf` parts.
    fn merged(&self, schema: &Value, parts: &[Value]) -> Value {
        let mut whole = schema.as_object().cloned().unwrap_or_default();
        whole.shift_remove("allOf");
        for part in parts {
            let part = self.target(part).unwrap_or(part);
            for (key, value) in part.as_object().into_iter().flatten() {
                merge_keyword(&mut whole, key, value);
            }
        }
        Value::Object(whole)
    }
}

fn merge_keyword(whole: &mut Map<String, Value>, key: &str, value: &Value) {
    match (whole.get_mut(key), value) {
        (Some(Value::Object(known)), Value::Object(more)) if key == "properties" => {
            known.extend(more.clone());
        }
        (Some(Value::Array(known)), Value::Array(more)) if key == "required" || key == "allOf" => {
            known.extend(more.iter().cloned());
        }
        _ => {
            whole.insert(key.to_owned(), value.clone());
        }
    }
}

/// A value the schema itself names.
fn given(schema: &Value) -> Option<&Value> {
    schema.get("const").or_else(|| schema.get("enum")?.as_array()?.first())
}

/// The first alternative that is not `null`.
fn first_option(schema: &Value) -> Option<&Value> {
    let options = ["anyOf", "any_of", "oneOf"].iter().find_map(|key| schema.get(key)?.as_array())?;
    options.iter().find(|option| Kind::of(option) != Kind::Null).or(options.first())
}

/// The alternative, merged with the schema around it: `required` may be outside of `anyOf`.
fn with_option(schema: &Value, option: &Value) -> Value {
    let mut whole = schema.as_object().cloned().unwrap_or_default();
    for key in ["anyOf", "any_of", "oneOf"] {
        whole.shift_remove(key);
    }
    for (key, value) in option.as_object().into_iter().flatten() {
        merge_keyword(&mut whole, key, value);
    }
    Value::Object(whole)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Object,
    Array,
    String,
    Integer,
    Number,
    Boolean,
    Null,
}

impl Kind {
    /// JSON Schema's names, Gemini's upper-case ones, or its old SDK's numbers
    /// (`google.ai.generativelanguage.Type`); of several, the first that is not `null`.
    fn of(schema: &Value) -> Self {
        match schema.get("type") {
            Some(Value::Array(types)) => {
                let kinds = || types.iter().filter_map(Self::named);
                kinds().find(|kind| *kind != Self::Null).or_else(|| kinds().next()).unwrap_or(Self::String)
            }
            Some(one) => Self::named(one).unwrap_or(Self::String),
            None => Self::implied(schema),
        }
    }

    fn named(name: &Value) -> Option<Self> {
        let kind = match name {
            Value::String(name) => match name.to_ascii_lowercase().as_str() {
                "object" => Self::Object,
                "array" => Self::Array,
                "string" => Self::String,
                "integer" => Self::Integer,
                "number" => Self::Number,
                "boolean" => Self::Boolean,
                "null" => Self::Null,
                _ => return None,
            },
            Value::Number(number) => match number.as_u64()? {
                1 => Self::String,
                2 => Self::Number,
                3 => Self::Integer,
                4 => Self::Boolean,
                5 => Self::Array,
                6 => Self::Object,
                7 => Self::Null,
                _ => return None,
            },
            _ => return None,
        };
        Some(kind)
    }

    fn implied(schema: &Value) -> Self {
        if schema.get("items").is_some() || schema.get("prefixItems").is_some() {
            Self::Array
        } else if schema.get("properties").is_some() || schema.get("required").is_some() {
            Self::Object
        } else {
            Self::String
        }
    }
}

fn string(schema: &Value) -> String {
    const LONGEST: u64 = 1000;
    let example = match schema.get("format").and_then(Value::as_str).unwrap_or_default() {
        "date-time" => "2026-01-01T00:00:00Z",
        "date" => "2026-01-01",
        "time" => "00:00:00Z",
        "duration" => "P1D",
        "email" => "demo@example.com",
        "hostname" => "example.com",
        "ipv4" => "127.0.0.1",
        "ipv6" => "::1",
        "uri" => "https://example.com/",
        "uuid" => "00000000-0000-4000-8000-000000000000",
        _ => return sized(limit(schema, "minLength").unwrap_or(0).min(LONGEST), limit(schema, "maxLength")),
    };
    example.to_owned()
}

/// "demo", repeated or cut to length.
fn sized(shortest: u64, longest: Option<u64>) -> String {
    let natural = "demo".len() as u64;
    let length = natural.max(shortest).min(longest.unwrap_or(u64::MAX));
    "demo".chars().cycle().take(usize::try_from(length).unwrap_or_default()).collect()
}

fn integer(schema: &Value) -> Value {
    let bound = |key: &str| schema.get(key).and_then(Value::as_i64);
    let least = bound("minimum").or_else(|| bound("exclusiveMinimum").map(|least| least.saturating_add(1)));
    let most = bound("maximum").or_else(|| bound("exclusiveMaximum").map(|most| most.saturating_sub(1)));
    let step = bound("multipleOf").filter(|step| *step > 0).unwrap_or(1);
    let value = least.unwrap_or(1).min(most.unwrap_or(i64::MAX));
    let rounded_up = value.saturating_add((step - value.rem_euclid(step)) % step);
    let fits = most.is_none_or(|most| rounded_up <= most);
    json!(if fits { rounded_up } else { value.saturating_sub(value.rem_euclid(step)) })
}

fn number(schema: &Value) -> Value {
    let bound = |key: &str| schema.get(key).and_then(Value::as_f64);
    let value =
        match (bound("minimum"), bound("exclusiveMinimum"), bound("maximum"), bound("exclusiveMaximum")) {
            (Some(least), ..) => least,
            (None, Some(below), Some(above), _) | (None, Some(below), None, Some(above)) => {
                f64::midpoint(below, above)
            }
            (None, Some(below), None, None) => below + 1.0,
            (None, None, Some(most), _) => most.min(1.0),
            (None, None, None, Some(above)) => (above - 1.0).min(1.0),
            (None, None, None, None) => 1.0,
        };
    Number::from_f64(value).map_or(Value::Null, Value::Number)
}

/// A limit as a number, or as a string: Gemini writes protobuf's int64 so.
fn limit(schema: &Value, key: &str) -> Option<u64> {
    let value = schema.get(key)?;
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(schema: &Value, expected: &Value) {
        assert_eq!(smallest(schema), *expected, "{schema}");
    }

    #[test]
    fn every_kind_has_its_smallest_value() {
        for (schema, expected) in [
            (json!({}), json!("demo")),
            (json!(true), json!("demo")),
            (json!({"type": "string"}), json!("demo")),
            (json!({"type": "string", "minLength": 6}), json!("demode")),
            (json!({"type": "string", "maxLength": 2}), json!("de")),
            (json!({"type": "string", "format": "date"}), json!("2026-01-01")),
            (json!({"type": "integer"}), json!(1)),
            (json!({"type": "integer", "minimum": 5}), json!(5)),
            (json!({"type": "integer", "exclusiveMinimum": 0}), json!(1)),
            (json!({"type": "integer", "maximum": -3}), json!(-3)),
            (json!({"type": "integer", "minimum": 5, "multipleOf": 4}), json!(8)),
            (json!({"type": "integer", "maximum": 0, "multipleOf": 4}), json!(0)),
            (json!({"type": "number"}), json!(1.0)),
            (json!({"type": "number", "minimum": 0.5}), json!(0.5)),
            (json!({"type": "number", "exclusiveMinimum": 0, "maximum": 1}), json!(0.5)),
            (json!({"type": "boolean"}), json!(true)),
            (json!({"type": "null"}), json!(null)),
            (json!({"type": "array", "items": {"type": "integer"}}), json!([])),
            (json!({"type": "array", "items": {"type": "integer"}, "minItems": 2}), json!([1, 1])),
            (json!({"prefixItems": [{"type": "boolean"}, {"const": 3}]}), json!([true, 3])),
            (json!({"enum": ["b", "a"]}), json!("b")),
            (json!({"const": 7}), json!(7)),
            (json!({"type": ["null", "integer"]}), json!(1)),
            (json!({"anyOf": [{"type": "null"}, {"type": "boolean"}]}), json!(true)),
        ] {
            check(&schema, &expected);
        }
    }

    #[test]
    fn objects_have_their_required_members_and_no_others() {
        for (schema, expected) in [
            (json!({"type": "object", "properties": {"a": {}}}), json!({})),
            (
                json!({"type": "object", "required": ["a", "unlisted"],
                       "properties": {"a": {"type": "object", "required": ["b"], "properties": {"b": {"enum": [2]}}},
                                      "c": {"type": "string"}}}),
                json!({"a": {"b": 2}, "unlisted": "demo"}),
            ),
            (
                json!({"required": ["n"], "properties": {"n": {"$ref": "#/$defs/N"}}, "$defs": {"N": {"type": "integer"}}}),
                json!({"n": 1}),
            ),
            (
                json!({"allOf": [{"$ref": "#/$defs/A"}, {"required": ["b"], "properties": {"b": {"const": 2}}}],
                       "$defs": {"A": {"type": "object", "required": ["a"], "properties": {"a": {"const": 1}}}}}),
                json!({"a": 1, "b": 2}),
            ),
            (
                json!({"type": "object", "properties": {"a": {"const": 1}, "b": {"const": 2}},
                       "anyOf": [{"required": ["b"]}, {"required": ["a"]}]}),
                json!({"b": 2}),
            ),
        ] {
            check(&schema, &expected);
        }
    }

    #[test]
    fn gemini_spellings_are_read() {
        for (schema, expected) in [
            (
                json!({"type": "OBJECT", "required": ["city"], "properties": {"city": {"type": "STRING"}}}),
                json!({"city": "demo"}),
            ),
            (
                json!({"type": 6, "required": ["days"], "properties": {"days": {"type": 3}}}),
                json!({"days": 1}),
            ),
            (json!({"type": "ARRAY", "minItems": "1", "items": {"type": "NUMBER"}}), json!([1.0])),
        ] {
            check(&schema, &expected);
        }
    }

    #[test]
    fn endless_schemas_give_a_limited_value() {
        let wide = json!({"$ref": "#/$defs/N", "$defs": {"N": {
            "type": "object", "required": ["a", "b", "c", "d"], "properties": {
                "a": {"$ref": "#/$defs/N"}, "b": {"$ref": "#/$defs/N"},
                "c": {"$ref": "#/$defs/N"}, "d": {"$ref": "#/$defs/N"}}}}});
        let looping = json!({"$ref": "#/$defs/N", "$defs": {"N": {"$ref": "#/$defs/N"}}});
        assert!(smallest(&wide).to_string().len() < 20_000);
        check(&looping, &Value::Null);
        check(&json!({"type": "array", "minItems": 1_000_000_000}), &json!(vec!["demo"; 16]));
    }
}
