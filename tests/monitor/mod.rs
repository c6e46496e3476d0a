//! The record of requests from outside: what is in it, who can read it, and what becomes
//! of requests when it cannot be written.

mod bodies;
mod commands;
mod export;
mod faults;
mod fields;
mod printable;

use serde_json::Value;

use crate::support::proxy::account;
use crate::support::{FakeUpstream, Reply, TestProxy, until};

/// A proxy with one OpenAI account before an upstream that answers everything.
async fn recorded(config: &str) -> (TestProxy, FakeUpstream) {
    let upstream = FakeUpstream::always(answer()).await;
    let proxy = TestProxy::serve(&format!("{config}\n{}", account("work", "openai", &upstream, ""))).await;
    (proxy, upstream)
}

fn answer() -> Reply {
    let usage = serde_json::json!({
        "prompt_tokens": 1000,
        "completion_tokens": 200,
        "prompt_tokens_details": { "cached_tokens": 400 }
    });
    Reply::json(200, &serde_json::json!({ "choices": [], "usage": usage }))
}

/// What the control API answers.
async fn read(proxy: &TestProxy, call: &str) -> Value {
    let answer = proxy.control_call("GET", &format!("/api/{call}"), "").await;
    assert_eq!(answer.status, 200, "{call}: {}", answer.text());
    answer.json()
}

async fn wait_for_health(proxy: &TestProxy, wanted: impl Fn(&Value) -> bool) -> Value {
    until("the record's health is as wanted", async || {
        Some(read(proxy, "records/health").await).filter(|health| wanted(health))
    })
    .await
}
