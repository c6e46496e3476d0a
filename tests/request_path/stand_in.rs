//! The demo account beside paid ones: it answers for models that no other account serves.

use serde_json::json;

use crate::support::home::stdout;
use crate::support::proxy::account;
use crate::support::{FakeUpstream, Reply, TestProxy};

const DEMO: &str = "\n[[accounts]]\nname = \"demo\"\nprovider = \"demo\"\nmodels = [\"*\"]\n";

fn refusal() -> Reply {
    Reply::json(503, &json!({"error": {"message": "in trouble"}}))
}

#[tokio::test]
async fn it_never_answers_for_an_account_that_serves_the_model() {
    let real = FakeUpstream::always(refusal()).await;
    let proxy = TestProxy::serve(&(account("real", "openai", &real, "models = [\"gpt-5\"]") + DEMO)).await;
    for _ in 0..4 {
        let answer = proxy.chat("gpt-5").await;
        assert!(answer.status != 200, "an invented answer: {}", answer.text());
    }
    assert_eq!(proxy.chat("claude-opus-4-8").await.status, 200, "nobody else serves it");
}

#[tokio::test]
async fn it_does_not_answer_where_the_other_only_owns_the_name_or_has_lost_its_key() {
    let error = json!({"error": {"message": "no", "code": "invalid_api_key"}});
    let real = FakeUpstream::always(Reply::json(401, &error)).await;
    for order in
        [[account("real", "openai", &real, "").as_str(), DEMO], [DEMO, &account("real", "openai", &real, "")]]
    {
        let proxy = TestProxy::serve(&order.concat()).await;
        for _ in 0..3 {
            assert_ne!(proxy.chat("gpt-5").await.status, 200);
        }
        let named = proxy.chat("demo/gpt-5").await;
        assert_eq!(named.status, 200, "asked for by its name: {}", named.text());
    }
}

#[tokio::test]
async fn it_answers_for_an_account_that_is_switched_off() {
    let real = FakeUpstream::always(refusal()).await;
    let proxy = TestProxy::serve(&(account("real", "openai", &real, "enabled = false") + DEMO)).await;
    assert_eq!(proxy.chat("gpt-5").await.status, 200);
    assert_eq!(proxy.status().await["warnings"], json!([]), "there is nobody beside it");
}

#[tokio::test]
async fn its_answers_cost_nothing() {
    let proxy = TestProxy::serve(DEMO).await;
    assert_eq!(proxy.chat("gpt-5").await.status, 200);
    let record = proxy.wait_for_records(1).await.remove(0);
    assert_eq!(record["estimated_cost_usd"], 0.0, "{record}");
}

#[tokio::test]
async fn while_it_is_there_a_warning_says_so() {
    let real = FakeUpstream::always(refusal()).await;
    let proxy = TestProxy::serve(&(account("real", "openai", &real, "") + DEMO)).await;
    for arguments in [["status"], ["doctor"]] {
        let shown = stdout(&proxy.run(&arguments).await);
        assert!(shown.contains("account demo is the demo"), "{shown}");
    }
}
