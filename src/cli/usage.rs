//! `portcullis usage`: requests, tokens and cost over time, by model, account or client.

use clap::Args;
use serde_json::json;

use super::Context;
use super::output::{self, Exit};
use super::records::{FilterArgs, Source, local};
use crate::language::{Language, duration, printable};
use crate::monitor::{Cost, Grouping, Period, UsageQuery, UsageRow};
use crate::text;

#[derive(Debug, Args)]
pub struct UsageArgs {
    /// Group the sums by model, account or client
    #[arg(long, value_enum, default_value = "model")]
    by: Grouping,
    /// Give one line for each hour, day or week; without it, one for all time
    #[arg(long, value_enum)]
    per: Option<Period>,
    #[command(flatten)]
    filter: FilterArgs,
}

pub async fn run(context: &Context, args: &UsageArgs) -> Exit {
    let source = Source::find(context);
    let query = UsageQuery { per: args.per, by: Some(args.by), filter: args.filter.filter() };
    let rows = match source.usage(query).await {
        Ok(rows) => rows,
        Err(error) => return output::failed(&error.to_string()),
    };
    if context.json {
        output::json(&json!(rows));
        return Exit::Done;
    }
    let language = source.language().await;
    if rows.is_empty() {
        output::note(&text!(language, "cli-usage-nothing"));
        return Exit::Done;
    }
    let header = header(language, args);
    let table: Vec<_> = std::iter::once(header).chain(rows.iter().map(|row| cells(row, args))).collect();
    output::table(&table);
    let unpriced: u64 = rows.iter().map(|row| row.unpriced).sum();
    if unpriced > 0 {
        output::note(&text!(language, "cli-usage-unpriced", count = unpriced));
    }
    Exit::Done
}

fn header(language: Language, args: &UsageArgs) -> Vec<String> {
    let period = args.per.map(|_| text!(language, "cli-usage-period"));
    let name = match args.by {
        Grouping::Model => text!(language, "cli-usage-model"),
        Grouping::Account => text!(language, "cli-usage-account"),
        Grouping::Client => text!(language, "cli-usage-client"),
    };
    let figures = [
        text!(language, "cli-usage-requests"),
        text!(language, "cli-usage-errors"),
        text!(language, "cli-usage-input"),
        text!(language, "cli-usage-cached"),
        text!(language, "cli-usage-output"),
        text!(language, "cli-usage-cost"),
        text!(language, "cli-usage-first-token"),
        text!(language, "cli-usage-duration"),
    ];
    period.into_iter().chain([name]).chain(figures).collect()
}

fn cells(row: &UsageRow, args: &UsageArgs) -> Vec<String> {
    let format = if args.per == Some(Period::Hour) { "%F %H:%M" } else { "%F" };
    let period = row.start.map(|start| local(start, format));
    let name = row.name.as_deref().map_or_else(|| "-".to_owned(), |name| printable(name).into_owned());
    let figures = [
        row.requests.to_string(),
        row.errors.to_string(),
        row.usage.input.to_string(),
        row.usage.cache_read.to_string(),
        row.usage.output.to_string(),
        row.cost.map_or_else(|| "-".to_owned(), dollars),
        row.first_byte_ms.map_or_else(|| "-".to_owned(), |ms| duration(whole(ms))),
        duration(whole(row.duration_ms)),
    ];
    period.into_iter().chain([name]).chain(figures).collect()
}

/// The cost with a sign that marks it as an estimate.
fn dollars(cost: Cost) -> String {
    let dollars = cost.dollars();
    if dollars >= 1.0 { format!("≈ ${dollars:.2}") } else { format!("≈ ${dollars:.4}") }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an average of milliseconds")]
fn whole(ms: f64) -> u64 {
    ms.round() as u64
}
