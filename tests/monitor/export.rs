use serde_json::json;

use super::recorded;
use crate::support::client::request;
use crate::support::proxy::account;
use crate::support::{FakeUpstream, Reply, TestProxy};

#[tokio::test]
async fn metrics_are_served_with_the_token_only() {
    let (proxy, _upstream) = recorded("").await;
    proxy.chat("gpt-5").await;
    proxy.chat("no-such-model").await;
    let (address, token) = proxy.control();
    assert_eq!(request(address, "GET", "/metrics", &[], "").await.status, 401);
    let answer = request(address, "GET", "/metrics", &[("x-portcullis-token", &token)], "").await;
    assert!(
        answer.header("content-type").is_some_and(|kind| kind.starts_with("application/openmetrics-text"))
    );
    let text = answer.text();
    let of = "provider=\"openai\",account=\"work\",model=\"gpt-5\"";
    for line in [
        format!(
            "portcullis_requests_total{{{of},protocol=\"openai-chat\",outcome=\"done\",status=\"200\"}} 1\n"
        ),
        format!("portcullis_tokens_total{{{of},type=\"input\"}} 1000\n"),
        "kind=\"model_not_found\"} 1\n".to_owned(),
        format!(
            "portcullis_request_duration_seconds_count{{{of},protocol=\"openai-chat\",streamed=\"false\"}} 1\n"
        ),
        "portcullis_accounts{provider=\"openai\",state=\"ready\"} 1\n".to_owned(),
        "portcullis_up 1\n".to_owned(),
        "portcullis_records_dropped_total 0\n".to_owned(),
    ] {
        assert!(text.contains(&line), "{line}{text}");
    }
    assert!(text.ends_with("# EOF\n") && text.matches("# EOF").count() == 1, "{text}");
    assert!(!text.contains("sk-"), "{text}");
}

/// Everything that the collector got on a path, as text.
fn sent(collector: &FakeUpstream, path: &str) -> String {
    let seen = collector.seen().into_iter().filter(|seen| seen.path == path);
    seen.map(|seen| String::from_utf8_lossy(&seen.body).into_owned()).collect()
}

#[tokio::test]
async fn a_collector_gets_spans_and_metrics_and_nothing_of_the_prompt() {
    let collector = FakeUpstream::always(Reply::whole(200, "application/x-protobuf", "")).await;
    let refusal = Reply::json(400, &json!({"error": {"message": "cannot read prompt-needle"}}));
    let upstream = FakeUpstream::script([super::answer(), refusal], super::answer()).await;
    let accounts = account("work", "openai", &upstream, "");
    let mut proxy = TestProxy::serve(&accounts).await;
    proxy.chat("before-it-is-on").await;
    proxy.home.write_config(&format!("[telemetry]\notlp_endpoint = \"{}\"\n{accounts}", collector.url()));
    proxy.run(&["reload"]).await;
    let body = |text: &str| json!({"model": "gpt-5", "messages": [{"role": "user", "content": text}]});
    assert_eq!(proxy.post("/v1/chat/completions", &body("prompt-needle")).await.status, 200);
    assert_eq!(proxy.post("/v1/chat/completions", &body("prompt-needle")).await.status, 400);
    proxy.run(&["quit"]).await;
    proxy.ended().await;
    let (traces, metrics) = (sent(&collector, "/v1/traces"), sent(&collector, "/v1/metrics"));
    for name in [
        "chat gpt-5",
        "gen_ai.operation.name",
        "gen_ai.provider.name",
        "gen_ai.request.model",
        "gen_ai.usage.input_tokens",
        "error.type",
        "portcullis.account",
    ] {
        assert!(traces.contains(name), "{name}: {traces:?}");
    }
    for name in ["gen_ai.client.operation.duration", "gen_ai.client.token.usage", "gen_ai.token.type"] {
        assert!(metrics.contains(name), "{name}: {metrics:?}");
    }
    for secret in ["needle", "sk-", "before-it-is-on"] {
        assert!(!traces.contains(secret) && !metrics.contains(secret), "{secret}");
    }
}

#[tokio::test]
async fn a_collector_that_never_answers_delays_no_request() {
    let collector = FakeUpstream::always(Reply::Silence).await;
    let upstream = FakeUpstream::always(super::answer()).await;
    let accounts = account("work", "openai", &upstream, "");
    let config = format!("[telemetry]\notlp_endpoint = \"{}\"\n{accounts}", collector.url());
    let mut proxy = TestProxy::serve(&config).await;
    for _ in 0..20 {
        assert_eq!(proxy.chat("gpt-5").await.status, 200);
    }
    assert_eq!(super::read(&proxy, "records").await.as_array().map(Vec::len), Some(20));
    proxy.run(&["quit"]).await;
    assert_eq!(proxy.ended().await.0, Some(0));
}
