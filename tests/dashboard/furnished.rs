//! An agent with content on every page, and long names wherever names can be long.

use serde_json::json;

use super::{KEY, ask};
use crate::support::{FakeUpstream, Home, Reply, TestProxy};

const LONG: &str = "an-account-whose-owner-could-not-stop-writing-its-name";

/// Accounts in several states, models, prices, and answers of every outcome.
pub async fn furnished() -> (TestProxy, FakeUpstream) {
    let refusal = Reply::json(401, &json!({ "error": { "message": "Incorrect API key provided" } }));
    let upstream = FakeUpstream::always(refusal).await;
    let proxy = TestProxy::serve_home(Home::with_config(&config(&upstream)), &["serve", "--port", "0"]).await;
    for (model, client) in [
        ("demo-1", "claude-cli/2.1.197 (external, cli)"),
        ("unserved-model-with-a-long-name-2026-10-21-preview", "OpenAI/Python 3.54.0"),
        ("refused-1", "a-client-of-somebody/1.0 (with a long comment about itself)"),
        ("demo-2", "curl/8.5.0"),
    ] {
        ask(&proxy, model, client).await;
    }
    proxy.wait_for_records(4).await;
    (proxy, upstream)
}

/// The pages, and the detail of a request that failed on several accounts.
pub async fn addresses(proxy: &TestProxy) -> Vec<String> {
    let records = proxy.records().await;
    let failed = records.iter().find(|record| record["model_asked"] == "refused-1").expect("recorded");
    let fixed = [
        "/",
        "/requests",
        "/requests?errors=true&client=curl&text=nothing-like-this",
        "/usage?per=hour&by=model",
        "/usage?per=week&by=account",
        "/accounts",
        "/settings",
        "/requests/1",
    ];
    let detail = format!("/requests/{}", failed["number"]);
    fixed.into_iter().map(str::to_owned).chain([detail]).collect()
}

fn config(upstream: &FakeUpstream) -> String {
    let url = upstream.url();
    format!(
        "language = \"en\"\n[proxy]\napi_key = \"{KEY}\"\n[monitor]\ncapture_bodies = \"all\"\n\
         [models]\n\"a-rather-long-pattern-of-models-*\" = \"demo/an-equally-long-name-of-a-model\"\n\
         [prices]\n\"a-rather-long-pattern-of-models-*\" = {{ input = 1.25, cached_input = 0.125, output = 10 }}\n\
         [[accounts]]\nname = \"demo\"\nprovider = \"demo\"\nmodels = [\"demo*\", \"gpt-*\"]\n\
         [[accounts]]\nname = \"{LONG}\"\nprovider = \"openai\"\napi_key = \"k-refused-1\"\nbase_url = \"{url}/v1\"\nmodels = [\"refused*\"]\n\
         [[accounts]]\nname = \"second\"\nprovider = \"openai\"\napi_key = \"k-refused-2\"\nbase_url = \"{url}/v1\"\nmodels = [\"refused*\"]\n\
         [[accounts]]\nname = \"unused\"\nprovider = \"openai-compatible\"\nbase_url = \"http://127.0.0.1:9/v1\"\nenabled = false\n"
    )
}
