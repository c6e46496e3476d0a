//! The tokens of an answer are counted once: the client and the record are given the same numbers,
//! whichever protocols meet and however the answer arrives.

use serde_json::{Value, json};

use crate::support::proxy::account;
use crate::support::{Answer, FakeUpstream, Reply, TestProxy};

const GEMINI: &str = "/v1beta/models/m:generateContent";
const GEMINI_EVENTS: &str = "/v1beta/models/m:streamGenerateContent?alt=sse";
const GEMINI_ARRAY: &str = "/v1beta/models/m:streamGenerateContent";

/// What Gemini counts for a prompt whose search results are billed as input.
fn with_tool_prompt() -> Value {
    json!({"promptTokenCount": 100, "toolUsePromptTokenCount": 900, "candidatesTokenCount": 5})
}

/// Usage objects with holes, or with numbers no model reaches.
fn odd_counts() -> [(Value, u64, u64); 4] {
    [
        (json!({"promptTokenCount": null, "candidatesTokenCount": 5}), 0, 5),
        (json!({"promptTokenCount": 7.0, "candidatesTokenCount": "5"}), 7, 5),
        (
            json!({"promptTokenCount": u64::MAX, "toolUsePromptTokenCount": 900, "candidatesTokenCount": 5}),
            MOST,
            5,
        ),
        (json!({"promptTokenCount": 1e30, "candidatesTokenCount": -5}), MOST, 0),
    ]
}

/// The largest number a record holds.
const MOST: u64 = i64::MAX as u64;

fn gemini_answer(usage: &Value) -> Value {
    let candidate = json!({"content": {"role": "model", "parts": [{"text": "hi"}]}, "finishReason": "STOP"});
    json!({"candidates": [candidate], "usageMetadata": usage})
}

fn gemini_reply(path: &str, usage: &Value) -> Reply {
    let answer = gemini_answer(usage);
    match path {
        GEMINI_EVENTS => Reply::sse(format!("data: {answer}\n\n")),
        GEMINI_ARRAY => Reply::whole(200, "application/json", format!("[{answer}]")),
        _ => Reply::json(200, &answer),
    }
}

async fn proxy(provider: &str, reply: Reply) -> (TestProxy, FakeUpstream) {
    let upstream = FakeUpstream::always(reply).await;
    let proxy = TestProxy::serve(&account("work", provider, &upstream, "models = [\"*\"]\n")).await;
    (proxy, upstream)
}

async fn ask_as_openai(proxy: &TestProxy, stream: bool) -> Answer {
    let mut body = json!({"model": "m", "messages": [{"role": "user", "content": "hi"}], "stream": stream});
    if stream {
        body["stream_options"] = json!({"include_usage": true});
    }
    proxy.post("/v1/chat/completions", &body).await
}

/// The usage object that an OpenAI client reads, whole or in the last chunk of a stream.
fn openai_usage(answer: &Answer, stream: bool) -> Value {
    if !stream {
        return answer.json()["usage"].clone();
    }
    let text = answer.text();
    let chunks = text.lines().filter_map(|line| line.strip_prefix("data: {"));
    let chunks = chunks.filter_map(|rest| serde_json::from_str::<Value>(&format!("{{{rest}")).ok());
    chunks.map(|chunk| chunk["usage"].clone()).rfind(Value::is_object).unwrap_or_default()
}

async fn recorded(proxy: &TestProxy) -> (u64, u64) {
    let usage = &proxy.wait_for_records(1).await[0]["usage"];
    let count = |name: &str| usage[name].as_u64().unwrap_or_else(|| panic!("{name} in {usage}"));
    (count("input"), count("output"))
}

#[tokio::test]
async fn the_tokens_a_tool_read_count_as_input_for_the_client_and_for_the_record() {
    for stream in [false, true] {
        let path = if stream { GEMINI_EVENTS } else { GEMINI };
        let (proxy, _upstream) = proxy("gemini", gemini_reply(path, &with_tool_prompt())).await;
        let answer = ask_as_openai(&proxy, stream).await;
        let usage = openai_usage(&answer, stream);
        assert_eq!((&usage["prompt_tokens"], &usage["completion_tokens"]), (&json!(1000), &json!(5)));
        assert_eq!(recorded(&proxy).await, (1000, 5), "stream: {stream}");
    }
}

#[tokio::test]
async fn an_answer_that_passes_untouched_is_recorded_with_the_tokens_a_tool_read() {
    for path in [GEMINI, GEMINI_EVENTS, GEMINI_ARRAY] {
        let (proxy, _upstream) = proxy("gemini", gemini_reply(path, &with_tool_prompt())).await;
        let answer = proxy.post(path, &json!({"contents": [{"parts": [{"text": "hi"}]}]})).await;
        assert_eq!(answer.status, 200, "{path}");
        assert_eq!(recorded(&proxy).await, (1000, 5), "{path}");
    }
}

#[tokio::test]
async fn odd_counts_neither_break_an_answer_nor_hide_the_counts_beside_them() {
    for (usage, input, output) in odd_counts() {
        for path in [GEMINI, GEMINI_EVENTS, GEMINI_ARRAY] {
            let (proxy, _upstream) = proxy("gemini", gemini_reply(path, &usage)).await;
            let answer = proxy.post(path, &json!({"contents": [{"parts": [{"text": "hi"}]}]})).await;
            assert_eq!(answer.status, 200, "{path} {usage}");
            assert_eq!(recorded(&proxy).await, (input, output), "{path} {usage}");
        }
        for stream in [false, true] {
            let path = if stream { GEMINI_EVENTS } else { GEMINI };
            let (proxy, _upstream) = proxy("gemini", gemini_reply(path, &usage)).await;
            let answer = ask_as_openai(&proxy, stream).await;
            assert_eq!(
                openai_usage(&answer, stream)["completion_tokens"],
                output,
                "{usage}: {}",
                answer.text()
            );
            assert_eq!(recorded(&proxy).await, (input, output), "{usage}, stream: {stream}");
        }
    }
}

/// Some gateways send the names of both OpenAI protocols, and fill one pair only.
#[tokio::test]
async fn a_count_under_either_of_openais_names_is_read() {
    for usage in [
        json!({"prompt_tokens": 9, "completion_tokens": 4, "input_tokens": 0, "output_tokens": 0,
               "input_tokens_details": null}),
        json!({"input_tokens": 9, "output_tokens": 4}),
    ] {
        let message = json!({"role": "assistant", "content": "hi"});
        let choice = json!({"index": 0, "message": message, "finish_reason": "stop"});
        let reply = Reply::json(200, &json!({"id": "c", "choices": [choice], "usage": usage}));
        let (proxy, _upstream) = proxy("openai-compatible", reply).await;
        assert_eq!(ask_as_openai(&proxy, false).await.status, 200, "{usage}");
        assert_eq!(recorded(&proxy).await, (9, 4), "{usage}");
    }
}
