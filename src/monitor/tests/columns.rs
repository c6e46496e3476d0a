use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::json;

use super::*;
use crate::language::Language;
use crate::monitor::columns::COLUMNS;

/// A record that has no field in common with the default one.
fn full() -> Record {
    let attempt = AttemptRecord {
        account: "spare".into(),
        started_ms: 3,
        duration_ms: 4,
        status: Some(429),
        fault: Some("rate_limited".into()),
        failure: Some("slow down".to_owned()),
    };
    Record {
        number: RecordNumber(7),
        at: Timestamp::from_microsecond(1_700_000_000_000_001).expect("a time"),
        operation: Some("chat/completions".into()),
        hint: Some("a doubled prefix".into()),
        client_name: Some("OpenAI/Python".into()),
        peer: Some("[::1]:5000".parse().expect("an address")),
        attempts: [attempt].into_iter().collect(),
        streamed: true,
        dropped: "logit_bias, n".to_owned(),
        error: Some("cut".to_owned()),
        error_kind: Some("cut".into()),
        cost: Some(Cost(5)),
        outcome: Outcome::Cut,
        ..record("req_1")
    }
}

#[tokio::test]
async fn every_field_survives_a_round_trip() {
    let (filed, default) = (json!(full()), json!(Record::default()));
    for (field, value) in filed.as_object().expect("an object") {
        assert_ne!(value, &default[field], "{field} is the default");
    }
    let counts = filed["usage"].as_object().expect("an object");
    assert!(counts.values().all(|count| *count != json!(0)), "{counts:?}");
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("monitor.db");
    database(&path, 1 << 20).insert(&[full()], &Scrubber::default()).expect("stored");
    let page = History::new(path).page(Filter::default(), Cursor::Latest, 5).await.expect("readable");
    assert_eq!(page.records, [full()]);
}

#[test]
fn the_database_has_the_columns_of_the_table() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("monitor.db");
    drop(database(&path, 1 << 20));
    let connection = rusqlite::Connection::open(path).expect("opened");
    let mut statement =
        connection.prepare("SELECT name FROM pragma_table_info('exchange')").expect("prepared");
    let names = statement.query_map([], |row| row.get::<_, String>(0)).expect("read");
    let names: BTreeSet<String> = names.map(|name| name.expect("a name")).collect();
    let expected: BTreeSet<String> = COLUMNS.iter().map(|column| column.name.to_owned()).collect();
    assert_eq!((names, COLUMNS.len()), (expected.clone(), expected.len()));
}

#[test]
fn every_label_has_a_text() {
    for key in COLUMNS.iter().filter_map(|column| column.label) {
        assert!(Language::English.find(key).is_some(), "{key}");
    }
}

#[tokio::test]
async fn a_file_of_an_older_version_is_read_before_and_after_its_migration() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("monitor.db");
    let connection = rusqlite::Connection::open(&path).expect("opened");
    connection.execute_batch(include_str!("../migrations/001_exchanges.sql")).expect("created");
    connection
        .execute_batch(
            "PRAGMA user_version = 1;
             INSERT INTO exchange (number, id, at, protocol, path, streamed, dropped, status, outcome, failed,
                 input_tokens, output_tokens, cached_tokens, reasoning_tokens, bytes_in, bytes_out, duration_ms)
             VALUES (1, 'old', 1, 'anthropic', '/v1/messages', 0, '', 200, 'done', 0, 10, 2, 4, 1, 0, 0, 5)",
        )
        .expect("filled");
    drop(connection);
    let history = History::new(path.clone());
    let usage = Usage { input: 10, cache_read: 4, cache_write: 0, output: 2, reasoning: 1 };
    let filter = Filter { text: Some("OLD".to_owned()), ..Filter::default() };
    for is_migrated in [false, true] {
        if is_migrated {
            let new = Record { number: RecordNumber(2), ..record("new") };
            database(&path, 1 << 20).insert(&[new], &Scrubber::default()).expect("stored");
        }
        let page = history.page(filter.clone(), Cursor::Latest, 5).await.expect("readable");
        let [old] = page.records.as_slice() else { panic!("{page:?}") };
        assert_eq!((old.id.as_str(), old.usage), ("old", Some(usage)), "migrated: {is_migrated}");
        let query = UsageQuery { filter: filter.clone(), ..UsageQuery::default() };
        let sums = history.usage(query).await.expect("readable");
        assert_eq!(sums[0].usage, usage, "migrated: {is_migrated}");
    }
}
