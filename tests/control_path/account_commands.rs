//! `portcullis account`: with a running agent and without one.

use std::fs;

use serde_json::{Value, json};

use crate::support::home::{stderr, stdout};
use crate::support::proxy::{account, proxy_section};
use crate::support::{FakeUpstream, Home, Reply, TestProxy};

const COMMENTED: &str = "\
# My proxy. Do not lose this line.
[proxy]
port = 0 # any
api_key = \"sk-Zr8qLmT2vXc7NbY4wKd1\"

# The first one is paid for by work.
[[accounts]]
name = \"work\"      # odd   spacing
provider = \"openai\"
api_key = \"up-work-secret-key\"

# The models my editor knows.
[models]
\"fast\" = \"gpt-5-mini\" # cheap
";

fn config(home: &Home) -> String {
    fs::read_to_string(home.config()).expect("readable")
}

/// Fails unless every line of the first file is still there, in order.
fn check_kept(home: &Home) {
    let config = config(home);
    let mut lines = config.lines();
    for line in COMMENTED.lines() {
        assert!(lines.any(|found| found == line), "{line:?} is gone from:\n{config}");
    }
}

fn names(home: &Home) -> Vec<String> {
    let listed: Value =
        serde_json::from_slice(&home.run(&["--json", "account", "list"]).stdout).expect("JSON");
    let name = |account: &Value| account["name"].as_str().expect("a name").to_owned();
    listed.as_array().expect("a list").iter().map(name).collect()
}

fn check(home: &Home, arguments: &[&str], input: &str) {
    let output = home.run_with_input(arguments, input);
    assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", stderr(&output));
}

#[test]
fn added_from_stdin_enabled_disabled_and_removed_with_every_comment_kept() {
    let home = Home::with_config(COMMENTED);
    check(&home, &["account", "add", "--provider", "anthropic", "mine"], "up-mine-key\n");
    check_kept(&home);
    assert_eq!(names(&home), ["work", "mine"]);
    assert!(config(&home).contains("api_key = \"up-mine-key\""));
    check(&home, &["account", "disable", "mine"], "");
    assert!(config(&home).contains("enabled = false"));
    check_kept(&home);
    check(&home, &["account", "enable", "mine"], "");
    assert!(config(&home).contains("enabled = true"));
    check(&home, &["account", "remove", "mine"], "");
    check_kept(&home);
    assert_eq!(names(&home), ["work"]);
    assert!(!config(&home).contains("mine-key"));
}

#[test]
fn a_key_comes_from_stdin_or_the_environment_and_never_from_an_argument() {
    let home = Home::with_config(COMMENTED);
    let mut command = home.command(&["account", "add", "--provider", "gemini", "--from-env", "MY_KEY"]);
    let output = command.env("MY_KEY", "up-env-key").output().expect("it runs");
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(config(&home).contains("up-env-key"));
    assert_eq!(names(&home), ["work", "gemini"], "named after its provider");
    let before = config(&home);
    let refused: [(&[&str], &str, i32); 6] = [
        (&["account", "add", "--provider", "openai", "--api-key", "up-x"], "", 2),
        (&["account", "add", "--provider", "openai", "--key", "up-x"], "", 2),
        (&["account", "add", "--provider", "openai", "a", "up-x"], "", 2),
        (&["account", "add", "--provider", "openai", "--from-env", "NO_SUCH"], "", 1),
        (&["account", "add", "--provider", "openai"], "\n", 1),
        (&["account", "add", "--provider", "nobody"], "up-x\n", 2),
    ];
    for (arguments, input, code) in refused {
        let output = home.run_with_input(arguments, input);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {}", stderr(&output));
        assert!(stderr(&output).contains("error"), "{arguments:?}: {}", stderr(&output));
    }
    assert_eq!(config(&home), before);
}

/// As it is pasted from a shell, a file or a page.
#[test]
fn a_key_is_taken_out_of_what_was_pasted_around_it() {
    let cases = [
        ("\n  \n\"AIzaPasted1\"\n", "AIzaPasted1", "quotes"),
        ("GEMINI_API_KEY=AIzaPasted2\n", "AIzaPasted2", "variable's name"),
        ("export GEMINI_API_KEY='AIzaPasted3'\r\n", "AIzaPasted3", "variable's name"),
        ("Bearer AIzaPasted4", "AIzaPasted4", "Bearer"),
        ("x-goog-api-key: AIzaPasted5\n", "AIzaPasted5", "header's name"),
        ("\u{feff}Authorization: Bearer AIzaPasted6\r\n", "AIzaPasted6", "header's name"),
    ];
    for (pasted, key, note) in cases {
        let home = Home::with_config(COMMENTED);
        let output = home.run_with_input(&["account", "add", "--provider", "gemini"], pasted);
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        assert!(config(&home).contains(&format!("api_key = \"{key}\"")), "{}", config(&home));
        assert!(stderr(&output).contains(note) && !stderr(&output).contains(key), "{}", stderr(&output));
    }
}

#[test]
fn a_placeholder_for_a_key_is_refused() {
    let cases = [
        ("sk-...abcd", "a part left out"),
        ("\"sk-proj-****************abcd\"", "a part left out"),
        ("OPENAI_API_KEY=YOUR_API_KEY", "where a key should be"),
        ("https://platform.openai.com/api-keys", "an address"),
        ("{\"api_key\":\"sk-1\"}", "JSON"),
    ];
    let home = Home::with_config(COMMENTED);
    for (pasted, printed) in cases {
        let output = home.run_with_input(&["account", "add", "--provider", "openai"], pasted);
        assert_eq!(output.status.code(), Some(1), "{pasted}");
        assert!(stderr(&output).contains(printed), "{pasted}: {}", stderr(&output));
        assert_eq!(config(&home), COMMENTED);
    }
}

#[test]
fn a_key_of_another_provider_is_refused_by_its_beginning() {
    let cases = [
        ("gemini", "sk-ant-api03-abcdef", "Anthropic", "--provider anthropic"),
        ("anthropic", "AIzaSyAbcdef", "Google Gemini", "--provider gemini"),
        ("openai", "\"sk-or-v1-abcdef\"", "OpenRouter", "https://openrouter.ai/api/v1"),
        ("anthropic", "sk-proj-abcdef", "OpenAI", "--provider openai"),
    ];
    for (provider, key, owner, cure) in cases {
        let home = Home::with_config(COMMENTED);
        let before = config(&home);
        let output = home.run_with_input(&["account", "add", "--provider", provider], key);
        assert_eq!(output.status.code(), Some(1), "{provider}");
        let printed = stderr(&output);
        assert!(
            printed.contains(owner) && printed.contains(cure) && !printed.contains("abcdef"),
            "{printed}"
        );
        assert_eq!(config(&home), before);
        let there = ["account", "add", "--provider", provider, "--base-url", "https://gateway.example"];
        check(&home, &there, key);
    }
}

#[test]
fn what_would_break_the_file_is_refused() {
    let home = Home::with_config(COMMENTED);
    let refused: [&[&str]; 6] = [
        &["account", "add", "--provider", "openai", "work"],
        &["account", "add", "--provider", "openai", "a/b"],
        &["account", "add", "--provider", "openai", "--base-url", "ftp://x", "new"],
        &["account", "add", "--provider", "openai-compatible", "new"],
        &["account", "remove", "nobody"],
        &["account", "disable", "nobody"],
    ];
    for arguments in refused {
        let output = home.run_with_input(arguments, "up-new-key\n");
        assert!(matches!(output.status.code(), Some(1 | 2)), "{arguments:?}: {:?}", output.status);
        assert!(!stderr(&output).is_empty() && !stderr(&output).contains("up-new-key"), "{arguments:?}");
        assert_eq!(config(&home), COMMENTED, "{arguments:?}");
    }
}

#[test]
fn a_server_of_ones_own_needs_its_address_before_its_key() {
    let home = Home::with_config(COMMENTED);
    let output = home.run_with_input(&["account", "add", "--provider", "openai-compatible"], "");
    assert_eq!(output.status.code(), Some(2));
    let printed = stderr(&output);
    assert!(printed.contains("--base-url http") && !printed.contains("accounts["), "{printed}");
}

#[tokio::test]
async fn a_running_agent_applies_each_edit_before_the_command_returns() {
    let upstream = FakeUpstream::always(Reply::json(200, &json!({}))).await;
    let proxy = TestProxy::with_upstream("openai", &upstream).await;
    let states = async || {
        let status = proxy.status().await;
        let accounts = status["accounts"].as_array().expect("a list").iter();
        let text = |account: &Value| format!("{} {}", account["name"], account["state"]).replace('"', "");
        accounts.map(text).collect::<Vec<_>>()
    };
    let url = format!("{}/v1", upstream.url());
    let add =
        ["account", "add", "second", "--provider", "openai-compatible", "--base-url", &url, "--model", "x*"];
    let steps: [(&[&str], &[&str]); 4] = [
        (&add, &["work ready", "second ready"]),
        (&["account", "disable", "second"], &["work ready", "second off"]),
        (&["account", "enable", "second"], &["work ready", "second ready"]),
        (&["account", "remove", "work"], &["second ready"]),
    ];
    for (arguments, expected) in steps {
        let output = proxy.run(arguments).await;
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", stderr(&output));
        assert_eq!(states().await, expected, "{arguments:?}");
    }
    assert_eq!(proxy.chat("x1").await.status, 200);
}

#[tokio::test]
async fn list_shows_the_state_of_each_account() {
    let limited = json!({"error": {"message": "slow down"}});
    let upstream = FakeUpstream::always(Reply::json(429, &limited).with_header("retry-after", "3000")).await;
    let off = account("off", "openai", &upstream, "enabled = false");
    let config = proxy_section("") + &account("work", "openai", &upstream, "") + &off;
    let proxy = TestProxy::serve(&config).await;
    proxy.chat("gpt-5").await;
    proxy.wait_for_status("cooling", |status| status["cooling_accounts"] == 1).await;
    let text = stdout(&proxy.run(&["account", "list"]).await);
    let lines: Vec<Vec<_>> = text.lines().map(|line| line.split_whitespace().take(3).collect()).collect();
    assert_eq!(lines, [["work", "openai", "cooling"], ["off", "openai", "off"]]);
    let cooling = text.lines().next().unwrap_or_default();
    assert!(cooling.contains("cooling until 20") && cooling.contains("slow down"), "{cooling}");
    let listed = proxy.run(&["account", "list", "--json"]).await;
    let listed: Value = serde_json::from_slice(&listed.stdout).expect("JSON");
    assert!(listed[0]["cooling_until_unix_secs"].as_u64().is_some(), "{listed}");

    let output = proxy.run(&["account", "clear-cooldown", "work", "--json"]).await;
    assert_eq!(serde_json::from_slice::<Value>(&output.stdout).expect("JSON"), json!({"cleared": 1}));
    assert_eq!(proxy.status().await["cooling_accounts"], 0);
    assert_eq!(stdout(&proxy.run(&["account", "clear-cooldown"]).await), "0 cleared\n");
    assert_eq!(proxy.run(&["account", "clear-cooldown", "nobody"]).await.status.code(), Some(1));
}

/// A key that was pasted in place of the name would show in every list.
#[test]
fn a_key_is_not_taken_for_a_name() {
    let home = Home::empty();
    let key = "AIzaSyExampleExampleExample";
    for arguments in [vec!["account", "add", key], vec!["account", "add", "--name", key]] {
        let output = home.run(&[&arguments[..], &["--provider", "demo"]].concat());
        assert_ne!(output.status.code(), Some(0));
        assert!(stderr(&output).contains("looks like a key") && !stderr(&output).contains(key));
    }
    let written = fs::read_to_string(home.file("config.toml")).expect("the template");
    assert!(!written.contains(key), "{written}");
}

#[tokio::test]
async fn a_saved_cooldown_is_cleared_without_an_agent() {
    let limited = json!({"error": {"message": "slow down"}});
    let upstream = FakeUpstream::always(Reply::json(429, &limited).with_header("retry-after", "3000")).await;
    let mut proxy = TestProxy::with_upstream("openai", &upstream).await;
    proxy.chat("gpt-5").await;
    proxy.wait_for_status("cooling", |status| status["cooling_accounts"] == 1).await;
    proxy.run(&["quit"]).await;
    proxy.ended().await;
    let home = proxy.killed().await;
    let listed = stdout(&home.run(&["account", "list"]));
    assert!(listed.contains("cooling") && listed.contains("slow down"), "{listed}");
    assert_eq!(stdout(&home.run(&["account", "clear-cooldown"])), "1 cleared\n");
    let proxy = TestProxy::serve_home(home, &["serve", "--port", "0"]).await;
    assert_eq!(proxy.status().await["cooling_accounts"], 0);
}

/// The upstream's answer, the exit code, and the printed result.
#[tokio::test]
async fn test_makes_one_real_call_and_prints_the_result() {
    let refused = json!({"error": {"message": "Incorrect API key provided: up-work-secret-key", "code": "invalid_api_key"}});
    let cases = [
        (Reply::json(200, &json!({"object": "list", "data": []})), 0, "work: works (HTTP 200)"),
        (Reply::json(401, &refused), 1, "(HTTP 401)"),
        (Reply::HangUp, 1, "work: "),
    ];
    for with_agent in [true, false] {
        for (reply, code, expected) in cases.clone() {
            let upstream = FakeUpstream::always(reply).await;
            let config = proxy_section("") + &account("work", "openai", &upstream, "");
            let output = if with_agent {
                TestProxy::serve(&config).await.run(&["account", "test", "work"]).await
            } else {
                Home::with_config(&config).ask(&["account", "test", "work"]).await
            };
            let text = stdout(&output);
            assert_eq!(output.status.code(), Some(code), "{text}{}", stderr(&output));
            assert!(text.contains(expected) && !text.contains("secret-key"), "{text}");
            let seen = upstream.seen();
            assert_eq!((seen.len(), seen[0].header("authorization")), (1, Some("Bearer up-work-secret-key")));
        }
    }
}

/// The account's first model, the path of its request, and the name of its limit: OpenAI's own
/// models refuse `max_tokens`, and one that thinks needs room for it.
#[tokio::test]
async fn test_asks_each_model_in_the_way_it_answers() {
    let cases = [
        ("openai", "gpt-5", "/v1/chat/completions", "max_completion_tokens"),
        ("openai", "gpt-5-codex", "/v1/responses", "max_output_tokens"),
        ("openai-compatible", "gpt-oss-20b", "/v1/chat/completions", "max_tokens"),
        ("anthropic", "claude-haiku-4-5", "/v1/messages", "max_tokens"),
    ];
    for (provider, model, path, limit) in cases {
        let upstream = FakeUpstream::always(Reply::json(200, &json!({}))).await;
        let more = format!("models = [\"text-embedding-3-small\", \"{model}\"]");
        let config = proxy_section("") + &account("work", provider, &upstream, &more);
        let output = Home::with_config(&config).ask(&["account", "test", "work"]).await;
        assert_eq!(output.status.code(), Some(0), "{model}: {}", stdout(&output));
        let seen = upstream.seen();
        let body = seen[0].json();
        assert_eq!((seen.len(), seen[0].path.as_str(), &body["model"]), (1, path, &json!(model)));
        let limits = ["max_tokens", "max_completion_tokens", "max_output_tokens"];
        let sent: Vec<_> = limits.into_iter().filter(|limit| body.get(limit).is_some()).collect();
        assert_eq!(sent, [limit], "{model}");
    }
}

#[tokio::test]
async fn a_refused_key_is_revived_by_enable_and_by_a_good_test() {
    let refused =
        json!({"error": {"message": "no", "code": "invalid_api_key", "type": "invalid_request_error"}});
    let upstream = FakeUpstream::always(Reply::json(401, &refused)).await;
    let named = account("work", "openai", &upstream, "models = [\"gpt-5\"]");
    let proxy = TestProxy::serve(&(proxy_section("port = 0") + &named)).await;
    for command in ["enable", "test"] {
        upstream.now(Reply::json(401, &refused));
        proxy.chat("gpt-5").await;
        proxy.wait_for_status("disabled", |status| status["accounts"][0]["state"] == "disabled").await;
        upstream.now(Reply::json(200, &json!({"object": "list", "data": []})));
        let output = proxy.run(&["account", command, "work"]).await;
        assert_eq!(output.status.code(), Some(0), "{command}: {}", stderr(&output));
        assert_eq!(proxy.chat("gpt-5").await.status, 200, "{command}");
    }
}

/// Many servers list their models without a key.
#[tokio::test]
async fn a_refused_key_is_not_revived_by_a_model_list() {
    let refused = Reply::json(401, &json!({"error": {"message": "no", "code": "invalid_api_key"}}));
    let list = |models: Value| Reply::json(200, &json!({"object": "list", "data": models}));
    let named = list(json!([{"id": "text-embedding-3-small"}, {"id": "gpt-5", "object": "model"}]));
    let upstream = FakeUpstream::always(refused.clone()).await;
    let proxy = TestProxy::with_upstream("openai", &upstream).await;
    proxy.chat("gpt-5").await;
    proxy.wait_for_status("disabled", |status| status["accounts"][0]["state"] == "disabled").await;
    let works = Reply::json(200, &json!({}));
    let cases = [
        (vec![list(json!([])); 2], refused.clone(), 1, "only the model list answered", "disabled"),
        (vec![named.clone(); 2], refused, 1, "(HTTP 401); asked for gpt-5", "disabled"),
        (vec![named; 2], works, 0, "works (HTTP 200); asked for gpt-5", "ready"),
    ];
    for (lists, answer, code, printed, state) in cases {
        upstream.script_now(lists, answer);
        let output = proxy.run(&["account", "test", "work"]).await;
        assert_eq!(output.status.code(), Some(code), "{}", stdout(&output));
        assert!(stdout(&output).contains(printed), "{}", stdout(&output));
        assert_eq!(proxy.account("work").await["state"], state, "{printed}");
    }
}

/// The provider's own words stay as they are, and JSON is the same in every language.
#[tokio::test]
async fn why_a_key_was_refused_is_in_the_users_language_also_after_a_restart() {
    let refusal = json!({"error": {"message": "No such key.", "code": "invalid_api_key"}});
    let upstream = FakeUpstream::always(Reply::json(401, &refusal)).await;
    let spare = "\n[[accounts]]\nname = \"spare\"\nprovider = \"demo\"\n";
    let accounts = account("work", "openai", &upstream, "") + spare;
    let mut proxy =
        TestProxy::serve(&format!("language = \"ja\"\n{}{accounts}", proxy_section("port = 0"))).await;
    proxy.chat("gpt-5").await;
    let japanese = "キーが無効です: No such key.";
    for _ in 0..2 {
        let status = stdout(&proxy.run(&["status"]).await);
        assert!(status.contains("work（キー") && status.contains(&format!("）: {japanese}")), "{status}");
        let listed = stdout(&proxy.run(&["account", "list"]).await);
        assert!(listed.contains(japanese), "{listed}");
        let page = proxy.control_call("GET", "/page/accounts", "").await.text();
        assert!(page.contains(japanese), "{page}");
        let listed = proxy.run(&["--json", "account", "list"]).await;
        let listed: Value = serde_json::from_slice(&listed.stdout).expect("JSON");
        assert_eq!(listed[0]["reason"], "invalid key: No such key.");
        let tested = proxy.run(&["account", "test", "work"]).await;
        assert_eq!(tested.status.code(), Some(1));
        assert!(stdout(&tested).starts_with(&format!("work: {japanese} (HTTP 401)")), "{}", stdout(&tested));
        proxy = proxy.restarted().await;
    }
    let tested = stdout(&proxy.run(&["account", "test", "spare"]).await);
    assert!(tested.starts_with("spare: 使えます (HTTP 200)"), "{tested}");
}

#[test]
fn a_missing_key_is_reported_in_the_users_language() {
    let home = Home::with_config(&format!(
        "language = \"zh-CN\"\n{}\n[[accounts]]\nname = \"work\"\nprovider = \"openai\"\napi_key = {{ env = \"NOT_THERE\" }}\n",
        proxy_section("port = 0"),
    ));
    let reason = "环境变量 NOT_THERE：未在代理程序的环境中设置";
    let listed = stdout(&home.run(&["account", "list"]));
    assert!(listed.contains("密钥") && listed.contains(reason), "{listed}");
    let checked = stderr(&home.run(&["config", "check"]));
    assert!(checked.contains(&format!("账号 work：{reason}")), "{checked}");
    let listed: Value =
        serde_json::from_slice(&home.run(&["--json", "account", "list"]).stdout).expect("JSON");
    assert_eq!(listed[0]["reason"], "environment variable NOT_THERE is not set in the agent's environment");
}
