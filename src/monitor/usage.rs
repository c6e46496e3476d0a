//! Usage over time: sums by model, account or client.

use std::collections::BTreeMap;

use jiff::civil::Weekday;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan, Unit, Zoned, ZonedRound};
use rusqlite::{Connection, Result, params_from_iter};
use serde::{Deserialize, Serialize};
use strum::IntoStaticStr;

use super::field::unsigned;
use super::filter::{Cursor, Filter};
use super::price::Cost;
use super::tokens::Tokens;
use crate::chat::Usage;

/// A quarter of an hour: in every time zone, hours begin at a multiple of it.
const SLOT_MICROS: i64 = 15 * 60 * 1_000_000;

/// Which sums to read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UsageQuery {
    /// One sum for each period; `None` for one over all of the time.
    pub per: Option<Period>,
    /// One sum for each model, account or client; `None` for one over all of them.
    pub by: Option<Grouping>,
    pub filter: Filter,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, IntoStaticStr, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Period {
    Hour,
    Day,
    /// From Monday.
    Week,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, IntoStaticStr, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Grouping {
    /// The model used, or the model asked for where none was.
    Model,
    Account,
    /// The client's name, without its version.
    Client,
}

/// One sum. Rows are ordered by time, then by the number of requests, the largest first.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct UsageRow {
    /// The start of the period, by local time.
    pub start: Option<Timestamp>,
    /// The model, account or client; `None` where the records have none.
    pub name: Option<String>,
    pub requests: u64,
    pub errors: u64,
    #[serde(with = "Tokens")]
    pub usage: Usage,
    /// An estimate.
    #[serde(rename = "estimated_cost_usd")]
    pub cost: Option<Cost>,
    /// The number of answers without a known price. They make the cost too low.
    pub unpriced: u64,
    /// The average.
    pub first_byte_ms: Option<f64>,
    /// The average.
    pub duration_ms: f64,
}

impl Grouping {
    const fn column(self) -> &'static str {
        match self {
            Self::Model => "COALESCE(model_used, model_asked)",
            Self::Account => "account",
            Self::Client => "client_name",
        }
    }
}

impl Period {
    /// The start of the period that a time is in.
    fn start(self, at: Timestamp, zone: &TimeZone) -> Timestamp {
        let at = at.to_zoned(zone.clone());
        self.start_zoned(&at).map_or_else(|_| at.timestamp(), |start| start.timestamp())
    }

    fn start_zoned(self, at: &Zoned) -> std::result::Result<Zoned, jiff::Error> {
        match self {
            Self::Hour => at.round(ZonedRound::new().smallest(Unit::Hour).mode(jiff::RoundMode::Trunc)),
            Self::Day => at.start_of_day(),
            Self::Week => {
                let since_monday = at.weekday().since(Weekday::Monday);
                at.checked_sub(i64::from(since_monday).days())?.start_of_day()
            }
        }
    }
}

/// A sum under way.
#[derive(Default)]
struct Sums {
    requests: u64,
    errors: u64,
    usage: Usage,
    cost: Option<Cost>,
    unpriced: u64,
    first_byte_ms: u64,
    first_bytes: u64,
    duration_ms: u64,
}

impl Sums {
    fn add(&mut self, other: &Self) {
        self.requests += other.requests;
        self.errors += other.errors;
        self.usage = self.usage.plus(&other.usage);
        self.cost = match (self.cost, other.cost) {
            (Some(one), Some(another)) => Some([one, another].into_iter().sum()),
            (one, another) => one.or(another),
        };
        self.unpriced += other.unpriced;
        self.first_byte_ms += other.first_byte_ms;
        self.first_bytes += other.first_bytes;
        self.duration_ms += other.duration_ms;
    }

    fn row(self, start: Option<Timestamp>, name: Option<String>) -> UsageRow {
        let average = |sum: u64, count: u64| (count > 0).then(|| sum as f64 / count as f64);
        UsageRow {
            start,
            name,
            requests: self.requests,
            errors: self.errors,
            usage: self.usage,
            cost: self.cost,
            unpriced: self.unpriced,
            first_byte_ms: average(self.first_byte_ms, self.first_bytes),
            duration_ms: average(self.duration_ms, self.requests).unwrap_or(0.0),
        }
    }
}

/// Reads the sums, with days by the time zone.
pub fn read(connection: &Connection, query: &UsageQuery, zone: &TimeZone) -> Result<Vec<UsageRow>> {
    let slot = if query.per.is_some() { format!("number / {SLOT_MICROS}") } else { "0".to_owned() };
    let name = query.by.map_or("NULL", Grouping::column);
    let condition = query.filter.condition(Cursor::Latest);
    let sql = format!(
        "SELECT {slot} AS slot, {name} AS name, COUNT(*) AS requests, SUM(failed) AS errors,
             TOTAL(input_tokens) AS input, TOTAL(cached_tokens) AS cache_read,
             TOTAL(cache_write_tokens) AS cache_write, TOTAL(output_tokens) AS output,
             TOTAL(reasoning_tokens) AS reasoning,
             SUM(cost) AS cost, COUNT(input_tokens) - COUNT(cost) AS unpriced,
             TOTAL(first_byte_ms) AS first_byte_ms, COUNT(first_byte_ms) AS first_bytes,
             TOTAL(duration_ms) AS duration_ms
         FROM exchange{} GROUP BY 1, 2",
        condition.sql()
    );
    let mut statement = connection.prepare(&sql)?;
    let mut rows = statement.query(params_from_iter(&condition.values))?;
    let mut sums: BTreeMap<(Option<Timestamp>, Option<String>), Sums> = BTreeMap::new();
    while let Some(row) = rows.next()? {
        let start = query.per.and_then(|period| {
            let slot: i64 = row.get("slot").ok()?;
            let at = Timestamp::from_microsecond(slot.saturating_mul(SLOT_MICROS)).ok()?;
            Some(period.start(at, zone))
        });
        let count = |column| row.get::<_, i64>(column).map(unsigned);
        let total = |column| row.get::<_, f64>(column).map(whole);
        let more = Sums {
            requests: count("requests")?,
            errors: count("errors")?,
            usage: Usage {
                input: total("input")?,
                cache_read: total("cache_read")?,
                cache_write: total("cache_write")?,
                output: total("output")?,
                reasoning: total("reasoning")?,
            },
            cost: row.get::<_, Option<i64>>("cost")?.map(Cost),
            unpriced: count("unpriced")?,
            first_byte_ms: total("first_byte_ms")?,
            first_bytes: count("first_bytes")?,
            duration_ms: total("duration_ms")?,
        };
        sums.entry((start, row.get("name")?)).or_default().add(&more);
    }
    let mut rows: Vec<_> = sums.into_iter().map(|((start, name), sums)| sums.row(start, name)).collect();
    rows.sort_by(|one, other| one.start.cmp(&other.start).then(other.requests.cmp(&one.requests)));
    Ok(rows)
}

/// SQLite's `TOTAL` is a float, so it never overflows.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a sum of counts")]
fn whole(total: f64) -> u64 {
    total.round() as u64
}
