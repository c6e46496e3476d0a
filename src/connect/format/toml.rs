//! TOML, through its format-preserving document.

use std::ops::Range;

use toml_edit::{Document, DocumentMut, Item, Key, TableLike, Value};

use super::{ExistingValue, Part, Put, no_section};
use crate::config::edit::{as_saved_before, table};
use crate::config::{Problem, syntax_problem};

pub fn read(text: &str, key: &[String]) -> Result<Option<ExistingValue>, Problem> {
    let document = parse(text)?;
    let Some((last, parents)) = key.split_last() else { return Ok(None) };
    let Some(table) = table_at(document.as_item(), parents)? else { return Ok(None) };
    Ok(table.get(last).filter(|item| !item.is_none()).map(|item| ExistingValue {
        text: item.as_str().map(str::to_owned),
        raw: item.as_value().map_or_else(String::new, |value| raw(value.clone())),
    }))
}

pub fn put(text: &str, key: &[String], value: Put) -> Result<String, Problem> {
    let mut document = parse(text)?;
    let Some((last, parents)) = key.split_last() else { return Ok(text.to_owned()) };
    let mut table = document.as_item_mut();
    for (depth, parent) in parents.iter().enumerate() {
        let section = table::section(table, &Key::new(parent));
        table = section.ok_or_else(|| no_section(&parents[..=depth], 0))?;
    }
    let value = match value {
        Put::Text(text) => text.into(),
        Put::Raw(raw) => raw.parse::<Value>().unwrap_or_else(|_| raw.into()),
    };
    table::put(table, &Key::new(last), value);
    Ok(as_saved_before(text, document.to_string()))
}

pub fn remove(text: &str, key: &[String], depth: usize) -> Result<String, Problem> {
    let mut document = parse(text)?;
    for length in (depth + 1..=key.len()).rev() {
        let (last, parents) = (&key[length - 1], &key[..length - 1]);
        let Some(table) = table_for(document.as_item_mut(), parents) else { continue };
        let is_target = length == key.len();
        let is_empty = |item: &Item| item.as_table_like().is_some_and(TableLike::is_empty);
        if is_target || table.get(last).is_some_and(is_empty) {
            table.remove(last);
        }
    }
    Ok(as_saved_before(text, document.to_string()))
}

/// Every value and comment.
pub fn parts(text: &str) -> Result<Vec<Part>, Problem> {
    let document = Document::parse(text).map_err(|error| syntax_problem(text, &error))?;
    let (mut values, mut names) = (Vec::new(), Vec::new());
    in_table(document.as_table(), &mut Vec::new(), &mut values, &mut names);
    let ranges = values.iter().filter_map(|part| match part {
        Part::Value { range, .. } => Some(range.clone()),
        Part::Comment(_) => None,
    });
    let mut taken: Vec<Range<usize>> = ranges.chain(names).collect();
    taken.sort_by_key(|range| range.start);
    let is_taken = |at: usize| {
        let before = taken.partition_point(|range| range.start <= at);
        before > 0 && taken[before - 1].contains(&at)
    };
    let mut comments: Vec<Part> = Vec::new();
    let mut end = 0;
    for (at, _) in text.match_indices('#') {
        if at >= end && !is_taken(at) {
            end = text[at..].find(['\r', '\n']).map_or(text.len(), |length| at + length);
            comments.push(Part::Comment(at..end));
        }
    }
    values.extend(comments);
    Ok(values)
}

fn in_table(
    table: &dyn TableLike,
    key: &mut Vec<String>,
    values: &mut Vec<Part>,
    names: &mut Vec<Range<usize>>,
) {
    for (name, item) in table.iter() {
        names.extend(table.get_key_value(name).and_then(|(name, _)| name.span()));
        key.push(name.to_owned());
        in_item(item, key, values, names);
        key.pop();
    }
}

fn in_item(item: &Item, key: &mut Vec<String>, values: &mut Vec<Part>, names: &mut Vec<Range<usize>>) {
    if let Some(table) = item.as_table_like() {
        in_table(table, key, values, names);
    } else if let Some(tables) = item.as_array_of_tables() {
        tables.iter().for_each(|table| in_table(table, &mut vec![String::new()], values, names));
    } else if let Some(list) = item.as_array() {
        list.iter().for_each(|value| in_value(value, &mut vec![String::new()], values, names));
    } else if let Some(range) = item.span() {
        values.push(Part::Value { key: key.clone(), range });
    }
}

fn in_value(value: &Value, key: &mut Vec<String>, values: &mut Vec<Part>, names: &mut Vec<Range<usize>>) {
    match value {
        Value::Array(list) => list.iter().for_each(|value| in_value(value, key, values, names)),
        Value::InlineTable(table) => in_table(table, key, values, names),
        value => values.extend(value.span().map(|range| Part::Value { key: key.clone(), range })),
    }
}

fn parse(text: &str) -> Result<DocumentMut, Problem> {
    text.parse().map_err(|error| syntax_problem(text, &error))
}

fn table_at<'item>(root: &'item Item, parents: &[String]) -> Result<Option<&'item dyn TableLike>, Problem> {
    let mut item = root;
    for (depth, parent) in parents.iter().enumerate() {
        let table = item.as_table_like().ok_or_else(|| no_section(&parents[..depth], 0))?;
        let Some(child) = table.get(parent) else { return Ok(None) };
        item = child;
    }
    item.as_table_like().map(Some).ok_or_else(|| no_section(parents, 0))
}

fn table_for<'item>(root: &'item mut Item, parents: &[String]) -> Option<&'item mut dyn TableLike> {
    let mut item = root;
    for parent in parents {
        item = item.as_table_like_mut()?.get_mut(parent)?;
    }
    item.as_table_like_mut()
}

/// A value without the white space and comments around it.
fn raw(mut value: Value) -> String {
    value.decor_mut().clear();
    value.to_string()
}
