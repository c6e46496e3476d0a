//! The accounts in the file, written as `[[accounts]]` or as one inline list.

use std::path::Path;

use secrecy::ExposeSecret;
use toml_edit::visit_mut::{VisitMut, visit_table_mut};
use toml_edit::{Array, ArrayOfTables, DocumentMut, InlineTable, Item, Key, Table, Value};

use super::change::edit;
use super::error::EditError;
use super::reach::{self, Editor};
use super::table::{ACCOUNTS, put};
use crate::config::{Problems, SecretSource};
use crate::protocol::Provider;

const PRIORITY: &str = "priority";

/// An account to write; its other keys have their defaults.
#[derive(Clone, Debug)]
pub struct NewAccount {
    pub name: String,
    pub provider: Provider,
    /// `None` only where the provider needs no key.
    pub api_key: Option<SecretSource>,
    /// `None`: the address of the provider itself.
    pub base_url: Option<String>,
    /// Empty: every model that the provider owns.
    pub models: Vec<String>,
}

/// Adds an account after the others. Fails where its name is taken.
pub fn add_account(path: &Path, account: &NewAccount) -> Result<(), EditError> {
    add_account_as(Editor::Owner, path, account)
}

/// The same for an editor with its own limits.
pub fn add_account_as(editor: Editor, path: &Path, account: &NewAccount) -> Result<(), EditError> {
    edit(path, |document| {
        let key = account.api_key.as_ref().map(secret);
        let base_url = account.base_url.as_deref();
        reach::examine_new_account(account.provider, base_url, key.as_ref(), editor, document)
            .map_err(|problem| Problems::new(path, vec![problem]))?;
        add(document, account)
    })
}

/// Removes an account and the comment right above it; comments further up stay.
pub fn remove_account(path: &Path, name: &str) -> Result<(), EditError> {
    edit(path, |document| remove(document, name))
}

pub fn set_account_enabled(path: &Path, name: &str, enabled: bool) -> Result<(), EditError> {
    set_account(path, name, "enabled", enabled)
}

/// Sets one key of one account.
pub fn set_account(path: &Path, name: &str, key: &str, value: impl Into<Value>) -> Result<(), EditError> {
    set_account_keys(path, name, vec![(key.to_owned(), value.into())])
}

/// Sets several keys of one account, all of them or none.
pub fn set_account_keys(path: &Path, name: &str, values: Vec<(String, Value)>) -> Result<(), EditError> {
    set_account_keys_as(Editor::Owner, path, name, values)
}

/// The same for an editor with its own limits.
pub fn set_account_keys_as(
    editor: Editor,
    path: &Path,
    name: &str,
    values: Vec<(String, Value)>,
) -> Result<(), EditError> {
    edit(path, |document| {
        let unknown = || EditError::UnknownAccount(name.to_owned());
        let index = position(document, name).ok_or_else(unknown)?;
        let account = document.get(ACCOUNTS).and_then(|accounts| accounts.get(index)).ok_or_else(unknown)?;
        reach::examine_account(account, index, &values, editor, document)
            .map_err(|problem| Problems::new(path, vec![problem]))?;
        let account =
            document.get_mut(ACCOUNTS).and_then(|accounts| accounts.get_mut(index)).ok_or_else(unknown)?;
        for (key, value) in values {
            put(account, &Key::new(key), value);
        }
        Ok(())
    })
}

/// Moves an account to this place in the order of priority (0 is the first): all accounts get
/// new numbers, and those whose number is right already are not touched.
pub fn place_account(path: &Path, name: &str, place: usize) -> Result<(), EditError> {
    edit(path, |document| {
        let from = position(document, name).ok_or_else(|| EditError::UnknownAccount(name.to_owned()))?;
        let Some(accounts) = document.get_mut(ACCOUNTS) else { return Ok(()) };
        let mut order: Vec<usize> = (0..).map_while(|index| accounts.get(index).map(|_| index)).collect();
        order.sort_by_key(|&index| accounts.get(index).map_or(0, priority));
        order.retain(|&index| index != from);
        order.insert(place.min(order.len()), from);
        for (number, index) in (0_i64..).zip(order) {
            if let Some(account) = accounts.get_mut(index).filter(|account| priority(account) != number) {
                put(account, &Key::new(PRIORITY), number.into());
            }
        }
        Ok(())
    })
}

fn priority(account: &Item) -> i64 {
    account.get(PRIORITY).and_then(Item::as_integer).unwrap_or(0)
}

fn position(document: &DocumentMut, name: &str) -> Option<usize> {
    let accounts = document.get(ACCOUNTS)?;
    (0..)
        .map_while(|index| accounts.get(index))
        .position(|account| account.get("name").and_then(Item::as_str) == Some(name))
}

fn add(document: &mut DocumentMut, account: &NewAccount) -> Result<(), EditError> {
    if position(document, &account.name).is_some() {
        return Err(EditError::AccountExists(account.name.clone()));
    }
    match document.get_mut(ACCOUNTS) {
        Some(Item::ArrayOfTables(tables)) => tables.push(written(account)),
        Some(Item::Value(Value::Array(list))) if !list.is_empty() => push_like_its_siblings(list, account),
        Some(Item::Value(Value::Array(_))) | None => add_first(document, account),
        Some(_) => return Err(EditError::NotAKey(ACCOUNTS.to_owned())),
    }
    Ok(())
}

/// The first account is put at the end of the file. Comments there, such as examples, stay
/// above it, with the section that they belong to.
fn add_first(document: &mut DocumentMut, account: &NewAccount) {
    let mut table = written(account);
    let ending = document.trailing().as_str().unwrap_or_default().trim_end().to_owned();
    if !ending.is_empty() {
        document.set_trailing("");
        table.decor_mut().set_prefix(format!("{ending}\n\n"));
    }
    document.insert(ACCOUNTS, Item::ArrayOfTables(ArrayOfTables::from_iter([table])));
}

fn push_like_its_siblings(list: &mut Array, account: &NewAccount) {
    let mut value = Value::InlineTable(written(account).into_inline_table());
    value.decor_mut().set_prefix(take_comment_at_end(list) + &indentation(list));
    list.push_formatted(value);
}

/// The white space before each element: a space, or a line break and its indentation.
fn indentation(list: &Array) -> String {
    let prefix = list.iter().last().and_then(|sibling| sibling.decor().prefix()?.as_str());
    prefix.and_then(|prefix| prefix.rfind('\n').map(|at| &prefix[at..])).unwrap_or(" ").to_owned()
}

/// A comment after the last comma is about the element before it.
fn take_comment_at_end(list: &mut Array) -> String {
    let trailing = list.trailing().as_str().unwrap_or_default().to_owned();
    match trailing.rsplit_once('\n') {
        Some((comment, rest)) if comment.contains('#') => {
            list.set_trailing(format!("\n{rest}"));
            comment.to_owned()
        }
        _ => String::new(),
    }
}

fn written(account: &NewAccount) -> Table {
    let mut table = Table::new();
    table.insert("name", Item::Value(account.name.as_str().into()));
    table.insert("provider", Item::Value(account.provider.name().into()));
    if let Some(source) = &account.api_key {
        table.insert("api_key", Item::Value(secret(source)));
    }
    if let Some(base_url) = &account.base_url {
        table.insert("base_url", Item::Value(base_url.as_str().into()));
    }
    if !account.models.is_empty() {
        table.insert("models", Item::Value(Array::from_iter(&account.models).into()));
    }
    table
}

/// The source as it is written in the file.
pub fn secret(source: &SecretSource) -> Value {
    let (place, value): (_, Value) = match source {
        SecretSource::Literal(literal) => return literal.expose_secret().into(),
        SecretSource::Env { env } => ("env", env.as_str().into()),
        SecretSource::File { file } => ("file", file.to_string_lossy().as_ref().into()),
        SecretSource::Keyring { keyring } => ("keyring", keyring.as_str().into()),
        SecretSource::Command { command } => ("command", Array::from_iter(command).into()),
    };
    InlineTable::from_iter([(place, value)]).into()
}

fn remove(document: &mut DocumentMut, name: &str) -> Result<(), EditError> {
    let unknown = || EditError::UnknownAccount(name.to_owned());
    let index = position(document, name).ok_or_else(unknown)?;
    match document.get_mut(ACCOUNTS) {
        Some(Item::ArrayOfTables(tables)) => {
            let removed = tables.remove(index);
            if tables.is_empty() {
                document.remove(ACCOUNTS);
            }
            keep_comments_above(document, &removed);
            Ok(())
        }
        Some(Item::Value(Value::Array(list))) => {
            list.remove(index);
            Ok(())
        }
        _ => Err(unknown()),
    }
}

/// The document treats comments above a table as part of it. Comments that an empty line
/// separates from it are about something else, so they move to the table after it.
fn keep_comments_above(document: &mut DocumentMut, removed: &Table) {
    let above = removed.decor().prefix().and_then(|prefix| prefix.as_str()).unwrap_or_default();
    let Some((kept, _)) = above.rsplit_once("\n\n") else { return };
    if kept.trim().is_empty() {
        return;
    }
    let mut next = Next { after: removed.position().unwrap_or_default(), found: None };
    next.visit_table_mut(document.as_table_mut());
    let Some(position) = next.found else {
        let trailing = document.trailing().as_str().unwrap_or_default().to_owned();
        document.set_trailing(format!("{kept}\n{trailing}"));
        return;
    };
    let mut prepend = Prepend { text: kept, position };
    prepend.visit_table_mut(document.as_table_mut());
}

/// Finds the table with the next header in the file.
struct Next {
    after: isize,
    found: Option<isize>,
}

impl VisitMut for Next {
    fn visit_table_mut(&mut self, table: &mut Table) {
        let has_header = !table.is_implicit() && !table.is_dotted();
        if let Some(position) = table.position().filter(|&position| has_header && position > self.after) {
            self.found = Some(self.found.map_or(position, |found| found.min(position)));
        }
        visit_table_mut(self, table);
    }
}

/// Puts a text above the header of one table.
struct Prepend<'text> {
    text: &'text str,
    position: isize,
}

impl VisitMut for Prepend<'_> {
    fn visit_table_mut(&mut self, table: &mut Table) {
        if table.position() == Some(self.position) {
            let prefix = table.decor().prefix().and_then(|prefix| prefix.as_str()).unwrap_or_default();
            let prefix = format!("{}\n{prefix}", self.text);
            table.decor_mut().set_prefix(prefix);
        }
        visit_table_mut(self, table);
    }
}
