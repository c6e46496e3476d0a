//! One agent for each home, and nothing that a crash leaves behind blocks the next one.

use std::fs;

use serde_json::{Value, json};

use crate::support::home::{stderr, stdout};
use crate::support::proxy::{account, proxy_section};
use crate::support::{FakeUpstream, FedStream, Home, Reply, TestProxy};

const SERVE: [&str; 3] = ["serve", "--port", "0"];

#[tokio::test]
async fn a_second_serve_ends_with_4_and_disturbs_nothing() {
    let upstream = FakeUpstream::always(Reply::fed_sse()).await;
    let proxy = TestProxy::with_upstream("openai", &upstream).await;
    let stream = FedStream::begin(proxy.address, &upstream).await;
    let read = |name: &str| fs::read_to_string(proxy.home.file(name)).expect("readable");
    let before = ["config.toml", "control.json"].map(read);
    for _ in 0..3 {
        let second = proxy.run(&SERVE).await;
        assert_eq!((second.status.code(), stdout(&second)), (Some(4), String::new()));
        assert!(stderr(&second).contains("another agent is already using this home"), "{}", stderr(&second));
        assert!(stderr(&second).contains("portcullis status"), "{}", stderr(&second));
    }
    assert_eq!(["config.toml", "control.json"].map(read), before);
    assert!(!read("portcullis.log").contains("already has"), "the log is the first one's");
    assert_eq!(proxy.get("/healthz").await.status, 200);
    stream.finishes_whole().await;
}

#[tokio::test]
async fn of_many_that_start_at_once_one_runs() {
    let upstream = FakeUpstream::always(Reply::json(200, &json!({}))).await;
    let home = Home::with_config(&(proxy_section("") + &account("work", "openai", &upstream, "")));
    let start = || {
        let mut command = tokio::process::Command::from(home.command(&SERVE));
        command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
        command.kill_on_drop(true).spawn().expect("the binary starts")
    };
    let mut agents: Vec<_> = (0..6).map(|_| start()).collect();
    let mut ended = Vec::new();
    while agents.len() > 1 {
        let waiting = agents.iter_mut().map(|agent| Box::pin(agent.wait()));
        let (status, index, _) = futures_util::future::select_all(waiting).await;
        ended.push(status.expect("its status").code());
        agents.remove(index);
    }
    assert_eq!(ended, [Some(4); 5]);
    let pid = agents[0].id().expect("the last one runs");
    let status: Value = loop {
        let output = home.ask(&["status", "--json"]).await;
        let status: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        if status["state"] == "running" {
            break status;
        }
    };
    assert_eq!(status["pid"], pid);
}

#[tokio::test]
async fn after_a_kill_no_agent_is_reported_and_the_next_start_works_at_once() {
    let upstream = FakeUpstream::always(Reply::json(200, &json!({}))).await;
    let mut home = Home::with_config(&(proxy_section("") + &account("work", "openai", &upstream, "")));
    let config = fs::read(home.config()).expect("readable");
    for _ in 0..3 {
        let proxy = TestProxy::serve_home(home, &SERVE).await;
        assert_eq!(proxy.chat("gpt-5").await.status, 200);
        home = proxy.killed().await;
        assert!(home.file("control.json").exists(), "what a crash leaves behind");
        for command in [&["status"][..], &["stop"], &["quit"], &["open", "--print"]] {
            assert_eq!(home.run(command).status.code(), Some(3), "{command:?}");
        }
        assert_eq!(fs::read(home.config()).expect("readable"), config);
    }
}

/// A control file that points at another program is not believed, whatever answers there.
#[tokio::test]
async fn a_stale_control_file_leads_no_command_to_another_agent() {
    let upstream = FakeUpstream::always(Reply::json(200, &json!({}))).await;
    let other = TestProxy::with_upstream("openai", &upstream).await;
    let home = Home::with_config(&(proxy_section("") + &account("work", "openai", &upstream, "")));
    fs::copy(other.home.file("control.json"), home.file("control.json")).expect("copied");
    fs::write(home.file("portcullis.lock"), "").expect("written");
    assert_eq!(home.run(&["stop"]).status.code(), Some(3));
    assert_eq!(other.status().await["state"], "running");
    let proxy = TestProxy::serve_home(home, &SERVE).await;
    assert_ne!(proxy.control(), other.control());
}

/// The kill comes in the middle of saves, reloads and commands that write the config file.
#[tokio::test]
async fn a_kill_in_a_storm_of_reloads_and_edits_leaves_a_whole_config() {
    let upstream = FakeUpstream::always(Reply::json(200, &json!({}))).await;
    let work = account("work", "openai", &upstream, "");
    let mut home = Home::with_config(&(proxy_section("") + &work));
    for round in 0..6 {
        let proxy = TestProxy::serve_home(home, &SERVE).await;
        let (address, token) = proxy.control();
        let storm = tokio::spawn(async move {
            let headers = [("x-portcullis-token", token.as_str())];
            for port in (20_000_u16..).cycle() {
                let body = json!({ "port": port }).to_string();
                let calls = [("/api/move-to-port", body.as_str()), ("/api/reload", "")];
                for (path, body) in calls {
                    let sent =
                        crate::support::client::try_open(address, "POST", path, &headers, body.to_owned());
                    if sent.await.is_err() {
                        return;
                    }
                }
            }
        });
        for _ in 0..=round {
            assert_eq!(proxy.chat("gpt-5").await.status, 200);
        }
        home = proxy.killed().await;
        storm.await.expect("it ends with the agent");
        let check = home.run(&["config", "check"]);
        assert_eq!(check.status.code(), Some(0), "{}", stdout(&check));
        let config = fs::read_to_string(home.config()).expect("readable");
        assert!(config.ends_with(&work), "{config}");
    }
}

/// `pool.json` is replaced whole: after a kill it is the old one or the new one.
#[tokio::test]
async fn a_kill_while_the_pool_is_saved_leaves_a_whole_file() {
    let limited = json!({"error": {"message": "slow down", "type": "rate_limit_error"}});
    let upstream = FakeUpstream::always(Reply::json(429, &limited).with_header("retry-after", "3000")).await;
    let mut home = Home::with_config(&(proxy_section("") + &account("work", "openai", &upstream, "")));
    for round in 0..8 {
        let proxy = TestProxy::serve_home(home, &SERVE).await;
        proxy.control_call("POST", "/api/accounts/clear-cooldown", "{}").await;
        assert_eq!(proxy.chat("gpt-5").await.status, 429, "{round}");
        if round % 2 == 0 {
            // The end of an agent saves the pool: the kill comes in the middle of that.
            proxy.signal(rustix::process::Signal::TERM);
        }
        home = proxy.killed().await;
        assert!(!home.file("pool.json.corrupt").exists());
        if let Ok(saved) = fs::read(home.file("pool.json")) {
            serde_json::from_slice::<Value>(&saved).expect("whole");
        }
    }
}

#[tokio::test]
async fn a_cooldown_and_a_dead_credential_outlive_a_restart() {
    let limited =
        Reply::json(429, &json!({"error": {"message": "slow down"}})).with_header("retry-after", "3000");
    let cooling = FakeUpstream::always(limited).await;
    let refused =
        json!({"error": {"message": "no", "code": "invalid_api_key", "type": "invalid_request_error"}});
    let dead = FakeUpstream::always(Reply::json(401, &refused)).await;
    let text = proxy_section("")
        + &account("cooling", "openai", &cooling, "models = [\"a\"]")
        + &account("dead", "openai", &dead, "models = [\"b\"]");
    let mut proxy = TestProxy::serve(&text).await;
    proxy.chat("a").await;
    proxy.chat("b").await;
    let states = |status: &Value| [0, 1].map(|index| status["accounts"][index]["state"].clone());
    let expected = [json!("cooling"), json!("disabled")];
    proxy.wait_for_status("both", |status| states(status) == expected).await;
    proxy.signal(rustix::process::Signal::TERM);
    proxy.ended().await;
    let proxy = TestProxy::serve_home(proxy.killed().await, &SERVE).await;
    assert_eq!(states(&proxy.status().await), expected);
}

#[tokio::test]
async fn an_agent_that_ends_while_it_is_asked_is_not_running() {
    for command in [&["status"][..], &["quit"], &["open", "--print"], &["account", "list"]] {
        let home = Home::with_config("");
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("bound");
        let address = listener.local_addr().expect("an address").to_string();
        let control = json!({ "address": address, "token": "t", "pid": 1, "version": "0" });
        fs::write(home.file("control.json"), control.to_string()).expect("written");
        let lock = fs::File::create(home.file("portcullis.lock")).expect("made");
        lock.lock().expect("locked");
        let ending = async {
            let (stream, _) = listener.accept().await.expect("asked");
            drop((stream, lock));
        };
        let (output, ()) = tokio::join!(home.ask(command), ending);
        let printed = stdout(&output) + &stderr(&output);
        assert_eq!(output.status.code(), Some(3), "{command:?}: {printed}");
        assert!(!printed.contains("does not answer"), "{command:?}: {printed}");
    }
}
