use jiff::Timestamp;
use jiff::tz::TimeZone;
use proptest::prelude::*;
use strum::VariantArray;

use super::*;

fn timestamp(text: &str) -> Timestamp {
    text.parse().expect("a time")
}

/// Stores the records with their own numbers.
fn history(records: &[Record]) -> (TempDir, History) {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("monitor.db");
    database(&path, 64 << 20).insert(records, &Scrubber::default()).expect("stored");
    (directory, History::new(path))
}

fn numbered(count: i64) -> Vec<Record> {
    (1..=count).map(|number| Record { number: RecordNumber(number), ..record(&number.to_string()) }).collect()
}

#[tokio::test]
async fn pages_follow_each_other_without_a_gap_or_a_repetition() {
    let (_directory, history) = history(&numbered(25));
    let mut cursor = Some(Cursor::Latest);
    let mut seen = Vec::new();
    while let Some(at) = cursor {
        let page = history.page(Filter::default(), at, 10).await.expect("readable");
        seen.extend(page.records.iter().map(|record| record.number.0));
        cursor = page.next;
    }
    assert_eq!(seen, (1..=25).rev().collect::<Vec<_>>());
    let page = history.page(Filter::default(), Cursor::After(RecordNumber(20)), 3).await.expect("readable");
    let numbers: Vec<_> = page.records.iter().map(|record| record.number.0).collect();
    assert_eq!((numbers, page.next), (vec![21, 22, 23], Some(Cursor::After(RecordNumber(23)))));
}

#[tokio::test]
async fn without_a_file_the_history_is_empty() {
    let directory = tempfile::tempdir().expect("a directory");
    let history = History::new(directory.path().join("monitor.db"));
    assert_eq!(history.page(Filter::default(), Cursor::Latest, 5).await.expect("readable"), Page::default());
    assert_eq!(history.find(RecordNumber(1)).await.expect("readable"), None);
    assert_eq!(history.usage(UsageQuery::default()).await.expect("readable"), []);
    assert!(!directory.path().join("monitor.db").exists(), "reading creates no file");
}

/// Few enough values that filters hit and miss.
fn some_record() -> impl Strategy<Value = Record> {
    let name = || proptest::option::of(prop_oneof!["[ab*?%_\\[]{0,3}", Just("gpt-5".to_owned())]);
    let outcome = prop::sample::select(Outcome::VARIANTS);
    (name(), name(), name(), name(), name(), outcome).prop_map(
        |(asked, used, account, client, error, outcome)| Record {
            model_asked: asked.map(Into::into),
            model_used: used.map(Into::into),
            account: account.map(Into::into),
            client_name: client.clone().map(Into::into),
            client: client.map(Into::into),
            error,
            outcome,
            ..record("req-A_b")
        },
    )
}

fn some_filter() -> impl Strategy<Value = Filter> {
    let name = || proptest::option::of(prop_oneof!["[abA*?%_\\[]{1,3}", Just("gpt-*".to_owned())]);
    let time =
        || proptest::option::of((0_i64..30).prop_map(|at| Timestamp::from_microsecond(at).expect("a time")));
    (any::<bool>(), name(), name(), name(), name(), time(), time()).prop_map(
        |(errors, account, model, client, text, since, until)| Filter {
            errors,
            protocol: None,
            account,
            model,
            client,
            text,
            since,
            until,
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_filter_passes_the_same_records_live_as_from_the_disk(
        records in proptest::collection::vec(some_record(), 1..24),
        filters in proptest::collection::vec(some_filter(), 1..12),
    ) {
        let records: Vec<_> =
            (1..).zip(records).map(|(number, record)| Record { number: RecordNumber(number), ..record }).collect();
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        runtime.block_on(async {
            let (_directory, history) = history(&records);
            for filter in filters {
                let page = history.page(filter.clone(), Cursor::After(RecordNumber(0)), 100).await.expect("readable");
                let found: Vec<_> = page.records.iter().map(|record| record.number).collect();
                let wanted: Vec<_> =
                    records.iter().filter(|record| filter.wants(record)).map(|record| record.number).collect();
                prop_assert_eq!(found, wanted, "{:?}", filter);
            }
            Ok(())
        })?;
    }
}

#[test]
fn days_and_weeks_begin_by_local_time() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("monitor.db");
    let times = [
        // Sunday 2026-08-02 23:59 and Monday 00:00 in Kathmandu, 5 h 45 min east.
        ("2026-08-02T18:14:00Z", "claude-cli"),
        ("2026-08-02T18:15:00Z", "curl"),
        ("2026-08-02T18:16:00Z", "curl"),
    ];
    let records = times.map(|(at, client)| Record {
        number: RecordNumber(timestamp(at).as_microsecond()),
        client_name: Some(client.into()),
        cost: Some(Cost(5)),
        ..record("x")
    });
    database(&path, 1 << 20).insert(&records, &Scrubber::default()).expect("stored");
    let connection = rusqlite::Connection::open(&path).expect("opened");
    let zone = TimeZone::get("Asia/Kathmandu").expect("a zone");
    let sums = |per, by| {
        let query = UsageQuery { per, by, filter: Filter::default() };
        let rows = usage::read(&connection, &query, &zone).expect("readable");
        let start =
            |row: &UsageRow| row.start.map(|at| at.to_zoned(zone.clone()).strftime("%F %R").to_string());
        rows.iter().map(|row| (start(row), row.name.clone(), row.requests)).collect::<Vec<_>>()
    };
    let at = |start: &str, requests| (Some(start.to_owned()), None, requests);
    assert_eq!(sums(Some(Period::Hour), None), [at("2026-08-02 23:00", 1), at("2026-08-03 00:00", 2)]);
    assert_eq!(sums(Some(Period::Day), None), [at("2026-08-02 00:00", 1), at("2026-08-03 00:00", 2)]);
    assert_eq!(sums(Some(Period::Week), None), [at("2026-07-27 00:00", 1), at("2026-08-03 00:00", 2)]);
    let by_client = [(None, Some("curl".to_owned()), 2), (None, Some("claude-cli".to_owned()), 1)];
    assert_eq!(sums(None, Some(Grouping::Client)), by_client);
}

#[tokio::test]
async fn sums_count_what_is_unknown() {
    let unpriced = Record { number: RecordNumber(2), ..record("unpriced") };
    let failed = Record {
        number: RecordNumber(3),
        usage: None,
        first_byte_ms: None,
        outcome: Outcome::Failed,
        duration_ms: 300,
        ..record("failed")
    };
    let priced = Record { number: RecordNumber(1), cost: Some(Cost(70)), ..record("priced") };
    let (_directory, history) = history(&[priced, unpriced, failed]);
    let query = UsageQuery { per: None, by: Some(Grouping::Account), filter: Filter::default() };
    let rows = history.usage(query).await.expect("readable");
    let expected = UsageRow {
        start: None,
        name: Some("work".to_owned()),
        requests: 3,
        errors: 1,
        usage: Usage { input: 2000, cache_read: 600, cache_write: 200, output: 400, reasoning: 100 },
        cost: Some(Cost(70)),
        unpriced: 1,
        first_byte_ms: Some(120.0),
        duration_ms: 1100.0,
    };
    assert_eq!(rows, [expected]);
}
