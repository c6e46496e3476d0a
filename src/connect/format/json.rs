//! JSON with comments, through its concrete syntax tree.

use jsonc_parser::common::Ranged;
use jsonc_parser::cst::{CstInputValue, CstNode, CstObject, CstRootNode};
use jsonc_parser::errors::ParseError;
use jsonc_parser::{CollectOptions, CommentCollectionStrategy, ParseOptions, ast, parse_to_ast};
use serde_json::Value;

use super::{ExistingValue, Part, Put, no_section};
use crate::config::Problem;
use crate::message;

/// The extensions of JSON that all editors and tools accept. The tool itself would refuse the
/// others that the parser knows.
const OPTIONS: ParseOptions = ParseOptions {
    allow_comments: true,
    allow_loose_object_property_names: false,
    allow_trailing_commas: true,
    allow_missing_commas: false,
    allow_single_quoted_strings: false,
    allow_hexadecimal_numbers: false,
    allow_unary_plus_numbers: false,
    allow_bare_decimal_point_numbers: false,
    allow_non_finite_numbers: false,
    allow_extended_string_escapes: false,
};

pub fn read(text: &str, key: &[String]) -> Result<Option<ExistingValue>, Problem> {
    let root = parse(text)?;
    let Some((last, parents)) = key.split_last() else { return Ok(None) };
    let Some(object) = object_at(&root, parents)? else { return Ok(None) };
    let value = object.get(last).and_then(|property| property.value());
    Ok(value.map(|value| ExistingValue {
        text: value.as_string_lit().and_then(|text| text.decoded_value().ok()),
        raw: value.to_string(),
    }))
}

pub fn put(text: &str, key: &[String], value: Put) -> Result<String, Problem> {
    let root = parse(text)?;
    let Some((last, parents)) = key.split_last() else { return Ok(text.to_owned()) };
    let object = object_for(&root, parents)?;
    match object.get(last) {
        Some(property) => match (property.value().and_then(|old| old.as_string_lit()), as_written(value)) {
            (Some(old), Some(raw)) => old.set_raw_value(raw),
            _ => property.set_value(input(&as_value(value))),
        },
        None => {
            object.append(last, input(&as_value(value)));
        }
    }
    Ok(root.to_string())
}

pub fn remove(text: &str, key: &[String], depth: usize) -> Result<String, Problem> {
    let root = parse(text)?;
    for length in (depth + 1..=key.len()).rev() {
        let (last, parents) = (&key[length - 1], &key[..length - 1]);
        let Some(property) = object_at(&root, parents)?.and_then(|object| object.get(last)) else { continue };
        let is_target = length == key.len();
        if is_target || property.object_value().is_some_and(|object| is_empty(&object)) {
            property.remove();
        }
    }
    Ok(root.to_string())
}

/// Every value and comment.
pub fn parts(text: &str) -> Result<Vec<Part>, Problem> {
    let collect = CollectOptions { comments: CommentCollectionStrategy::Separate, tokens: false };
    let parsed = parse_to_ast(text, &collect, &OPTIONS).map_err(|error| not_json(&error))?;
    let mut parts = Vec::new();
    if let Some(value) = &parsed.value {
        values(value, &mut Vec::new(), &mut parts);
    }
    // Each comment is listed under the tokens before it and after it.
    let comments = parsed.comments.iter().flat_map(|comments| comments.values());
    let ranges = comments
        .flat_map(|comments| comments.iter().map(|comment| comment.range().start..comment.range().end));
    parts.extend(ranges.map(Part::Comment));
    Ok(parts)
}

fn values(value: &ast::Value, key: &mut Vec<String>, into: &mut Vec<Part>) {
    match value {
        ast::Value::Object(object) => {
            for property in &object.properties {
                key.push(property.name.as_str().to_owned());
                values(&property.value, key, into);
                key.pop();
            }
        }
        // A value in a list has no key that a setting could have.
        ast::Value::Array(list) => {
            list.elements.iter().for_each(|value| values(value, &mut vec![String::new()], into));
        }
        value => {
            let range = value.range();
            into.push(Part::Value { key: key.clone(), range: range.start..range.end });
        }
    }
}

fn parse(text: &str) -> Result<CstRootNode, Problem> {
    CstRootNode::parse(text, &OPTIONS).map_err(|error| not_json(&error))
}

fn not_json(error: &ParseError) -> Problem {
    Problem {
        line: error.line_display(),
        column: error.column_display(),
        key: String::new(),
        message: message!("problem-not-json", said = lower(&error.kind().to_string())),
        fix: message!("fix-json-line"),
    }
}

/// The object under these keys; `None` when there is nothing. Fails when the value is not an
/// object.
fn object_at(root: &CstRootNode, parents: &[String]) -> Result<Option<CstObject>, Problem> {
    let Some(value) = root.value() else { return Ok(None) };
    let mut object = value.as_object().ok_or_else(|| no_section(&[], 1))?;
    for (depth, parent) in parents.iter().enumerate() {
        let Some(property) = object.get(parent) else { return Ok(None) };
        object = property.object_value().ok_or_else(|| no_section(&parents[..=depth], 0))?;
    }
    Ok(Some(object))
}

fn object_for(root: &CstRootNode, parents: &[String]) -> Result<CstObject, Problem> {
    let mut object = root.object_value_or_create().ok_or_else(|| no_section(&[], 1))?;
    for (depth, parent) in parents.iter().enumerate() {
        let is_new = object.get(parent).is_none();
        object = object.object_value_or_create(parent).ok_or_else(|| no_section(&parents[..=depth], 0))?;
        if is_new {
            object.ensure_multiline();
        }
    }
    Ok(object)
}

fn is_empty(object: &CstObject) -> bool {
    object.properties().is_empty() && !object.children().iter().any(CstNode::is_comment)
}

/// A string as it is written in the file; `None` for another kind of value.
fn as_written(value: Put) -> Option<String> {
    match value {
        Put::Raw(raw) => raw.starts_with('"').then(|| raw.to_owned()),
        Put::Text(text) => Some(Value::from(text).to_string()),
    }
}

fn as_value(value: Put) -> Value {
    match value {
        Put::Text(text) => text.into(),
        Put::Raw(raw) => CstRootNode::parse(raw, &OPTIONS)
            .ok()
            .and_then(|root| root.to_serde_value())
            .unwrap_or(Value::Null),
    }
}

fn input(value: &Value) -> CstInputValue {
    match value {
        Value::Null => CstInputValue::Null,
        Value::Bool(bool) => CstInputValue::Bool(*bool),
        Value::Number(number) => CstInputValue::Number(number.to_string()),
        Value::String(text) => CstInputValue::String(text.clone()),
        Value::Array(list) => CstInputValue::Array(list.iter().map(input).collect()),
        Value::Object(map) => {
            CstInputValue::Object(map.iter().map(|(key, value)| (key.clone(), input(value))).collect())
        }
    }
}

fn lower(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map_or_else(String::new, |first| first.to_lowercase().chain(characters).collect())
}
