//! An account that cannot pay rests until it can.

use serde_json::{Value, json};

use super::dialect::{self, ANTHROPIC};
use crate::support::home::stdout;
use crate::support::proxy::account;
use crate::support::{FakeUpstream, Reply, TestProxy};

fn spent() -> Reply {
    Reply::json(402, &json!({"error": {"message": "Insufficient Balance", "type": "x"}}))
}

async fn serve(dialect: &dialect::Dialect, upstream: &FakeUpstream) -> TestProxy {
    let work = account("work", dialect.provider, upstream, "");
    TestProxy::serve(&format!("[pool]\nmax_cooldown_secs = 600\n{work}")).await
}

async fn wait_for(proxy: &TestProxy, state: &str) -> Value {
    proxy.wait_for_status(state, |status| status["accounts"][0]["state"] == state).await["accounts"][0]
        .clone()
}

fn wait_of(answer: &crate::support::Answer) -> u64 {
    answer.header("retry-after").and_then(|seconds| seconds.parse().ok()).expect("seconds")
}

#[tokio::test]
async fn an_account_without_credit_rests_and_the_client_reads_for_how_long_in_each_protocol() {
    for dialect in dialect::ALL {
        for (reply, expected) in [(spent(), 600), (spent().with_header("retry-after", "90"), 90)] {
            let upstream = FakeUpstream::always(reply).await;
            let proxy = serve(dialect, &upstream).await;
            for stream in [false, true] {
                let answer = dialect.ask(&proxy, stream).await;
                assert_eq!(answer.status, 429, "{}: {}", dialect.name, answer.text());
                let wait = wait_of(&answer);
                assert!((expected - 60..=expected).contains(&wait), "{}: {wait}", dialect.name);
            }
            assert_eq!(upstream.seen().len(), 1, "{}: it is not asked again", dialect.name);
            let account = wait_for(&proxy, "cooling").await;
            assert_eq!(account["reason"], "payment required: Insufficient Balance");
        }
    }
}

#[tokio::test]
async fn a_rest_for_lack_of_credit_outlasts_a_restart_and_ends_by_a_command_or_a_successful_test() {
    let upstream = FakeUpstream::always(spent()).await;
    let mut proxy = serve(&ANTHROPIC, &upstream).await;
    for command in ["clear-cooldown", "enable", "test"] {
        upstream.now(spent());
        assert_eq!(ANTHROPIC.ask(&proxy, false).await.status, 429, "{command}");
        wait_for(&proxy, "cooling").await;
        proxy = proxy.restarted().await;
        wait_for(&proxy, "cooling").await;
        let doctor = stdout(&proxy.run(&["doctor"]).await);
        assert!(doctor.contains("Add credit to account work"), "{doctor}");
        let tested = stdout(&proxy.run(&["account", "test", "work"]).await);
        assert!(tested.contains("payment required") || tested.contains("Add credit"), "{tested}");
        wait_for(&proxy, "cooling").await;
        upstream.now(ANTHROPIC.whole_reply());
        assert_eq!(ANTHROPIC.ask(&proxy, false).await.status, 429, "{command}: it still rests");
        proxy.run(&["account", command, "work"]).await;
        assert_eq!(ANTHROPIC.ask(&proxy, false).await.status, 200, "{command}");
    }
}
