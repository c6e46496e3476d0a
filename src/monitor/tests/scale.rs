//! A million rows, made by SQLite itself.

use rusqlite::Connection;

use super::*;
use crate::monitor::history::page_sql;

const ROWS: i64 = 1_000_000;

fn fill(path: &Path) -> Connection {
    drop(database(path, 1 << 40));
    let connection = Connection::open(path).expect("opened");
    connection
        .execute_batch(&format!(
            "PRAGMA synchronous = OFF;
             WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < {ROWS})
             INSERT INTO exchange (number, id, at, protocol, path, model_asked, model_used, account, client_name,
                 streamed, dropped, status, outcome, failed, input_tokens, output_tokens, bytes_in, bytes_out, duration_ms)
             SELECT 1700000000000000 + n * 2592000, 'req-' || n, 1700000000000000 + n * 2592000, 'openai-chat',
                 '/v1/chat/completions', 'gpt-5', 'model-' || (n % 7), 'account-' || (n % 5), 'OpenAI/Python',
                 0, '', 200, CASE WHEN n % 100000 = 0 THEN 'failed' ELSE 'done' END, n % 100000 = 0, n % 3000, n % 700, 812, 4096, 900
             FROM n"
        ))
        .expect("filled");
    connection
}

#[track_caller]
fn check_plan(connection: &Connection, filter: &Filter, cursor: Cursor, plan: &str) {
    let (sql, values) = page_sql(filter, cursor, 50);
    let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).expect("prepared");
    let rows = statement.query_map(rusqlite::params_from_iter(values), |row| row.get::<_, String>(3));
    let steps: Vec<_> = rows.expect("explained").map(|step| step.expect("a step")).collect();
    assert_eq!(steps, [plan], "{filter:?} {cursor:?}");
}

#[tokio::test]
async fn a_million_records_are_read_along_the_index() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("monitor.db");
    let connection = fill(&path);
    let (all, errors) = (Filter::default(), Filter { errors: true, ..Filter::default() });
    let since = jiff::Timestamp::from_microsecond(1_700_000_000_000_000).ok();
    let by_key = "SEARCH exchange USING INTEGER PRIMARY KEY (rowid<?)";
    check_plan(&connection, &all, Cursor::Latest, "SCAN exchange");
    check_plan(&connection, &all, Cursor::Before(RecordNumber(5)), by_key);
    let since = Filter { since, ..Filter::default() };
    check_plan(&connection, &since, Cursor::Latest, "SEARCH exchange USING INTEGER PRIMARY KEY (rowid>?)");
    check_plan(&connection, &errors, Cursor::Latest, "SCAN exchange USING INDEX exchange_failed");

    let history = History::new(path.clone());
    let page = history.page(all.clone(), Cursor::Latest, 50).await.expect("readable");
    assert_eq!(page.records[0].id, format!("req-{ROWS}"));
    let page = history.page(errors, Cursor::Latest, 50).await.expect("readable");
    assert_eq!(page.records.len(), 10);
    let query = UsageQuery { per: Some(Period::Day), by: Some(Grouping::Model), filter: all };
    let sums = history.usage(query).await.expect("readable");
    assert_eq!(sums.iter().map(|row| row.requests).sum::<u64>(), ROWS.unsigned_abs());

    // Shrinks from about 130 MB to less than 64, and keeps the latest.
    let mut database = database(&path, 64 << 20);
    let now = jiff::Timestamp::from_microsecond(1_700_000_000_000_000 + ROWS * 2_592_000).expect("a time");
    database.prune(now).expect("pruned");
    assert!(database.size().expect("a size") <= 64 << 20);
    let page = history.page(Filter::default(), Cursor::Latest, 1).await.expect("readable");
    assert_eq!(page.records[0].id, format!("req-{ROWS}"));
}
