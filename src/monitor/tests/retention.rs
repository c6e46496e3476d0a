use jiff::{SignedDuration, Timestamp};

use super::*;
use crate::monitor::body::Bodies;

#[test]
fn a_database_never_outgrows_its_limit_by_more_than_a_batch() {
    const MAX: u64 = 1 << 20;
    const BATCH: i64 = 200;
    let directory = tempfile::tempdir().expect("a directory");
    let mut database = database(&directory.path().join("monitor.db"), MAX);
    let now = Timestamp::now();
    let first = now.as_microsecond() - 1_000_000_000;
    let mut largest = 0;
    for batch in 0..60 {
        let records: Vec<_> = (0..BATCH)
            .map(|number| {
                let mut bodies = Bodies::default();
                bodies.request.push(&[b'x'; 700]);
                Record {
                    number: RecordNumber(first + batch * BATCH + number),
                    bodies: (number % 3 == 0).then(|| Box::new(bodies)),
                    ..record("x")
                }
            })
            .collect();
        database.insert(&records, &Scrubber::default()).expect("stored");
        if database.size().expect("a size") > MAX {
            database.prune(now).expect("pruned");
        }
        let size = database.size().expect("a size");
        assert!(size <= MAX, "{size} bytes after batch {batch}");
        largest = largest.max(size);
        let last = database.last_number().expect("readable");
        assert_eq!(last, first + (batch + 1) * BATCH - 1, "the latest is never pruned");
    }
    assert!(largest > MAX / 2, "{largest} bytes: it uses its room");
}

#[tokio::test]
async fn records_that_are_too_old_are_deleted_with_their_bodies() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("monitor.db");
    let mut database = database(&path, 64 << 20);
    let now = Timestamp::now();
    let days_ago = |days: i64| (now - SignedDuration::from_hours(24 * days)).as_microsecond();
    let records = [40, 31, 29, 0].map(|days| Record {
        number: RecordNumber(days_ago(days)),
        bodies: Some(Box::default()),
        ..record(&days.to_string())
    });
    database.insert(&records, &Scrubber::default()).expect("stored");
    database.prune(now).expect("pruned");
    assert_eq!(ids(&History::new(path.clone()), Filter::default()).await, ["29", "0"]);
    let connection = rusqlite::Connection::open(path).expect("opened");
    let bodies: i64 = connection.query_row("SELECT COUNT(*) FROM body", [], |row| row.get(0)).expect("read");
    assert_eq!(bodies, 4, "two of each record that is left");
}

#[tokio::test]
async fn a_lower_limit_applies_at_once() {
    let mut config = Config::default();
    let fixture = Fixture::with(&config);
    for _ in 0..8 {
        (0..2000).for_each(|number| fixture.file(&format!("{number:0>100}")));
        fixture.recorder.settle().await;
    }
    assert!(fixture.recorder.health().size > 2 << 20, "{:?}", fixture.recorder.health());
    config.monitor.max_size = 1 << 20;
    fixture.recorder.apply(&config);
    fixture.file("last");
    assert_eq!(fixture.ids().await.last().map(String::as_str), Some("last"));
    assert!(fixture.recorder.health().size <= 1 << 20, "{:?}", fixture.recorder.health());
}
