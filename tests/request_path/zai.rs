//! The `[zai]` section: when z.ai is asked, for which model, with which credential.

use serde_json::json;

use super::dialect::{ANTHROPIC, Dialect, OPENAI_CHAT};
use crate::support::proxy::account;
use crate::support::{Answer, FakeUpstream, Reply, TestProxy};

const KEY: &str = "zai-section-secret-key";

/// z.ai beside one Anthropic account and one OpenAI account.
struct Beside {
    zai: FakeUpstream,
    anthropic: FakeUpstream,
    openai: FakeUpstream,
    proxy: TestProxy,
}

impl Beside {
    async fn new(mode: &str) -> Self {
        let zai = FakeUpstream::always(ANTHROPIC.whole_reply()).await;
        let anthropic = FakeUpstream::always(ANTHROPIC.whole_reply()).await;
        let openai = FakeUpstream::always(OPENAI_CHAT.whole_reply()).await;
        let config = format!(
            "[zai]\nenabled = true\ndispatch_mode = \"{mode}\"\nbase_url = \"{}/api/anthropic\"\napi_key = \"{KEY}\"\n\
             models = {{ opus = \"glm-5\", sonnet = \"glm-4.7\", haiku = \"glm-4.5-air\" }}\n{}{}",
            zai.url(),
            account("claude", "anthropic", &anthropic, ""),
            account("gpt", "openai", &openai, "")
        );
        let proxy = TestProxy::serve(&config).await;
        Self { zai, anthropic, openai, proxy }
    }

    async fn ask(&self, model: &str) -> Answer {
        let body = json!({"model": model, "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]});
        self.proxy.post("/v1/messages", &body).await
    }

    fn asked(&self) -> (usize, usize, usize) {
        (self.zai.seen().len(), self.anthropic.seen().len(), self.openai.seen().len())
    }
}

/// Sends two Anthropic requests and one of OpenAI. `expected` is how many each of z.ai, Anthropic
/// and OpenAI gets.
async fn check(mode: &str, expected: (usize, usize, usize)) -> Beside {
    let beside = Beside::new(mode).await;
    for _ in 0..2 {
        assert_eq!(beside.ask("claude-opus-4-5").await.status, 200, "{mode}");
    }
    let ask = |dialect: &'static Dialect| dialect.ask(&beside.proxy, false);
    assert_eq!(ask(&OPENAI_CHAT).await.status, 200, "{mode}");
    assert_eq!(beside.asked(), expected, "{mode}");
    beside
}

#[tokio::test]
async fn off_never_asks_z_ai() {
    let beside = check("off", (0, 2, 1)).await;
    assert_eq!(beside.ask("glm-4.7").await.status, 404);
}

#[tokio::test]
async fn exclusive_sends_every_anthropic_request_to_z_ai() {
    let beside = check("exclusive", (2, 0, 1)).await;
    beside.zai.now(Reply::json(500, &json!({"error": {"message": "trouble"}})));
    assert_eq!(beside.ask("claude-opus-4-5").await.status, 500);
    assert_eq!(beside.asked(), (3, 0, 1), "no other account is asked");
}

#[tokio::test]
async fn pooled_takes_turns_with_z_ai() {
    check("pooled", (1, 1, 1)).await;
}

#[tokio::test]
async fn fallback_asks_z_ai_when_no_other_account_can_answer() {
    let beside = check("fallback", (0, 2, 1)).await;
    let limited = json!({"error": {"message": "slow down"}});
    beside.anthropic.now(Reply::json(429, &limited).with_header("retry-after", "100"));
    let answer = beside.ask("claude-opus-4-5").await;
    assert_eq!((answer.text().as_str(), beside.asked()), (ANTHROPIC.whole, (1, 3, 1)));
    assert_eq!(answer.header("x-portcullis-account"), Some("z.ai"));
}

#[tokio::test]
async fn each_class_of_model_has_its_glm_stand_in() {
    let beside = Beside::new("exclusive").await;
    let cases = [
        ("claude-opus-4-5", "glm-5"),
        ("claude-sonnet-4-5-20250929", "glm-4.7"),
        ("claude-haiku-4-5", "glm-4.5-air"),
        ("claude-2.1", "glm-4.7"),
        ("glm-4.6", "glm-4.6"),
    ];
    for (at, (asked, sent)) in cases.into_iter().enumerate() {
        assert_eq!(beside.ask(asked).await.status, 200, "{asked}");
        let seen = &beside.zai.seen()[at];
        assert_eq!((&seen.json()["model"], seen.path.as_str()), (&json!(sent), "/api/anthropic/v1/messages"));
        let record = &beside.proxy.wait_for_records(at + 1).await[0];
        assert_eq!((&record["model_asked"], &record["model_used"]), (&json!(asked), &json!(sent)));
    }
}

#[tokio::test]
async fn z_ai_gets_its_own_credential_only() {
    let beside = Beside::new("exclusive").await;
    let headers =
        [("content-type", "application/json"), ("authorization", "Bearer sk-mine"), ("x-api-key", "sk-mine")];
    let body = ANTHROPIC.body(false).to_string();
    assert_eq!(beside.proxy.send("POST", "/v1/messages", &headers, &body).await.status, 200);
    let seen = &beside.zai.seen()[0];
    assert_eq!((seen.header("x-api-key"), seen.header("authorization")), (Some(KEY), None));
    assert_eq!(seen.header("anthropic-version"), Some("2023-06-01"));
}

#[tokio::test]
async fn a_listed_account_of_z_ai_serves_its_own_models() {
    let upstream = FakeUpstream::always(ANTHROPIC.whole_reply()).await;
    let proxy = TestProxy::with_upstream("zai", &upstream).await;
    let body = json!({"model": "glm-4.7", "max_tokens": 9, "messages": []});
    assert_eq!(proxy.post("/v1/messages", &body).await.status, 200);
    let seen = &upstream.seen()[0];
    assert_eq!((seen.json(), seen.header("x-api-key")), (body, Some("up-work-secret-key")));
    assert_eq!(ANTHROPIC.ask(&proxy, false).await.status, 404, "claude-* is not its own");
}
