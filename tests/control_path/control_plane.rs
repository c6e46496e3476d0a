//! The second listener: the callers that it answers, and the calls that it refuses.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::support::{Answer, FakeUpstream, Reply, TestProxy, raw, request};

const READS: [&str; 3] = ["status", "events", "records"];
const COMMANDS: [&str; 9] = [
    "start",
    "stop",
    "restart",
    "reload",
    "quit",
    "move-to-port",
    "accounts/test",
    "accounts/clear-cooldown",
    "accounts/revive",
];

async fn agent() -> TestProxy {
    let upstream = FakeUpstream::always(Reply::HangUp).await;
    TestProxy::with_upstream("openai", &upstream).await
}

/// A call with these headers in place of the token.
async fn call(proxy: &TestProxy, method: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
    request(proxy.control().0, method, path, headers, "").await
}

async fn check_unharmed(proxy: &TestProxy) {
    assert_eq!(proxy.status().await["state"], "running");
    assert_eq!(proxy.get("/healthz").await.status, 200);
}

#[tokio::test]
async fn every_call_needs_the_token() {
    let proxy = agent().await;
    let (_, token) = proxy.control();
    let cookie = format!("x-portcullis-token={token}; token={token}");
    let bearer = format!("Bearer {token}");
    let (short, long) = (&token[1..], format!("{token}0"));
    let wrong: [&[(&str, &str)]; 8] = [
        &[],
        &[("x-portcullis-token", "")],
        &[("x-portcullis-token", "0")],
        &[("x-portcullis-token", short)],
        &[("x-portcullis-token", &long)],
        &[("cookie", &cookie)],
        &[("authorization", &bearer)],
        &[("x-api-key", &token)],
    ];
    for headers in wrong {
        for path in READS {
            let answer = call(&proxy, "GET", &format!("/api/{path}"), headers).await;
            assert_eq!(answer.status, 401, "{path}, {headers:?}");
        }
        for path in COMMANDS {
            let answer = call(&proxy, "POST", &format!("/api/{path}"), headers).await;
            assert_eq!(answer.status, 401, "{path}, {headers:?}");
        }
    }
    for path in [format!("/api/status?token={token}"), format!("/api/status?x-portcullis-token={token}")] {
        assert_eq!(call(&proxy, "GET", &path, &[]).await.status, 401, "in the query");
    }
    for path in ["/%61pi/stop", "//api/stop", "/api//stop", "/api/stop/", "/API/stop"] {
        let answer = call(&proxy, "POST", path, &[]).await;
        assert!([401, 404].contains(&answer.status.as_u16()), "{path}: {}", answer.status);
    }
    check_unharmed(&proxy).await;
}

#[tokio::test]
async fn a_foreign_page_is_refused_even_with_the_token() {
    let proxy = agent().await;
    let (address, token) = proxy.control();
    let port = address.port();
    let foreign_origins = [
        "https://evil.example".to_owned(),
        "null".to_owned(),
        format!("http://localhost:{port}"),
        format!("https://127.0.0.1:{port}"),
        format!("http://127.0.0.1:{}", proxy.address.port()),
    ];
    for origin in &foreign_origins {
        let headers = [("x-portcullis-token", token.as_str()), ("origin", origin.as_str())];
        assert_eq!(call(&proxy, "POST", "/api/stop", &headers).await.status, 403, "{origin}");
        assert_eq!(call(&proxy, "GET", "/", &headers).await.status, 403, "{origin}");
    }
    let own = format!("http://{address}");
    let headers = [("x-portcullis-token", token.as_str()), ("origin", own.as_str())];
    let answer = call(&proxy, "GET", "/api/status", &headers).await;
    assert_eq!((answer.status.as_u16(), answer.header("access-control-allow-origin")), (200, None));
    check_unharmed(&proxy).await;
}

#[tokio::test]
async fn a_foreign_name_is_refused_even_with_the_token() {
    let proxy = agent().await;
    let (address, token) = proxy.control();
    let foreign = [
        "evil.example",
        "evil.example:8046",
        "127.0.0.1.nip.io",
        "localhost.evil.example",
        "0.0.0.0",
        "192.168.0.1",
        "me@127.0.0.1",
        "",
    ];
    for host in foreign {
        let headers = [("x-portcullis-token", token.as_str()), ("host", host)];
        for path in ["/", "/app.js", "/api/status"] {
            let answer = call(&proxy, "GET", path, &headers).await;
            assert!([400, 403].contains(&answer.status.as_u16()), "{host}, {path}: {}", answer.status);
        }
    }
    for head in [
        format!("GET /api/status HTTP/1.1\r\nx-portcullis-token: {token}\r\n\r\n"),
        format!(
            "GET /api/status HTTP/1.1\r\nhost: {address}\r\nhost: {address}\r\nx-portcullis-token: {token}\r\n\r\n"
        ),
        format!(
            "GET http://evil.example/api/status HTTP/1.1\r\nhost: {address}\r\nx-portcullis-token: {token}\r\n\r\n"
        ),
    ] {
        let head = head.replace("HTTP/1.1\r\n", "HTTP/1.1\r\nconnection: close\r\n");
        let answer = raw(address, head.as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 40"), "{head}{answer}");
    }
    let port = address.port();
    for host in [format!("localhost:{port}"), format!("127.0.0.1:{port}"), format!("[::1]:{port}")] {
        let headers = [("x-portcullis-token", token.as_str()), ("host", host.as_str())];
        assert_eq!(call(&proxy, "GET", "/api/status", &headers).await.status, 200, "{host}");
    }
}

#[tokio::test]
async fn reading_changes_nothing() {
    let proxy = agent().await;
    for path in COMMANDS {
        for method in ["GET", "HEAD", "PUT", "DELETE"] {
            let answer = proxy.control_call(method, &format!("/api/{path}"), "").await;
            assert_eq!(answer.status, 405, "{method} {path}");
        }
    }
    for path in READS {
        assert_eq!(proxy.control_call("POST", &format!("/api/{path}"), "{}").await.status, 405, "{path}");
    }
    assert_eq!(proxy.control_call("POST", "/api/nonsense", "").await.status, 404);
    check_unharmed(&proxy).await;
}

#[tokio::test]
async fn a_call_takes_its_own_fields_and_no_others() {
    let proxy = agent().await;
    let refused = [
        ("stop", r#"{"now": true}"#),
        ("stop", "[]"),
        ("stop", "nonsense"),
        ("move-to-port", ""),
        ("move-to-port", "[8050]"),
        ("move-to-port", r#"{"port": "80"}"#),
        ("move-to-port", r#"{"port": 70000}"#),
        ("move-to-port", r#"{"port": -1}"#),
        ("move-to-port", r#"{"port": 8050, "host": "0.0.0.0"}"#),
        ("accounts/test", "{}"),
        ("accounts/test", r#"{"name": 1}"#),
        ("accounts/revive", r#"{"name": "work", "all": true}"#),
        ("accounts/clear-cooldown", r#"{"names": ["work"]}"#),
    ];
    let config = fs::read(proxy.home.config()).expect("readable");
    for (path, body) in refused {
        let answer = proxy.control_call("POST", &format!("/api/{path}"), body).await;
        assert_eq!(answer.status, 400, "{path} {body}");
        assert!(answer.json()["error"].as_str().is_some_and(|text| !text.is_empty()), "{}", answer.text());
    }
    let huge = format!("{{\"name\": \"{}\"}}", "a".repeat(1 << 20));
    let answer = proxy.control_call("POST", "/api/accounts/test", &huge).await;
    assert!(answer.status.is_client_error(), "{}", answer.status);
    let answer = proxy.control_call("POST", "/api/accounts/revive", r#"{"name": "missing"}"#).await;
    assert_eq!(answer.status, 409, "{}", answer.text());
    assert_eq!(fs::read(proxy.home.config()).expect("readable"), config);
    check_unharmed(&proxy).await;
}

#[tokio::test]
async fn the_page_shell_needs_no_token_and_locks_itself_in() {
    let proxy = agent().await;
    let (_, token) = proxy.control();
    for (path, kind) in [("/", "text/html"), ("/app.js", "text/javascript"), ("/app.css", "text/css")] {
        let answer = call(&proxy, "GET", path, &[]).await;
        assert_eq!(answer.status, 200, "{path}");
        assert!(answer.header("content-type").is_some_and(|found| found.starts_with(kind)), "{path}");
        let policy = answer.header("content-security-policy").expect("a policy");
        for rule in
            ["default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "form-action 'none'"]
        {
            assert!(policy.contains(rule), "{path}: {policy}");
        }
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
        assert_eq!(answer.header("set-cookie"), None);
        assert!(!answer.text().contains(&token), "{path} holds nothing");
    }
}

#[tokio::test]
async fn the_runtime_file_is_private_and_goes_with_the_agent() {
    let mut proxy = agent().await;
    let file = proxy.home.file("control.json");
    let mode = fs::metadata(&file).expect("there").permissions().mode() & 0o777;
    assert_eq!(mode, 0o600);
    let (address, token) = proxy.control();
    assert!(address.ip().is_loopback() && token.len() == 64, "{address}, {token}");
    proxy.run(&["quit"]).await;
    proxy.ended().await;
    assert!(!file.exists());
}

#[tokio::test]
async fn two_agents_have_a_control_plane_and_a_token_each() {
    let (one, other) = (agent().await, agent().await);
    let ((address, token), (other_address, other_token)) = (one.control(), other.control());
    assert!(address != other_address && token != other_token);
    let headers = [("x-portcullis-token", token.as_str())];
    assert_eq!(request(other_address, "POST", "/api/stop", &headers, "").await.status, 401);
    check_unharmed(&other).await;
}
