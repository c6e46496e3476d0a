//! What a demo account answers: the protocols' own streams, errors and references.

use serde_json::{Value, json};

use super::dialect::{self, data_of};
use crate::support::TestProxy;

const DEMO: &str = "[[accounts]]\nname = \"demo\"\nprovider = \"demo\"\nmodels = [\"*\"]\n";

/// The translators of real providers write its streams, with a pause between the events.
#[tokio::test]
async fn it_streams_in_pieces_and_its_record_agrees_with_the_answer() {
    let proxy = TestProxy::serve(DEMO).await;
    for (turn, dialect) in dialect::ALL.into_iter().enumerate() {
        let answer = dialect.ask(&proxy, true).await;
        assert_eq!(answer.status, 200, "{}: {}", dialect.name, answer.text());
        assert_eq!(answer.header("content-type"), Some("text/event-stream"), "{}", dialect.name);
        let events = data_of(&answer.text());
        assert!(events.len() > 3, "{}: {}", dialect.name, answer.text());
        assert!(answer.text().contains(dialect.terminator), "{}: {}", dialect.name, answer.text());
        let mut records = proxy.wait_for_records(turn + 1).await;
        records.retain(|record| record["protocol"] == dialect.name);
        let record = records.pop().expect("a record");
        assert_eq!((&record["provider"], &record["outcome"]), (&json!("demo"), &json!("done")), "{record}");
        assert_eq!(record["attempts"].as_array().map(Vec::len), Some(1), "{record}");
        // OpenAI's chat clients ask for the usage of a stream, and this one has not.
        let has_usage = record["usage"]["output"].as_u64() > Some(0);
        assert_eq!(has_usage, dialect.name != "openai-chat", "{record}");
    }
}

#[tokio::test]
async fn a_body_its_protocol_does_not_allow_is_a_400_that_names_the_field() {
    let proxy = TestProxy::serve(DEMO).await;
    for (path, body, field) in [
        ("/v1/chat/completions", json!({"model": "gpt-5", "messages": "hello"}), "messages"),
        ("/v1/chat/completions", json!({"model": "gpt-5", "messages": []}), "empty"),
        ("/v1/completions", json!({"model": "gpt-5"}), "prompt"),
        ("/v1/responses", json!({"model": "gpt-5", "input": 1}), "input"),
        ("/v1/messages", json!({"model": "claude-opus-4-5", "messages": 1}), "messages"),
        ("/v1/messages/count_tokens", json!({"model": "claude-opus-4-5"}), "messages"),
        ("/v1beta/models/gemini-3-flash:generateContent", json!({"contents": 1}), "contents"),
        ("/v1beta/models/gemini-3-flash:streamGenerateContent", json!({"contents": 1}), "contents"),
        ("/v1beta/models/gemini-3-flash:countTokens", json!({}), "contents"),
        ("/v1/embeddings", json!({"model": "text-embedding-3-small", "input": [true]}), "input[0]"),
        ("/v1/images/generations", json!({"model": "gpt-image-1"}), "prompt"),
    ] {
        let answer = proxy.post(path, &body).await;
        assert_eq!(answer.status, 400, "{path}: {}", answer.text());
        assert!(answer.message().contains(field), "{path}: {}", answer.text());
    }
}

#[tokio::test]
async fn a_responses_client_can_refer_to_its_earlier_answer() {
    let proxy = TestProxy::serve(DEMO).await;
    let first = proxy.post("/v1/responses", &json!({"model": "gpt-5", "input": "hello"})).await.json();
    let body =
        |previous: &Value| json!({"model": "gpt-5", "input": "again", "previous_response_id": previous});
    let second = proxy.post("/v1/responses", &body(&first["id"])).await;
    assert_eq!(second.status, 200, "{}", second.text());
    let input = |answer: &Value| answer["usage"]["input_tokens"].as_u64().expect("a count");
    assert!(input(&second.json()) > input(&first), "the earlier turns count");
    assert_eq!(proxy.post("/v1/responses", &body(&json!("resp_unknown"))).await.status, 400);
}
