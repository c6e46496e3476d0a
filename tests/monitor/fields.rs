use serde_json::{Value, json};

use super::{read, recorded};
use crate::support::client::{chat, open};
use crate::support::{FakeUpstream, Reply, TestProxy};

#[tokio::test]
async fn a_request_leaves_a_full_record() {
    let (proxy, _upstream) = recorded("[models]\n\"fast\" = \"gpt-5-mini\"").await;
    let headers = [("content-type", "application/json"), ("user-agent", "OpenAI/Python 1.99.1")];
    let body = chat("fast", false).to_string();
    let answer = proxy.send("POST", "/v1/v1/chat/completions", &headers, &body).await;
    let record = &read(&proxy, "records").await[0];
    for (field, expected) in [
        ("id", json!(answer.header("x-request-id"))),
        ("protocol", json!("openai-chat")),
        ("operation", json!("chat/completions")),
        ("path", json!("/v1/v1/chat/completions")),
        ("client", json!("OpenAI/Python 1.99.1")),
        ("client_name", json!("OpenAI/Python")),
        ("model_asked", json!("fast")),
        ("model_used", json!("gpt-5-mini")),
        ("provider", json!("openai")),
        ("account", json!("work")),
        ("streamed", json!(false)),
        ("status", json!(200)),
        ("outcome", json!("done")),
        ("error", json!(null)),
        ("usage", json!({"input": 1000, "output": 200, "cached": 400, "cache_write": 0, "reasoning": 0})),
        // In dollars a million: 600 fresh tokens at 0.25, 400 cached at 0.025, 200 of output at 2.
        ("estimated_cost_usd", json!(0.00056)),
        ("bytes_in", json!(body.len())),
    ] {
        assert_eq!(record[field], expected, "{field}: {record}");
    }
    assert!(record["hint"].is_string() && record["peer"].as_str().is_some_and(|peer| peer.contains(':')));
    assert_eq!(record["attempts"].as_array().map(Vec::len), Some(1));
    let number = record["number"].as_i64().expect("a number");
    assert_eq!(read(&proxy, &format!("records/detail?number={number}")).await["id"], record["id"]);
}

#[tokio::test]
async fn tokens_written_to_a_cache_are_shown_wherever_cached_ones_are() {
    let usage = json!({
        "input_tokens": 10, "cache_creation_input_tokens": 300, "cache_read_input_tokens": 40, "output_tokens": 5
    });
    let message = json!({"type": "message", "role": "assistant", "content": [], "usage": usage});
    let upstream = FakeUpstream::always(Reply::json(200, &message)).await;
    let proxy = TestProxy::with_upstream("anthropic", &upstream).await;
    let body = json!({"model": "claude-haiku-4-5", "max_tokens": 9, "messages": []});
    assert_eq!(proxy.post("/v1/messages", &body).await.status, 200);
    let record = &read(&proxy, "records").await[0];
    let expected = json!({"input": 350, "output": 5, "cached": 40, "cache_write": 300, "reasoning": 0});
    assert_eq!(record["usage"], expected);
    // In dollars a million: 310 other tokens of input at 1, 40 cached at 0.1, 5 of output at 5.
    assert_eq!(record["estimated_cost_usd"], json!(0.000_339));
    assert_eq!(read(&proxy, "usage").await[0]["usage"], expected);
    let csv = proxy.control_call("GET", "/api/records/export?format=csv", "").await.text();
    let lines: Vec<Vec<&str>> = csv.lines().map(|line| line.split(',').collect()).collect();
    let column = lines[0].iter().position(|name| *name == "cache_write_tokens").expect("a column");
    assert_eq!(lines[1][column], "300");
    let metrics = proxy.control_call("GET", "/metrics", "").await.text();
    assert!(metrics.contains("type=\"cache_write\"} 300\n"), "{metrics}");
    let page = proxy.control_call("GET", &format!("/page/requests/{}", record["number"]), "").await.text();
    assert!(page.contains("of which written to a cache"), "{page}");
}

#[tokio::test]
async fn texts_that_a_client_chose_are_cut() {
    let (proxy, _upstream) = recorded("[models]\n\"*\" = \"gpt-5-mini\"").await;
    let long = "x".repeat(20_000);
    let path = format!("/v1{}chat/completions", "/".repeat(20_000));
    let headers = [("content-type", "application/json"), ("user-agent", long.as_str())];
    let body = chat(&format!("gpt-{}", &long[..3_000]), false).to_string();
    for (path, status) in [(path.as_str(), 200), (&format!("/v1/{long}"), 404)] {
        let answer = proxy.send("POST", path, &headers, &body).await;
        assert_eq!(answer.status, status, "{}", answer.text().chars().take(300).collect::<String>());
    }
    let unknown = proxy.send("POST", "/v1/messages", &headers, &body).await;
    assert_ne!(unknown.status, 404, "{}", unknown.text());
    let records = proxy.wait_for_records(3).await;
    for record in &records {
        for field in ["path", "client", "client_name", "model_asked", "model_used"] {
            let length = record[field].as_str().map_or(0, |text| text.chars().count());
            assert!(length <= 200, "{field} has {length} characters");
        }
        assert!(record.to_string().len() < 4_000, "{record}");
    }
    assert!(records[2]["path"].as_str().is_some_and(|path| path.starts_with("/v1///")), "{}", records[2]);
}

#[tokio::test]
async fn each_attempt_has_its_start_and_its_failure() {
    let limited = Reply::json(429, &json!({"error": {"message": "slow down"}}));
    let upstream = FakeUpstream::script([limited], super::answer()).await;
    let two =
        ["one", "two"].map(|name| crate::support::proxy::account(name, "openai", &upstream, "")).join("\n");
    let proxy = TestProxy::serve(&two).await;
    assert_eq!(proxy.chat("gpt-5").await.status, 200);
    let attempts = read(&proxy, "records").await[0]["attempts"].clone();
    assert_eq!((&attempts[0]["status"], &attempts[0]["fault"]), (&json!(429), &json!("rate_limited")));
    assert!(attempts[0]["failure"].as_str().is_some_and(|why| why.contains("slow down")), "{attempts}");
    assert_eq!(attempts[1]["failure"], Value::Null);
    assert!(attempts[1]["started_ms"].as_u64() >= attempts[0]["started_ms"].as_u64());
    assert_ne!(attempts[0]["account"], attempts[1]["account"]);
}

#[tokio::test]
async fn a_refused_request_is_recorded_with_the_reason() {
    let (proxy, _upstream) = recorded("[proxy]\nauth_mode = \"strict\"\napi_key = \"sk-0123456789\"").await;
    let headers = [("user-agent", "codex_cli_rs/0.9"), ("x-api-key", "sk-wrong-key-0000")];
    assert_eq!(proxy.send("POST", "/v1/messages", &headers, "{}").await.status, 401);
    let key = [("x-api-key", "sk-0123456789")];
    assert_eq!(proxy.send("POST", "/v9/nonsense", &key, "{}").await.status, 404);
    let records = read(&proxy, "records").await;
    let summary = |record: &Value| {
        ["protocol", "operation", "path", "status", "error_kind", "client_name"]
            .map(|field| record[field].clone())
    };
    let expected =
        [json!("anthropic"), json!("messages"), json!("/v1/messages"), json!(401), json!("unauthenticated")];
    assert_eq!(summary(&records[1])[..5], expected);
    assert_eq!(summary(&records[1])[5], "codex_cli_rs");
    assert_eq!((&records[0]["operation"], &records[0]["error_kind"]), (&Value::Null, &json!("not_found")));
    assert!(!records.to_string().contains("sk-wrong"), "{records}");
}

#[tokio::test]
async fn records_can_be_filtered_paged_and_summed() {
    let (proxy, _upstream) = recorded("").await;
    for model in ["gpt-5", "gpt-5-mini", "gpt-5", "no-such-model"] {
        proxy.chat(model).await;
    }
    let models = async |query: &str| {
        let records = read(&proxy, &format!("records?{query}")).await;
        let models = records.as_array().expect("a list").iter().map(|record| record["model_asked"].clone());
        models.collect::<Value>()
    };
    assert_eq!(models("errors=true").await, json!(["no-such-model"]));
    assert_eq!(models("model=gpt-5").await, json!(["gpt-5", "gpt-5"]));
    assert_eq!(models("model=gpt-*&limit=2").await, json!(["gpt-5", "gpt-5-mini"]));
    assert_eq!(models("protocol=gemini").await, json!([]));
    assert_eq!(models("text=NO-SUCH").await, json!(["no-such-model"]));
    assert_eq!(models("since=2099-01-01T00:00:00Z").await, json!([]));
    let last = read(&proxy, "records?limit=1").await[0]["number"].clone();
    assert_eq!(models(&format!("before={last}&limit=1")).await, json!(["gpt-5"]));
    let usage = read(&proxy, "usage?by=model&per=day").await;
    assert_eq!((&usage[0]["name"], &usage[0]["requests"]), (&json!("gpt-5"), &json!(2)));
    assert_eq!(usage[0]["usage"]["input"], 2000);
    for (query, word) in [
        ("records?colour=red", "colour"),
        ("records?errors=perhaps", "errors"),
        ("records?limit=-1", "limit"),
        ("records?since=yesterday", "since"),
        ("records/live?limit=1", "limit"),
        ("records/health?x=1", "x"),
        ("records/detail", "number"),
        ("records/detail?number=one", "number"),
        ("usage?per=minute", "per"),
        ("usage?by=colour", "by"),
    ] {
        let answer = proxy.control_call("GET", &format!("/api/{query}"), "").await;
        let error = answer.json()["error"].as_str().unwrap_or_default().to_owned();
        assert_eq!(
            (answer.status.as_u16(), error.contains(&format!("`{word}`"))),
            (400, true),
            "{query}: {error}"
        );
    }
    assert_eq!(proxy.control_call("GET", "/api/records/detail?number=1", "").await.status, 404);
    assert_eq!(proxy.control_call("GET", "/api/records/clear", "").await.status, 405);
    let cleared = proxy.control_call("POST", "/api/records/clear", "").await;
    assert_eq!(cleared.json(), json!({"cleared": 4}));
    assert_eq!(models("").await, json!([]));
}

#[tokio::test]
async fn a_client_that_goes_away_is_recorded_as_cancelled() {
    let upstream = FakeUpstream::always(Reply::fed_sse()).await;
    let proxy = TestProxy::with_upstream("openai", &upstream).await;
    let body = chat("gpt-5", true).to_string();
    let opened =
        open(proxy.address, "POST", "/v1/chat/completions", &[("content-type", "application/json")], body);
    let (stream, ()) = tokio::join!(opened, upstream.feed_text("data: {\"choices\":[]}\n\n"));
    drop(stream);
    let record = &proxy.wait_for_records(1).await[0];
    assert_eq!(
        (&record["outcome"], &record["streamed"], &record["error"]),
        (&json!("cancelled"), &json!(true), &Value::Null)
    );
    assert!(record["first_byte_ms"].is_u64(), "{record}");
    assert_eq!(read(&proxy, "records?errors=true").await, json!([]));
}

#[tokio::test]
async fn nothing_is_recorded_while_the_monitor_is_off() {
    let (proxy, upstream) = recorded("[monitor]\nenabled = false").await;
    proxy.chat("gpt-5").await;
    assert_eq!(read(&proxy, "records").await, json!([]));
    assert!(!proxy.home.file("monitor.db").exists());
    proxy.home.write_config(&crate::support::proxy::account("work", "openai", &upstream, ""));
    proxy.run(&["reload"]).await;
    proxy.chat("gpt-5").await;
    assert_eq!(read(&proxy, "records").await.as_array().map(Vec::len), Some(1));
}
