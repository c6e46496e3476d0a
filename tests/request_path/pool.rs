//! Which account a request goes to.

use serde_json::{Value, json};

use super::dialect::{self, OPENAI_CHAT};
use crate::support::client::{chat, request};
use crate::support::proxy::{account, account_in};
use crate::support::{Answer, FakeUpstream, Piece, Reply, TestProxy};

const JSON: (&str, &str) = ("content-type", "application/json");

/// Accounts that share one upstream, which tells them apart by their keys.
struct Shared {
    upstream: FakeUpstream,
    proxy: TestProxy,
}

impl Shared {
    /// Each account is a name and further lines of its section.
    async fn new(strategy: &str, accounts: &[(&str, &str)]) -> Self {
        let upstream = FakeUpstream::always(OPENAI_CHAT.whole_reply()).await;
        let accounts = accounts.iter().map(|(name, more)| account(name, "openai", &upstream, more));
        let config = format!("[pool]\nstrategy = \"{strategy}\"\n{}", accounts.collect::<String>());
        Self { proxy: TestProxy::serve(&config).await, upstream }
    }

    async fn turns(&self, count: usize) -> String {
        for _ in 0..count {
            assert_eq!(self.proxy.chat("gpt-5").await.status, 200);
        }
        self.asked()
    }

    /// The names of the accounts that were asked, in order.
    fn asked(&self) -> String {
        let seen = self.upstream.seen();
        seen.iter().map(|seen| name_in(seen.header("authorization").expect("a credential"))).collect()
    }
}

/// `a` in `Bearer up-a-secret-key`.
fn name_in(credential: &str) -> &str {
    credential.split('-').nth(1).expect("a name")
}

fn by(answer: &Answer) -> &str {
    answer.header("x-portcullis-account").unwrap_or_else(|| panic!("{}: {}", answer.status, answer.text()))
}

#[tokio::test]
async fn round_robin_takes_turns_by_weight() {
    let equal = Shared::new("round_robin", &[("a", ""), ("b", ""), ("c", "")]).await;
    assert_eq!(equal.turns(6).await, "abcabc");
    let weighted = Shared::new("round_robin", &[("a", "weight = 3"), ("b", "weight = 1")]).await;
    let turns = weighted.turns(8).await;
    assert_eq!((turns.matches('a').count(), turns.matches('b').count()), (6, 2), "{turns}");
    assert!(!turns.contains("aaaa"), "turns are spread: {turns}");
}

#[tokio::test]
async fn fill_first_stays_with_the_lowest_priority_number() {
    let pool =
        Shared::new("fill_first", &[("a", "priority = 2"), ("b", "priority = 1"), ("c", "priority = 1")])
            .await;
    assert_eq!(pool.turns(4).await, "bbbb");
}

#[tokio::test]
async fn least_busy_takes_the_account_with_the_fewest_requests() {
    let pool = Shared::new("least_busy", &[("a", ""), ("b", ""), ("c", "")]).await;
    pool.upstream.now(Reply::fed_sse());
    let held = async |count: usize| {
        let first_event = async {
            pool.upstream.wait_for_fed(count).await;
            pool.upstream.feed_text(OPENAI_CHAT.events[0]).await;
        };
        let (stream, ()) = tokio::join!(OPENAI_CHAT.open(&pool.proxy), first_event);
        let name = stream.headers["x-portcullis-account"].to_str().expect("a name").to_owned();
        (name, stream)
    };
    let (first, first_stream) = held(1).await;
    let (second, _second) = held(2).await;
    let (third, _third) = held(3).await;
    let mut names = [first.clone(), second, third];
    names.sort_unstable();
    assert_eq!(names.concat(), "abc");
    drop(first_stream);
    pool.upstream.wait_for_cancelled(1).await;
    assert_eq!(held(4).await.0, first, "the only one that is free");
    pool.upstream.feed_all(&Piece::End);
}

/// One way to name the conversation of a request.
struct Session {
    headers: [&'static str; 2],
    body: fn(&str) -> Value,
}

#[tokio::test]
async fn sticky_keeps_a_session_with_its_account_however_it_is_named() {
    fn plain(_: &str) -> Value {
        chat("gpt-5", false)
    }
    let by_header = |name| Session { headers: [name, "x"], body: plain };
    let by_body = |body| Session { headers: ["x-unrelated", "x"], body };
    let sessions = [
        by_header("x-claude-code-session-id"),
        by_header("x-session-affinity"),
        by_header("session-id"),
        by_header("session_id"),
        by_header("conversation_id"),
        by_header("x-session-id"),
        by_body(|id| json!({"model": "gpt-5", "messages": [1], "metadata": {"user_id": id}})),
        by_body(|id| json!({"model": "gpt-5", "messages": [1], "prompt_cache_key": id})),
        by_body(|id| json!({"model": "gpt-5", "messages": [{"role": "user", "content": id}]})),
        by_body(
            |id| json!({"model": "gpt-5", "messages": [{"role": "system", "content": id}, {"role": "user", "content": "hi"}]}),
        ),
    ];
    for (at, session) in sessions.iter().enumerate() {
        let pool = Shared::new("sticky", &[("a", ""), ("b", ""), ("c", "")]).await;
        let ask = async |id: &str| {
            let [name, _] = session.headers;
            let body = (session.body)(id).to_string();
            let headers = [JSON, (name, id)];
            let answer = request(pool.proxy.address, "POST", "/v1/chat/completions", &headers, &body).await;
            by(&answer).to_owned()
        };
        let homes = [ask("one").await, ask("two").await, ask("three").await];
        let mut all = homes.clone();
        all.sort_unstable();
        assert_eq!(all.concat(), "abc", "session {at}: new ones are spread");
        for (id, home) in [("two", &homes[1]), ("one", &homes[0]), ("three", &homes[2]), ("one", &homes[0])] {
            assert_eq!(ask(id).await, *home, "session {at}: {id} stays");
        }
    }
}

#[tokio::test]
async fn a_conversation_stays_while_it_grows() {
    for dialect in dialect::ALL {
        let upstream = FakeUpstream::always(dialect.whole_reply()).await;
        let accounts = ["a", "b"].map(|name| account(name, dialect.provider, &upstream, ""));
        let proxy = TestProxy::serve(&format!("[pool]\nstrategy = \"sticky\"\n{}", accounts.concat())).await;
        let mut body = dialect.body(false);
        let home = by(&proxy.post(dialect.path(false), &body).await).to_owned();
        for key in ["messages", "contents", "input"] {
            if let Some(turns) = body.get_mut(key).and_then(Value::as_array_mut) {
                turns.push(json!({"role": "assistant", "content": "hello"}));
                turns.push(json!({"role": "user", "content": "more"}));
            }
        }
        for _ in 0..3 {
            assert_eq!(by(&proxy.post(dialect.path(false), &body).await), home, "{}", dialect.name);
        }
    }
}

#[tokio::test]
async fn a_session_moves_when_its_account_is_in_trouble() {
    let pool = Shared::new("sticky", &[("a", ""), ("b", "")]).await;
    let home = by(&pool.proxy.chat("gpt-5").await).to_owned();
    let limited = json!({"error": {"message": "slow down"}});
    pool.upstream.script_now(
        [Reply::json(429, &limited).with_header("retry-after", "100")],
        OPENAI_CHAT.whole_reply(),
    );
    let other = by(&pool.proxy.chat("gpt-5").await).to_owned();
    assert_ne!(home, other);
    assert!(pool.proxy.home.run(&["account", "clear-cooldown"]).status.success());
    assert_eq!(by(&pool.proxy.chat("gpt-5").await), other, "its cache is there now");
}

#[tokio::test]
async fn an_account_that_is_switched_off_is_not_asked() {
    let pool = Shared::new("round_robin", &[("a", "enabled = false"), ("b", ""), ("c", "")]).await;
    assert_eq!(pool.turns(4).await, "bcbc");
    assert!(pool.proxy.home.run(&["account", "disable", "c"]).status.success());
    pool.proxy.wait_for_status("c is off", |status| account_in(status, "c")["state"] == "off").await;
    assert_eq!(pool.turns(2).await, "bcbcbb");
}

#[tokio::test]
async fn without_an_account_every_family_gets_503_in_its_own_shape() {
    let upstream = FakeUpstream::always(OPENAI_CHAT.whole_reply()).await;
    let proxy = TestProxy::with_upstream("openai", &upstream).await;
    assert!(proxy.home.run(&["account", "disable", "work"]).status.success());
    proxy.wait_for_status("no account is left", |status| status["active_accounts"] == 0).await;
    for dialect in dialect::ALL {
        let answer = dialect.ask(&proxy, true).await;
        assert_eq!(answer.status, 503, "{}: {}", dialect.name, answer.text());
        dialect.assert_error(&answer.json());
        assert!(answer.message().contains("No available accounts"), "{}", answer.message());
    }
    assert!(upstream.seen().is_empty());
}

#[tokio::test]
async fn an_account_serves_the_models_of_its_list() {
    let upstream = FakeUpstream::always(OPENAI_CHAT.whole_reply()).await;
    let config = [
        account("exact", "openai", &upstream, "models = [\"gpt-5-codex\"]"),
        account("wild", "openai-compatible", &upstream, "models = [\"llama-*\", \"*-coder\"]"),
        account("owner", "openai", &upstream, ""),
    ];
    let proxy = TestProxy::serve(&config.concat()).await;
    let cases = [
        ("gpt-5-codex", "exact"),
        ("gpt-5", "owner"),
        ("o3-mini", "owner"),
        ("chatgpt-4o-latest", "owner"),
        ("llama-3", "wild"),
        ("qwen-coder", "wild"),
    ];
    for _ in 0..2 {
        for (model, name) in cases {
            assert_eq!(by(&proxy.chat(model).await), name, "{model}");
        }
    }
    let refused = proxy.chat("mistral-large").await;
    assert_eq!((refused.status.as_u16(), &refused.json()["error"]["code"]), (404, &json!("model_not_found")));
    assert!(refused.message().contains("llama-*"), "it names what would serve it: {}", refused.message());
}

#[tokio::test]
async fn a_name_belongs_to_its_provider() {
    for (at, dialect) in dialect::ALL.into_iter().enumerate() {
        let upstream = FakeUpstream::always(dialect.whole_reply()).await;
        let accounts =
            ["gemini", "anthropic", "openai"].map(|provider| account(provider, provider, &upstream, ""));
        let proxy = TestProxy::serve(&accounts.concat()).await;
        for _ in 0..=at {
            assert_eq!(by(&dialect.ask(&proxy, false).await), dialect.provider);
        }
    }
}

#[tokio::test]
async fn a_pin_and_the_map_route_a_model() {
    let upstream = FakeUpstream::always(OPENAI_CHAT.whole_reply()).await;
    let config = format!(
        "{}{}{}[models]\n\"fast\" = \"second/gpt-5-mini\"\n\"fas*\" = \"gpt-5-nano\"\n\"local\" = \"openai-compatible/qwen\"\n",
        account("first", "openai", &upstream, ""),
        account("second", "openai", &upstream, ""),
        account("third", "openai-compatible", &upstream, ""),
    );
    let proxy = TestProxy::serve(&config).await;
    let cases = [
        ("second/gpt-5", "second", "gpt-5"),
        ("second/gpt-5", "second", "gpt-5"),
        ("openai-compatible/gpt-5", "third", "gpt-5"),
        ("fast", "second", "gpt-5-mini"),
        ("fast", "second", "gpt-5-mini"),
        ("local", "third", "qwen"),
        ("meta-llama/llama-3", "third", "meta-llama/llama-3"),
    ];
    for (at, (asked, name, sent)) in cases.into_iter().enumerate() {
        assert_eq!(by(&proxy.chat(asked).await), name, "{asked}");
        assert_eq!(upstream.seen()[at].json()["model"], sent, "{asked}");
        let record = &proxy.wait_for_records(at + 1).await[0];
        assert_eq!((&record["model_asked"], &record["model_used"]), (&json!(asked), &json!(sent)));
    }
    let wild = proxy.chat("faster").await;
    assert_eq!(
        (wild.status.as_u16(), &upstream.seen()[cases.len()].json()["model"]),
        (200, &json!("gpt-5-nano"))
    );
}

#[tokio::test]
async fn a_pin_to_an_account_in_trouble_goes_to_no_other() {
    let upstream = FakeUpstream::always(Reply::json(500, &json!({"error": {"message": "trouble"}}))).await;
    let accounts = ["first", "second"].map(|name| account(name, "openai", &upstream, ""));
    let proxy = TestProxy::serve(&accounts.concat()).await;
    assert_eq!(proxy.chat("second/gpt-5").await.status, 500);
    assert_eq!(proxy.chat("second/gpt-5").await.status, 500, "there is no better account");
    let asked: Vec<_> =
        upstream.seen().iter().map(|seen| seen.header("authorization").map(str::to_owned)).collect();
    assert_eq!(
        asked,
        [Some("Bearer up-second-secret-key".to_owned()), Some("Bearer up-second-secret-key".to_owned())]
    );
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn ten_thousand_accounts_take_little_memory() {
    let accounts: Vec<_> = (0..10_000)
        .map(|number| {
            format!(
                "[[accounts]]\nname = \"account-{number}\"\nprovider = \"gemini\"\n\
                 api_key = \"AIzaSyA-0123456789-abcdef-{number:05}\"\n"
            )
        })
        .collect();
    let proxy = TestProxy::serve(&accounts.concat()).await;
    assert_eq!(proxy.status().await["active_accounts"], 10_000);
    let status = std::fs::read_to_string(format!("/proc/{}/status", proxy.pid())).expect("readable");
    let most = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("a line");
    let kilobytes: u64 = most.trim().trim_end_matches(" kB").trim().parse().expect("a number");
    assert!(kilobytes < 150 * 1024, "{kilobytes} kB");
}
