//! An invalid file changes nothing: the last good one stays in force, and the problem is shown
//! with its place and a fix until the file is good again.

use std::fs;

use serde_json::{Value, json};

use super::{names, naming, wait_for_problem, wait_until_in_force};
use crate::support::home::{stderr, stdout};
use crate::support::proxy::{account, proxy_section};
use crate::support::{FakeUpstream, Home, Reply, TestProxy};

/// A name, the text of the file, and the problem after the file's name.
const BROKEN: &[(&str, &[u8], &str)] = &[
    ("empty", b"", ": is empty; "),
    ("blank", b" \n\n\t\n", ": is empty; "),
    ("half-written", b"[proxy]\nport = ", ":2:8: this is not TOML: "),
    ("cut in a string", b"[proxy]\napi_key = \"sk-abc", ":2:"),
    ("not UTF-8", b"[proxy]\nport = 1\n# caf\xe9\n", ": is not UTF-8 (line 3); save it as UTF-8"),
    ("UTF-16", b"\xff\xfe[\0p\0r\0o\0x\0y\0]\0", ": is not UTF-8 (line 1); "),
    ("a wrong type", b"[proxy]\nport = \"8045\"\n", ":2:8: proxy.port: is text; write a whole number from "),
    ("too large", b"[proxy]\nport = 70000\n", ":2:8: proxy.port: 70000 is too large; write "),
    ("negative", b"[proxy]\ndrain_timeout_secs = -1\n", ":2:22: proxy.drain_timeout_secs: -1 is too small; "),
    ("an unknown key", b"[proxy]\nprot = 1\n", ":2:1: proxy.prot: unknown key; did you mean `port`?"),
    ("an unknown section", b"[proxxy]\nport = 1\n", ":1:2: proxxy: unknown key; did you mean `proxy`?"),
    (
        "a key in the wrong section",
        b"[pool]\nport = 1\n",
        ":2:1: pool.port: unknown key; it belongs under [proxy]",
    ),
    (
        "a choice that is none",
        b"[proxy]\nauth_mode = \"strickt\"\n",
        ":2:13: proxy.auth_mode: \"strickt\" is not one of the choices; did you mean \"strict\"?",
    ),
    ("a short key", b"[proxy]\napi_key = \"sk-1\"\n", ":2:11: proxy.api_key: "),
    ("a key without its prefix", b"[proxy]\napi_key = \"0123456789abcdef\"\n", ":2:11: proxy.api_key: "),
    (
        "a key twice",
        b"[proxy]\nport = 1\nport = 2\n",
        ":3:1: this is not TOML: duplicate key; keep one of the two",
    ),
    ("not TOML", b"proxy: {port: 1}\n", ":1:8: this is not TOML: key with no value; expected `=`"),
    (
        "an account without a key",
        b"[[accounts]]\nname = \"a\"\nprovider = \"openai\"\n",
        ":1:1: accounts[0].api_key: is missing, ",
    ),
    (
        "two accounts of one name",
        b"[[accounts]]\nname = \"a\"\nprovider = \"demo\"\n[[accounts]]\nname = \"a\"\nprovider = \"demo\"\n",
        ":5:8: accounts[1].name: is the name of accounts[0] too; ",
    ),
];

#[tokio::test]
async fn an_invalid_file_keeps_the_last_good_one_in_force() {
    let upstream = FakeUpstream::always(Reply::json(200, &json!({}))).await;
    let proxy = TestProxy::serve(&naming("work", &upstream)).await;
    for (what, contents, expected) in BROKEN {
        fs::write(proxy.home.config(), contents).expect("written");
        let expected = format!("{}{expected}", proxy.home.config().display());
        let problem = wait_for_problem(&proxy, &expected).await;
        assert!(problem.starts_with(&expected), "{what}: {problem}");
        check_serves_on(&proxy, what).await;
    }
    proxy.home.write_config(&naming("good-again", &upstream));
    wait_until_in_force(&proxy, "good-again").await;
}

async fn check_serves_on(proxy: &TestProxy, what: &str) {
    assert_eq!(proxy.chat("gpt-5").await.status, 200, "{what}");
    let status = proxy.status().await;
    assert_eq!((&status["state"], names(&status)), (&json!("running"), vec!["work"]), "{what}");
}

/// Each case replaces the file by something else, and is corrected before the next.
#[tokio::test]
async fn a_file_that_is_gone_or_not_a_file_keeps_the_last_good_one_in_force() {
    let upstream = FakeUpstream::always(Reply::json(200, &json!({}))).await;
    let proxy = TestProxy::serve(&naming("work", &upstream)).await;
    let config = proxy.home.config();
    let cases: [(&str, &dyn Fn(), &str); 4] = [
        ("deleted", &|| {}, ": there is no such file; `portcullis config init` writes one"),
        (
            "a directory",
            &|| fs::create_dir(&config).expect("made"),
            ": is a directory; put a file in its place",
        ),
        (
            "a link to nothing",
            &|| std::os::unix::fs::symlink("nowhere", &config).expect("linked"),
            ": there is no such file; ",
        ),
        ("huge", &|| fs::write(&config, vec![b'#'; 17 << 20]).expect("written"), ": is over 16 MiB; "),
    ];
    for (what, put, expected) in cases {
        fs::remove_file(&config).expect("removed");
        put();
        wait_for_problem(&proxy, &format!("{}{expected}", config.display())).await;
        check_serves_on(&proxy, what).await;
        if config.is_dir() {
            fs::remove_dir(&config).expect("removed");
        }
        proxy.home.write_config(&naming("work", &upstream));
        wait_until_in_force(&proxy, "work").await;
    }
}

#[tokio::test]
async fn several_problems_are_counted_and_the_check_lists_them_all() {
    let upstream = FakeUpstream::always(Reply::json(200, &json!({}))).await;
    let proxy = TestProxy::serve(&naming("work", &upstream)).await;
    proxy.home.write_config("[proxy]\nprot = 1\nauth_mode = \"of\"\n\n[pool]\nmax_attempts = 0\n");
    let problem = wait_for_problem(&proxy, "proxy.prot: unknown key").await;
    assert!(problem.ends_with("(and 2 more: run `portcullis config check`)"), "{problem}");
    let checked = proxy.run(&["--json", "config", "check"]).await;
    let checked: Value = serde_json::from_slice(&checked.stdout).expect("JSON");
    let problems = checked["problems"].as_array().expect("a list");
    let places: Vec<_> =
        problems.iter().map(|problem| (problem["line"].clone(), problem["key"].clone())).collect();
    let expected = [(2, "proxy.prot"), (3, "proxy.auth_mode"), (6, "pool.max_attempts")];
    assert_eq!(places, expected.map(|(line, key)| (json!(line), json!(key))));
}

/// Nothing of an invalid file is in force, not even the parts that are sound.
#[tokio::test]
async fn an_invalid_file_is_not_applied_in_part() {
    let upstream = FakeUpstream::always(Reply::json(200, &json!({}))).await;
    let proxy = TestProxy::serve(&naming("work", &upstream)).await;
    let strict = proxy_section("auth_mode = \"strict\"") + &account("other", "openai", &upstream, "");
    proxy.home.write_config(&format!("{strict}\n[pool]\nstrategy = \"random\"\n"));
    wait_for_problem(&proxy, "pool.strategy").await;
    check_serves_on(&proxy, "strict, and a strategy there is not").await;
}

#[tokio::test]
async fn a_reload_with_nothing_changed_keeps_the_problem() {
    let upstream = FakeUpstream::always(Reply::json(200, &json!({}))).await;
    let proxy = TestProxy::serve(&naming("work", &upstream)).await;
    proxy.home.write_config("[proxy]\nport = true\n");
    wait_for_problem(&proxy, "proxy.port").await;
    let output = proxy.run(&["reload"]).await;
    assert_eq!(output.status.code(), Some(2));
    wait_for_problem(&proxy, "proxy.port").await;
    let output = proxy.run(&["status"]).await;
    let text = stdout(&output);
    assert!(text.contains("config.toml:2:8: proxy.port: is true or false"), "{text}");
    assert_eq!(output.status.code(), Some(0), "it runs, on the last good file");
}

/// The problems are in the language that the file names, even when the file is not TOML. The
/// place stays as it is, and JSON is the same in every language.
#[test]
fn the_check_speaks_the_language_of_the_file() {
    let sound = "[proxy]\nport = 70000\nprot = 1\n";
    let cases: [(&str, &str, &[&str]); 4] = [
        (
            "ja",
            sound,
            &[
                ":3:8: proxy.port: 70000 は大きすぎます。0 から 65535 までの整数を書いてください",
                ":4:1: proxy.prot: 不明なキーです。`port` のことですか？",
            ],
        ),
        (
            "zh-CN",
            sound,
            &[
                ":3:8: proxy.port: 70000 太大；请改为：0 到 65535 之间的整数",
                ":4:1: proxy.prot: 未知的键；是否想写 `port`？",
            ],
        ),
        ("ja", "[proxy\n", &[":2:7: TOML として読めません: unclosed table。必要なもの: `]`"]),
        (
            "zh-CN",
            "[proxy]\nport = 1\nport = 2\n",
            &[":4:1: 不是有效的 TOML：duplicate key；两个中请只保留一个"],
        ),
    ];
    for (language, text, expected) in cases {
        let home = Home::with_config(&format!("language = \"{language}\"\n{text}"));
        let output = home.run(&["config", "check"]);
        let expected: Vec<String> =
            expected.iter().map(|line| format!("{}{line}", home.config().display())).collect();
        assert_eq!(stdout(&output).lines().collect::<Vec<_>>(), expected, "{language}");
        assert_eq!(output.status.code(), Some(2));
        // A command that needs a valid file prints the same.
        let output = home.run(&["serve"]);
        assert_eq!(stderr(&output).lines().collect::<Vec<_>>(), expected, "{language}");
        let in_json = stdout(&home.run(&["--json", "config", "check"]));
        assert!(in_json.is_ascii(), "{in_json}");
    }
}

#[tokio::test]
async fn every_surface_shows_the_problem_in_its_language() {
    let upstream = FakeUpstream::always(Reply::json(200, &json!({}))).await;
    let good = format!("language = \"ja\"\n{}", naming("work", &upstream));
    let proxy = TestProxy::serve(&good).await;
    proxy.home.write_config("language = \"ja\"\n[pool]\nmax_attempts = 0\nmax = 1\n");
    let place = format!("{}:3:16: pool.max_attempts: ", proxy.home.config().display());
    let problem = wait_for_problem(&proxy, &place).await;
    let japanese = "0 は小さすぎます。1 から 100 までの整数を書いてください";
    let more = "（ほか 1 件: `portcullis config check` で確認できます）";
    assert_eq!(problem, format!("{place}{japanese}{more}"));
    let status = stdout(&proxy.run(&["status"]).await);
    assert!(status.contains(&format!("問題: {problem}")), "{status}");
    let status = proxy.run(&["--json", "status"]).await;
    let status: Value = serde_json::from_slice(&status.stdout).expect("JSON");
    let english = "0 is too small; write a whole number from 1 to 100";
    let more = "(and 1 more: run `portcullis config check`)";
    assert_eq!(status["problem"], format!("{place}{english} {more}"));
    let refused = stderr(&proxy.run(&["reload"]).await);
    assert!(refused.contains(japanese), "{refused}");
    let home = proxy.control_call("GET", "/page/", "").await.text();
    assert!(home.contains(japanese), "{home}");
}
