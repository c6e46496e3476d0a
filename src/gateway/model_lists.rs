//! The accounts' own model lists: fetched when first asked for, kept for a while, and
//! dropped with their account.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use futures_util::future::join_all;
use http::Method;
use http::header::HeaderMap;
use http_body_util::{BodyExt, Limited};
use parking_lot::Mutex;
use tokio::time::timeout;

use super::attempt::Attempt;
use super::headers;
use crate::accounts::Account;
use crate::language::Message;
use crate::message;
use crate::protocol::models::{self, Model};
use crate::protocol::{Family, Provider};
use crate::upstream::{Client, Frames, endpoint};

/// How long a list is used before it is read again.
const FRESH: Duration = Duration::from_mins(5);
/// The same for a list that lacks the model asked for.
const YOUNG: Duration = Duration::from_secs(10);
/// How long a list that could not be read is not asked for again.
const FAILED: Duration = Duration::from_secs(2);
/// How long an account's list may take, however many pages it has.
pub const LIMIT: Duration = Duration::from_secs(5);
/// Pages of a list that are read at most.
const MAX_PAGES: usize = 20;
const MAX_PAGE_BYTES: usize = 8 << 20;

pub type List = Arc<[Model]>;

#[derive(Default)]
pub struct ModelLists {
    /// By fingerprint: what an account may ask depends on its address and credential.
    slots: Mutex<HashMap<String, Arc<Slot>>>,
}

/// Locked while the list is read, so that requests at the same time read it once.
#[derive(Default)]
struct Slot(tokio::sync::Mutex<Option<CachedList>>);

struct CachedList {
    list: Result<List, ListError>,
    read_at: Instant,
}

/// Why there is no list.
#[derive(Clone, Debug)]
pub struct ListError {
    /// The upstream's status, if it answered.
    pub status: Option<u16>,
    pub reason: Message,
}

impl ListError {
    /// Whether there was no answer, or one of a server in trouble.
    pub fn is_outage(&self) -> bool {
        self.status.is_none_or(|status| status >= 500)
    }
}

/// How old a list may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Age {
    /// For a request for the list.
    Usual,
    /// For a request for a model that no account is known to serve: it may be new.
    Young,
    /// Never old enough: the list is read.
    None,
}

impl Age {
    const fn is_exceeded(self, cached: &CachedList, age: Duration) -> bool {
        let limit = match (self, &cached.list) {
            (Self::None, _) | (Self::Usual, Err(_)) => return true,
            (Self::Usual, Ok(_)) => FRESH,
            (Self::Young, Ok(_)) => YOUNG,
            (Self::Young, Err(_)) => FAILED,
        };
        age.as_millis() >= limit.as_millis()
    }
}

impl ModelLists {
    /// The list of each of these accounts, all read at once. A list that cannot be read says
    /// nothing against the account: a key may be allowed to chat and not to list.
    pub async fn read(
        &self,
        accounts: &[Arc<Account>],
        client: &Client,
        limit: Duration,
        age: Age,
    ) -> Vec<Result<List, ListError>> {
        let slots = self.slots(accounts);
        let lists =
            accounts.iter().zip(&slots).map(|(account, slot)| read(account, slot, client, limit, age));
        join_all(lists).await
    }

    /// Drops the lists of all other accounts.
    pub fn keep(&self, accounts: &[Arc<Account>]) {
        let mut slots = self.slots.lock();
        if slots.is_empty() {
            return;
        }
        let kept: HashSet<&str> = accounts.iter().map(|account| account.fingerprint.as_str()).collect();
        slots.retain(|fingerprint, _| kept.contains(fingerprint.as_str()));
    }

    fn slots(&self, accounts: &[Arc<Account>]) -> Vec<Arc<Slot>> {
        let mut slots = self.slots.lock();
        let slot = |account: &Arc<Account>| {
            slots.entry(account.fingerprint.as_str().to_owned()).or_default().clone()
        };
        accounts.iter().map(slot).collect()
    }
}

async fn read(
    account: &Account,
    slot: &Slot,
    client: &Client,
    limit: Duration,
    age: Age,
) -> Result<List, ListError> {
    if account.provider == Provider::Demo {
        return Err(ListError { status: None, reason: Message::default() });
    }
    let read = timeout(limit, slot.read(account, client, age)).await;
    let read = read.unwrap_or_else(|_| Err(slot.was_late(limit)));
    let name = &account.name;
    read.inspect_err(|ListError { reason, .. }| {
        tracing::info!(account = name, "no model list from {name}: {reason}");
    })
}

impl Slot {
    async fn read(&self, account: &Account, client: &Client, age: Age) -> Result<List, ListError> {
        let mut cached = self.0.lock().await;
        if let Some(cached) =
            cached.as_ref().filter(|cached| !age.is_exceeded(cached, cached.read_at.elapsed()))
        {
            return cached.list.clone();
        }
        let list = fetch(account, client).await.map(List::from);
        *cached = Some(CachedList { list: list.clone(), read_at: Instant::now() });
        list
    }

    /// Keeps the failure for the requests that wait for the same list.
    fn was_late(&self, limit: Duration) -> ListError {
        let error =
            ListError { status: None, reason: message!("reason-timed-out", seconds = limit.as_secs()) };
        if let Ok(mut cached) = self.0.try_lock() {
            *cached = Some(CachedList { list: Err(error.clone()), read_at: Instant::now() });
        }
        error
    }
}

async fn fetch(account: &Account, client: &Client) -> Result<Vec<Model>, ListError> {
    let family = family(account);
    let (mut all, mut from) = (Vec::new(), None);
    for _ in 0..MAX_PAGES {
        let query = models::page_query(family, from.as_deref());
        let body = get(account, client, None, query.as_deref()).await?;
        let page = models::read_page(family, &body).ok_or_else(no_list)?;
        all.extend(page.models);
        from = page.next;
        if from.is_none() {
            break;
        }
    }
    Ok(all)
}

/// One model, asked for by its name: providers know models that they do not list.
pub async fn fetch_one(account: &Account, client: &Client, id: &str) -> Option<Model> {
    let body = timeout(LIMIT, get(account, client, Some(id), None)).await.ok()?.ok()?;
    models::read_entry(family(account), serde_json::from_slice(&body).ok()?)
}

/// The family in whose shape the account's provider lists its models.
pub const fn family(account: &Account) -> Family {
    account.provider.protocols()[0].family()
}

fn no_list() -> ListError {
    ListError { status: Some(200), reason: message!("reason-wrong-answer") }
}

async fn get(
    account: &Account,
    client: &Client,
    id: Option<&str>,
    query: Option<&str>,
) -> Result<Bytes, ListError> {
    let attempt = Attempt {
        client,
        method: Method::GET,
        path: endpoint::Path::Models { id },
        query,
        headers: headers::request_headers(&HeaderMap::new(), account.provider.protocols()[0]),
        body: Frames::default(),
        limit: LIMIT,
    };
    let answered = attempt.run(account).await.map_err(|refused| {
        let failure = refused.failure;
        ListError { status: failure.status, reason: account.without_key_in(&failure.reason) }
    })?;
    let rest = Limited::new(answered.rest, MAX_PAGE_BYTES).collect().await;
    let rest = rest.map_err(|error| ListError { status: None, reason: error.to_string().into() })?.to_bytes();
    let mut body = BytesMut::from(answered.first);
    body.extend_from_slice(&rest);
    Ok(body.freeze())
}
