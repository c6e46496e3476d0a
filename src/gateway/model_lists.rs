//! The accounts' own model lists: fetched when somebody first asks, remembered for a
//! while, and let go of with the account they belong to.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use futures_util::future::join_all;
use http::Method;
use http::header::HeaderMap;
use http_body_util::{BodyExt, Limited};
use tokio::time::timeout;

use super::attempt::Attempt;
use super::passthrough;
use crate::accounts::Account;
use crate::protocol::models::{self, Model};
use crate::protocol::{Family, Provider};
use crate::upstream::{Client, Frames, endpoint};

/// How long a list is believed.
const FRESH: Duration = Duration::from_mins(5);
/// Nobody waits longer for an account's list, however many pages it has.
pub const LIMIT: Duration = Duration::from_secs(5);
/// A longer list is cut here.
const MAX_PAGES: usize = 20;
const MAX_PAGE_BYTES: usize = 8 << 20;

pub type List = Arc<[Model]>;

#[derive(Default)]
pub struct ModelLists {
    /// By fingerprint: what an account is to its upstream decides what it may ask there.
    slots: Mutex<HashMap<String, Arc<Slot>>>,
}

/// Locked while the list is being read, so that many who ask at once ask only once.
#[derive(Default)]
struct Slot(tokio::sync::Mutex<Option<Known>>);

struct Known {
    list: List,
    read_at: Instant,
}

impl ModelLists {
    /// The list of each of these accounts, all read at once; `None` where it cannot be had
    /// in time, which is no verdict on the account: keys that may chat may not always list.
    pub async fn read(
        &self,
        accounts: &[Arc<Account>],
        client: &Client,
        limit: Duration,
    ) -> Vec<Option<List>> {
        let slots = self.slots(accounts);
        let lists = accounts.iter().zip(&slots).map(|(account, slot)| read(account, slot, client, limit));
        join_all(lists).await
    }

    /// One slot for each account; those of any other are let go of.
    fn slots(&self, accounts: &[Arc<Account>]) -> Vec<Arc<Slot>> {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        slots.retain(|known, _| accounts.iter().any(|account| account.fingerprint.as_str() == known));
        let slot = |account: &Arc<Account>| {
            slots.entry(account.fingerprint.as_str().to_owned()).or_default().clone()
        };
        accounts.iter().map(slot).collect()
    }
}

async fn read(account: &Account, slot: &Slot, client: &Client, limit: Duration) -> Option<List> {
    if account.provider == Provider::Demo {
        return None;
    }
    let read = timeout(limit, slot.read(account, client)).await;
    let read = read.unwrap_or_else(|_| Err(format!("not there within {} s", limit.as_secs())));
    let name = &account.name;
    read.inspect_err(|reason| tracing::info!(account = name, "no model list from {name}: {reason}")).ok()
}

impl Slot {
    async fn read(&self, account: &Account, client: &Client) -> Result<List, String> {
        let mut known = self.0.lock().await;
        if let Some(known) = known.as_ref().filter(|known| known.read_at.elapsed() < FRESH) {
            return Ok(Arc::clone(&known.list));
        }
        let list = List::from(fetch(account, client).await?);
        *known = Some(Known { list: Arc::clone(&list), read_at: Instant::now() });
        Ok(list)
    }
}

async fn fetch(account: &Account, client: &Client) -> Result<Vec<Model>, String> {
    let family = family(account);
    let (mut all, mut from) = (Vec::new(), None);
    for _ in 0..MAX_PAGES {
        let query = models::page_query(family, from.as_deref());
        let body = get(account, client, None, query.as_deref()).await?;
        let page = models::read_page(family, &body).ok_or("what came is no model list")?;
        all.extend(page.models);
        from = page.next;
        if from.is_none() {
            break;
        }
    }
    Ok(all)
}

/// One model, asked for by its name: providers know names that they do not list.
pub async fn fetch_one(account: &Account, client: &Client, id: &str) -> Option<Model> {
    let body = timeout(LIMIT, get(account, client, Some(id), None)).await.ok()?.ok()?;
    models::read_entry(family(account), serde_json::from_slice(&body).ok()?)
}

/// The family whose shape the account's provider lists its models in.
pub const fn family(account: &Account) -> Family {
    account.provider.protocols()[0].family()
}

async fn get(
    account: &Account,
    client: &Client,
    id: Option<&str>,
    query: Option<&str>,
) -> Result<Bytes, String> {
    let attempt = Attempt {
        client,
        method: Method::GET,
        path: endpoint::Path::Models { id },
        query,
        headers: passthrough::request_headers(&HeaderMap::new(), account.provider.protocols()[0]),
        body: Frames::default(),
        limit: LIMIT,
    };
    let answered = attempt.run(account).await.map_err(|refused| refused.failure.reason.to_string())?;
    let rest = Limited::new(answered.rest, MAX_PAGE_BYTES).collect().await;
    let rest = rest.map_err(|error| error.to_string())?.to_bytes();
    let mut body = BytesMut::from(answered.first);
    body.extend_from_slice(&rest);
    Ok(body.freeze())
}
