//! One exchange: as a row of the list, and in every detail.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::{client, format};
use crate::chat::Usage;
use crate::language::{Language, duration};
use crate::monitor::columns::COLUMNS;
use crate::monitor::field::Value;
use crate::monitor::{AttemptRecord, Detail, Outcome, Record, RecordNumber};
use crate::text;

/// How good an outcome is, shown by shape and colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    Good,
    Neutral,
    Bad,
}

/// A row of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    pub href: String,
    pub time: String,
    pub machine_time: String,
    /// The model asked for, or the path where none was.
    pub asked: String,
    /// The model used, where it is not the one asked for.
    pub used: Option<String>,
    pub account: String,
    pub client: String,
    /// `1,234 → 56`.
    pub tokens: String,
    pub first_byte: String,
    pub duration: String,
    pub tone: Tone,
    /// `200`, `failed, 429`, …
    pub outcome: String,
}

/// The path of a record's page.
pub fn href(number: RecordNumber) -> String {
    format!("/requests/{}", number.0)
}

impl Row {
    pub fn of(record: &Record, language: Language, now: Timestamp, zone: &TimeZone) -> Self {
        let asked = record.model_asked.as_ref().unwrap_or(&record.path);
        Self {
            href: href(record.number),
            time: format::moment(record.at, now, zone),
            machine_time: record.at.to_string(),
            used: record.model_used.as_ref().filter(|used| *used != asked).map(ToString::to_string),
            asked: asked.to_string(),
            account: record.account.as_deref().unwrap_or_default().to_owned(),
            client: record.client.as_deref().map(client::name).unwrap_or_default(),
            tokens: record.usage.as_ref().map(tokens).unwrap_or_default(),
            first_byte: record.first_byte_ms.map(duration).unwrap_or_default(),
            duration: duration(record.duration_ms),
            tone: tone(record.outcome),
            outcome: outcome(record, language),
        }
    }
}

fn tokens(usage: &Usage) -> String {
    format!("{} → {}", format::count(usage.input), format::count(usage.output))
}

const fn tone(outcome: Outcome) -> Tone {
    match outcome {
        Outcome::Done => Tone::Good,
        Outcome::Cancelled => Tone::Neutral,
        Outcome::Failed | Outcome::Cut => Tone::Bad,
    }
}

fn outcome(record: &Record, language: Language) -> String {
    match record.outcome {
        Outcome::Done => record.status.to_string(),
        Outcome::Failed => text!(language, "outcome-failed", status = record.status),
        Outcome::Cancelled => text!(language, "outcome-cancelled"),
        Outcome::Cut => text!(language, "outcome-cut"),
    }
}

/// A request's page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Whole {
    pub row: Row,
    pub error: Option<String>,
    /// The most important figures, each a label and a value.
    pub figures: Vec<(String, String)>,
    /// Labels and values, without those that are unknown.
    pub facts: Vec<(String, String)>,
    pub timeline: Vec<Bar>,
    pub dropped: Vec<String>,
    pub bodies: Vec<(String, Body)>,
}

/// A part of the exchange's duration; `start` and `width` are thousandths of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bar {
    pub label: String,
    pub start: u64,
    pub width: u64,
    pub duration: String,
    pub is_bad: bool,
    /// Why an attempt failed.
    pub why: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Body {
    pub text: String,
    /// The note that this is only the beginning.
    pub cut: Option<String>,
}

impl Whole {
    pub fn of(detail: &Detail, language: Language, now: Timestamp, zone: &TimeZone) -> Self {
        let record = &detail.record;
        let bodies =
            [("detail-request-body", &detail.request_body), ("detail-response-body", &detail.response_body)];
        Self {
            row: Row::of(record, language, now, zone),
            error: record.error.clone(),
            figures: figures(record, language),
            facts: facts(record, language, zone),
            timeline: timeline(record, language),
            dropped: record
                .dropped
                .split(',')
                .map(str::trim)
                .filter(|field| !field.is_empty())
                .map(str::to_owned)
                .collect(),
            bodies: bodies
                .into_iter()
                .filter_map(|(label, body)| {
                    let body = body.as_ref().filter(|body| body.length > 0)?;
                    let length = format::bytes(body.length);
                    let cut = body.truncated.then(|| text!(language, "detail-body-cut", length = length));
                    Some((text!(language, label), Body { text: body.text.clone(), cut }))
                })
                .collect(),
        }
    }
}

fn figures(record: &Record, language: Language) -> Vec<(String, String)> {
    let figures = [
        ("detail-duration", Some(duration(record.duration_ms))),
        ("detail-first-byte", record.first_byte_ms.map(duration)),
        ("requests-tokens", record.usage.as_ref().map(tokens)),
        ("detail-cost", record.cost.map(|cost| format::dollars(cost.dollars()))),
    ];
    named(figures, language)
}

fn facts(record: &Record, language: Language, zone: &TimeZone) -> Vec<(String, String)> {
    // Where the path is a usual one, it says the operation itself.
    let columns = COLUMNS.iter().filter(|column| column.name != "operation" || record.hint.is_some());
    columns
        .filter_map(|column| {
            let (label, value) = (column.label?, shown((column.value)(record), language, zone)?);
            Some((text!(language, label), value))
        })
        .collect()
}

/// `None` for a value that is unknown, off or zero.
fn shown(value: Value<'_>, language: Language, zone: &TimeZone) -> Option<String> {
    match value {
        Value::Unknown | Value::Number(0) | Value::Count(0) => None,
        Value::Flag(flag) => flag.then(|| text!(language, "detail-yes")),
        Value::Count(count) => Some(format::count(count)),
        Value::Bytes(bytes) => Some(format::bytes(bytes)),
        Value::Money(cost) => Some(format::dollars(cost.dollars())),
        Value::Moment(at) => Some(format::whole_moment(at, zone)),
        Value::Text(_) | Value::Number(_) | Value::Address(_) | Value::Attempts(_) => Some(value.to_string()),
    }
}

/// The known values with their labels.
fn named<const COUNT: usize>(
    values: [(&'static str, Option<String>); COUNT],
    language: Language,
) -> Vec<(String, String)> {
    values.into_iter().filter_map(|(label, value)| Some((text!(language, label), value?))).collect()
}

/// The attempts in order, then the answer from its first byte to its last.
fn timeline(record: &Record, language: Language) -> Vec<Bar> {
    let whole = record.duration_ms.max(1);
    let bar = |label: String, from: u64, length: u64, why: Option<String>| {
        let share = |ms: u64| ms.min(whole).saturating_mul(1000) / whole;
        let start = share(from);
        let width = share(length).clamp(6, 1006 - start.min(1000));
        Bar { label, start, width, duration: duration(length), is_bad: why.is_some(), why }
    };
    let attempts = record.attempts.iter().map(|attempt| {
        bar(attempt.account.to_string(), attempt.started_ms, attempt.duration_ms, failure(attempt))
    });
    let answer = record.first_byte_ms.map(|first| {
        bar(text!(language, "detail-answer"), first, record.duration_ms.saturating_sub(first), None)
    });
    attempts.chain(answer).collect()
}

fn failure(attempt: &AttemptRecord) -> Option<String> {
    let why = attempt.failure.as_ref()?;
    Some(match attempt.status {
        Some(status) => format!("{status}: {why}"),
        None => why.clone(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::Operation;

    fn record() -> Record {
        let mut record = Record::of_call("req_1", Operation::ChatCompletions, "/v1/v1/chat/completions");
        record.number = RecordNumber(42);
        record.at = "2026-11-23T03:00:00Z".parse().expect("a time");
        record.model_asked = Some("gpt-5".into());
        record.model_used = Some("gemini-3-flash".into());
        record.account = Some("work".into());
        record.client = Some("OpenAI/Python 3.54.0".into());
        record.usage = Some(Usage { input: 1234, cache_read: 1000, output: 56, ..Usage::default() });
        record.attempts = smallvec::smallvec![
            AttemptRecord {
                account: "spare".into(),
                started_ms: 10,
                duration_ms: 100,
                status: Some(429),
                fault: None,
                failure: Some("rate limited".to_owned()),
            },
            AttemptRecord {
                account: "work".into(),
                started_ms: 110,
                duration_ms: 390,
                status: Some(200),
                fault: None,
                failure: None,
            },
        ];
        (record.first_byte_ms, record.duration_ms) = (Some(500), 1000);
        (record.status, record.outcome) = (200, Outcome::Done);
        record.dropped = "seed, logit_bias".to_owned();
        record
    }

    fn row(record: &Record) -> Row {
        Row::of(record, Language::English, record.at, &TimeZone::UTC)
    }

    #[test]
    fn a_row_shows_the_main_facts() {
        let found = row(&record());
        let expected = Row {
            href: "/requests/42".to_owned(),
            time: "03:00:00".to_owned(),
            machine_time: "2026-11-23T03:00:00Z".to_owned(),
            asked: "gpt-5".to_owned(),
            used: Some("gemini-3-flash".to_owned()),
            account: "work".into(),
            client: "OpenAI SDK (Python)".to_owned(),
            tokens: "1,234 → 56".to_owned(),
            first_byte: "500 ms".to_owned(),
            duration: "1.00 s".to_owned(),
            tone: Tone::Good,
            outcome: "200".to_owned(),
        };
        assert_eq!(found, expected);
        let turned_away = Record { model_asked: None, model_used: None, usage: None, ..record() };
        assert_eq!(
            (row(&turned_away).asked, row(&turned_away).tokens),
            ("/v1/v1/chat/completions".to_owned(), String::new())
        );
    }

    #[test]
    fn an_outcome_has_words_and_a_tone() {
        for (outcome, status, words, tone) in [
            (Outcome::Failed, 429, "failed, 429", Tone::Bad),
            (Outcome::Cancelled, 0, "cancelled", Tone::Neutral),
            (Outcome::Cut, 200, "cut off", Tone::Bad),
        ] {
            let found = row(&Record { status, outcome, ..record() });
            assert_eq!((found.outcome.as_str(), found.tone), (words, tone));
        }
    }

    #[test]
    fn bars_show_when_the_attempts_were() {
        let bars = timeline(&record(), Language::English);
        let places: Vec<_> =
            bars.iter().map(|bar| (bar.label.as_str(), bar.start, bar.width, bar.is_bad)).collect();
        assert_eq!(
            places,
            [("spare", 10, 100, true), ("work", 110, 390, false), ("answer", 500, 500, false)]
        );
        assert_eq!(bars[0].why.as_deref(), Some("429: rate limited"));
    }

    #[test]
    fn a_bar_stays_inside_its_chart() {
        let mut odd = record();
        (odd.duration_ms, odd.first_byte_ms) = (0, Some(5000));
        odd.attempts[0].started_ms = u64::MAX / 2000;
        for bar in timeline(&odd, Language::English) {
            assert!(bar.start <= 1000 && bar.start + bar.width <= 1006, "{bar:?}");
        }
    }

    #[test]
    fn the_page_leaves_out_what_is_not_known() {
        let detail = Detail { record: record(), request_body: None, response_body: None };
        let whole = Whole::of(&detail, Language::English, detail.record.at, &TimeZone::UTC);
        assert_eq!(whole.dropped, ["seed", "logit_bias"]);
        assert!(whole.bodies.is_empty());
        let has = |value: &str| whole.facts.iter().any(|(_, found)| found == value);
        assert!(has("/v1/v1/chat/completions") && has("1,000") && !has("0"), "{:?}", whole.facts);
    }
}
