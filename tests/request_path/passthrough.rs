//! Same protocol on both sides: the bytes go through, and only the model may change.

use serde_json::json;

use crate::support::{FakeUpstream, Reply, TestProxy};

#[tokio::test]
async fn a_request_and_its_answer_cross_unchanged() {
    let answer = json!({"id": "x", "unknown": [1.0, {"a": null}], "usage": {"prompt_tokens": 3, "completion_tokens": 2}});
    let upstream = FakeUpstream::always(Reply::json(200, &answer)).await;
    let proxy = TestProxy::with_upstream("openai", &upstream).await;
    let body = "{ \"model\":\"gpt-5\",  \"messages\": [], \"odd\\u0020key\": 1.50 }";
    let response =
        proxy.send("POST", "/v1/chat/completions", &[("content-type", "application/json")], body).await;
    assert_eq!((response.status.as_u16(), response.text()), (200, answer.to_string()));
    let seen = &upstream.seen()[0];
    assert_eq!((seen.path.as_str(), &seen.body[..]), ("/v1/chat/completions", body.as_bytes()));
    assert_eq!(seen.header("authorization"), Some("Bearer up-work-secret-key"));
    let record = &proxy.records().await[0];
    assert_eq!(record["usage"]["input"], 3);
    assert_eq!(record["outcome"], "done");
}
