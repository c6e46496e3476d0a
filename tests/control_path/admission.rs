//! Admission to the control plane: with which secret, and for how long.

use std::fs;
use std::net::SocketAddr;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::support::client::{events, open};
use crate::support::home::stdout;
use crate::support::opener::ticket;
use crate::support::proxy::LIMIT;
use crate::support::{Answer, FakeUpstream, Reply, TestProxy, request, until};

/// Every call but `session`.
const CALLS: [(&str, &str); 34] = [
    ("GET", "/page/"),
    ("GET", "/page/settings"),
    ("GET", "/live?at=/"),
    ("POST", "/part/health"),
    ("POST", "/part/account-test"),
    ("GET", "/metrics"),
    ("GET", "/api/status"),
    ("GET", "/api/events"),
    ("GET", "/api/records"),
    ("GET", "/api/records/live"),
    ("GET", "/api/records/health"),
    ("GET", "/api/records/export?format=csv"),
    ("GET", "/api/usage"),
    ("GET", "/api/key"),
    ("GET", "/api/health"),
    ("POST", "/api/ticket"),
    ("POST", "/api/open"),
    ("POST", "/api/records/clear"),
    ("POST", "/api/start"),
    ("POST", "/api/stop"),
    ("POST", "/api/restart"),
    ("POST", "/api/reload"),
    ("POST", "/api/quit"),
    ("POST", "/api/move-to-port"),
    ("POST", "/api/accounts/test"),
    ("POST", "/api/accounts/clear-cooldown"),
    ("POST", "/api/accounts/revive"),
    ("POST", "/api/accounts/add"),
    ("POST", "/api/accounts/edit"),
    ("POST", "/api/accounts/remove"),
    ("POST", "/api/accounts/place"),
    ("POST", "/api/settings"),
    ("POST", "/api/models/set"),
    ("POST", "/api/key/rotate"),
];

async fn agent() -> TestProxy {
    let upstream = FakeUpstream::always(Reply::HangUp).await;
    TestProxy::with_upstream("openai", &upstream).await
}

async fn call(proxy: &TestProxy, secret: &str, method: &str, path: &str, body: &str) -> Answer {
    request(proxy.control().0, method, path, &[("x-portcullis-token", secret)], body).await
}

/// Exchanges a ticket for a session.
async fn exchange(proxy: &TestProxy, ticket: &str) -> Answer {
    call(proxy, ticket, "POST", "/api/session", "{}").await
}

fn token(answer: &Answer) -> String {
    answer.json()["token"].as_str().unwrap_or_else(|| panic!("{}", answer.text())).to_owned()
}

fn log(proxy: &TestProxy) -> String {
    fs::read_to_string(proxy.home.file("portcullis.log")).unwrap_or_default()
}

#[tokio::test]
async fn a_ticket_opens_its_exchange_and_nothing_else() {
    let proxy = agent().await;
    let (_, launch) = proxy.control();
    let way_in = proxy.way_in().await;
    let ticket = ticket(&way_in);
    for (method, path) in CALLS {
        let answer = call(&proxy, ticket, method, path, "").await;
        assert_eq!(answer.status, 401, "{method} {path}: {}", answer.text());
    }
    let session = token(&exchange(&proxy, ticket).await);
    assert!(session.len() == 64 && session != launch && session != ticket, "{session}");
    assert_eq!(call(&proxy, &session, "GET", "/api/status", "").await.status, 200);
    assert_eq!(call(&proxy, &session, "GET", "/page/settings", "").await.status, 200);
    assert_eq!(call(&proxy, ticket, "GET", "/api/status", "").await.status, 401);
}

#[tokio::test]
async fn a_crowd_that_holds_its_bodies_back_is_answered_once() {
    let proxy = agent().await;
    let (address, _) = proxy.control();
    for _ in 0..5 {
        let way_in = proxy.way_in().await;
        let mut crowd = Vec::new();
        for _ in 0..30 {
            crowd.push(held_back(address, ticket(&way_in)).await);
        }
        let mut answered = 0;
        for mut one in crowd {
            // A refused caller may have closed the connection already.
            let _ = one.write_all(b"{}").await;
            let mut answer = Vec::new();
            let _ = timeout(LIMIT, one.read_to_end(&mut answer)).await.expect("answered in time");
            let answer = String::from_utf8_lossy(&answer);
            assert!(answer.starts_with("HTTP/1.1 "), "{answer}");
            answered += usize::from(answer.starts_with("HTTP/1.1 200"));
        }
        assert_eq!(answered, 1);
    }
}

async fn held_back(address: SocketAddr, ticket: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.expect("connected");
    let head = format!(
        "POST /api/session HTTP/1.1\r\nhost: {address}\r\nx-portcullis-token: {ticket}\r\n\
         content-length: 2\r\nconnection: close\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.expect("sent");
    stream
}

#[tokio::test]
async fn a_second_use_of_a_ticket_locks_the_first_page_out_and_notifies_the_user() {
    let proxy = agent().await;
    let (address, _) = proxy.control();
    let way_in = proxy.way_in().await;
    let first = token(&exchange(&proxy, ticket(&way_in)).await);
    let headers = [("x-portcullis-token", first.as_str())];
    let mut status = events(address, "/api/events", &headers).await;
    status.next().await.expect("the stream goes on");
    let mut live = open(address, "GET", "/live?at=/", &headers, "").await;
    let mut edit = TcpStream::connect(address).await.expect("connected");
    let body = r#"{"values": {"pool.max_attempts": 9}}"#;
    let head = format!(
        "POST /api/settings HTTP/1.1\r\nhost: {address}\r\nx-portcullis-token: {first}\r\n\
         content-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    edit.write_all(head.as_bytes()).await.expect("sent");
    // Sent after that head and answered, so the head has been seen.
    assert_eq!(call(&proxy, &first, "GET", "/api/status", "").await.status, 200);

    let second = exchange(&proxy, ticket(&way_in)).await;
    assert_eq!(second.status, 401, "{}", second.text());
    assert!(second.text().contains("portcullis open"), "{}", second.text());
    assert_eq!(call(&proxy, &first, "GET", "/api/status", "").await.status, 401);
    while status.next().await.is_some() {}
    live.rest().await;
    let _ = edit.write_all(body.as_bytes()).await;
    let mut answer = String::new();
    let _ = timeout(LIMIT, edit.read_to_string(&mut answer)).await.expect("answered in time");
    assert!(!answer.contains("HTTP/1.1 200"), "{answer}");
    let config = fs::read_to_string(proxy.home.config()).expect("readable");
    assert!(!config.contains("max_attempts"), "{config}");

    let words = "was used a second time";
    until("the log has it", async || log(&proxy).contains(words).then_some(())).await;
    let logged = log(&proxy);
    assert!(
        logged.contains("WARN") && !logged.contains(ticket(&way_in)) && !logged.contains(&first),
        "{logged}"
    );
    assert_eq!(exchange(&proxy, ticket(&way_in)).await.status, 401);
    let session = proxy.session().await;
    assert_eq!(call(&proxy, &session, "GET", "/api/status", "").await.status, 200, "others come in");
}

#[tokio::test]
async fn an_exchange_that_is_not_a_call_spends_the_ticket() {
    let proxy = agent().await;
    for body in ["[]", "nonsense", r#"{"more": 1}"#] {
        let way_in = proxy.way_in().await;
        assert_eq!(call(&proxy, ticket(&way_in), "POST", "/api/session", body).await.status, 400, "{body}");
        assert_eq!(exchange(&proxy, ticket(&way_in)).await.status, 401, "{body}");
    }
    for secret in ["", "0", &"0".repeat(64)] {
        assert_eq!(exchange(&proxy, secret).await.status, 401, "{secret}");
    }
}

#[tokio::test]
async fn no_call_gives_the_launch_token_away() {
    let proxy = agent().await;
    let (address, launch) = proxy.control();
    let session = proxy.session().await;
    let plain = format!("http://{address}/");
    for secret in [&launch, &session] {
        let headers = [("x-portcullis-token", secret.as_str())];
        let status = events(address, "/api/events", &headers).await.next().await.expect("a status");
        assert!(!status.contains(&launch) && !status.contains(&session), "{status}");
        let status: Value = serde_json::from_str(&status).expect("JSON");
        assert_eq!(status["dashboard_url"], json!(plain));
        for path in ["/api/status", "/page/", "/page/settings", "/page/accounts", "/metrics", "/api/records"]
        {
            let text = call(&proxy, secret, "GET", path, "").await.text();
            assert!(!text.contains(&launch) && !text.contains(&session), "{path}: {text}");
        }
        for path in ["/api/reload", "/api/accounts/clear-cooldown", "/api/ticket", "/api/session"] {
            let text = call(&proxy, secret, "POST", path, "{}").await.text();
            assert!(!text.contains(&launch) && !text.contains(&session), "{path}: {text}");
        }
    }
    let status: Value = serde_json::from_str(&stdout(&proxy.run(&["--json", "status"]).await)).expect("JSON");
    assert_eq!(status["dashboard_url"], json!(plain));
    for command in [&["open", "--print"] as &[&str], &["--json", "open", "--print"], &["status"]] {
        let printed = stdout(&proxy.run(command).await);
        assert!(!printed.contains(&launch), "{command:?}: {printed}");
    }
}

#[tokio::test]
async fn a_page_cannot_let_others_in() {
    let proxy = agent().await;
    let session = proxy.session().await;
    for path in ["/api/ticket", "/api/session"] {
        let answer = call(&proxy, &session, "POST", path, "{}").await;
        assert!([401, 403].contains(&answer.status.as_u16()), "{path}: {}", answer.text());
        assert!(answer.json()["dashboard_url"].is_null() && answer.json()["token"].is_null());
    }
    assert_eq!(call(&proxy, &session, "GET", "/api/status", "").await.status, 200);
}

#[tokio::test]
async fn a_session_ends_with_its_agent_and_the_quietest_is_replaced() {
    let proxy = agent().await;
    let quiet = proxy.session().await;
    let kept = proxy.session().await;
    for _ in 0..40 {
        proxy.session().await;
        assert_eq!(call(&proxy, &kept, "GET", "/api/status", "").await.status, 200);
    }
    assert_eq!(call(&proxy, &quiet, "GET", "/api/status", "").await.status, 401);
    let proxy = proxy.restarted().await;
    assert_eq!(call(&proxy, &kept, "GET", "/api/status", "").await.status, 401);
}
