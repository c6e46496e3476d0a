//! The calls that change the config file: accounts, settings, model mappings, the client
//! key. Each is one format-preserving edit and then a reload, so that its answer says
//! whether the change is in force. A problem names the field it is about.

mod field;

use std::path::Path;
use std::sync::Arc;

use http::StatusCode;
use salvo::prelude::{Depot, FlowCtrl, Request, Response};
use salvo::{Handler, Router, async_trait};
use serde::Deserialize;
use serde_json::{Map, Number, Value as Json, json};
use toml_edit::{Array, Value};

use self::field::field;
use super::Control;
use super::api::{body, refuse, status, write};
use super::gate::caller;
use crate::config::edit::{self, EditError, Editor, NewAccount, NewPrice};
use crate::config::{Problem, SecretSource, entries, pasted};
use crate::control::{Caller, Command};
use crate::language::{Language, Message};
use crate::protocol::Provider;
use crate::{message, text};

pub fn router(control: &Arc<Control>) -> Router {
    let route = |path: &str, call: Call| {
        Router::with_path(path).post(Endpoint { control: Arc::clone(control), call })
    };
    Router::with_path("api")
        .push(route("accounts/add", Call::AddAccount))
        .push(route("accounts/edit", Call::EditAccount))
        .push(route("accounts/remove", Call::RemoveAccount))
        .push(route("accounts/place", Call::PlaceAccount))
        .push(route("settings", Call::Settings))
        .push(route("models/set", Call::SetModel))
        .push(route("models/remove", Call::RemoveModel))
        .push(route("prices/set", Call::SetPrice))
        .push(route("prices/remove", Call::RemovePrice))
        .push(route("key/rotate", Call::RotateKey))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Call {
    AddAccount,
    EditAccount,
    RemoveAccount,
    PlaceAccount,
    Settings,
    SetModel,
    RemoveModel,
    SetPrice,
    RemovePrice,
    RotateKey,
}

struct Endpoint {
    control: Arc<Control>,
    call: Call,
}

#[async_trait]
impl Handler for Endpoint {
    async fn handle(
        &self,
        request: &mut Request,
        depot: &mut Depot,
        response: &mut Response,
        _: &mut FlowCtrl,
    ) {
        let language = self.control.agent.status().language;
        let change = match change(self.call, editor(depot), request).await {
            Ok(change) => change,
            Err(error) => return refuse(response, StatusCode::BAD_REQUEST, &error.text(language)),
        };
        let path = self.control.config_path.clone();
        let edited = tokio::task::spawn_blocking(move || (change.edit)(&path)).await;
        match edited {
            Ok(Ok(())) => self.apply(response).await,
            Ok(Err(error)) => refuse_edit(response, &error, language),
            Err(error) => refuse(response, StatusCode::INTERNAL_SERVER_ERROR, &error.to_string()),
        }
    }
}

impl Endpoint {
    async fn apply(&self, response: &mut Response) {
        let agent = &self.control.agent;
        if let Err(error) = agent.ask(Command::Reload).await {
            let language = agent.status().language;
            let message = text!(language, "edit-not-in-force", reason = error.to_string());
            return refuse(response, StatusCode::CONFLICT, &message);
        }
        write(response, StatusCode::OK, &status(&self.control, agent.status().language));
    }
}

type Edit = dyn FnOnce(&Path) -> Result<(), EditError> + Send;

/// What a call does to the file.
struct Change {
    edit: Box<Edit>,
}

impl Change {
    fn new(edit: impl FnOnce(&Path) -> Result<(), EditError> + Send + 'static) -> Self {
        Self { edit: Box::new(edit) }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Named {
    name: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Added {
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

/// Only what is there is changed.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Edited {
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
struct Placed {
    name: String,
    place: usize,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    values: Map<String, Json>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Mapping {
    asked: String,
    sent: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    asked: String,
}

/// What is not given is not in the line afterwards.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Priced {
    model: String,
    input: Option<Number>,
    cached_input: Option<Number>,
    output: Option<Number>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Model {
    model: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

/// A page is trusted with less than a process of the user's own.
fn editor(depot: &Depot) -> Editor {
    if matches!(caller(depot), Some(Caller::Launch)) { Editor::Owner } else { Editor::Page }
}

async fn change(call: Call, editor: Editor, request: &mut Request) -> Result<Change, Message> {
    Ok(match call {
        Call::AddAccount => {
            let account = body::<Added>(request).await?.account()?;
            Change::new(move |path| edit::add_account_as(editor, path, &account))
        }
        Call::EditAccount => {
            let (name, values) = body::<Edited>(request).await?.values()?;
            Change::new(move |path| edit::set_account_keys_as(editor, path, &name, values))
        }
        Call::RemoveAccount => {
            let Named { name } = body(request).await?;
            Change::new(move |path| edit::remove_account(path, &name))
        }
        Call::PlaceAccount => {
            let Placed { name, place } = body(request).await?;
            Change::new(move |path| edit::place_account(path, &name, place))
        }
        Call::Settings => {
            let values = settings(body::<Settings>(request).await?.values)?;
            Change::new(move |path| edit::set_all_as(editor, path, values))
        }
        Call::SetModel => {
            let Mapping { asked, sent } = body(request).await?;
            Change::new(move |path| edit::set_model(path, &asked, &sent))
        }
        Call::RemoveModel => {
            let Asked { asked } = body(request).await?;
            Change::new(move |path| edit::remove_model(path, &asked))
        }
        Call::SetPrice => {
            let Priced { model, input, cached_input, output } = body(request).await?;
            let [input, cached_input, output] =
                [input, cached_input, output].map(|number| number.as_ref().and_then(dollars));
            let price = NewPrice { input, cached_input, output };
            Change::new(move |path| edit::set_price(path, &model, price))
        }
        Call::RemovePrice => {
            let Model { model } = body(request).await?;
            Change::new(move |path| edit::remove_price(path, &model))
        }
        Call::RotateKey => {
            let Nothing {} = body(request).await?;
            Change::new(|path| edit::rotate_api_key(path).map(drop))
        }
    })
}

impl Added {
    fn account(self) -> Result<NewAccount, Message> {
        let Self { name, provider, api_key, api_key_env, api_key_file, api_key_keyring, base_url, models } =
            self;
        // Whoever names an address of their own knows whose key is wanted there.
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

impl Edited {
    fn values(self) -> Result<(String, Vec<(String, Value)>), Message> {
        let api_key = secret([self.api_key, self.api_key_env, self.api_key_file, self.api_key_keyring])?;
        let values = [
            ("api_key", api_key.as_ref().map(edit::secret)),
            ("base_url", self.base_url.map(Value::from)),
            ("models", self.models.map(|models| Array::from_iter(models).into())),
            ("priority", self.priority.map(Value::from)),
            ("weight", self.weight.map(Value::from)),
        ];
        let values = values.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?)));
        Ok((self.name, values.collect()))
    }
}

/// The key itself, or the one place where it is. That a program prints it can be written
/// in the file only: whoever holds the token should not be able to have commands run.
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

/// Whether a value fits its key is for the file's own rules to say.
fn settings(values: Map<String, Json>) -> Result<Vec<(String, Value)>, Message> {
    let known = entries::entries("");
    let mut settings = Vec::with_capacity(values.len());
    for (key, value) in values {
        if !known.iter().any(|entry| entry.key == key) {
            return Err(message!("edit-no-setting", key = key));
        }
        if value.as_str().is_some_and(|text| text.contains("***")) {
            return Err(message!("edit-hidden-part", key = key));
        }
        let value = toml(&value).ok_or_else(|| message!("edit-no-value", key = key.as_str()))?;
        settings.push((key, value));
    }
    Ok(settings)
}

fn toml(value: &Json) -> Option<Value> {
    match value {
        Json::String(text) => Some(text.into()),
        Json::Bool(switch) => Some((*switch).into()),
        Json::Number(number) => number.as_i64().map(Value::from),
        Json::Array(texts) => {
            let texts: Option<Array> = texts.iter().map(Json::as_str).collect();
            texts.map(Value::from)
        }
        Json::Null | Json::Object(_) => None,
    }
}

fn dollars(number: &Number) -> Option<Value> {
    number.as_i64().map(Value::from).or_else(|| number.as_f64().map(Value::from))
}

fn refuse_edit(response: &mut Response, error: &EditError, language: Language) {
    let EditError::Problems(problems) = error else {
        return refuse(response, StatusCode::CONFLICT, &error.text(language));
    };
    let problems: Vec<Problem> = problems.list.iter().map(for_form).collect();
    let list: Vec<Json> = problems.iter().map(|told| problem(told, language)).collect();
    let texts: Vec<String> = problems.iter().map(|told| told.placed().text(language)).collect();
    let error = texts.join("\n");
    write(response, StatusCode::UNPROCESSABLE_ENTITY, &json!({ "error": error, "problems": list }));
}

/// The file wants quotes and names of keys; a form has fields for them.
fn for_form(problem: &Problem) -> Problem {
    let fixes = [
        (message!("fix-provider-key"), message!("form-fix-provider-key")),
        (message!("fix-variable-name"), message!("form-fix-variable-name")),
        (message!("fix-url-missing"), message!("form-fix-url-missing")),
    ];
    let fix = fixes.into_iter().find_map(|(of_file, of_form)| (problem.fix == of_file).then_some(of_form));
    Problem { fix: fix.unwrap_or_else(|| problem.fix.clone()), ..problem.clone() }
}

fn problem(Problem { key, message, fix, .. }: &Problem, language: Language) -> Json {
    let (message, fix) = (message.text(language), fix.text(language));
    json!({ "key": key, "field": field(key), "message": message, "fix": fix })
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

    #[test]
    fn only_settings_are_set_and_nothing_hidden_is_written_back() {
        let check = |key: &str, value: Json| {
            settings(Map::from_iter([(key.to_owned(), value)])).map(|values| values.len())
        };
        assert_eq!(check("proxy.port", json!(1)), Ok(1));
        assert_eq!(check("proxy.allowed_hosts", json!(["a"])), Ok(1));
        for (key, value) in [
            ("proxy.prot", json!(1)),
            ("accounts", json!([])),
            ("proxy.port", json!({})),
            ("proxy.port", json!(1.5)),
            ("upstream.proxy", json!("http://***@host")),
        ] {
            assert!(check(key, value.clone()).is_err(), "{key} {value}");
        }
    }
}
