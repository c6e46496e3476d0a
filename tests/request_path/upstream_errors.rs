//! An upstream's error on its way to the client: without keys in any spelling, in a shape the
//! client knows, with the upstream's status, and without account names for callers on the
//! network.

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::dialect::{self, ANTHROPIC, Dialect, GEMINI, OPENAI_CHAT, OPENAI_RESPONSES};
use super::family::Family;
use crate::support::client::request;
use crate::support::home::CLIENT_KEY;
use crate::support::proxy::{account, proxy_section};
use crate::support::{FakeUpstream, Piece, Reply, TestProxy};

/// The key of the account `work`, like that of [`account`] but with a slash, which JSON may escape.
const KEY: &str = "up-work/secret+key";
const SPELT: [&str; 4] = [
    "up-work/secret+key",
    "up-work\\/secret+key",
    "\\u0075p-work/secret\\u002Bkey",
    "\\u0075\\u0070\\u002d\\u0077\\u006f\\u0072\\u006b\\u002f\\u0073\\u0065\\u0063\\u0072\\u0065\\u0074\\u002b\\u006b\\u0065\\u0079",
];

async fn spilling(provider: &str, upstream: &FakeUpstream, models: &str) -> TestProxy {
    let account = account("work", provider, upstream, "").replace("up-work-secret-key", KEY);
    TestProxy::serve(&(account + models)).await
}

/// Fails if the key is in the text, as it came or with JSON's escapes undone.
fn assert_clean(what: &str, text: &str) {
    let mut plain = text.to_owned();
    for _ in 0..3 {
        assert!(!plain.contains("work/secret"), "{what}: {text}");
        plain = unescaped(&plain);
    }
}

fn unescaped(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('\\') {
        plain += before;
        let code = after.strip_prefix('u').and_then(|code| u32::from_str_radix(code.get(..4)?, 16).ok());
        rest = match code.and_then(char::from_u32) {
            Some(letter) => {
                plain.push(letter);
                &after[5..]
            }
            None => after,
        };
    }
    plain + rest
}

/// A refusal of each family with this text in it, written by hand so that its spelling stays.
fn refusal(provider: &str, text: &str) -> String {
    match provider {
        "gemini" => {
            format!(r#"{{"error":{{"code":400,"message":"bad key {text}","status":"INVALID_ARGUMENT"}}}}"#)
        }
        "anthropic" => format!(
            r#"{{"type":"error","error":{{"type":"invalid_request_error","message":"bad key {text}"}}}}"#
        ),
        _ => format!(r#"{{"error":{{"message":"bad key {text}","type":"x","param":null,"code":null}}}}"#),
    }
}

#[tokio::test]
async fn no_refusal_carries_a_key_in_any_spelling_passed_on_or_translated() {
    for (provider, own, model) in [
        ("gemini", &GEMINI, "gemini-3-flash"),
        ("anthropic", &ANTHROPIC, "claude-opus-4-5"),
        ("openai", &OPENAI_CHAT, "gpt-5"),
    ] {
        let upstream = FakeUpstream::always(Reply::HangUp).await;
        let models = format!("[models]\n\"*\" = \"{model}\"\n");
        let proxy = spilling(provider, &upstream, &models).await;
        for spelt in SPELT {
            let body = refusal(provider, spelt);
            let nested = refusal(provider, &body.replace('\\', "\\\\").replace('"', "\\\""));
            let cut = body[..body.len() - 2].to_owned();
            for body in [body.clone(), nested, cut, format!("[{body}]"), format!("plain {spelt}")] {
                for status in [400, 404, 500, 503] {
                    upstream.now(Reply::whole(status, "application/json", body.clone()));
                    for dialect in dialect::ALL {
                        let answer = dialect.ask(&proxy, false).await;
                        let what = format!("{status} of {provider} to {}: {body}", dialect.name);
                        assert_eq!(answer.status.as_u16() / 100, status / 100, "{what}: {}", answer.text());
                        assert_clean(&what, &answer.text());
                        assert_clean(&what, &format!("{:?}", answer.headers));
                    }
                }
            }
        }
        let status = proxy.status().await.to_string();
        assert_clean("the status", &status);
        assert_clean("the records", &json!(proxy.records().await).to_string());
        assert_eq!(own.ask(&proxy, false).await.status, 503);
    }
}

/// The event by which each dialect reports a failure in the middle of a stream.
fn error_event(dialect: &Dialect, text: &str) -> String {
    match dialect.name {
        "gemini" => {
            format!("data: {{\"error\":{{\"code\":500,\"message\":\"{text}\",\"status\":\"INTERNAL\"}}}}\n\n")
        }
        "anthropic" => format!(
            "event: error\ndata: {{\"type\":\"error\",\"error\":{{\"type\":\"api_error\",\"message\":\"{text}\"}}}}\n\n"
        ),
        "openai-responses" => format!(
            "event: response.failed\ndata: {{\"type\":\"response.failed\",\"response\":{{\"id\":\"r1\",\
             \"status\":\"failed\",\"error\":{{\"code\":\"server_error\",\"message\":\"{text}\"}}}}}}\n\n"
        ),
        _ => format!(
            "data: {{\"error\":{{\"message\":\"{text}\",\"type\":\"server_error\",\"code\":null}}}}\n\n"
        ),
    }
}

#[tokio::test]
async fn no_error_event_carries_a_key_passed_on_or_translated() {
    for of in [&GEMINI, &ANTHROPIC, &OPENAI_CHAT, &OPENAI_RESPONSES] {
        for spelt in SPELT {
            let stream =
                of.events[0].to_owned() + of.events[1] + &error_event(of, &format!("bad {spelt} indeed"));
            let upstream = FakeUpstream::always(Reply::HangUp).await;
            let models = format!("[models]\n\"*\" = \"{}\"\n", of.model);
            let proxy = spilling(of.provider, &upstream, &models).await;
            for reply in [Reply::sse(stream.clone()), Reply::chunked("text/event-stream", &stream, 7)] {
                upstream.now(reply);
                for dialect in dialect::ALL {
                    if of.provider == "openai" && of.name != dialect.name {
                        // An OpenAI account is asked in the client's own protocol of the two.
                        continue;
                    }
                    let answer = dialect.ask(&proxy, true).await;
                    let what = format!("{} to {}: {spelt}", of.name, dialect.name);
                    assert!(answer.text().contains("indeed"), "{what}: {}", answer.text());
                    assert_clean(&what, &answer.text());
                }
            }
            assert_clean("the records", &json!(proxy.records().await).to_string());
        }
    }
}

#[tokio::test]
async fn an_error_at_the_end_of_an_array_carries_no_key_wherever_it_is_cut() {
    let path = "/v1beta/models/gemini-3-flash:streamGenerateContent";
    let first = r#"[{"candidates":[{"content":{"parts":[{"text":"hi"}]}}]}"#;
    for spelt in SPELT {
        let text = format!(r#"{first},{{"error":{{"code":500,"message":"bad {spelt} indeed"}}}}]"#);
        let sized = Reply::whole(200, "application/json", text.clone());
        for (size, reply) in [text.len(), 5]
            .map(|size| (size, Reply::chunked("application/json", &text, size)))
            .into_iter()
            .chain([(0, sized)])
        {
            let upstream = FakeUpstream::always(reply).await;
            let proxy = spilling("gemini", &upstream, "").await;
            let answer = proxy.post(path, &GEMINI.body(true)).await;
            assert!(answer.text().contains("indeed"), "{spelt} by {size}: {}", answer.text());
            assert_clean(spelt, &answer.text());
            assert!(answer.json()[1]["error"]["message"].is_string(), "{}", answer.text());
        }
    }
}

#[tokio::test]
async fn ordinary_events_pass_byte_for_byte_even_when_they_mention_errors() {
    for dialect in dialect::ALL {
        let odd = "data: {\"x\": \"an \\\"error\\\" \\u0041 \\/ in words\",  \"error\" : null}\n\n";
        let stream = odd.to_owned() + &dialect.stream();
        let upstream = FakeUpstream::always(Reply::sse(stream.clone())).await;
        let proxy = dialect.serve(&upstream, "").await;
        assert_eq!(dialect.ask(&proxy, true).await.text(), stream, "{}", dialect.name);
    }
}

#[tokio::test]
async fn a_status_that_is_not_final_becomes_a_502_and_the_connection_stays_open() {
    for head in [
        "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\nGARBAGE",
        "HTTP/1.1 999 Whatever\r\ncontent-length: 2\r\n\r\n{}",
        "HTTP/1.1 600 Whatever\r\ncontent-length: 2\r\n\r\n{}",
    ] {
        for family in Family::ALL {
            let upstream = FakeUpstream::always(Reply::Raw(head.as_bytes().into())).await;
            let proxy = TestProxy::serve(&super::family::accounts(&upstream)).await;
            let mut client = TcpStream::connect(proxy.address).await.expect("connected");
            let (path, body, host) = (family.path(), family.body(), proxy.address);
            let call = format!(
                "POST {path} HTTP/1.1\r\nhost: {host}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
                body.len()
            );
            let last = format!("GET /healthz HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n");
            client.write_all((call + &last).as_bytes()).await.expect("sent");
            let mut text = String::new();
            client.read_to_string(&mut text).await.expect("both answers");
            assert!(text.starts_with("HTTP/1.1 502 "), "{head:?}: {text}");
            assert!(text.contains("\"error\"") && text.contains("HTTP/1.1 200 OK"), "{head:?}: {text}");
        }
    }
}

#[tokio::test]
async fn a_refusal_that_is_not_json_arrives_in_the_clients_own_shape() {
    let bodies = [
        ("text/html", "<html><title>502 Bad Gateway</title></html>"),
        ("text/plain", "upstream connect error"),
        ("application/json", "{\"error\":{\"message\":\"cut"),
        ("application/json", ""),
    ];
    for dialect in dialect::ALL {
        let upstream = FakeUpstream::always(Reply::HangUp).await;
        let proxy = dialect.serve(&upstream, "").await;
        for (status, expected) in
            [(400, 400), (404, 404), (413, 413), (500, 500), (502, 502), (503, 503), (504, 504)]
        {
            for (content_type, body) in bodies {
                upstream.now(Reply::whole(status, content_type, body));
                for stream in [false, true] {
                    let answer = dialect.ask(&proxy, stream).await;
                    let what = format!("{} {status} {body:?}: {}", dialect.name, answer.text());
                    assert_eq!(answer.status.as_u16(), expected, "{what}");
                    assert_eq!(answer.header("content-type"), Some("application/json"), "{what}");
                    dialect.assert_error(&answer.json());
                    assert!(!answer.message().contains('<'), "{what}");
                }
            }
        }
    }
}

#[tokio::test]
async fn a_refusal_keeps_the_class_of_its_status_whatever_its_body_claims() {
    let claims = [
        json!({"type": "error", "error": {"type": "overloaded_error", "message": "a saying"}}),
        json!({"error": {"message": "a saying", "type": "server_error", "code": "server_error"}}),
        json!({"error": {"code": 500, "message": "a saying about an API key", "status": "INTERNAL"}}),
        json!({"error": {"code": 400, "message": "a saying about an API key", "status": "INVALID_ARGUMENT"}}),
        json!({"error": {"message": "a saying", "type": "rate_limit_error"}}),
    ];
    for provider in ["openai", "anthropic", "gemini"] {
        let model = dialect::ALL.iter().find(|dialect| dialect.provider == provider).expect("one").model;
        let upstream = FakeUpstream::always(Reply::HangUp).await;
        let models = format!("[models]\n\"*\" = \"{model}\"\n");
        let proxy = spilling(provider, &upstream, &models).await;
        for claim in &claims {
            for (status, expected) in [(400, 400), (404, 404), (422, 400), (500, 500)] {
                upstream.now(Reply::json(status, claim));
                for dialect in dialect::ALL {
                    let answer = dialect.ask(&proxy, false).await;
                    let what = format!("{status} of {provider} to {}: {claim}", dialect.name);
                    let is_own = dialect.provider == provider;
                    let found = answer.status.as_u16();
                    match (is_own, status) {
                        (true, _) => assert_eq!(found, status, "{what}"),
                        (false, 500) => assert_eq!(found / 100, 5, "{what}"),
                        (false, _) => assert_eq!(found, expected, "{what}"),
                    }
                    assert!(answer.message().contains("a saying"), "{what}: {}", answer.text());
                }
            }
        }
    }
}

/// This computer's address on a network: a caller from it counts as remote.
fn network_address() -> std::net::IpAddr {
    let probe = std::net::UdpSocket::bind("0.0.0.0:0").expect("a socket");
    probe.connect("192.0.2.1:9").expect("this test needs a network: no route leads out of this computer");
    let address = probe.local_addr().expect("an address").ip();
    assert!(!address.is_loopback() && !address.is_unspecified(), "this test needs a network, not {address}");
    address
}

#[tokio::test]
async fn callers_on_the_network_see_neither_account_names_nor_what_upstreams_said_about_them() {
    let saying = "organization org-of-mine is the culprit";
    let says =
        |status| Reply::json(status, &json!({"error": {"message": saying, "type": "x", "code": null}}));
    let upstream = FakeUpstream::always(Reply::HangUp).await;
    let name = "kept-to-ourselves";
    let spare = account("spare-to-ourselves", "anthropic", &upstream, "enabled = false");
    let config = proxy_section("allow_lan_access = true\nauth_mode = \"off\"")
        + &account(name, "openai", &upstream, "models = [\"gpt-5\"]")
        + &spare;
    let proxy = TestProxy::serve(&config).await;
    let outside = std::net::SocketAddr::new(network_address(), proxy.address.port());
    let ask = async |address, path: &str, body: Value| {
        let headers = [("content-type", "application/json"), ("x-api-key", CLIENT_KEY)];
        request(address, "POST", path, &headers, &body.to_string()).await
    };
    let chat = |model: &str| json!({"model": model, "messages": [{"role": "user", "content": "hi"}]});
    let inside = proxy.address;
    for (reply, model, expected) in [
        (says(200), "claude-opus-4-5", 404),
        (says(200), &format!("{name}/gpt-4o"), 404),
        (says(429).with_header("retry-after", "300"), "gpt-5", 429),
        (says(429), "gpt-5", 429),
    ] {
        upstream.now(reply);
        let answer = ask(outside, "/v1/chat/completions", chat(model)).await;
        assert_eq!(answer.status.as_u16(), expected, "{model}: {}", answer.text());
        let text = answer.text().replace(&format!("`{name}/gpt-4o`"), "what was asked");
        assert!(!text.contains("to-ourselves"), "{model}: {text}");
        assert!(!text.contains("org-of-mine"), "{model}: {text}");
        assert_eq!(answer.header("x-portcullis-account"), None);
    }
    let local = ask(inside, "/v1/chat/completions", chat("gpt-5")).await;
    assert!(local.message().contains(name) && local.message().contains(saying), "{}", local.message());

    assert!(proxy.home.run(&["account", "clear-cooldown"]).status.success());
    upstream.now(says(401));
    for turn in ["met", "remembered"] {
        let answer = ask(outside, "/v1/chat/completions", chat("gpt-5")).await;
        assert_eq!(answer.status, 503, "{turn}: {}", answer.text());
        assert!(
            !answer.text().contains("to-ourselves") && !answer.text().contains("org-of"),
            "{}",
            answer.text()
        );
    }
    let local = ask(inside, "/v1/chat/completions", chat("gpt-5")).await;
    assert!(local.message().contains(name), "{}", local.message());
}

#[tokio::test]
async fn a_stream_that_fails_late_ends_without_its_key_while_it_is_fed() {
    let upstream = FakeUpstream::always(Reply::fed_sse()).await;
    let proxy = spilling("openai", &upstream, "").await;
    let fed = async {
        upstream.feed_text(OPENAI_CHAT.events[0]).await;
        upstream.feed_text("data: {\"error\":{\"message\":\"").await;
        upstream.feed_text("up-work\\/secret+").await;
        upstream.feed_text("key\"}}\n\n").await;
        upstream.feed(Piece::End).await;
    };
    let (answer, ()) = tokio::join!(OPENAI_CHAT.ask(&proxy, true), fed);
    assert!(answer.text().contains("[secret]"), "{}", answer.text());
    assert_clean("a fed stream", &answer.text());
}

/// The line that shows an error may be the last of its event.
#[tokio::test]
async fn an_event_of_several_lines_carries_no_key_in_any_of_them() {
    for spelt in SPELT {
        let upstream = FakeUpstream::always(Reply::fed_sse()).await;
        let proxy = spilling("openai", &upstream, "").await;
        let fed = async {
            upstream.feed_text(OPENAI_CHAT.events[0]).await;
            for line in [
                format!("id: {KEY}\n"),
                format!("data: {{\"x\":\"{spelt}\",\n"),
                "data: \"error\":{\"message\":\"m\"}}\n".to_owned(),
                "\n".to_owned(),
            ] {
                upstream.feed_text(&line).await;
            }
            upstream.feed(Piece::End).await;
        };
        let (answer, ()) = tokio::join!(OPENAI_CHAT.ask(&proxy, true), fed);
        assert!(answer.text().contains("[secret]"), "{spelt}: {}", answer.text());
        assert_clean(spelt, &answer.text());
    }
}
