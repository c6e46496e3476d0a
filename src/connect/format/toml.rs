//! TOML, through its format-preserving document.

use toml_edit::{DocumentMut, Item, Key, TableLike, Value};

use super::{Found, Put, no_section};
use crate::config::edit::{as_saved_before, table};
use crate::config::{Problem, syntax_problem};

pub fn read(text: &str, key: &[String]) -> Result<Option<Found>, Problem> {
    let document = parse(text)?;
    let Some((last, parents)) = key.split_last() else { return Ok(None) };
    let Some(table) = table_at(document.as_item(), parents)? else { return Ok(None) };
    Ok(table.get(last).filter(|item| !item.is_none()).map(|item| Found {
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

/// A value without the blanks and comments around it.
fn raw(mut value: Value) -> String {
    value.decor_mut().clear();
    value.to_string()
}
