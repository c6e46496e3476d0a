//! The calls for the records of exchanges. `records`, `records/live` and `usage` take the
//! fields of a filter (see [`query`]), and:
//!
//! - `records` takes `limit` (50, at most 1000), and `before=N` or `after=N`, the `number` of
//!   the record where the last page ended;
//! - `usage` takes `per=hour|day|week` and `by=model|account|client`;
//! - `records/live` sends an event `record` for each record, and an event `gap` with the
//!   number of records that a slow client has missed.

use futures_util::stream;
use http::StatusCode;
use serde_json::json;
use tokio::sync::broadcast::error::RecvError;

use super::answer::{Answer, CallResult, Refusal};
use super::call::{Call, NoFields};
use super::query::{self, read, unknown};
use crate::monitor::{Cursor, RecordNumber, UsageQuery};

const DEFAULT_LIMIT: usize = 50;

pub async fn page(call: Call) -> CallResult {
    let (mut limit, mut cursor) = (DEFAULT_LIMIT, Cursor::Latest);
    let filter = query::filter(call.query(), |key, value| {
        match key {
            "limit" => limit = read(key, value)?,
            "before" => cursor = Cursor::Before(RecordNumber(read(key, value)?)),
            "after" => cursor = Cursor::After(RecordNumber(read(key, value)?)),
            _ => return Err(unknown(key, "limit, before, after")),
        }
        Ok(())
    })?;
    let recorder = &call.control.recorder;
    // What has ended by now is part of the answer.
    recorder.settle().await;
    let page = recorder.history().page(filter, cursor, limit).await?;
    Ok(Answer::json(&json!(page.records)))
}

pub async fn detail(call: Call) -> CallResult {
    let mut number = None;
    for (key, value) in call.fields() {
        match key.as_ref() {
            "number" => number = Some(RecordNumber(read(&key, &value)?)),
            _ => return Err(Refusal::bad_request(format!("unknown field `{key}`: there is number"))),
        }
    }
    let number = number.ok_or_else(|| Refusal::bad_request("`number` is missing"))?;
    let detail = call.control.recorder.history().find(number).await?;
    let not_found = || Refusal::new(StatusCode::NOT_FOUND, "there is no record of this number");
    Ok(Answer::json(&json!(detail.ok_or_else(not_found)?)))
}

pub async fn usage(call: Call) -> CallResult {
    let (mut per, mut by) = (None, None);
    let filter = query::filter(call.query(), |key, value| {
        match key {
            "per" => per = Some(query::choice(key, value, "hour, day or week")?),
            "by" => by = Some(query::choice(key, value, "model, account or client")?),
            _ => return Err(unknown(key, "per, by")),
        }
        Ok(())
    })?;
    let recorder = &call.control.recorder;
    recorder.settle().await;
    let rows = recorder.history().usage(UsageQuery { per, by, filter }).await?;
    Ok(Answer::json(&json!(rows)))
}

/// The records to come, until the caller hangs up.
pub async fn live(call: Call) -> CallResult {
    let filter = query::filter(call.query(), |key, _| Err(unknown(key, "")))?;
    let feed = call.control.recorder.subscribe();
    Ok(Answer::events(stream::unfold((feed, filter), |(mut feed, filter)| async move {
        let event = loop {
            match feed.recv().await {
                Ok(record) if filter.wants(&record) => break ("record", json!(*record)),
                Ok(_) => {}
                Err(RecvError::Lagged(missed)) => break ("gap", json!(missed)),
                Err(RecvError::Closed) => return None,
            }
        };
        Some((event, (feed, filter)))
    })))
}

pub async fn health(call: Call) -> CallResult {
    match call.fields().next() {
        Some((key, _)) => Err(Refusal::bad_request(format!("unknown field `{key}`: there are none"))),
        None => Ok(Answer::json(&json!(call.control.recorder.health()))),
    }
}

pub async fn clear(mut call: Call) -> CallResult {
    let NoFields {} = call.body().await?;
    let cleared = call.control.recorder.clear().await;
    let cleared = cleared.map_err(|error| Refusal::unavailable(error.to_string()))?;
    Ok(Answer::json(&json!({ "cleared": cleared })))
}
