//! An account is added, edited, removed and placed.

use serde::Deserialize;
use toml_edit::{Array, Value};

use super::{bad_request, edit, editor};
use crate::config::edit::{self as file, NewAccount};
use crate::config::{SecretSource, pasted};
use crate::dashboard::answer::CallResult;
use crate::dashboard::call::{AccountName, Call};
use crate::language::Message;
use crate::message;
use crate::protocol::Provider;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Addition {
    name: String,
    provider: Provider,
    api_key: Option<String>,
    api_key_env: Option<String>,
    api_key_file: Option<String>,
    api_key_keyring: Option<String>,
    base_url: Option<String>,
    #[serde(default)]
    models: Vec<String>,
}

/// Only the fields that are given are changed.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Alteration {
    name: String,
    api_key: Option<String>,
    api_key_env: Option<String>,
    api_key_file: Option<String>,
    api_key_keyring: Option<String>,
    base_url: Option<String>,
    models: Option<Vec<String>>,
    priority: Option<i64>,
    weight: Option<i64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Placement {
    name: String,
    place: usize,
}

pub async fn add(mut call: Call) -> CallResult {
    let addition: Addition = call.body().await?;
    let account = addition.account().map_err(bad_request(&call))?;
    let editor = editor(&call);
    edit(call, move |path| file::add_account_as(editor, path, &account)).await
}

pub async fn edit_keys(mut call: Call) -> CallResult {
    let alteration: Alteration = call.body().await?;
    let (name, values) = alteration.values().map_err(bad_request(&call))?;
    let editor = editor(&call);
    edit(call, move |path| file::set_account_keys_as(editor, path, &name, values)).await
}

pub async fn remove(mut call: Call) -> CallResult {
    let AccountName { name } = call.body().await?;
    edit(call, move |path| file::remove_account(path, &name)).await
}

pub async fn place(mut call: Call) -> CallResult {
    let Placement { name, place } = call.body().await?;
    edit(call, move |path| file::place_account(path, &name, place)).await
}

impl Addition {
    fn account(self) -> Result<NewAccount, Message> {
        let Self { name, provider, api_key, api_key_env, api_key_file, api_key_keyring, base_url, models } =
            self;
        // At an address of the user's own, a key of any kind may be the right one.
        let is_usual = base_url.as_deref().is_none_or(str::is_empty);
        if let Some(key) = api_key.as_deref().filter(|_| is_usual)
            && let Some((owner, _)) = pasted::other_owner(pasted::cleaned(key).0, provider)
        {
            return Err(message!("edit-other-key", owner = owner, provider = provider.name()));
        }
        let api_key = secret([api_key, api_key_env, api_key_file, api_key_keyring])?;
        Ok(NewAccount { name, provider, api_key, base_url, models })
    }
}

impl Alteration {
    /// The account's name, and the keys of its section with their new values.
    fn values(self) -> Result<(String, Vec<(String, Value)>), Message> {
        let api_key = secret([self.api_key, self.api_key_env, self.api_key_file, self.api_key_keyring])?;
        let values = [
            ("api_key", api_key.as_ref().map(file::secret)),
            ("base_url", self.base_url.map(Value::from)),
            ("models", self.models.map(|models| Array::from_iter(models).into())),
            ("priority", self.priority.map(Value::from)),
            ("weight", self.weight.map(Value::from)),
        ];
        let values = values.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?)));
        Ok((self.name, values.collect()))
    }
}

/// The key itself, or the one place where it is. A command that prints it can be set in the
/// file only: the token must not be enough to have commands run.
fn secret([literal, env, file, keyring]: [Option<String>; 4]) -> Result<Option<SecretSource>, Message> {
    let literal = literal.as_deref().map(|literal| pasted::cleaned(literal).0);
    if let Some(mistake) = literal.and_then(pasted::mistake) {
        return Err(mistake.message());
    }
    let mut given = [
        literal.map(|literal| SecretSource::Literal(literal.into())),
        env.map(|env| SecretSource::Env { env }),
        file.map(|file| SecretSource::File { file: file.into() }),
        keyring.map(|keyring| SecretSource::Keyring { keyring }),
    ]
    .into_iter()
    .flatten();
    match (given.next(), given.next()) {
        (source, None) => Ok(source),
        _ => Err(message!("edit-two-places")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_in_one_place() {
        let some = |text: &str| Some(text.to_owned());
        assert!(matches!(secret([None, None, None, None]), Ok(None)));
        assert!(matches!(secret([some("k"), None, None, None]), Ok(Some(SecretSource::Literal(_)))));
        assert!(matches!(secret([None, some("NAME"), None, None]), Ok(Some(SecretSource::Env { .. }))));
        assert!(secret([some("k"), some("NAME"), None, None]).is_err());
        assert!(secret([some("\"sk-...abcd\""), None, None, None]).is_err(), "masked");
    }
}
