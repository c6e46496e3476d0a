//! The memory that one request may take, and all together. It counts what a request becomes,
//! not only what was sent.

use bytes::Bytes;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::family::{Family, JSON, status_of};
use crate::support::client::{self, open};
use crate::support::proxy::{LIMIT, account, proxy_section};
use crate::support::{Answer, FakeUpstream, Reply, TestProxy};

const MEGABYTE: usize = 1 << 20;

/// Clients whose requests are translated: the path, the family, and the members of a request
/// beside its padding.
const TRANSLATED: [(&str, Family, &str); 4] = [
    (
        "/v1/chat/completions",
        Family::OpenAi,
        r#""model":"claude","messages":[{"role":"user","content":"hi"}]"#,
    ),
    ("/v1/responses", Family::OpenAi, r#""model":"chat","input":"hi""#),
    (
        "/v1/messages",
        Family::Anthropic,
        r#""model":"chat","max_tokens":9,"messages":[{"role":"user","content":"hi"}]"#,
    ),
    (
        "/v1beta/models/chat:generateContent",
        Family::Gemini,
        r#""contents":[{"role":"user","parts":[{"text":"hi"}]}]"#,
    ),
];

/// A whole chat completion with this text.
fn says(text: &str) -> Reply {
    let message = json!({"role": "assistant", "content": text});
    Reply::json(
        200,
        &json!({"id": "c", "object": "chat.completion", "created": 1, "model": "m",
                "choices": [{"index": 0, "finish_reason": "stop", "message": message}]}),
    )
}

/// `chat` is a model of a chat completions server, `claude` one of Anthropic's.
async fn proxy(lines: &str, upstream: &FakeUpstream) -> TestProxy {
    let models = "[models]\nchat = \"theirs/m\"\nclaude = \"anthropic/m\"\n";
    let accounts = account("theirs", "openai-compatible", upstream, "")
        + &account("anthropic", "anthropic", upstream, models);
    TestProxy::serve(&(proxy_section(lines) + &accounts)).await
}

async fn send(proxy: &TestProxy, path: &str, body: impl Into<Bytes>) -> Answer {
    let mut stream = open(proxy.address, "POST", path, &[JSON], body).await;
    let (text, cut) = stream.rest().await;
    Answer { status: stream.status, headers: stream.headers.clone(), body: text.into(), cut }
}

#[tokio::test]
async fn a_body_of_nothing_but_values_is_413_before_it_is_parsed() {
    let upstream = FakeUpstream::always(says("hi")).await;
    let proxy = proxy("", &upstream).await;
    for (number, (path, family, says)) in TRANSLATED.into_iter().enumerate() {
        for value in [["0,", "{},"], ["0,", "[],"], ["0,", "\"\","], ["0,", "{\"a\":0},"]][number] {
            let padding = value.repeat(20 * MEGABYTE / value.len());
            let answer = send(&proxy, path, format!("{{{says},\"pad\":[{padding}0]}}")).await;
            family.assert_error(&answer, 413, &["JSON values", "MB of memory", "max_body_mb"]);
        }
    }
    assert!(upstream.seen().is_empty());
    #[cfg(target_os = "linux")]
    assert!(proxy.peak_memory() < 250 * MEGABYTE, "{} bytes", proxy.peak_memory());
}

#[tokio::test]
async fn a_body_that_passes_unread_may_be_dense() {
    let upstream = FakeUpstream::always(says("hi")).await;
    let proxy = proxy("", &upstream).await;
    let padding = "0,".repeat(10 * MEGABYTE);
    let body = format!("{{{},\"pad\":[{padding}0]}}", TRANSLATED[0].2.replace("claude", "chat"));
    let answer = send(&proxy, "/v1/chat/completions", body).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
}

#[tokio::test]
async fn a_conversation_of_ninety_megabytes_passes() {
    let upstream = FakeUpstream::always(says("hi")).await;
    let proxy = proxy("", &upstream).await;
    let text = "It was a bright cold day in April. ".repeat(57);
    let turns = ["user", "assistant"]
        .map(|role| json!({"role": role, "content": [{"type": "text", "text": text}]}).to_string());
    let messages = vec![turns.join(","); 90 * MEGABYTE / turns.join(",").len()].join(",");
    let body = format!("{{\"model\":\"chat\",\"max_tokens\":9,\"messages\":[{messages}]}}");
    let length = body.len();
    let answer = send(&proxy, "/v1/messages", body).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let sent = upstream.seen().pop().expect("a request").body.len();
    assert!(sent > length * 9 / 10, "{sent} of {length}");
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_body_that_comes_byte_by_byte_counts_its_bytes_only() {
    let upstream = FakeUpstream::always(says("hi")).await;
    let proxy = proxy("", &upstream).await;
    let body = format!("{{{},\"pad\":\"{}\"}}", TRANSLATED[2].2, "x".repeat(MEGABYTE));
    let mut stream = TcpStream::connect(proxy.address).await.expect("connected");
    let head = "POST /v1/messages HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
                transfer-encoding: chunked\r\nconnection: close\r\n\r\n";
    stream.write_all(head.as_bytes()).await.expect("sent");
    let before = proxy.peak_memory();
    let chunks: Vec<u8> = body.bytes().flat_map(|byte| [b'1', b'\r', b'\n', byte, b'\r', b'\n']).collect();
    stream.write_all(&chunks).await.expect("sent");
    stream.write_all(b"0\r\n\r\n").await.expect("sent");
    let mut answer = String::new();
    timeout(LIMIT, stream.read_to_string(&mut answer)).await.expect("in time").expect("text");
    assert_eq!(status_of(&answer), 200, "{answer}");
    // The body, its copy in one piece, its decoded values and the encoded request.
    let taken = proxy.peak_memory() - before;
    assert!(taken < 16 * MEGABYTE, "{taken} bytes");
}

/// Gets an answer with a text of this length, and returns the ids of the answer and of the
/// message in it.
async fn remembered(proxy: &TestProxy, upstream: &FakeUpstream, length: usize) -> (Value, Value) {
    upstream.now(says(&"x".repeat(length)));
    let answer = proxy.post("/v1/responses", &json!({"model": "chat", "input": "hi"})).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    upstream.forget();
    let answer = answer.json();
    (answer["id"].clone(), answer["output"][0]["id"].clone())
}

#[tokio::test]
async fn an_answer_that_a_request_refers_to_counts_as_if_it_were_sent() {
    let upstream = FakeUpstream::always(says("hi")).await;
    let proxy = proxy("max_body_mb = 2", &upstream).await;
    let (answer, item) = remembered(&proxy, &upstream, MEGABYTE).await;
    let reference = json!({"type": "item_reference", "id": item});
    let untyped = json!({"id": item});
    for (body, what) in [
        (json!({"input": vec![&reference; 1_000]}), "a thousand references"),
        (json!({"input": vec![&untyped; 2]}), "two, without a type"),
        (json!({"input": [&reference], "previous_response_id": answer}), "a reference and an answer"),
        (json!({"input": "x".repeat(MEGABYTE), "previous_response_id": answer}), "an answer and a text"),
        (json!({"input": vec![&reference; 1_000], "stream": true}), "as a stream"),
    ] {
        let mut body = body;
        body["model"] = json!("chat");
        let refused = proxy.post("/v1/responses", &body).await;
        Family::OpenAi.assert_error(&refused, 413, &["refers to", "2 MB", "max_body_mb"]);
        assert!(upstream.seen().is_empty(), "{what}");
    }
    let once = json!({"model": "chat", "input": [&reference, {"role": "user", "content": "and?"}]});
    assert_eq!(proxy.post("/v1/responses", &once).await.status, 200);
}

#[tokio::test]
async fn a_request_may_refer_to_much_where_there_is_room_for_it() {
    let upstream = FakeUpstream::always(says("hi")).await;
    let proxy = proxy("", &upstream).await;
    let (answer, item) = remembered(&proxy, &upstream, 2 * MEGABYTE).await;
    let input = json!([{"type": "item_reference", "id": item}, {"role": "user", "content": "and?"}]);
    let body = json!({"model": "chat", "input": input, "previous_response_id": answer});
    let answer = proxy.post("/v1/responses", &body).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let sent = upstream.seen().pop().expect("a request").body.len();
    assert!((4 * MEGABYTE..5 * MEGABYTE).contains(&sent), "both, each once: {sent} bytes");
}

#[tokio::test]
async fn an_answer_of_nothing_but_values_is_502() {
    let upstream = FakeUpstream::always(says("hi")).await;
    let proxy = proxy("", &upstream).await;
    let padding = "0,".repeat(10 * MEGABYTE);
    upstream.now(Reply::whole(200, "application/json", format!("{{\"choices\":[],\"pad\":[{padding}0]}}")));
    for (path, family, says) in TRANSLATED {
        let answer = send(&proxy, path, format!("{{{says}}}")).await;
        family.assert_error(&answer, 502, &["the upstream's answer", "JSON values"]);
    }
    #[cfg(target_os = "linux")]
    assert!(proxy.peak_memory() < 250 * MEGABYTE, "{} bytes", proxy.peak_memory());
}

#[tokio::test]
async fn stalled_uploads_turn_no_small_request_away_and_are_given_up() {
    const LARGEST: usize = 40 * MEGABYTE;
    let upstream = FakeUpstream::always(says("hi")).await;
    let proxy = proxy("max_body_mb = 40", &upstream).await;
    // Together they take all there is; the last one finds no room.
    let mut uploads = Vec::new();
    for (path, ..) in TRANSLATED.iter().cycle().take(7) {
        let mut stream = TcpStream::connect(proxy.address).await.expect("connected");
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
             connection: close\r\ncontent-length: {LARGEST}\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).await.expect("sent");
        // A refused request is not read to its end.
        let _ = timeout(LIMIT, stream.write_all(&vec![b' '; LARGEST - 60])).await.expect("taken in");
        uploads.push(stream);
    }
    let large = format!("{{{},\"pad\":\"{}\"}}", TRANSLATED[2].2, "x".repeat(20 * MEGABYTE));
    let refused = send(&proxy, "/v1/messages", large.clone()).await;
    Family::Anthropic.assert_error(&refused, 503, &["too many large requests"]);
    assert!(refused.header("retry-after").is_some());
    for (path, _, says) in TRANSLATED {
        let small = format!("{{{says},\"pad\":\"{}\"}}", "x".repeat(MEGABYTE / 2));
        let answer = send(&proxy, path, small).await;
        // An answer in the chat completions protocol is not one of Anthropic's.
        let is_answered = answer.status == 200 || path == "/v1/chat/completions";
        assert!(is_answered, "{path}: {}", answer.text());
    }
    assert!(upstream.seen().len() >= TRANSLATED.len(), "every small one was asked");
    let mut statuses = Vec::new();
    for mut upload in uploads {
        let mut answer = Vec::new();
        let _ = timeout(LIMIT, upload.read_to_end(&mut answer)).await.expect("given up");
        let answer = String::from_utf8_lossy(&answer).into_owned();
        if !answer.is_empty() {
            statuses.push(status_of(&answer));
        }
    }
    let late = statuses.iter().filter(|status| **status == 408).count();
    assert!(late >= 5, "{statuses:?}");
    let answer = send(&proxy, "/v1/messages", large).await;
    assert_eq!(answer.status, 200, "there is room again: {}", answer.text());
    assert_eq!(client::request(proxy.address, "GET", "/healthz", &[], "").await.status, 200);
}
