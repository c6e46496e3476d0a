//! A saved change is in force, however the editor writes and however the reload is asked for.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::{names, naming, wait_until_in_force};
use crate::support::client::{chat, events};
use crate::support::home::{CLIENT_KEY, stderr};
use crate::support::proxy::{account, proxy_section};
use crate::support::{FakeUpstream, FedStream, Home, Reply, TestProxy, until};

/// A config file in a directory that holds nothing else, so that it can come and go.
fn config_of(home: &Home) -> PathBuf {
    home.path().join("conf").join("config.toml")
}

fn write(path: &Path, text: &str) {
    fs::write(path, text).expect("written");
}

fn rename(from: &Path, to: &Path) {
    fs::rename(from, to).expect("renamed");
}

/// Saves several times, because some ways of watching see only the first save.
async fn check(first_save: impl Fn(&Path, &str), save: impl Fn(&Path, &str)) {
    let upstream = FakeUpstream::always(Reply::json(200, &json!({}))).await;
    let home = Home::empty();
    let config = config_of(&home);
    fs::create_dir(config.parent().expect("a directory")).expect("made");
    first_save(&config, &naming("first", &upstream));
    let path = config.to_str().expect("text").to_owned();
    let proxy = TestProxy::serve_home(home, &["serve", "--port", "0", "--config", &path]).await;
    for name in ["second", "third", "fourth"] {
        save(&config, &naming(name, &upstream));
        wait_until_in_force(&proxy, name).await;
    }
    assert_eq!(proxy.chat("gpt-5").await.status, 200);
}

#[tokio::test]
async fn written_in_place() {
    check(write, write).await;
}

#[tokio::test]
async fn renamed_over() {
    check(write, |config, text| {
        let next = config.with_extension("next");
        write(&next, text);
        rename(&next, config);
    })
    .await;
}

#[tokio::test]
async fn renamed_away_and_written_anew() {
    check(write, |config, text| {
        rename(config, &config.with_extension("toml~"));
        write(config, text);
    })
    .await;
}

#[tokio::test]
async fn deleted_and_written_anew() {
    check(write, |config, text| {
        fs::remove_file(config).expect("removed");
        write(config, text);
    })
    .await;
}

#[tokio::test]
async fn the_target_of_a_symlink_written_in_place() {
    let target = |config: &Path| config.parent().expect("a directory").with_file_name("target.toml");
    let link = |config: &Path, text: &str| {
        write(&target(config), text);
        std::os::unix::fs::symlink(target(config), config).expect("linked");
    };
    check(link, |config, text| write(&target(config), text)).await;
}

#[tokio::test]
async fn a_symlink_turned_to_another_file() {
    let turn = |config: &Path, text: &str| {
        let directory = config.parent().expect("a directory");
        let versions = fs::read_dir(directory).expect("readable").count();
        let target = directory.join(format!("version-{versions}.toml"));
        write(&target, text);
        let next = directory.join("next");
        std::os::unix::fs::symlink(target, &next).expect("linked");
        rename(&next, config);
    };
    check(turn, turn).await;
}

/// As Kubernetes mounts a config map: `config.toml → ..data/config.toml`, `..data → ..N`,
/// and only `..data` is ever replaced.
#[tokio::test]
async fn a_mounted_config_map_swapped() {
    let swap = |config: &Path, text: &str| {
        let directory = config.parent().expect("a directory");
        let versions = fs::read_dir(directory).expect("readable").count();
        let version = directory.join(format!("..{versions}"));
        fs::create_dir(&version).expect("made");
        write(&version.join("config.toml"), text);
        let next = directory.join("..data_tmp");
        std::os::unix::fs::symlink(&version, &next).expect("linked");
        rename(&next, &directory.join("..data"));
    };
    let mount = |config: &Path, text: &str| {
        swap(config, text);
        std::os::unix::fs::symlink("..data/config.toml", config).expect("linked");
    };
    check(mount, swap).await;
}

#[tokio::test]
async fn its_directory_removed_and_made_again() {
    check(write, |config, text| {
        let directory = config.parent().expect("a directory");
        fs::remove_dir_all(directory).expect("removed");
        fs::create_dir(directory).expect("made");
        write(config, text);
    })
    .await;
}

#[tokio::test]
async fn its_directory_replaced_by_another() {
    check(write, |config, text| {
        let directory = config.parent().expect("a directory");
        let next = directory.with_extension("next");
        fs::create_dir(&next).expect("made");
        write(&next.join("config.toml"), text);
        let old = directory.with_extension("old");
        rename(directory, &old);
        rename(&next, directory);
        fs::remove_dir_all(old).expect("removed");
    })
    .await;
}

#[tokio::test]
async fn a_burst_of_saves_ends_with_the_last_one_in_force() {
    check(write, |config, text| {
        for count in 0..20 {
            write(config, &text.replacen("name = \"", &format!("name = \"draft-{count}-"), 1));
        }
        write(config, text);
    })
    .await;
}

/// The kinds of change that a request can show.
#[tokio::test]
async fn every_key_takes_effect_on_the_next_request() {
    let upstream = FakeUpstream::always(Reply::json(200, &json!({}))).await;
    let one = account("work", "openai", &upstream, "");
    let proxy = TestProxy::serve(&(proxy_section("") + &one)).await;

    proxy.home.write_config(&(proxy_section("auth_mode = \"strict\"") + &one));
    proxy.wait_for_status("strict", |status| status["auth_mode"] == "strict").await;
    assert_eq!(proxy.chat("gpt-5").await.status, 401);

    proxy.home.write_config(&(proxy_section("auth_mode = \"off\"") + &one));
    proxy.wait_for_status("off", |status| status["auth_mode"] == "off").await;
    assert_eq!(proxy.chat("gpt-5").await.status, 200);

    proxy.home.write_config(&(proxy_section("") + &one + "\n[models]\n\"gpt-*\" = \"gpt-mapped\"\n"));
    proxy.wait_for_status("auto", |status| status["auth_mode"] == "auto").await;
    assert_eq!(proxy.chat("gpt-5").await.status, 200);
    let seen = upstream.seen();
    assert_eq!(seen.last().expect("a request").json()["model"], "gpt-mapped");

    proxy.home.write_config(&(proxy_section("allowed_hosts = [\"desk.example\"]") + &one));
    let host = [("host", "desk.example")];
    assert_eq!(proxy.send("GET", "/healthz", &host, "").await.status, 403);
    proxy.run(&["reload"]).await;
    assert_eq!(proxy.send("GET", "/healthz", &host, "").await.status, 200);
}

#[tokio::test]
async fn a_request_in_flight_finishes_on_what_it_started_with() {
    let old = FakeUpstream::always(Reply::fed_sse()).await;
    let new = FakeUpstream::always(Reply::json(200, &json!({"new": true}))).await;
    let proxy = TestProxy::serve(&naming("old", &old)).await;
    let stream = FedStream::begin(proxy.address, &old).await;
    proxy.home.write_config(&(proxy_section("auth_mode = \"strict\"") + &account("new", "openai", &new, "")));
    wait_until_in_force(&proxy, "new").await;
    stream.finishes_whole().await;
    let key = [("content-type", "application/json"), ("x-api-key", CLIENT_KEY)];
    let body = chat("gpt-5", false).to_string();
    let answer = proxy.send("POST", "/v1/chat/completions", &key, &body).await;
    assert_eq!((answer.status.as_u16(), answer.json()), (200, json!({"new": true})));
}

#[tokio::test]
async fn sighup_reads_the_file_again() {
    let upstream = FakeUpstream::always(Reply::json(200, &json!({}))).await;
    let proxy = TestProxy::serve(&naming("before", &upstream)).await;
    proxy.home.write_config(&naming("after", &upstream));
    proxy.signal(rustix::process::Signal::HUP);
    wait_until_in_force(&proxy, "after").await;
}

#[tokio::test]
async fn the_reload_command_returns_when_the_file_is_in_force() {
    let upstream = FakeUpstream::always(Reply::json(200, &json!({}))).await;
    let proxy = TestProxy::serve(&naming("before", &upstream)).await;
    for name in ["one", "two", "three"] {
        proxy.home.write_config(&naming(name, &upstream));
        let output = proxy.run(&["reload", "--json"]).await;
        let status: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        assert_eq!((output.status.code(), names(&status)), (Some(0), vec![name]));
    }
}

#[tokio::test]
async fn the_reload_command_says_what_is_wrong() {
    let upstream = FakeUpstream::always(Reply::json(200, &json!({}))).await;
    let proxy = TestProxy::serve(&naming("work", &upstream)).await;
    proxy.home.write_config("[proxy]\nprot = 1\n");
    let output = proxy.run(&["reload"]).await;
    let stderr = stderr(&output);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr.contains("config.toml:2:1: proxy.prot: unknown key; did you mean `port`?"), "{stderr}");
}

/// A file that a command has read in between must not stay in force.
#[tokio::test]
async fn a_change_and_back_within_a_moment_ends_where_it_began() {
    let upstream = FakeUpstream::always(Reply::json(200, &json!({}))).await;
    let proxy = TestProxy::serve(&naming("here", &upstream)).await;
    for _ in 0..10 {
        proxy.home.write_config(&naming("there", &upstream));
        let status = proxy.control_call("POST", "/api/reload", "").await.json();
        assert_eq!(names(&status), ["there"]);
        proxy.home.write_config(&naming("here", &upstream));
        wait_until_in_force(&proxy, "here").await;
    }
}

/// A file once in force is never followed by an older one.
#[tokio::test]
async fn saves_and_reload_commands_in_quick_turn_never_bring_an_older_file_back() {
    let upstream = FakeUpstream::always(Reply::json(200, &json!({}))).await;
    let proxy = TestProxy::serve(&naming("1000", &upstream)).await;
    let (address, token) = proxy.control();
    let follow = tokio::spawn(async move {
        let headers = [("x-portcullis-token", token.as_str())];
        let mut events = events(address, "/api/events", &headers).await;
        let mut seen = Vec::new();
        while seen.last().is_none_or(|last| last != "1099") {
            let status: Value = serde_json::from_str(&events.next().await.expect("open")).expect("JSON");
            seen.push(names(&status)[0].to_owned());
        }
        seen
    });
    for number in 1001..1100 {
        proxy.home.write_config(&naming(&number.to_string(), &upstream));
        if number % 3 > 0 {
            proxy.control_call("POST", "/api/reload", "").await;
        }
    }
    wait_until_in_force(&proxy, "1099").await;
    let seen = follow.await.expect("followed");
    assert!(seen.is_sorted(), "{seen:?}");
}

/// How often the log warns of the model that no account serves.
fn warnings_in_log(proxy: &TestProxy) -> usize {
    let log = fs::read_to_string(proxy.home.file("portcullis.log")).expect("a log");
    log.lines().filter(|line| line.contains("WARN") && line.contains("unserved-model")).count()
}

#[tokio::test]
async fn the_warnings_of_a_reload_are_logged_once() {
    let upstream = FakeUpstream::always(Reply::json(200, &json!({}))).await;
    let listed =
        naming("work", &upstream).replace("name = \"work\"", "name = \"work\"\nmodels = [\"gpt-*\"]");
    let proxy = TestProxy::serve(&listed).await;
    assert_eq!(warnings_in_log(&proxy), 0);
    let unserved = listed.clone() + "\n[models]\n\"gpt-4o\" = \"unserved-model\"\n";
    proxy.home.write_config(&unserved);
    proxy.wait_for_status("a warning", |status| status["warnings"][0].is_string()).await;
    until("the warning is logged", async || (warnings_in_log(&proxy) == 1).then_some(())).await;
    proxy.home.write_config(&(unserved.clone() + "\n[monitor]\nretention_days = 7\n"));
    assert_eq!(proxy.run(&["reload"]).await.status.code(), Some(0));
    proxy.home.write_config(&listed);
    proxy.wait_for_status("no warning", |status| status["warnings"] == json!([])).await;
    assert_eq!(warnings_in_log(&proxy), 1, "an unchanged warning is logged once");
    proxy.home.write_config(&unserved);
    until("it is logged again", async || (warnings_in_log(&proxy) == 2).then_some(())).await;
}
