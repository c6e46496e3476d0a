//! Usage over time: series for charts, and the same numbers as tables.

use std::collections::HashMap;

use jiff::civil::Weekday;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan, Unit, Zoned};

use super::{client, format};
use crate::language::{Language, duration};
use crate::monitor::{Cost, Grouping, Period, UsageRow};
use crate::text;

/// More lines cannot be distinguished; the rest becomes one series.
const MOST_SERIES: usize = 6;

/// The periods and the grouping that are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scope {
    pub per: Period,
    pub by: Grouping,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Usage {
    /// Names of the series, most used first.
    pub names: Vec<String>,
    pub charts: Vec<Chart>,
    /// One row for each name, and the total last.
    pub totals: Vec<Line>,
    /// One row for each period with requests, latest first.
    pub periods: Vec<Line>,
    /// The price of some answers is not known, so the cost is too low.
    pub is_cost_partial: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Chart {
    pub title: String,
    pub kind: ChartKind,
    pub unit: Measure,
    /// The beginning of each column.
    pub columns: Vec<String>,
    /// By series, then by column. `None`: no value.
    pub values: Vec<Vec<Option<f64>>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChartKind {
    /// Bars of parts that add up.
    Stacked,
    /// A line for each series.
    Lines,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    Number,
    Milliseconds,
    Dollars,
}

impl Chart {
    fn shows_something(&self) -> bool {
        self.values.iter().flatten().flatten().any(|value| *value > 0.0)
    }
}

impl Measure {
    pub fn text(self, value: f64) -> String {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "never negative, and rounded on purpose"
        )]
        match self {
            Self::Number => format::short(value),
            Self::Milliseconds => duration(value.round() as u64),
            Self::Dollars => format::dollars(value),
        }
    }
}

/// One row of a table, every cell as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    pub name: String,
    pub requests: String,
    pub errors: String,
    pub input: String,
    pub cached: String,
    pub output: String,
    pub reasoning: String,
    pub first_byte: String,
    pub cost: String,
}

impl Scope {
    /// The number of periods that are shown.
    const fn columns(self) -> i64 {
        match self.per {
            Period::Hour => 48,
            Period::Day => 30,
            Period::Week => 26,
        }
    }

    /// The beginning of each period, oldest first.
    pub fn starts(self, now: &Zoned) -> Vec<Timestamp> {
        let Some(last) = self.start(now) else { return Vec::new() };
        let back = |count: i64| {
            let span = match self.per {
                Period::Hour => count.hours(),
                Period::Day => count.days(),
                Period::Week => count.weeks(),
            };
            last.checked_sub(span).ok().map(|start| start.timestamp())
        };
        (0..self.columns()).rev().filter_map(back).collect()
    }

    fn start(self, at: &Zoned) -> Option<Zoned> {
        match self.per {
            Period::Hour => {
                at.round(jiff::ZonedRound::new().smallest(Unit::Hour).mode(jiff::RoundMode::Trunc)).ok()
            }
            Period::Day => at.start_of_day().ok(),
            Period::Week => {
                let since_monday = at.weekday().since(Weekday::Monday);
                at.checked_sub(i64::from(since_monday).days()).ok()?.start_of_day().ok()
            }
        }
    }

    fn column(self, start: Timestamp, zone: &TimeZone) -> String {
        let pattern = if self.per == Period::Hour { "%m-%d %H:%M" } else { "%m-%d" };
        start.to_zoned(zone.clone()).strftime(pattern).to_string()
    }
}

impl Usage {
    /// `rows`: the record's sums, per period and name.
    pub fn of(rows: &[UsageRow], scope: Scope, language: Language, now: &Zoned) -> Self {
        let (starts, zone) = (scope.starts(now), now.time_zone());
        let label = |name: &Option<String>| shown_name(name.as_deref(), scope.by, language);
        let mut totals: Vec<(String, Sum)> = Vec::new();
        let mut cells: HashMap<(String, usize), Sum> = HashMap::new();
        for row in rows {
            let name = label(&row.name);
            match totals.iter_mut().find(|(known, _)| *known == name) {
                Some((_, sum)) => sum.add(row),
                None => totals.push((name.clone(), Sum::of(row))),
            }
            // The last period that begins no later than the row.
            let column = row.start.map(|start| starts.partition_point(|begin| *begin <= start));
            if let Some(column) = column.and_then(|after| after.checked_sub(1)) {
                cells.entry((name, column)).or_default().add(row);
            }
        }
        totals.sort_by_key(|(_, sum)| std::cmp::Reverse(sum.weight()));
        let (names, cells) = with_few_series(&totals, cells, language);
        let columns: Vec<String> = starts.iter().map(|start| scope.column(*start, zone)).collect();
        let per_column: Vec<Sum> = (0..columns.len()).map(|column| all_of(&cells, column)).collect();
        let total = totals.iter().fold(Sum::default(), |mut all, (_, sum)| {
            all.merge(sum);
            all
        });
        let lines = totals.iter().map(|(name, sum)| sum.line(name.clone()));
        let periods = columns.iter().zip(&per_column).rev().filter(|(_, sum)| sum.requests > 0);
        Self {
            charts: charts(&names, &cells, &columns, language),
            totals: lines.chain([total.line(text!(language, "usage-total"))]).collect(),
            periods: periods.map(|(column, sum)| sum.line(column.clone())).collect(),
            is_cost_partial: total.unpriced > 0,
            names,
        }
    }
}

fn shown_name(name: Option<&str>, by: Grouping, language: Language) -> String {
    match name.filter(|name| !name.is_empty()) {
        Some(name) if by == Grouping::Client => client::name(name),
        Some(name) => name.to_owned(),
        None => text!(language, "usage-unknown"),
    }
}

type Cells = HashMap<(String, usize), Sum>;

/// The names of at most [`MOST_SERIES`] series, and their cells; the last may stand for all
/// others.
fn with_few_series(totals: &[(String, Sum)], cells: Cells, language: Language) -> (Vec<String>, Cells) {
    let mut names: Vec<String> = totals.iter().map(|(name, _)| name.clone()).collect();
    if names.len() <= MOST_SERIES {
        return (names, cells);
    }
    let others = text!(language, "usage-others");
    names.truncate(MOST_SERIES - 1);
    let mut fewer = Cells::new();
    for ((name, column), sum) in cells {
        let name = if names.contains(&name) { name } else { others.clone() };
        fewer.entry((name, column)).or_default().merge(&sum);
    }
    names.push(others);
    (names, fewer)
}

fn all_of(cells: &Cells, column: usize) -> Sum {
    cells.iter().filter(|((_, of), _)| *of == column).fold(Sum::default(), |mut all, (_, sum)| {
        all.merge(sum);
        all
    })
}

fn charts(names: &[String], cells: &Cells, columns: &[String], language: Language) -> Vec<Chart> {
    let chart = |title: &'static str, kind, unit, measure: fn(&Sum) -> Option<f64>| {
        let series = |name: &String| {
            let value = |column| cells.get(&(name.clone(), column)).and_then(measure);
            (0..columns.len()).map(value).collect()
        };
        Chart {
            title: text!(language, title),
            kind,
            unit,
            columns: columns.to_vec(),
            values: names.iter().map(series).collect(),
        }
    };
    let charts = [
        chart("usage-tokens", ChartKind::Stacked, Measure::Number, |sum| {
            Some((sum.input + sum.output) as f64)
        }),
        chart("usage-requests", ChartKind::Stacked, Measure::Number, |sum| Some(sum.requests as f64)),
        chart("usage-errors", ChartKind::Stacked, Measure::Number, |sum| Some(sum.errors as f64)),
        chart("usage-first-byte", ChartKind::Lines, Measure::Milliseconds, Sum::first_byte_ms),
        chart("usage-cost", ChartKind::Stacked, Measure::Dollars, |sum| sum.dollars),
    ];
    // An empty chart is left out.
    charts.into_iter().filter(Chart::shows_something).collect()
}

#[derive(Clone, Debug, Default)]
struct Sum {
    requests: u64,
    errors: u64,
    input: u64,
    cached: u64,
    output: u64,
    reasoning: u64,
    dollars: Option<f64>,
    unpriced: u64,
    /// The sum of each average times its requests, and the sum of those requests.
    first_byte: f64,
    timed: u64,
}

impl Sum {
    fn of(row: &UsageRow) -> Self {
        let mut sum = Self::default();
        sum.add(row);
        sum
    }

    fn add(&mut self, row: &UsageRow) {
        self.merge(&Self {
            requests: row.requests,
            errors: row.errors,
            input: row.usage.input,
            cached: row.usage.cache_read,
            output: row.usage.output,
            reasoning: row.usage.reasoning,
            dollars: row.cost.map(Cost::dollars),
            unpriced: row.unpriced,
            first_byte: row.first_byte_ms.unwrap_or_default() * row.requests as f64,
            timed: if row.first_byte_ms.is_some() { row.requests } else { 0 },
        });
    }

    fn merge(&mut self, other: &Self) {
        self.requests += other.requests;
        self.errors += other.errors;
        self.input += other.input;
        self.cached += other.cached;
        self.output += other.output;
        self.reasoning += other.reasoning;
        self.dollars = match (self.dollars, other.dollars) {
            (Some(one), Some(another)) => Some(one + another),
            (one, another) => one.or(another),
        };
        self.unpriced += other.unpriced;
        self.first_byte += other.first_byte;
        self.timed += other.timed;
    }

    const fn weight(&self) -> (u64, u64) {
        (self.input + self.output, self.requests)
    }

    fn first_byte_ms(&self) -> Option<f64> {
        (self.timed > 0).then(|| self.first_byte / self.timed as f64)
    }

    fn line(&self, name: String) -> Line {
        let errors = format::count(self.errors);
        Line {
            name,
            requests: format::count(self.requests),
            errors: if self.errors == 0 {
                errors
            } else {
                format!("{errors} ({})", format::percent(self.errors, self.requests))
            },
            input: format::count(self.input),
            cached: format::count(self.cached),
            output: format::count(self.output),
            reasoning: format::count(self.reasoning),
            first_byte: self.first_byte_ms().map(|ms| Measure::Milliseconds.text(ms)).unwrap_or_default(),
            cost: self.dollars.map(format::dollars).unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Zoned {
        "2026-11-23T12:34:56+09:00[Asia/Tokyo]".parse().expect("a time")
    }

    fn row(start: Timestamp, name: &str, requests: u64) -> UsageRow {
        UsageRow {
            start: Some(start),
            name: Some(name.to_owned()),
            requests,
            errors: 1,
            usage: crate::chat::Usage { input: requests * 10, output: requests, ..Default::default() },
            cost: Some(Cost::from_dollars(0.5)),
            unpriced: 0,
            first_byte_ms: Some(requests as f64 * 100.0),
            duration_ms: 0.0,
        }
    }

    #[test]
    fn periods_begin_in_local_time() {
        let starts = |per| Scope { per, by: Grouping::Model }.starts(&now());
        let last = |per| starts(per).last().expect("some").to_string();
        assert_eq!((starts(Period::Hour).len(), last(Period::Hour)), (48, "2026-11-23T03:00:00Z".to_owned()));
        assert_eq!((starts(Period::Day).len(), last(Period::Day)), (30, "2026-11-22T15:00:00Z".to_owned()));
        // A Monday.
        assert_eq!((starts(Period::Week).len(), last(Period::Week)), (26, "2026-11-22T15:00:00Z".to_owned()));
    }

    #[test]
    fn every_number_is_in_charts_and_tables() {
        let scope = Scope { per: Period::Day, by: Grouping::Model };
        let starts = scope.starts(&now());
        let rows = [row(starts[28], "gpt-5", 2), row(starts[29], "gpt-5", 4), row(starts[29], "claude", 1)];
        let usage = Usage::of(&rows, scope, Language::English, &now());
        assert_eq!(usage.names, ["gpt-5", "claude"]);
        let tokens = &usage.charts[0];
        assert_eq!(
            (tokens.values[0][28], tokens.values[0][29], tokens.values[1][29]),
            (Some(22.0), Some(44.0), Some(11.0))
        );
        assert_eq!(tokens.values[1][28], None);
        assert_eq!(tokens.columns[29], "11-23");
        let first_byte = &usage.charts[3];
        assert_eq!((first_byte.kind, first_byte.values[0][29]), (ChartKind::Lines, Some(400.0)));
        let total = usage.totals.last().expect("a total");
        assert_eq!(
            (total.requests.as_str(), total.input.as_str(), total.cost.as_str()),
            ("7", "70", "$1.50")
        );
        assert_eq!(total.errors, "3 (42.9 %)");
        let periods: Vec<_> =
            usage.periods.iter().map(|line| (line.name.as_str(), line.requests.as_str())).collect();
        assert_eq!(periods, [("11-23", "5"), ("11-22", "2")]);
    }

    #[test]
    fn many_names_become_few_series_and_no_number_is_lost() {
        let scope = Scope { per: Period::Hour, by: Grouping::Model };
        let start = *scope.starts(&now()).last().expect("some");
        let rows: Vec<_> = (1..=9).map(|number| row(start, &format!("model-{number}"), number)).collect();
        let usage = Usage::of(&rows, scope, Language::English, &now());
        assert_eq!(usage.names.len(), MOST_SERIES);
        let sum: f64 = usage.charts[1].values.iter().filter_map(|series| series[47]).sum();
        assert!((sum - 45.0).abs() < 1e-9, "{sum}");
        assert_eq!(usage.totals.len(), 10);
    }
}
