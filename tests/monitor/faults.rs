use rusqlite::Connection;
use serde_json::{Value, json};

use super::{answer, read, recorded, wait_for_health};
use crate::support::proxy::account;
use crate::support::{FakeUpstream, Home, TestProxy};

async fn answers(proxy: &TestProxy, requests: usize) {
    for _ in 0..requests {
        assert_eq!(proxy.chat("gpt-5").await.status, 200);
    }
}

fn count(records: &Value) -> usize {
    records.as_array().expect("a list").len()
}

#[tokio::test]
async fn requests_are_answered_while_the_record_is_locked_and_none_is_lost() {
    let (proxy, _upstream) = recorded("").await;
    answers(&proxy, 1).await;
    assert_eq!(count(&read(&proxy, "records").await), 1);
    let other = Connection::open(proxy.home.file("monitor.db")).expect("opened");
    other.execute_batch("BEGIN IMMEDIATE").expect("locked");
    answers(&proxy, 5).await;
    let is_reported =
        |status: &Value| status["warnings"].to_string().contains("another program has locked monitor.db");
    proxy.wait_for_status("that it is locked", is_reported).await;
    answers(&proxy, 5).await;
    other.execute_batch("COMMIT").expect("released");
    proxy.wait_for_status("that it is not", |status| !is_reported(status)).await;
    assert_eq!(count(&read(&proxy, "records").await), 11);
}

#[tokio::test]
async fn requests_are_answered_while_the_record_is_deleted_and_damaged() {
    let (proxy, _upstream) = recorded("").await;
    answers(&proxy, 3).await;
    read(&proxy, "records").await;
    for name in ["monitor.db", "monitor.db-wal", "monitor.db-shm"] {
        std::fs::remove_file(proxy.home.file(name)).expect("removed");
    }
    answers(&proxy, 2).await;
    assert_eq!(count(&read(&proxy, "records").await), 2);
    // Another file replaces it by a rename, as editors and backup tools do it.
    std::fs::write(proxy.home.file("other"), [0xaa; 9000]).expect("written");
    std::fs::rename(proxy.home.file("other"), proxy.home.file("monitor.db")).expect("renamed");
    answers(&proxy, 2).await;
    assert_eq!(count(&read(&proxy, "records").await), 2);
    let names = std::fs::read_dir(proxy.home.path()).expect("listed").flatten();
    let aside = names.filter(|name| name.file_name().to_string_lossy().starts_with("monitor.db.corrupt-"));
    assert_eq!(aside.filter(|name| !name.file_name().to_string_lossy().ends_with("-wal")).count(), 1);
    assert_eq!(read(&proxy, "records/health").await["problem"], Value::Null);
}

#[tokio::test]
async fn requests_are_answered_when_no_file_can_be_created() {
    let upstream = FakeUpstream::always(answer()).await;
    let home = Home::with_config(&account("work", "openai", &upstream, ""));
    std::fs::create_dir(home.file("monitor.db")).expect("a directory in its place");
    let proxy = TestProxy::serve_home(home, &["serve", "--port", "0"]).await;
    answers(&proxy, 3).await;
    wait_for_health(&proxy, |health| health["problem"].is_string()).await;
    std::fs::remove_dir(proxy.home.file("monitor.db")).expect("removed");
    wait_for_health(&proxy, |health| health["problem"].is_null()).await;
    assert_eq!(count(&read(&proxy, "records").await), 3);
}

/// The system limits the size of files; the agent ignores the signal and gets the error.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn requests_are_answered_when_the_disk_is_full() {
    let upstream = FakeUpstream::always(answer()).await;
    let keeps = "[monitor]\ncapture_bodies = \"all\"\n";
    let home = Home::with_config(&(keeps.to_owned() + &account("work", "openai", &upstream, "")));
    let agent = home.command(&["serve", "--port", "0"]);
    let mut shell = std::process::Command::new("sh");
    shell.arg("-c").arg("trap '' XFSZ; ulimit -f 120; exec \"$0\" \"$@\"").arg(agent.get_program());
    shell.args(agent.get_args()).env_clear();
    shell.envs(agent.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let proxy = TestProxy::spawn(home, shell).await;
    let long = "m".repeat(4000);
    for _ in 0..60 {
        assert_eq!(proxy.chat(&format!("gpt-{long}")).await.status, 200);
    }
    wait_for_health(&proxy, |health| health["problem"].is_string()).await;
    answers(&proxy, 5).await;
}

#[tokio::test]
async fn a_kill_during_writes_leaves_an_intact_record() {
    let (proxy, upstream) = recorded("").await;
    answers(&proxy, 20).await;
    let before = count(&read(&proxy, "records").await);
    let address = proxy.address;
    let load = tokio::spawn(async move {
        let body = crate::support::client::chat("gpt-5", false).to_string();
        let headers = [("content-type", "application/json")];
        let call = || {
            crate::support::client::try_open(address, "POST", "/v1/chat/completions", &headers, body.clone())
        };
        while call().await.is_ok() {}
    });
    upstream.wait_for_requests(100).await;
    let home = proxy.killed().await;
    load.await.expect("it ends with the agent");
    let connection = Connection::open(home.file("monitor.db")).expect("opened");
    let check: String =
        connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)).expect("checked");
    assert_eq!(check, "ok");
    drop(connection);
    let proxy = TestProxy::serve_home(home, &["serve", "--port", "0"]).await;
    answers(&proxy, 1).await;
    let after = count(&read(&proxy, "records?limit=1000").await);
    assert!(after > before, "{before} before, {after} after");
    assert_eq!(read(&proxy, "records/health").await["problem"], json!(null));
}
