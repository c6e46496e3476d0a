use std::fs;

use rusqlite::Connection;

use super::*;

#[tokio::test]
async fn what_is_filed_is_read_back_field_by_field() {
    let fixture = Fixture::start();
    let hostile = "\u{0}'\"; DROP TABLE exchange; --\u{202e}<script>é\n";
    let attempt = |failure: Option<&str>| AttemptRecord {
        account: hostile.into(),
        started_ms: 3,
        duration_ms: 4,
        status: Some(429),
        fault: Some("rate_limited".into()),
        failure: failure.map(str::to_owned),
    };
    let filed = Record {
        operation: Some("chat/completions".into()),
        hint: Some("a doubled prefix".into()),
        peer: Some("[::1]:5000".parse().expect("an address")),
        client: Some(hostile.into()),
        model_asked: Some(hostile.into()),
        attempts: [attempt(Some(hostile)), attempt(None)].into_iter().collect(),
        streamed: true,
        dropped: "logit_bias, n".to_owned(),
        error: Some(hostile.to_owned()),
        error_kind: Some("cut".into()),
        bytes_out: u64::from(u32::MAX) + 7,
        outcome: Outcome::Cut,
        ..record(hostile)
    };
    fixture.recorder.file(Box::new(filed.clone()));
    fixture.recorder.settle().await;
    let page =
        fixture.recorder.history().page(Filter::default(), Cursor::Latest, 10).await.expect("readable");
    let [read] = page.records.as_slice() else { panic!("{page:?}") };
    assert!(read.number > RecordNumber::default());
    let at = jiff::Timestamp::from_microsecond(filed.at.as_microsecond()).expect("a time");
    let expected =
        Record { number: read.number, at, client_name: read.client_name.clone(), cost: read.cost, ..filed };
    assert_eq!(*read, expected);
    let detail = fixture.recorder.history().find(read.number).await.expect("readable").expect("there");
    assert_eq!((detail.record, detail.request_body), (expected, None));
}

#[tokio::test]
async fn a_client_has_a_name_and_tokens_have_a_cost() {
    let fixture = Fixture::start();
    fixture.file("one");
    fixture.recorder.settle().await;
    let page = fixture.recorder.history().page(Filter::default(), Cursor::Latest, 1).await.expect("readable");
    assert_eq!(page.records[0].client_name.as_deref(), Some("OpenAI/Python"));
    // gemini-3-flash: 700 fresh, 300 cached, 200 out.
    assert_eq!(page.records[0].cost, Some(Cost(700 * 500 + 300 * 50 + 200 * 3000)));
}

#[tokio::test]
async fn a_locked_file_loses_nothing_until_the_backlog_is_full() {
    let fixture = Fixture::start();
    fixture.file("before");
    assert_eq!(fixture.ids().await, ["before"]);
    let other = Connection::open(fixture.path()).expect("opened");
    other.execute_batch("BEGIN IMMEDIATE").expect("locked");
    fixture.file("during");
    fixture.until(|problem| problem.as_ref().is_some_and(|problem| problem.contains("locked"))).await;
    assert_eq!(fixture.ids().await, ["before"]);
    other.execute_batch("COMMIT").expect("released");
    fixture.until(Option::is_none).await;
    assert_eq!(fixture.ids().await, ["before", "during"]);
    assert_eq!(fixture.recorder.health().dropped, 0);
}

#[tokio::test]
async fn a_full_queue_drops_and_counts_and_never_waits() {
    let fixture = Fixture::start();
    fixture.file("first");
    fixture.ids().await;
    let other = Connection::open(fixture.path()).expect("opened");
    other.execute_batch("BEGIN IMMEDIATE").expect("locked");
    let filed = 20_000;
    (0..filed).for_each(|number| fixture.file(&number.to_string()));
    fixture.until(Option::is_some).await;
    other.execute_batch("COMMIT").expect("released");
    fixture.until(Option::is_none).await;
    let stored = fixture.ids().await.len() as u64;
    let dropped = fixture.recorder.health().dropped;
    assert!(dropped > 0, "nothing was dropped");
    assert_eq!(stored + dropped, filed + 1);
}

/// Windows does not allow an open file to be deleted.
#[cfg(unix)]
#[tokio::test]
async fn a_deleted_file_begins_anew() {
    let fixture = Fixture::start();
    fixture.file("before");
    assert_eq!(fixture.ids().await, ["before"]);
    for name in ["monitor.db", "monitor.db-wal", "monitor.db-shm"] {
        fs::remove_file(fixture.directory.path().join(name)).expect("removed");
    }
    fixture.file("after");
    assert_eq!(fixture.ids().await, ["after"]);
    fs::remove_file(fixture.path()).expect("removed, its log is left");
    fixture.file("again");
    assert_eq!(fixture.ids().await, ["again"]);
}

/// The names of the files that begin with the prefix.
fn names(fixture: &Fixture, prefix: &str) -> Vec<String> {
    let entries = fs::read_dir(fixture.directory.path()).expect("listed");
    let names = entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned());
    names.filter(|name| name.starts_with(prefix)).collect()
}

#[tokio::test]
async fn a_file_that_is_not_a_database_is_set_aside() {
    for garbage in [&b"this is not a database at all, and long enough to be read as one"[..], &[0xff; 8192]] {
        let directory = tempfile::tempdir().expect("a directory");
        fs::write(directory.path().join("monitor.db"), garbage).expect("written");
        let path = directory.path().join("monitor.db");
        let recorder = Recorder::start(path, &Config::default(), Scrubber::default());
        let fixture = Fixture { directory, recorder };
        fixture.file("one");
        assert_eq!(fixture.ids().await, ["one"]);
        let aside = names(&fixture, "monitor.db.corrupt-");
        let [aside] = aside.as_slice() else { panic!("{aside:?}") };
        assert_eq!(fs::read(fixture.directory.path().join(aside)).expect("read"), garbage);
    }
}

#[tokio::test]
async fn a_database_damaged_while_it_is_open_is_set_aside() {
    let fixture = Fixture::start();
    (0..2000).for_each(|number| fixture.file(&format!("before {number}")));
    fixture.ids().await;
    {
        let other = Connection::open(fixture.path()).expect("opened");
        other.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).expect("written back");
    }
    let length = fs::metadata(fixture.path()).expect("there").len();
    let noise: Vec<u8> = (0..length).map(|at| (at % 251) as u8).collect();
    let mut file = fs::OpenOptions::new().write(true).open(fixture.path()).expect("opened");
    std::io::Write::write_all(&mut file, &noise).expect("damaged");
    drop(file);
    (0..2000).for_each(|number| fixture.file(&format!("after {number}")));
    fixture.recorder.settle().await;
    assert_eq!(names(&fixture, "monitor.db.corrupt-").len(), 1);
    assert_eq!(fixture.ids().await.last().map(String::as_str), Some("after 1999"));
    assert_eq!(fixture.recorder.health().dropped, 0);
}

#[tokio::test]
async fn damage_that_only_a_reader_finds_is_repaired_too() {
    let fixture = Fixture::start();
    (0..2000).for_each(|number| fixture.file(&format!("before {number}")));
    fixture.ids().await;
    {
        let other = Connection::open(fixture.path()).expect("opened");
        other.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).expect("written back");
    }
    // Old rows, far from where new ones are added.
    let mut file = fs::OpenOptions::new().write(true).open(fixture.path()).expect("opened");
    std::io::Seek::seek(&mut file, std::io::SeekFrom::Start(20 * 4096)).expect("there");
    std::io::Write::write_all(&mut file, &vec![0xee; 5 * 4096]).expect("damaged");
    drop(file);
    let mut pages = fixture.recorder.history().pages(Filter::default());
    let broken = loop {
        match pages.next().await {
            Ok(Some(_)) => {}
            ended => break ended,
        }
    };
    assert!(broken.is_err(), "{broken:?}");
    fixture.file("after");
    assert_eq!(fixture.ids().await, ["after"]);
    assert_eq!(names(&fixture, "monitor.db.corrupt-").len(), 1);
}

#[tokio::test]
async fn a_reader_that_never_ends_does_not_fill_the_disk() {
    let mut config = Config::default();
    config.monitor.max_size = 1 << 20;
    let fixture = Fixture::with(&config);
    fixture.file("first");
    fixture.ids().await;
    let other = Connection::open(fixture.path()).expect("opened");
    other.execute_batch("BEGIN").expect("begun");
    let seen: i64 = other.query_row("SELECT COUNT(*) FROM exchange", [], |row| row.get(0)).expect("read");
    assert_eq!(seen, 1);
    for _ in 0..40 {
        (0..200).for_each(|number| fixture.file(&format!("{number:0>200}")));
        fixture.recorder.settle().await;
    }
    let problem = fixture.recorder.health().problem;
    assert!(problem.as_ref().is_some_and(|problem| problem.contains("another program reads")), "{problem:?}");
    let sizes = names(&fixture, "monitor.db").into_iter();
    let sizes = sizes.map(|name| fs::metadata(fixture.directory.path().join(name)).expect("there").len());
    let size: u64 = sizes.sum();
    assert!(size < 2 << 20, "{size} bytes");
    other.execute_batch("COMMIT").expect("ended");
    fixture.until(Option::is_none).await;
    fixture.file("last");
    assert_eq!(fixture.ids().await.last().map(String::as_str), Some("last"));
}

#[tokio::test]
async fn a_file_of_a_newer_version_is_set_aside_for_it() {
    let fixture = Fixture::start();
    fixture.file("one");
    fixture.ids().await;
    let Fixture { directory, recorder } = fixture;
    recorder.close(LIMIT);
    let path = directory.path().join("monitor.db");
    Connection::open(&path).expect("opened").pragma_update(None, "user_version", 99).expect("written");
    let recorder = Recorder::start(path, &Config::default(), Scrubber::default());
    let fixture = Fixture { directory, recorder };
    fixture.file("two");
    assert_eq!(fixture.ids().await, ["two"]);
    assert_eq!(names(&fixture, "monitor.db.newer-").len(), 1);
}

#[tokio::test]
async fn a_full_disk_is_waited_out() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut database = database(&directory.path().join("monitor.db"), 1 << 20);
    database.fill_up();
    let records: Vec<_> =
        (0..2000).map(|number| Record { number: RecordNumber(number), ..record("x") }).collect();
    let error = database.insert(&records, &Scrubber::default()).expect_err("full");
    assert!(error.to_string().contains("full"), "{error}");
    assert_eq!(database.last_number().expect("readable"), 0, "all or nothing");
}

#[cfg(unix)]
#[tokio::test]
async fn the_file_is_private_and_stays_so() {
    use std::os::unix::fs::PermissionsExt;
    let fixture = Fixture::start();
    fixture.file("one");
    fixture.ids().await;
    for name in names(&fixture, "monitor.db") {
        let mode = fs::metadata(fixture.directory.path().join(&name)).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
}

#[tokio::test]
async fn a_closed_recorder_has_written_everything() {
    let fixture = Fixture::start();
    (0..1000).for_each(|number| fixture.file(&number.to_string()));
    fixture.recorder.close(LIMIT);
    assert_eq!(ids(fixture.recorder.history(), Filter::default()).await.len(), 1000);
}

#[tokio::test]
async fn nothing_is_written_while_recording_is_off_and_it_can_be_turned_on() {
    let mut config = Config::default();
    config.monitor.enabled = false;
    let fixture = Fixture::with(&config);
    fixture.recorder.settle().await;
    assert!(!fixture.recorder.is_enabled() && !fixture.path().exists());
    config.monitor.enabled = true;
    fixture.recorder.apply(&config);
    assert!(fixture.recorder.is_enabled());
    fixture.file("one");
    assert_eq!(fixture.ids().await, ["one"]);
}

#[tokio::test]
async fn cleared_records_are_gone_from_the_disk_too() {
    let fixture = Fixture::start();
    (0..500).for_each(|number| fixture.file(&format!("needle-{number}")));
    assert_eq!(fixture.ids().await.len(), 500);
    assert_eq!(fixture.recorder.clear().await, Ok(500));
    assert_eq!(fixture.ids().await, Vec::<String>::new());
    for name in names(&fixture, "monitor.db") {
        let bytes = fs::read(fixture.directory.path().join(&name)).expect("read");
        assert!(memchr::memmem::find(&bytes, b"needle-").is_none(), "{name} still has it");
    }
    fixture.file("after");
    assert_eq!(fixture.ids().await, ["after"]);
}

#[tokio::test]
async fn subscribers_get_each_record_once_and_without_bodies() {
    let mut config = Config::default();
    config.monitor.capture_bodies = crate::config::CaptureBodies::All;
    let fixture = Fixture::with(&config);
    let mut feed = fixture.recorder.subscribe();
    for id in ["one", "two"] {
        let bodies = fixture.recorder.bodies();
        assert!(bodies.is_some());
        fixture.recorder.file(Box::new(Record { bodies, ..record(id) }));
        let received = tokio::time::timeout(LIMIT, feed.recv()).await.expect("in time").expect("a record");
        assert_eq!((received.id.as_str(), &received.bodies), (id, &None));
        assert!(received.number > RecordNumber::default());
    }
    assert!(feed.is_empty());
}
