//! The control API's calls for what happened.
//!
//! `records`, `records/live` and `usage` take the fields of a
//! [`Filter`] in their query (`errors=true`, `protocol`, `account`,
//! `model`, `client`, `text`, `since`, `until`; times as RFC 3339), and refuse any other:
//!
//! - `records` also `limit` (50, at most 1000), and `before=N` or `after=N`, the `number` of
//!   the record where the last page ended;
//! - `usage` also `per=hour|day|week` and `by=model|account|client`;
//! - `records/live` sends an event `record` for each, and an event `gap` with the number of
//!   those that a slow listener has missed.

use std::borrow::Cow;
use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::stream;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, StatusCode};
use salvo::http::ResBody;
use salvo::prelude::{Depot, FlowCtrl, Request, Response};
use salvo::{Handler, Router, async_trait};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::sync::broadcast::error::RecvError;
use url::form_urlencoded;

use super::Control;
use super::api::{self, Nothing, refuse, write};
use crate::monitor::{Cursor, Filter, HistoryError, RecordNumber, Recorder, UsageQuery};

const DEFAULT_LIMIT: usize = 50;

pub fn router(control: &Arc<Control>) -> Router {
    let endpoint = |call| Endpoint { control: Arc::clone(control), call };
    Router::new()
        .push(Router::with_path("records").get(endpoint(Call::Page)))
        .push(Router::with_path("records/detail").get(endpoint(Call::Detail)))
        .push(Router::with_path("records/live").get(endpoint(Call::Live)))
        .push(Router::with_path("records/health").get(endpoint(Call::Health)))
        .push(Router::with_path("records/clear").post(endpoint(Call::Clear)))
        .push(Router::with_path("usage").get(endpoint(Call::Usage)))
}

#[derive(Clone, Copy, Debug)]
enum Call {
    Page,
    Detail,
    Live,
    Health,
    Clear,
    Usage,
}

struct Endpoint {
    control: Arc<Control>,
    call: Call,
}

/// Why a call is not answered.
pub enum Refusal {
    BadRequest(String),
    NotFound(String),
    Unavailable(String),
}

impl Refusal {
    pub fn into_reason(self) -> String {
        let (Self::BadRequest(reason) | Self::NotFound(reason) | Self::Unavailable(reason)) = self;
        reason
    }
}

type Outcome = Result<Value, Refusal>;

#[async_trait]
impl Handler for Endpoint {
    async fn handle(&self, request: &mut Request, _: &mut Depot, response: &mut Response, _: &mut FlowCtrl) {
        let recorder = &self.control.recorder;
        let outcome = match self.call {
            Call::Live => match no_more_than_filter(request) {
                Ok(filter) => return live(recorder, filter, response),
                Err(refusal) => Err(refusal),
            },
            Call::Page => page(recorder, request).await,
            Call::Detail => detail(recorder, request).await,
            Call::Health => nothing_asked(request).map(|()| json!(recorder.health())),
            Call::Clear => clear(recorder, request).await,
            Call::Usage => usage(recorder, request).await,
        };
        match outcome {
            Ok(value) => write(response, StatusCode::OK, &value),
            Err(Refusal::BadRequest(reason)) => refuse(response, StatusCode::BAD_REQUEST, &reason),
            Err(Refusal::NotFound(reason)) => refuse(response, StatusCode::NOT_FOUND, &reason),
            Err(Refusal::Unavailable(reason)) => refuse(response, StatusCode::SERVICE_UNAVAILABLE, &reason),
        }
    }
}

async fn page(recorder: &Recorder, request: &Request) -> Outcome {
    let (mut limit, mut cursor) = (DEFAULT_LIMIT, Cursor::Latest);
    let filter = filter(request, |key, value| {
        match key {
            "limit" => limit = read(key, value)?,
            "before" => cursor = Cursor::Before(RecordNumber(read(key, value)?)),
            "after" => cursor = Cursor::After(RecordNumber(read(key, value)?)),
            _ => return Err(unknown(key, "limit, before, after")),
        }
        Ok(())
    })?;
    // What has ended by now is part of the answer.
    recorder.settle().await;
    let page = recorder.history().page(filter, cursor, limit).await.map_err(|error| unreadable(&error))?;
    Ok(json!(page.records))
}

async fn detail(recorder: &Recorder, request: &Request) -> Outcome {
    let mut number = None;
    for (key, value) in pairs(request) {
        match key.as_ref() {
            "number" => number = Some(RecordNumber(read(&key, &value)?)),
            _ => return Err(Refusal::BadRequest(format!("unknown field `{key}`: there is number"))),
        }
    }
    let number = number.ok_or_else(|| Refusal::BadRequest("`number` is missing".to_owned()))?;
    let detail = recorder.history().find(number).await.map_err(|error| unreadable(&error))?;
    let detail = detail.ok_or_else(|| Refusal::NotFound("there is no record of this number".to_owned()))?;
    Ok(json!(detail))
}

async fn usage(recorder: &Recorder, request: &Request) -> Outcome {
    let (mut per, mut by) = (None, None);
    let filter = filter(request, |key, value| {
        match key {
            "per" => per = Some(choice(key, value, "hour, day or week")?),
            "by" => by = Some(choice(key, value, "model, account or client")?),
            _ => return Err(unknown(key, "per, by")),
        }
        Ok(())
    })?;
    recorder.settle().await;
    let rows =
        recorder.history().usage(UsageQuery { per, by, filter }).await.map_err(|error| unreadable(&error))?;
    Ok(json!(rows))
}

async fn clear(recorder: &Recorder, request: &mut Request) -> Outcome {
    api::body::<Nothing>(request).await.map_err(Refusal::BadRequest)?;
    let cleared = recorder.clear().await.map_err(|error| Refusal::Unavailable(error.to_string()))?;
    Ok(json!({ "cleared": cleared }))
}

/// The records to come, for as long as somebody listens.
fn live(recorder: &Recorder, filter: Filter, response: &mut Response) {
    let events = stream::unfold((recorder.subscribe(), filter), |(mut feed, filter)| async move {
        let event = loop {
            match feed.recv().await {
                Ok(record) if filter.wants(&record) => break event("record", &*record),
                Ok(_) => {}
                Err(RecvError::Lagged(missed)) => break event("gap", &missed),
                Err(RecvError::Closed) => return None,
            }
        };
        Some((Ok::<_, Infallible>(event), (feed, filter)))
    });
    response.status_code(StatusCode::OK);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    response.body(ResBody::stream(events));
}

fn event(name: &str, data: &impl Serialize) -> Bytes {
    Bytes::from(format!("event: {name}\ndata: {}\n\n", json!(data)))
}

fn no_more_than_filter(request: &Request) -> Result<Filter, Refusal> {
    filter(request, |key, _| Err(unknown(key, "")))
}

fn nothing_asked(request: &Request) -> Result<(), Refusal> {
    match pairs(request).next() {
        Some((key, _)) => Err(Refusal::BadRequest(format!("unknown field `{key}`: there are none"))),
        None => Ok(()),
    }
}

fn pairs(request: &Request) -> impl Iterator<Item = (Cow<'_, str>, Cow<'_, str>)> {
    form_urlencoded::parse(request.uri().query().unwrap_or_default().as_bytes())
}

/// The filter in a query; `other` is asked about every field that is not of a filter.
fn filter(
    request: &Request,
    other: impl FnMut(&str, &str) -> Result<(), Refusal>,
) -> Result<Filter, Refusal> {
    filter_in(request.uri().query().unwrap_or_default(), other)
}

/// The same for the text of a query.
pub fn filter_in(
    query: &str,
    mut other: impl FnMut(&str, &str) -> Result<(), Refusal>,
) -> Result<Filter, Refusal> {
    let mut filter = Filter::default();
    for (key, value) in form_urlencoded::parse(query.as_bytes()) {
        let text = || Some(value.clone().into_owned()).filter(|text| !text.is_empty());
        match key.as_ref() {
            "errors" => filter.errors = read(&key, &value)?,
            "protocol" => filter.protocol = text(),
            "account" => filter.account = text(),
            "model" => filter.model = text(),
            "client" => filter.client = text(),
            "text" => filter.text = text(),
            "since" => filter.since = Some(read(&key, &value)?),
            "until" => filter.until = Some(read(&key, &value)?),
            key => other(key, &value)?,
        }
    }
    Ok(filter)
}

pub fn read<T: std::str::FromStr>(key: &str, value: &str) -> Result<T, Refusal>
where
    T::Err: std::fmt::Display,
{
    value.parse().map_err(|error| Refusal::BadRequest(format!("`{key}` cannot be read: {error}")))
}

pub fn choice<T: DeserializeOwned>(key: &str, value: &str, choices: &str) -> Result<T, Refusal> {
    serde_json::from_value(Value::from(value))
        .map_err(|_| Refusal::BadRequest(format!("`{key}` is one of {choices}")))
}

pub fn unknown(key: &str, others: &str) -> Refusal {
    let separator = if others.is_empty() { "" } else { ", " };
    Refusal::BadRequest(format!(
        "unknown field `{key}`: there are {others}{separator}errors, protocol, account, model, client, text, since \
         and until"
    ))
}

fn unreadable(error: &HistoryError) -> Refusal {
    Refusal::Unavailable(error.to_string())
}
