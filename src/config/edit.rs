//! Changes to the file that keep the rest of it as it was: comments, order, blank lines,
//! line ends. A change that would break the file is refused, and a write is all or nothing.

use std::collections::HashMap;
use std::path::Path;

use secrecy::{ExposeSecret, SecretString};
use toml_edit::{DocumentMut, Key, Value};

use super::load::{problems_in, read, syntax_problem, unfit_authorities_in};
use super::lookup::at_home;
use super::place::KeyPath;
use super::{Problem, Problems, generate_key};
use crate::desktop::disk::{self, Mode, WriteError};
use crate::desktop::edit_lock::{Busy, EditLock};
use crate::language::{Language, Message};
use crate::{message, text};

mod account;
mod price;
mod reach;
pub mod table;

pub use account::{
    NewAccount, add_account, add_account_as, place_account, remove_account, secret, set_account,
    set_account_enabled, set_account_keys, set_account_keys_as,
};
pub use price::{NewPrice, remove_price, set_price};
pub use reach::Editor;

#[derive(Debug, thiserror::Error)]
pub enum EditError {
    /// The file cannot be edited, or would have these problems afterwards.
    #[error(transparent)]
    Problems(#[from] Problems),
    #[error("there is no account named \"{0}\"")]
    UnknownAccount(String),
    #[error("there is an account named \"{0}\" already")]
    AccountExists(String),
    #[error("\"{0}\" is no key that can be set")]
    NotAKey(String),
    #[error("proxy.api_key is kept outside the config file: change it there, then reload")]
    KeyIsElsewhere,
    /// Somebody saved the file between reading and writing; trying again is safe.
    #[error("the file was saved by somebody else in the same moment, try again")]
    ChangedMeanwhile,
    #[error("{}", busy(.0).text(Language::English))]
    Busy(Busy),
    #[error(transparent)]
    Write(#[from] WriteError),
}

impl EditError {
    pub fn text(&self, language: Language) -> String {
        match self {
            Self::Problems(problems) => problems.text(language),
            Self::UnknownAccount(name) => text!(language, "cli-account-unknown", name = name.as_str()),
            Self::AccountExists(name) => text!(language, "cli-account-exists", name = name.as_str()),
            Self::KeyIsElsewhere => text!(language, "cli-key-elsewhere"),
            Self::ChangedMeanwhile => text!(language, "edit-changed-meanwhile"),
            Self::Busy(other) => busy(other).text(language),
            Self::NotAKey(_) | Self::Write(_) => self.to_string(),
        }
    }
}

fn busy(other: &Busy) -> Message {
    let (lock, seconds) = (other.lock.display().to_string(), other.waited.as_secs());
    match other.holder {
        Some(pid) => message!("edit-busy-by", lock = lock, seconds = seconds, pid = pid.to_string()),
        None => message!("edit-busy", lock = lock, seconds = seconds),
    }
}

/// Sets one key, such as `proxy.port` or `models."claude-*"`.
pub fn set(path: &Path, key: &str, value: impl Into<Value>) -> Result<(), EditError> {
    edit(path, |document| set_in(document, key, value.into()))
}

/// Sets several keys on somebody's behalf, all of them or none.
pub fn set_all_as(editor: Editor, path: &Path, values: Vec<(String, Value)>) -> Result<(), EditError> {
    edit(path, |document| {
        reach::examine_settings(document, &values, editor)
            .map_err(|problem| Problems::new(path, vec![problem]))?;
        refuse_unfit_authorities(path, &values)?;
        values.into_iter().try_for_each(|(key, value)| set_in(document, &key, value))
    })
}

/// What the file's own rules cannot tell from its text: the file that it names has to be one
/// of authorities, as when it is loaded.
fn refuse_unfit_authorities(path: &Path, values: &[(String, Value)]) -> Result<(), Problems> {
    const KEY: &str = "upstream.ca_file";
    let named = values.iter().find(|(key, _)| key == KEY).and_then(|(_, value)| value.as_str());
    let Some(named) = named.filter(|named| !named.is_empty()) else { return Ok(()) };
    let file = path.parent().unwrap_or(Path::new("")).join(at_home(Path::new(named)));
    let Some(message) = unfit_authorities_in(&file) else { return Ok(()) };
    let problem = Problem { line: 0, column: 0, key: KEY.to_owned(), message, fix: message!("fix-ca-file") };
    Err(Problems::new(path, vec![problem]))
}

/// Takes one key out, with the comment right above it. One that is not there is no failure.
pub fn unset(path: &Path, key: &str) -> Result<(), EditError> {
    edit(path, |document| unset_in(document, key))
}

/// Sets the key that clients send.
pub fn set_api_key(path: &Path, key: &SecretString) -> Result<(), EditError> {
    set(path, "proxy.api_key", key.expose_secret())
}

/// Replaces the key that clients send with a new one, which is returned. Refused where
/// the file only says where the key is.
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

/// Takes one line of `[models]` out.
pub fn remove_model(path: &Path, asked: &str) -> Result<(), EditError> {
    unset(path, &model_key(asked))
}

fn model_key(asked: &str) -> String {
    KeyPath::of(&["models", asked]).to_string()
}

/// Reads, applies the change, checks the result and replaces the file. Edits of other
/// processes wait; one by an editor in the same moment is not overwritten. Blocks on the
/// disk and on other edits, so the change must not start an edit of its own.
pub fn edit(
    path: &Path,
    change: impl FnOnce(&mut DocumentMut) -> Result<(), EditError>,
) -> Result<(), EditError> {
    let _turn = take_turn(path)?;
    let before = read(path)?.text;
    let after = changed(&before, path, change)?;
    if after == before {
        return Ok(());
    }
    refuse_new_problems(path, &before, &after)?;
    if read(path)?.text != before {
        return Err(EditError::ChangedMeanwhile);
    }
    disk::replace(path, &after, Mode::Private)?;
    Ok(())
}

fn changed(
    before: &str,
    path: &Path,
    change: impl FnOnce(&mut DocumentMut) -> Result<(), EditError>,
) -> Result<String, EditError> {
    let mut document: DocumentMut =
        before.parse().map_err(|error| Problems::new(path, vec![syntax_problem(before, &error)]))?;
    change(&mut document)?;
    Ok(as_saved_before(before, document.to_string()))
}

/// Line ends and byte order mark, which the document does not keep.
pub fn as_saved_before(before: &str, after: String) -> String {
    const BYTE_ORDER_MARK: char = '\u{feff}';
    let mut after = after;
    if before.contains("\r\n") {
        after = after.replace("\r\n", "\n").replace('\n', "\r\n");
    }
    if before.starts_with(BYTE_ORDER_MARK) && !after.starts_with(BYTE_ORDER_MARK) {
        after.insert(0, BYTE_ORDER_MARK);
    }
    after
}

/// A file that is wrong elsewhere can still be edited, so that it can be put right.
fn refuse_new_problems(path: &Path, before: &str, after: &str) -> Result<(), Problems> {
    let mut known: HashMap<(String, String), usize> = HashMap::new();
    for problem in problems_in(before) {
        *known.entry(identity(&problem)).or_default() += 1;
    }
    let mut new = problems_in(after);
    new.retain(|problem| match known.get_mut(&identity(problem)) {
        Some(count) if *count > 0 => {
            *count -= 1;
            false
        }
        _ => true,
    });
    if new.is_empty() {
        return Ok(());
    }
    // The text they stand in will never be saved, so their lines would mislead.
    let unplaced = new.into_iter().map(|problem| Problem { line: 0, column: 0, ..problem });
    Err(Problems::new(path, unplaced.collect()))
}

/// A problem by what it says, whatever the number of its account has become.
fn identity(problem: &Problem) -> (String, String) {
    let key = problem.key.chars().filter(|character| !character.is_ascii_digit()).collect();
    (key, problem.message.to_string())
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

/// The right to edit, among all processes that edit this file.
fn take_turn(path: &Path) -> Result<EditLock, EditError> {
    let target = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    EditLock::take(target.parent().unwrap_or(Path::new("."))).map_err(EditError::Busy)
}

#[cfg(test)]
mod tests;
