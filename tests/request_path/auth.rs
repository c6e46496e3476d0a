//! Authentication: every mode, every way to send the key, every family.

use super::family::{Family, JSON, accounts, proxy_with, status_of};
use crate::support::home::CLIENT_KEY;
use crate::support::{Answer, FakeUpstream, Home, Reply, TestProxy, raw};

/// The modes that require a key.
const ASKING: [&str; 3] = [
    r#"auth_mode = "strict""#,
    r#"auth_mode = "all_except_health""#,
    "auth_mode = \"auto\"\nallow_lan_access = true",
];
/// The modes that do not.
const OPEN: [&str; 2] = [r#"auth_mode = "off""#, r#"auth_mode = "auto""#];

type Headers<'a> = Vec<(&'a str, String)>;

/// Every way to send a key: headers, and what to append to the path.
fn forms(key: &str) -> Vec<(Headers<'static>, String)> {
    let header = |name, value: String| (vec![(name, value)], String::new());
    vec![
        header("authorization", format!("Bearer {key}")),
        header("authorization", format!("bearer {key}")),
        header("authorization", key.to_owned()),
        header("x-api-key", key.to_owned()),
        header("x-goog-api-key", key.to_owned()),
        (vec![], format!("?key={key}")),
        (vec![], format!("?alt=sse&key={key}&x=y")),
    ]
}

async fn call(proxy: &TestProxy, family: Family, headers: &Headers<'_>, query: &str) -> Answer {
    let mut all = vec![JSON];
    all.extend(headers.iter().map(|(name, value)| (*name, value.as_str())));
    proxy.send("POST", &format!("{}{query}", family.path()), &all, family.body()).await
}

/// Fails if the client's key is in a request that went upstream.
fn assert_key_stayed(upstream: &FakeUpstream) {
    for seen in upstream.seen() {
        let sent = format!("{} {:?} {}", seen.path, seen.headers, String::from_utf8_lossy(&seen.body));
        assert!(!sent.contains(CLIENT_KEY) && !sent.contains("key="), "{sent}");
    }
}

#[tokio::test]
async fn the_key_opens_every_family_however_it_is_sent_and_does_not_go_upstream() {
    for mode in ASKING {
        let (proxy, upstream) = proxy_with(mode).await;
        for family in Family::ALL {
            for (headers, query) in forms(CLIENT_KEY) {
                let answer = call(&proxy, family, &headers, &query).await;
                assert_eq!(answer.status, 200, "{mode} {family:?} {headers:?} {query}: {}", answer.text());
            }
        }
        assert_eq!(upstream.seen().len(), 3 * forms("").len());
        assert_key_stayed(&upstream);
    }
}

#[tokio::test]
async fn an_open_proxy_needs_no_key_and_still_sends_none_upstream() {
    for mode in OPEN {
        let (proxy, upstream) = proxy_with(mode).await;
        for family in Family::ALL {
            assert_eq!(call(&proxy, family, &vec![], "").await.status, 200, "{mode} {family:?}");
            for (headers, query) in forms(CLIENT_KEY).into_iter().chain(forms("sk-wrong-but-not-needed")) {
                assert_eq!(call(&proxy, family, &headers, &query).await.status, 200, "{mode} {headers:?}");
            }
        }
        assert_key_stayed(&upstream);
    }
}

#[tokio::test]
async fn each_upstream_gets_its_own_key_in_its_own_header() {
    let (proxy, upstream) = proxy_with(ASKING[0]).await;
    for (family, name, value) in [
        (Family::OpenAi, "authorization", "Bearer up-openai-secret-key"),
        (Family::Anthropic, "x-api-key", "up-anthropic-secret-key"),
        (Family::Gemini, "x-goog-api-key", "up-gemini-secret-key"),
    ] {
        let all: Headers<'_> = ["authorization", "x-api-key", "x-goog-api-key"]
            .map(|name| (name, CLIENT_KEY.to_owned()))
            .to_vec();
        call(&proxy, family, &all, "").await;
        let seen = upstream.seen().pop().expect("a request");
        let sent = ["authorization", "x-api-key", "x-goog-api-key"]
            .map(|name| seen.header(name).map(|value| (name, value)));
        assert_eq!(sent.into_iter().flatten().collect::<Vec<_>>(), [(name, value)], "{family:?}");
    }
}

#[tokio::test]
async fn one_right_key_among_wrong_ones_is_enough() {
    let (proxy, _upstream) = proxy_with(ASKING[0]).await;
    let (right, wrong) = (|| CLIENT_KEY.to_owned(), || "sk-wrong-0123456789".to_owned());
    for (headers, query) in [
        (vec![("authorization", format!("Bearer {}", wrong())), ("x-api-key", right())], String::new()),
        (vec![("x-api-key", wrong()), ("x-goog-api-key", right())], String::new()),
        (vec![("x-api-key", right()), ("x-goog-api-key", wrong())], String::new()),
        (vec![("x-api-key", wrong()), ("x-api-key", right())], String::new()),
        (vec![("authorization", wrong()), ("authorization", format!("Bearer {}", right()))], String::new()),
        (vec![("authorization", format!("Bearer {}", wrong()))], format!("?key={}", right())),
        (vec![("authorization", format!("Bearer {}", right()))], format!("?key={}", wrong())),
        (vec![], format!("?key={}&key={}", wrong(), right())),
    ] {
        for family in Family::ALL {
            let answer = call(&proxy, family, &headers, &query).await;
            assert_eq!(answer.status, 200, "{family:?} {headers:?} {query}");
        }
    }
}

#[tokio::test]
async fn a_401_says_what_is_wrong_and_which_headers_work_in_the_familys_shape() {
    let near_misses = [
        "sk-wrong-0123456789".to_owned(),
        CLIENT_KEY[..CLIENT_KEY.len() - 1].to_owned(),
        format!("{CLIENT_KEY}x"),
        CLIENT_KEY.to_uppercase(),
        format!("{CLIENT_KEY} extra"),
        format!("Bearer Bearer {CLIENT_KEY}"),
        format!("Basic {CLIENT_KEY}"),
        format!("{CLIENT_KEY},{CLIENT_KEY}"),
        "sk-*".to_owned(),
    ];
    let works = ["Authorization: Bearer", "x-api-key", "x-goog-api-key"];
    for mode in ASKING {
        let (proxy, upstream) = proxy_with(mode).await;
        for family in Family::ALL {
            for (headers, query) in [(vec![], "")].into_iter().chain([
                (vec![("authorization", String::new())], ""),
                (vec![("authorization", "Bearer".to_owned())], "?key="),
                (vec![("x-api-key", " ".to_owned())], ""),
                (vec![("cookie", format!("key={CLIENT_KEY}"))], ""),
                (vec![("proxy-authorization", format!("Bearer {CLIENT_KEY}"))], ""),
            ]) {
                let answer = call(&proxy, family, &headers, query).await;
                family.assert_error(&answer, 401, &works);
                assert!(
                    answer.message().contains("no API key was sent"),
                    "{headers:?}: {}",
                    answer.message()
                );
            }
            for wrong in &near_misses {
                let answer = call(&proxy, family, &vec![("x-api-key", wrong.clone())], "").await;
                family.assert_error(&answer, 401, &works);
                assert!(answer.message().contains("not the one"), "{wrong}: {}", answer.message());
                assert!(!answer.text().contains(wrong.as_str()), "{}", answer.text());
                assert!(!answer.text().contains(CLIENT_KEY), "{}", answer.text());
            }
        }
        assert!(upstream.seen().is_empty());
    }
}

#[tokio::test]
async fn every_path_but_health_needs_the_key() {
    let paths =
        ["/v1/models", "/v1beta/models", "/v1/models/gpt-5", "/nowhere", "/", "/api/event_logging/batch"];
    for mode in ASKING {
        let (proxy, upstream) = proxy_with(mode).await;
        for path in paths {
            for method in ["GET", "HEAD", "POST", "DELETE"] {
                assert_eq!(proxy.send(method, path, &[], "").await.status, 401, "{mode} {method} {path}");
            }
        }
        assert!(upstream.seen().is_empty());
    }
}

#[tokio::test]
async fn health_needs_the_key_in_strict_mode_only() {
    for (mode, without_key) in
        [(ASKING[0], 401), (ASKING[1], 200), (ASKING[2], 200), (OPEN[0], 200), (OPEN[1], 200)]
    {
        let (proxy, _upstream) = proxy_with(mode).await;
        for path in ["/healthz", "/health"] {
            for method in ["GET", "HEAD"] {
                let answer = proxy.send(method, path, &[], "").await;
                assert_eq!(answer.status, without_key, "{mode} {method} {path}");
                let answer = proxy.send(method, path, &[("x-api-key", CLIENT_KEY)], "").await;
                assert_eq!(answer.status, 200, "{mode} {method} {path} with the key");
                let body = if method == "GET" { r#"{"status":"ok"}"# } else { "" };
                assert_eq!(answer.text(), body);
            }
        }
    }
}

#[tokio::test]
async fn preflight_needs_no_key() {
    let preflight = [("origin", "https://chat.example"), ("access-control-request-method", "POST")];
    let (proxy, _upstream) = proxy_with(ASKING[0]).await;
    for path in ["/healthz", "/v1/models", "/v1/messages", "/nowhere"] {
        assert_eq!(proxy.send("OPTIONS", path, &preflight, "").await.status, 204, "{path}");
        assert_eq!(proxy.send("OPTIONS", path, &[], "").await.status, 204, "{path} without CORS");
    }
}

#[tokio::test]
async fn no_spelling_of_a_path_gets_past_the_key() {
    let targets = [
        "//healthz",
        "/healthz/",
        "/healthz//",
        "/./healthz",
        "/%68ealthz",
        "/HEALTHZ",
        "/healthz;x",
        "/healthz;/v1/models",
        "/healthz/../v1/models",
        "/healthz/..%2fv1/models",
        "/healthz%2f..%2fv1/models",
        "/healthz/v1/models",
        "/healthz%00",
        "/healthz%3f",
        "/healthz\\..\\v1\\models",
        "/v1/../healthz",
        "/%76%31/models",
        "/v1/%6dodels",
        "//v1/models",
        "//v1//models",
        "/v1/models/",
        "/V1/models",
        "/v1/models;x",
        "/v1/models?healthz",
        "/v1/models?/healthz",
        "/v1/models#/healthz",
        "/v1/./models",
        "/api/event_logging/../../v1/models",
        "*",
    ];
    for mode in &ASKING[..2] {
        let (proxy, upstream) = proxy_with(mode).await;
        for method in ["GET", "POST", "TRACE", "get", "PRI", "X"] {
            for target in targets {
                let host = proxy.address;
                let request = format!(
                    "{method} {target} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
                );
                let status = status_of(&raw(host, request.as_bytes()).await);
                assert!(matches!(status, 400 | 401), "{mode} {method} {target}: {status}");
            }
        }
        assert!(upstream.seen().is_empty());
    }
}

#[tokio::test]
async fn headers_that_claim_another_path_or_method_change_nothing() {
    let (proxy, upstream) = proxy_with(ASKING[1]).await;
    for header in [
        ("x-original-url", "/healthz"),
        ("x-rewrite-url", "/healthz"),
        ("x-forwarded-prefix", "/healthz"),
        ("x-http-method-override", "OPTIONS"),
        ("x-forwarded-for", "127.0.0.1"),
        ("forwarded", "for=127.0.0.1"),
    ] {
        assert_eq!(proxy.send("POST", "/v1/messages", &[header], "{}").await.status, 401, "{header:?}");
    }
    assert!(upstream.seen().is_empty());
}

#[tokio::test]
async fn guessing_from_this_machine_never_locks_its_user_out() {
    for mode in &ASKING[1..] {
        let (proxy, _upstream) = proxy_with(mode).await;
        for guess in 0..60 {
            let wrong = format!("sk-wrong-{guess:010}");
            let answer = proxy.send("GET", "/nowhere", &[("x-api-key", &wrong)], "").await;
            assert_eq!(answer.status, 401, "guess {guess}");
        }
        let answer = call(&proxy, Family::OpenAi, &vec![("x-api-key", CLIENT_KEY.to_owned())], "").await;
        assert_eq!(answer.status, 200);
    }
}

#[cfg(unix)]
#[tokio::test]
async fn wrong_keys_are_written_nowhere() {
    let wrong = "sk-typo-of-another-service";
    let (mut proxy, _upstream) = proxy_with(ASKING[0]).await;
    for family in Family::ALL {
        for (headers, query) in forms(wrong) {
            family.assert_error(&call(&proxy, family, &headers, &query).await, 401, &[]);
        }
    }
    let records = format!("{:?}", proxy.records().await);
    proxy.signal(rustix::process::Signal::TERM);
    let (code, stderr) = proxy.ended().await;
    assert_eq!(code, Some(0));
    let log = std::fs::read_to_string(proxy.home.file("portcullis.log")).expect("a log");
    for text in [records, stderr, log] {
        assert!(!text.contains(wrong), "{text}");
    }
}

#[tokio::test]
async fn lan_access_without_a_key_makes_one() {
    let upstream = FakeUpstream::always(Reply::json(200, &serde_json::json!({}))).await;
    let config = "[proxy]\nallow_lan_access = true\n".to_owned() + &accounts(&upstream);
    let proxy = TestProxy::serve_home(Home::with_config(&config), &["serve", "--port", "0"]).await;
    Family::OpenAi.assert_error(&call(&proxy, Family::OpenAi, &vec![], "").await, 401, &[]);
    let written = std::fs::read_to_string(proxy.home.config()).expect("readable");
    let key = written.split('"').find(|text| text.starts_with("sk-")).expect("a generated key");
    let answer = call(&proxy, Family::OpenAi, &vec![("x-api-key", key.to_owned())], "").await;
    assert_eq!(answer.status, 200);
}
