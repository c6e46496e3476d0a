//! The record of requests from outside: its contents, its readers, and requests while it cannot
//! be written.

mod bodies;
mod commands;
mod export;
mod faults;
mod fields;
mod printable;

use serde_json::Value;

use crate::support::proxy::account;
use crate::support::{FakeUpstream, Reply, TestProxy, until};

/// A proxy with one OpenAI account, whose upstream answers everything.
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

/// The answer of the control API.
async fn read(proxy: &TestProxy, call: &str) -> Value {
    let answer = proxy.control_call("GET", &format!("/api/{call}"), "").await;
    assert_eq!(answer.status, 200, "{call}: {}", answer.text());
    answer.json()
}

async fn wait_for_health(proxy: &TestProxy, condition: impl Fn(&Value) -> bool) -> Value {
    until("the condition holds for the record's health", async || {
        Some(read(proxy, "records/health").await).filter(|health| condition(health))
    })
    .await
}
