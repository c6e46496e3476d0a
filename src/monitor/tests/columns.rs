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
