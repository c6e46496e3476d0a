//! The difference between a rest that the provider asked for and one that the proxy guessed:
//! a guessed one only orders the accounts, refuses no request, and ends with the outage.

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::dialect::{self, Dialect, OPENAI_CHAT};
use crate::support::home::{stderr, stdout};
use crate::support::proxy::{LIMIT, account, account_in, free_port};
use crate::support::{FakeUpstream, Home, Reply, TestProxy};

fn trouble(status: u16) -> Reply {
    Reply::json(
        status,
        &json!({"error": {"message": "trouble of mine", "type": "server_error", "code": null}}),
    )
}

/// An account whose upstream is on a port where nothing listens yet.
async fn with_dead_upstream(provider: &str) -> (TestProxy, u16) {
    let port = free_port();
    let gone = FakeUpstream::always(Reply::HangUp).await;
    let text =
        account("work", provider, &gone, "").replace(&gone.address().port().to_string(), &port.to_string());
    (TestProxy::serve(&text).await, port)
}

#[tokio::test]
async fn the_first_request_after_an_outage_is_answered_at_once() {
    for dialect in dialect::ALL {
        let (proxy, port) = with_dead_upstream(dialect.provider).await;
        for turn in 0..6 {
            let answer = dialect.ask(&proxy, turn % 2 == 0).await;
            assert_eq!(answer.status, 502, "{} {turn}: {}", dialect.name, answer.text());
            dialect.assert_error(&answer.json());
            assert!(answer.message().contains("127.0.0.1"), "{}", answer.message());
            assert!(!answer.message().contains("The upstream said"), "{}", answer.message());
            assert_eq!(answer.header("retry-after"), None, "{} {turn}", dialect.name);
        }
        let upstream = FakeUpstream::at(port, dialect.whole_reply()).await;
        let answer = dialect.ask(&proxy, false).await;
        assert_eq!(answer.status, 200, "{}: {}", dialect.name, answer.text());
        assert_eq!(upstream.seen().len(), 1, "{}", dialect.name);
        let is_ready = |status: &Value| account_in(status, "work")["state"] == "ready";
        proxy.wait_for_status("the account is ready again", is_ready).await;
    }
}

#[tokio::test]
async fn an_error_without_a_retry_time_is_met_anew_by_each_request_and_is_not_a_rate_limit() {
    let cases = [
        (trouble(500), 500),
        (trouble(502), 502),
        (trouble(503), 503),
        (trouble(529), 529),
        (trouble(503).with_header("retry-after", "0"), 503),
        (Reply::HangUp, 502),
        (Reply::Silence, 504),
        (Reply::whole(302, "text/plain", ""), 502),
        (Reply::whole(200, "application/json", ""), 502),
    ];
    for (reply, expected) in cases {
        let case = format!("{reply:?}");
        let upstream = FakeUpstream::always(reply).await;
        let proxy = OPENAI_CHAT.serve(&upstream, "request_timeout_secs = 1").await;
        for turn in 1..=3 {
            let answer = OPENAI_CHAT.ask(&proxy, false).await;
            assert_eq!(answer.status.as_u16(), expected, "{case}: {}", answer.text());
            assert!(!answer.text().contains("rate_limit"), "{case}: {}", answer.text());
            assert!(upstream.seen().len() >= turn, "{case}: the upstream was asked");
        }
        upstream.now(OPENAI_CHAT.whole_reply());
        assert_eq!(OPENAI_CHAT.ask(&proxy, false).await.status, 200, "{case}");
    }
}

#[tokio::test]
async fn an_account_that_may_be_broken_is_asked_last_and_a_resting_one_is_not_asked() {
    let (first, second) =
        (FakeUpstream::always(trouble(500)).await, FakeUpstream::always(trouble(500)).await);
    second.now(OPENAI_CHAT.whole_reply());
    let accounts = [("first", &first, "priority = 1"), ("second", &second, "priority = 2")]
        .map(|(name, upstream, more)| account(name, "openai", upstream, more));
    let proxy = TestProxy::serve(&format!("[pool]\nstrategy = \"fill_first\"\n{}", accounts.concat())).await;
    for _ in 0..2 {
        assert_eq!(proxy.chat("gpt-5").await.header("x-portcullis-account"), Some("second"));
    }
    assert_eq!((first.seen().len(), second.seen().len()), (1, 2), "the first was not asked again");
    let limited =
        Reply::json(429, &json!({"error": {"message": "slow down"}})).with_header("retry-after", "300");
    second.now(limited);
    first.now(OPENAI_CHAT.whole_reply());
    assert_eq!(proxy.chat("gpt-5").await.header("x-portcullis-account"), Some("first"));
    first.now(trouble(500));
    let answer = proxy.chat("gpt-5").await;
    assert_eq!((answer.status.as_u16(), answer.message()), (500, "trouble of mine".to_owned()));
    assert_eq!(second.seen().len(), 3, "a resting account is not asked, whatever the others answer");
}

#[tokio::test]
async fn a_rest_that_the_provider_asked_for_survives_a_restart_and_is_reported_with_its_end() {
    let limited = json!({"error": {"message": "slow down"}});
    for reply in [Reply::json(429, &limited), trouble(503), trouble(500)] {
        let reply = reply.with_header("retry-after", "900");
        let case = format!("{reply:?}");
        let upstream = FakeUpstream::always(reply).await;
        let proxy = OPENAI_CHAT.serve(&upstream, "").await;
        assert_ne!(OPENAI_CHAT.ask(&proxy, false).await.status, 200, "{case}");
        upstream.now(OPENAI_CHAT.whole_reply());
        let again = async |proxy: &TestProxy| {
            let answer = OPENAI_CHAT.ask(proxy, false).await;
            assert_eq!(answer.status, 429, "{case}: {}", answer.text());
            let wait: u64 = answer.header("retry-after").expect("a hint").parse().expect("seconds");
            assert!((800..=900).contains(&wait), "{case}: {wait}");
            assert!(answer.message().contains("The upstream said"), "{case}: {}", answer.message());
        };
        again(&proxy).await;
        let proxy = proxy.restarted().await;
        again(&proxy).await;
        assert_eq!(upstream.seen().len(), 1, "{case}");
    }
}

#[tokio::test]
async fn a_guessed_rest_is_not_remembered() {
    let (proxy, port) = with_dead_upstream("openai").await;
    assert_eq!(proxy.chat("gpt-5").await.status, 502);
    let is_cooling = |status: &Value| account_in(status, "work")["state"] == "cooling";
    proxy.wait_for_status("the account may be broken", is_cooling).await;
    let proxy = proxy.restarted().await;
    assert_eq!(proxy.account("work").await["state"], "ready");
    let saved = std::fs::read_to_string(proxy.home.file("pool.json")).unwrap_or_default();
    assert!(!saved.contains("work"), "{saved}");
    drop(FakeUpstream::at(port, OPENAI_CHAT.whole_reply()).await);
}

#[tokio::test]
async fn many_requests_at_once_after_an_outage_are_all_answered() {
    let (proxy, port) = with_dead_upstream("openai").await;
    assert_eq!(proxy.chat("gpt-5").await.status, 502);
    let upstream = FakeUpstream::at(port, OPENAI_CHAT.whole_reply()).await;
    let answers = futures_util::future::join_all((0..20).map(|_| proxy.chat("gpt-5"))).await;
    assert!(answers.iter().all(|answer| answer.status == 200));
    assert_eq!(upstream.seen().len(), 20);
}

/// One connection. One thread serves all its requests, so they share a connection upstream.
struct KeptConnection {
    stream: TcpStream,
    host: String,
}

impl KeptConnection {
    async fn to(proxy: &TestProxy) -> Self {
        let stream = TcpStream::connect(proxy.address).await.expect("connected");
        Self { stream, host: proxy.address.to_string() }
    }

    /// Sends a request and returns the whole answer with its head.
    async fn ask(&mut self, dialect: &Dialect) -> String {
        let (path, body) = (dialect.path(false), dialect.body(false).to_string());
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: {}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
            self.host,
            body.len()
        );
        self.stream.write_all((head + &body).as_bytes()).await.expect("sent");
        let mut answer = Vec::new();
        loop {
            answer.push(self.stream.read_u8().await.expect("the connection stays"));
            let text = String::from_utf8_lossy(&answer);
            let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
            let length = head.to_ascii_lowercase().split("content-length: ").nth(1).map(str::to_owned);
            let length = length.and_then(|rest| rest.split("\r\n").next()?.parse().ok());
            if length.is_none_or(|length: usize| body.len() >= length) && text.ends_with('}') {
                return text.into_owned();
            }
        }
    }
}

#[tokio::test]
async fn a_dead_kept_connection_is_replaced_and_the_account_stays_ready() {
    let reset = Reply::Raw(bytes::Bytes::new());
    for dead in [Reply::HangUp, reset] {
        for dialect in dialect::ALL {
            let script = [dialect.whole_reply(), dead.clone()];
            let upstream = FakeUpstream::script(script, dialect.whole_reply()).await;
            let proxy = dialect.serve(&upstream, "").await;
            let mut client = KeptConnection::to(&proxy).await;
            for turn in 0..3 {
                let answer = client.ask(dialect).await;
                assert!(answer.starts_with("HTTP/1.1 200 "), "{} {turn}: {answer}", dialect.name);
                // After that the connection upstream waits for the next request.
                proxy.wait_for_records(turn + 1).await;
            }
            assert_eq!(upstream.seen().len(), 4, "{}: one request was sent again", dialect.name);
            for record in proxy.wait_for_records(3).await {
                let attempts = record["attempts"].as_array().expect("a list");
                assert_eq!(attempts.len(), 1, "{}: {record}", dialect.name);
                assert_eq!(attempts[0]["failure"], Value::Null, "{}: {record}", dialect.name);
            }
            assert_eq!(proxy.account("work").await["state"], "ready", "{}", dialect.name);
        }
    }
}

#[tokio::test]
async fn a_dead_connection_is_replaced_only_once() {
    let upstream = FakeUpstream::script([OPENAI_CHAT.whole_reply()], Reply::HangUp).await;
    let proxy = OPENAI_CHAT.serve(&upstream, "").await;
    let mut client = KeptConnection::to(&proxy).await;
    assert!(client.ask(&OPENAI_CHAT).await.starts_with("HTTP/1.1 200 "));
    proxy.wait_for_records(1).await;
    assert!(client.ask(&OPENAI_CHAT).await.starts_with("HTTP/1.1 502 "));
    assert_eq!(upstream.seen().len(), 3);
    let is_cooling = |status: &Value| account_in(status, "work")["state"] == "cooling";
    proxy.wait_for_status("then the account rests", is_cooling).await;
}

/// A silent path counts as alive for ten seconds, so the test lasts as long.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_request_on_a_path_that_dies_in_silence_is_answered_over_a_new_connection() {
    let account = "[[accounts]]\nname = \"work\"\nprovider = \"openai-compatible\"\nmodels = [\"*\"]\n\
                   base_url = \"http://10.9.9.9:8000/v1\"\n";
    let home = Home::with_config(account);
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/dead_path.sh");
    let mut command = tokio::process::Command::new("unshare");
    command.args(["--net", "bash", script, env!("CARGO_BIN_EXE_portcullis")]).arg(home.path());
    let output = tokio::time::timeout(LIMIT, command.kill_on_drop(true).output()).await.expect("it ends");
    let output = output.expect("this test needs `unshare`, `bash`, `ip` and `python3`");
    let (printed, log) = (stdout(&output), stderr(&output));
    assert!(
        printed.starts_with("status 200"),
        "{printed}{log}\n(This test needs root, `ip`, `python3` and a network namespace of its own.)"
    );
}
