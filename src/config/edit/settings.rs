//! Single keys of the file, by their path.

use std::path::Path;

use secrecy::{ExposeSecret, SecretString};
use toml_edit::{DocumentMut, Key, Value};

use super::change::edit;
use super::error::EditError;
use super::reach::{self, Editor};
use super::table;
use crate::config::lookup::expand_home;
use crate::config::place::KeyPath;
use crate::config::problem::Flaw;
use crate::config::{Problem, Problems, authorities, generate_key};

/// Sets one key, such as `proxy.port` or `models."claude-*"`.
pub fn set(path: &Path, key: &str, value: impl Into<Value>) -> Result<(), EditError> {
    edit(path, |document| set_in(document, key, value.into()))
}

/// Sets several keys for this editor, all of them or none.
pub fn set_all_as(editor: Editor, path: &Path, values: Vec<(String, Value)>) -> Result<(), EditError> {
    edit(path, |document| {
        reach::examine_settings(document, &values, editor)
            .map_err(|problem| Problems::new(path, vec![problem]))?;
        examine_authorities(path, &values)?;
        values.into_iter().try_for_each(|(key, value)| set_in(document, &key, value))
    })
}

/// The rule that the text alone cannot show: the file named must hold authorities, as when
/// the config file is loaded.
fn examine_authorities(path: &Path, values: &[(String, Value)]) -> Result<(), Problems> {
    const KEY: &str = "upstream.ca_file";
    let named = values.iter().find(|(key, _)| key == KEY).and_then(|(_, value)| value.as_str());
    let Some(named) = named.filter(|named| !named.is_empty()) else { return Ok(()) };
    let file = path.parent().unwrap_or(Path::new("")).join(expand_home(Path::new(named)));
    authorities::examine(&file).map_err(|Flaw { message, fix }| {
        Problems::new(path, vec![Problem::without_line(KEY.to_owned(), message, fix)])
    })
}

/// Removes one key and the comment right above it. Succeeds where the key is not there.
pub fn unset(path: &Path, key: &str) -> Result<(), EditError> {
    edit(path, |document| unset_in(document, key))
}

/// Sets the key that clients send.
pub fn set_api_key(path: &Path, key: &SecretString) -> Result<(), EditError> {
    set(path, "proxy.api_key", key.expose_secret())
}

/// Replaces the key that clients send and returns the new one. Fails where the file only
/// names the place of the key.
pub fn rotate_api_key(path: &Path) -> Result<SecretString, EditError> {
    let new = generate_key();
    edit(path, |document| {
        let written = document.get("proxy").and_then(|proxy| proxy.get("api_key"));
        if written.is_some_and(|written| !written.is_str()) {
            return Err(EditError::KeyIsElsewhere);
        }
        set_in(document, "proxy.api_key", new.expose_secret().into())
    })?;
    Ok(new)
}

/// Writes one line of `[models]`.
pub fn set_model(path: &Path, asked: &str, sent: &str) -> Result<(), EditError> {
    set(path, &model_key(asked), sent)
}

/// Removes one line of `[models]`.
pub fn remove_model(path: &Path, asked: &str) -> Result<(), EditError> {
    unset(path, &model_key(asked))
}

fn model_key(asked: &str) -> String {
    KeyPath::of(&["models", asked]).to_string()
}

fn set_in(document: &mut DocumentMut, key: &str, value: Value) -> Result<(), EditError> {
    let not_a_key = || EditError::NotAKey(key.to_owned());
    let (sections, last) = steps(key)?;
    let mut table = document.as_item_mut();
    for section in &sections {
        table = table::section(table, section).ok_or_else(not_a_key)?;
    }
    if table::put(table, &last, value) { Ok(()) } else { Err(not_a_key()) }
}

fn unset_in(document: &mut DocumentMut, key: &str) -> Result<(), EditError> {
    let (sections, last) = steps(key)?;
    let mut table = document.as_item_mut();
    for section in &sections {
        let Some(inner) = table.get_mut(section.get()) else { return Ok(()) };
        table = inner;
    }
    if let Some(table) = table.as_table_like_mut() {
        table.remove(&last);
    }
    Ok(())
}

/// The sections a key stands in, and its own name.
fn steps(key: &str) -> Result<(Vec<Key>, Key), EditError> {
    let not_a_key = || EditError::NotAKey(key.to_owned());
    let mut sections = Key::parse(key).map_err(|_| not_a_key())?;
    let last = sections.pop().ok_or_else(not_a_key)?;
    Ok((sections, last))
}
