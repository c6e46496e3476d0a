//! The models that clients can ask for: those that accounts list and those that the config
//! names, if an account would serve them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use futures_util::future::join_all;
use http::header::{CONTENT_TYPE, HeaderMap};
use http::{Response, StatusCode};
use serde_json::Value;

use super::answer::{AnswerBody, response};
use super::headers::JSON;
use super::model_lists::{self, Age, List};
use super::route::{self, Route};
use super::service::Gateway;
use super::settings::Settings;
use crate::accounts::{Account, Demand};
use crate::config::Config;
use crate::protocol::{ErrorKind, Family, LocalError, Protocol, Provider, models};
use crate::upstream::demo;

#[derive(Clone, Debug)]
pub struct ModelsRequest {
    pub family: Family,
    pub id: Option<String>,
}

impl Gateway {
    /// Answers `GET …/models` and `GET …/models/{id}`.
    pub async fn models(&self, request: ModelsRequest) -> Result<Response<AnswerBody>, LocalError> {
        let catalog = Catalog::read(self, request.family).await;
        let body = match request.id.as_deref().map(models::bare_id) {
            None => models::list(request.family, &catalog.entries),
            Some(id) => catalog.find(id).await.ok_or_else(|| catalog.unknown(id))?,
        };
        let headers = HeaderMap::from_iter([(CONTENT_TYPE, JSON)]);
        Ok(response(StatusCode::OK, headers, AnswerBody::Whole(Bytes::from(body.to_string()))))
    }
}

/// The models that this family's clients can ask for, at one moment.
pub(super) struct Catalog<'a> {
    gateway: &'a Gateway,
    settings: Arc<Settings>,
    family: Family,
    accounts: Vec<(Arc<Account>, Option<List>)>,
    /// By name; written by the provider where it has the family's own shape.
    entries: BTreeMap<String, Value>,
}

impl<'a> Catalog<'a> {
    pub(super) async fn read(gateway: &'a Gateway, family: Family) -> Self {
        let accounts = gateway.pool.active_accounts();
        let settings = gateway.settings();
        let limit = settings.config.proxy.request_timeout.min(model_lists::LIMIT);
        let lists = gateway.lists(&accounts, limit, Age::Usual).await;
        let accounts = accounts.into_iter().zip(lists.into_iter().map(Result::ok)).collect();
        let mut catalog = Self { gateway, settings, family, accounts, entries: BTreeMap::new() };
        catalog.entries = catalog.gather();
        catalog
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &String> {
        self.entries.keys()
    }

    /// Where several accounts list a name, the entry of the first of the family is kept.
    fn gather(&self) -> BTreeMap<String, Value> {
        let mut entries = BTreeMap::new();
        let (own, foreign): (Vec<_>, Vec<_>) =
            self.accounts.iter().partition(|(account, _)| self.is_of_family(account));
        for (account, list) in own.into_iter().chain(foreign) {
            for model in list.iter().flat_map(|list| list.iter()) {
                if !entries.contains_key(&model.id)
                    && let Some(entry) = self.entry(account, model)
                {
                    entries.insert(model.id.clone(), entry);
                }
            }
        }
        for name in configured(&self.settings.config, &self.accounts) {
            if !entries.contains_key(name) && !self.takers(&self.route(name)).is_empty() {
                entries.insert(name.to_owned(), models::entry(self.family, name));
            }
        }
        entries
    }

    /// The entry of a model that this account lists; `None` if a request for it would not reach
    /// the account. Where the `[models]` map sends the name elsewhere, the account's own entry
    /// would describe another model.
    fn entry(&self, account: &Account, model: &models::Model) -> Option<Value> {
        let route = self.route(&model.id);
        let takers = self.takers(&route);
        let is_own = route.model == model.id;
        let is_taken = takers.iter().any(|taker| !is_own || is_same(taker, account));
        if !is_taken {
            return None;
        }
        let as_written = is_own && self.is_of_family(account);
        Some(if as_written { model.entry.clone() } else { models::entry(self.family, &model.id) })
    }

    /// One model by its name, also one that is not listed but in the map or known to a provider.
    async fn find(&self, id: &str) -> Option<Value> {
        if let Some(entry) = self.entries.get(id) {
            return Some(entry.clone());
        }
        let route = self.route(id);
        let takers = self.takers(&route);
        if route.model != id {
            return (!takers.is_empty()).then(|| models::entry(self.family, id));
        }
        let client = self.gateway.client();
        let own = takers.iter().filter(|account| self.is_of_family(account));
        let asked = join_all(own.map(|account| model_lists::fetch_one(account, &client, id))).await;
        let known = asked.into_iter().flatten().next().map(|model| model.entry);
        known.or_else(|| self.is_taken_unseen(&takers).then(|| models::entry(self.family, id)))
    }

    /// Whether one of these accounts has no list that could rule the model out.
    fn is_taken_unseen(&self, takers: &[Arc<Account>]) -> bool {
        let is_taker = |account| takers.iter().any(|taker| is_same(taker, account));
        self.accounts.iter().any(|(account, list)| list.is_none() && is_taker(account))
    }

    fn unknown(&self, id: &str) -> LocalError {
        let names: Vec<&str> = self.entries.keys().map(String::as_str).collect();
        let message = format!("there is no model {id:?}. The models are: {}", names.join(", "));
        LocalError::new(ErrorKind::ModelNotFound, message)
    }

    fn route(&self, name: &str) -> Route {
        route::route(name, &self.settings.models, |name| self.settings.is_account(name))
    }

    /// The accounts that could answer a conversation with the model.
    fn takers(&self, route: &Route) -> Vec<Arc<Account>> {
        let client_protocol = match self.family {
            Family::OpenAi => Protocol::OpenAiChat,
            Family::Anthropic => Protocol::Anthropic,
            Family::Gemini => Protocol::Gemini,
        };
        self.gateway.pool.takers(&Demand {
            protocols: &Protocol::ALL,
            client_protocol,
            model: &route.model,
            pin: route.pin.clone(),
            session: None,
            now: Instant::now(),
        })
    }

    fn is_of_family(&self, account: &Account) -> bool {
        account.provider != Provider::Demo && model_lists::family(account) == self.family
    }
}

/// Compares by name and key: a reload makes every account anew.
fn is_same(one: &Account, other: &Account) -> bool {
    one.name == other.name && one.fingerprint == other.fingerprint
}

/// Names that can be asked for as they are: aliases, the accounts' `models`, and the models
/// of providers without a list.
fn configured<'a>(
    config: &'a Config,
    accounts: &'a [(Arc<Account>, Option<List>)],
) -> impl Iterator<Item = &'a str> {
    let has = |provider| accounts.iter().any(|(account, _)| account.provider == provider);
    let aliases = config.models.iter().map(|(asked, _)| asked);
    let listed = accounts.iter().flat_map(|(account, _)| &account.models);
    let stand_ins = has(Provider::Zai).then(|| config.zai.models.values()).into_iter().flatten();
    let demo = has(Provider::Demo).then(demo::models).into_iter().flatten().copied();
    let named = aliases.chain(listed).chain(stand_ins).map(String::as_str).chain(demo);
    named.filter(|name| !name.is_empty() && !name.contains('*'))
}
