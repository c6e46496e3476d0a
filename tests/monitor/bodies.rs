use serde_json::{Value, json};

use super::{read, recorded};
use crate::support::client::chat;
use crate::support::{FakeUpstream, Reply, TestProxy};

const KEY: &str = "sk-upstream-Zq81mVx0c9Lr";

async fn detail(proxy: &TestProxy) -> Value {
    let number = read(proxy, "records?limit=1").await[0]["number"].clone();
    read(proxy, &format!("records/detail?number={number}")).await
}

fn account(upstream: &FakeUpstream, capture: &str) -> String {
    let account = format!(
        "[[accounts]]\nname = \"work\"\nprovider = \"openai\"\napi_key = \"{KEY}\"\nbase_url = \"{}/v1\"\n",
        upstream.url()
    );
    format!("[monitor]\ncapture_bodies = \"{capture}\"\n{account}")
}

#[tokio::test]
async fn all_bodies_are_kept_on_request_without_secrets() {
    let upstream = FakeUpstream::always(Reply::json(200, &json!({ "echo": KEY, "choices": [] }))).await;
    let proxy = TestProxy::serve(&account(&upstream, "all")).await;
    let body =
        json!({"model": "gpt-5", "messages": [{"role": "user", "content": format!("my key is {KEY}")}]});
    assert_eq!(proxy.post("/v1/chat/completions", &body).await.status, 200);
    let detail = detail(&proxy).await;
    let text = |side: &str| detail[side]["text"].as_str().expect("kept").to_owned();
    assert_eq!(text("request_body"), body.to_string().replace(KEY, "[secret]"));
    assert!(text("response_body").contains("[secret]"), "{detail}");
    assert_eq!(detail["request_body"]["length"], body.to_string().len());
    assert_eq!(detail["request_body"]["truncated"], false);
    proxy.run(&["quit"]).await;
    for name in ["monitor.db", "monitor.db-wal"] {
        let bytes = std::fs::read(proxy.home.file(name)).unwrap_or_default();
        assert!(memchr::memmem::find(&bytes, KEY.as_bytes()).is_none(), "{name} holds the key");
    }
}

#[tokio::test]
async fn the_beginning_of_a_stream_is_kept_as_the_client_got_it() {
    let event = format!("data: {{\"choices\":[{{\"delta\":{{\"content\":\"{}\"}}}}]}}\n\n", "x".repeat(1000));
    let stream = event.repeat(400) + "data: [DONE]\n\n";
    let upstream = FakeUpstream::always(Reply::chunked("text/event-stream", &stream, 3000)).await;
    let proxy = TestProxy::serve(&account(&upstream, "all")).await;
    let answer = proxy.post("/v1/chat/completions", &chat("gpt-5", true)).await;
    assert_eq!(answer.text(), stream);
    proxy.wait_for_records(1).await;
    let detail = detail(&proxy).await;
    let kept = detail["response_body"]["text"].as_str().expect("kept");
    assert!(stream.starts_with(kept) && kept.len() == 256 << 10, "{} bytes", kept.len());
    assert_eq!(detail["response_body"]["length"], stream.len());
    assert_eq!(detail["response_body"]["truncated"], true);
}

#[tokio::test]
async fn a_key_in_the_wrong_place_is_not_recorded() {
    let upstream = FakeUpstream::always(super::answer()).await;
    let proxy = TestProxy::serve(&account(&upstream, "none")).await;
    let headers = [("content-type", "application/json"), ("user-agent", KEY)];
    let body = chat(&format!("gpt-{KEY}"), false).to_string();
    proxy.send("POST", "/v1/chat/completions", &headers, &body).await;
    proxy.get(&format!("/v1/{KEY}")).await;
    let records = read(&proxy, "records").await;
    assert_eq!(records.as_array().map(Vec::len), Some(2));
    assert!(!records.to_string().contains(KEY), "{records}");
    assert_eq!(records[1]["model_asked"], "gpt-[secret]");
    assert_eq!(records[1]["model_used"], "gpt-[secret]");
}

#[tokio::test]
async fn the_bodies_of_failures_alone_are_kept_on_request() {
    let refusal = Reply::json(400, &json!({"error": {"message": "no such tool"}}));
    let upstream = FakeUpstream::script([super::answer(), refusal], super::answer()).await;
    let proxy = TestProxy::serve(&account(&upstream, "errors")).await;
    assert_eq!(proxy.chat("gpt-5").await.status, 200);
    assert_eq!(detail(&proxy).await["request_body"], Value::Null);
    assert_eq!(proxy.chat("gpt-5").await.status, 400);
    let failed = detail(&proxy).await;
    assert!(
        failed["request_body"]["text"].as_str().is_some_and(|text| text.contains("messages")),
        "{failed}"
    );
    assert!(failed["response_body"]["text"].as_str().is_some_and(|text| text.contains("no such tool")));
}

#[tokio::test]
async fn no_body_is_kept_until_the_config_says_so() {
    let (proxy, upstream) = recorded("").await;
    proxy.chat("gpt-5").await;
    assert_eq!(detail(&proxy).await["request_body"], Value::Null);
    proxy.home.write_config(&account(&upstream, "all"));
    proxy.run(&["reload"]).await;
    proxy.chat("gpt-5").await;
    assert!(detail(&proxy).await["request_body"].is_object());
}
