//! Keys appear nowhere but in the config file.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use rustix::process::Signal;
use serde_json::json;

use super::family::{Family, JSON, accounts};
use crate::support::home::CLIENT_KEY;
use crate::support::proxy::{account, proxy_section};
use crate::support::{Answer, FakeUpstream, Home, Reply, TestProxy};

/// Everything secret in the config of [`spilling`]. The last begins like another one.
const SECRETS: [&str; 6] = [
    CLIENT_KEY,
    "up-openai-secret-key",
    "up-anthropic-secret-key",
    "up-gemini-secret-key",
    "up-gone-secret-key",
    "up-openai-secret-key-and-then-some",
];
/// The rest of the longer of two keys where a mask ends with the shorter one.
const TAIL: &str = "-and-then-some";
/// A part of a key that is too much to show.
const TELLING: usize = 14;

const NAMES: [&str; 5] = ["openai", "anthropic", "gemini", "gone", "longer"];

/// Accounts of every family on an upstream that repeats every secret, and one whose upstream
/// does not run.
async fn spilling(arguments: &[&str]) -> (TestProxy, FakeUpstream) {
    let upstream = FakeUpstream::always(Reply::HangUp).await;
    let gone = FakeUpstream::always(Reply::HangUp).await;
    let longer = account("longer", "openai-compatible", &upstream, "models = [\"long\"]")
        .replace("up-longer-secret-key", SECRETS[5]);
    let config = proxy_section("auth_mode = \"strict\"")
        + &accounts(&upstream)
        + &account("gone", "openai-compatible", &gone, "models = [\"gone\"]")
        + &longer;
    let arguments = [&["serve", "--port", "0"], arguments].concat();
    (TestProxy::serve_home(Home::with_config(&config), &arguments).await, upstream)
}

fn assert_clean(what: &str, text: &str) {
    for secret in SECRETS {
        let at = text.find(&secret[..TELLING]);
        assert!(
            at.is_none(),
            "{what} holds {secret}: …{}",
            &text[at.unwrap_or_default()..].chars().take(80).collect::<String>()
        );
    }
    assert!(!text.contains(TAIL), "{what} holds the end of a secret: {text}");
}

fn assert_answer_clean(what: &str, answer: &Answer) {
    assert_clean(what, &format!("{:?}", answer.headers));
    assert_clean(what, &answer.text());
}

/// Checks everything that the running agent shows of itself.
async fn assert_surfaces_clean(what: &str, proxy: &TestProxy) {
    for path in ["/api/status", "/api/records", "/"] {
        let answer = proxy.control_call("GET", path, "").await;
        assert_answer_clean(&format!("{path} after {what}"), &answer);
    }
}

async fn start_over(proxy: &TestProxy) {
    for name in NAMES {
        let body = json!({ "name": name }).to_string();
        assert_eq!(proxy.control_call("POST", "/api/accounts/revive", &body).await.status, 200);
    }
}

async fn call(proxy: &TestProxy, family: Family, body: &str) -> Answer {
    let headers = [JSON, ("x-api-key", CLIENT_KEY)];
    proxy.send("POST", family.path(), &headers, body).await
}

/// Ends the agent and checks every file it leaves.
async fn assert_remains_clean(mut proxy: TestProxy) {
    proxy.signal(Signal::TERM);
    let stdout = proxy.remaining_stdout().await;
    let (code, stderr) = proxy.ended().await;
    assert_eq!(code, Some(0), "{stderr}");
    assert_clean("stdout", &stdout);
    assert_clean("stderr", &stderr);
    let mut seen = 0;
    for_each_file(&proxy.home.path(), &mut |path| {
        if path != proxy.home.config() {
            seen += 1;
            let bytes = fs::read(path).expect("readable");
            assert_clean(&path.display().to_string(), &String::from_utf8_lossy(&bytes));
        }
    });
    assert!(seen >= 2, "a log and the pool's memory, at least");
}

fn for_each_file(directory: &Path, visit: &mut dyn FnMut(&Path)) {
    for entry in fs::read_dir(directory).expect("a directory") {
        let path = entry.expect("an entry").path();
        if path.is_dir() { for_each_file(&path, visit) } else { visit(&path) }
    }
}

/// Bodies of refusals, each with every secret somewhere.
fn refusals() -> Vec<(&'static str, String)> {
    let spill = SECRETS.join(", ");
    let message = |message: &str| {
        json!({"type": "error", "error": {"type": "x", "code": "y", "message": message}}).to_string()
    };
    let mut bodies = vec![
        ("application/json", message(&format!("Incorrect API key provided: {spill}."))),
        ("application/json", json!({ "error": spill }).to_string()),
        ("application/json", format!("{{\"error\":{{\"message\":\"{spill}")),
        ("text/plain", spill.clone()),
        ("text/html", format!("<html>{spill}</html>")),
        ("text/event-stream", format!("data: {}\n\n", message(&spill))),
    ];
    // Reasons are shortened: half of a key must not remain at the cut.
    bodies.extend(
        (270..300)
            .step_by(4)
            .map(|at| ("application/json", message(&("x".repeat(at) + " " + &SECRETS[1..].join("/"))))),
    );
    bodies
}

#[tokio::test]
async fn no_refusal_of_an_upstream_carries_a_key_anywhere() {
    for arguments in [&[] as &[&str], &["-vv"]] {
        let (proxy, upstream) = spilling(arguments).await;
        for status in [400, 401, 403, 404, 422, 429, 500, 503, 529, 302] {
            for (content_type, body) in refusals() {
                let reply = Reply::whole(status, content_type, body.clone())
                    .with_header("x-ratelimit-reset", &SECRETS.join(" "))
                    .with_header("location", &format!("http://127.0.0.1:1/?key={}", SECRETS[3]));
                upstream.now(reply);
                let what = format!("{status} {content_type}");
                for family in Family::ALL {
                    let answer = call(&proxy, family, family.body()).await;
                    assert!(!answer.status.is_success() && !answer.status.is_redirection(), "{what}");
                    assert_answer_clean(&what, &answer);
                }
                let list = proxy.send("GET", "/v1/models", &[("x-api-key", CLIENT_KEY)], "").await;
                assert_answer_clean(&format!("models after {what}"), &list);
                assert_surfaces_clean(&what, &proxy).await;
                start_over(&proxy).await;
            }
        }
        assert_remains_clean(proxy).await;
    }
}

#[tokio::test]
async fn successful_and_broken_answers_leave_no_key_either() {
    let (proxy, upstream) = spilling(&["-vv"]).await;
    let error_event = format!(
        "event: error\ndata: {{\"type\":\"error\",\"error\":{{\"type\":\"overloaded_error\",\"message\":\"{}\"}}}}\n\n",
        SECRETS.join(" ")
    );
    for reply in [
        Reply::json(200, &json!({"usage": {"input_tokens": 1}})),
        Reply::HangUp,
        Reply::Raw(bytes::Bytes::from(format!("HTTP/1.1 200 {}\r\nx\r\n\r\n", SECRETS[1]))),
        Reply::Raw(bytes::Bytes::from(format!("{}\r\n\r\n", SECRETS[1]))),
        Reply::sse(error_event),
        Reply::sse("data: {\"a\":1}\n\n"),
    ] {
        let what = format!("{reply:?}");
        upstream.now(reply);
        for family in Family::ALL {
            assert_answer_clean(&what, &call(&proxy, family, family.body()).await);
        }
        for model in ["gone", "long"] {
            let body = json!({ "model": model }).to_string();
            assert_answer_clean(&what, &call(&proxy, Family::OpenAi, &body).await);
        }
        assert_surfaces_clean(&what, &proxy).await;
        start_over(&proxy).await;
    }
    assert_remains_clean(proxy).await;
}

#[tokio::test]
async fn testing_an_account_reveals_no_key() {
    let (proxy, upstream) = spilling(&[]).await;
    for status in [200, 400, 401, 500] {
        upstream.now(Reply::json(status, &json!({"error": {"message": SECRETS.join(" ")}})));
        for name in NAMES {
            let body = json!({ "name": name }).to_string();
            let answer = proxy.control_call("POST", "/api/accounts/test", &body).await;
            assert_answer_clean(name, &answer);
            assert_eq!(answer.json()["account"], name);
        }
    }
    assert_surfaces_clean("the tests", &proxy).await;
    assert_remains_clean(proxy).await;
}

#[tokio::test]
async fn a_problem_in_the_config_file_is_shown_without_its_secrets() {
    let (proxy, _upstream) = spilling(&[]).await;
    let good = fs::read_to_string(proxy.home.config()).expect("readable");
    let key_line = format!("api_key = \"{CLIENT_KEY}\"");
    for (what, broken) in [
        ("an open string", good.replace(&key_line, &key_line[..key_line.len() - 1])),
        ("a key twice", good.replace(&key_line, &format!("{key_line}\n{key_line}"))),
        ("a misspelt key", good.replace(&key_line, &format!("apikey = \"{CLIENT_KEY}\""))),
        ("a key in a list", good.replace(&key_line, &format!("api_key = [\"{CLIENT_KEY}\"]"))),
        ("a key with a blank", good.replace(CLIENT_KEY, &format!("{CLIENT_KEY} x"))),
        ("a key in a URL", good.replace("http://127", &format!("http://{}@127", SECRETS[1]))),
        ("a key without quotes", good.replace(&key_line, &format!("api_key = {CLIENT_KEY}"))),
        ("a key as a name", good.replace(&key_line, &format!("{CLIENT_KEY} = \"\""))),
    ] {
        assert_ne!(broken, good, "{what}");
        proxy.home.write_config(&broken);
        let status = proxy.wait_for_status(what, |status| status["problem"].is_string()).await;
        assert_clean(what, &status.to_string());
        for arguments in [&["config", "check"] as &[&str], &["config", "show"], &["status"], &["doctor"]] {
            let output = proxy.home.run(arguments);
            assert_clean(&format!("{arguments:?} with {what}"), &format!("{output:?}"));
        }
        proxy.home.write_config(&good);
        proxy.wait_for_status("all is well", |status| status["problem"].is_null()).await;
    }
    for arguments in [
        &["config", "show"] as &[&str],
        &["account", "list"],
        &["account", "list", "--json"],
        &["status", "--json"],
    ] {
        assert_clean(&format!("{arguments:?}"), &format!("{:?}", proxy.home.run(arguments)));
    }
    assert_remains_clean(proxy).await;
}

#[tokio::test]
async fn the_password_of_an_upstream_proxy_is_a_secret_too() {
    let upstream = FakeUpstream::always(Reply::json(200, &json!({}))).await;
    let password = "up-openai-secret-of-the-proxy";
    let config = accounts(&upstream).replace("http://127.0.0.1", "https://api.example")
        + &format!("[upstream]\nproxy = \"http://me:{password}@127.0.0.1:9\"\n");
    let home = Home::with_config(&(proxy_section("auth_mode = \"strict\"") + &config));
    let proxy = TestProxy::serve_home(home, &["serve", "--port", "0", "-vv"]).await;
    for family in Family::ALL {
        let answer = call(&proxy, family, family.body()).await;
        family.assert_error(&answer, 502, &["could not be reached"]);
        assert_answer_clean("an unreachable proxy", &answer);
    }
    assert_surfaces_clean("an unreachable proxy", &proxy).await;
    assert_clean("config show", &format!("{:?}", proxy.home.run(&["config", "show"])));
    assert_remains_clean(proxy).await;
}

#[tokio::test]
async fn only_its_user_can_read_what_the_agent_writes() {
    let home = Home::empty();
    let inner = home.file("not/there/yet");
    let binary = env!("CARGO_BIN_EXE_portcullis");
    let command = |rest: &str| {
        let mut command = std::process::Command::new("sh");
        command.env_clear().env("HOME", home.path()).env("PORTCULLIS_HOME", &inner);
        command.args(["-c", &format!("umask 000; exec {binary} {rest}")]);
        command
    };
    assert!(command("config init").output().expect("runs").status.success());
    let config = inner.join("config.toml");
    let text = fs::read_to_string(&config).expect("written");
    fs::write(&config, text + "\n[[accounts]]\nname = \"d\"\nprovider = \"demo\"\n").expect("written");
    let serve = command("serve --port 0");
    let proxy = TestProxy::spawn(home, serve).await;
    assert_eq!(proxy.send("GET", "/healthz", &[], "").await.status, 200);
    let mut names = Vec::new();
    for_each_file(&inner, &mut |path| {
        let mode = |path: &Path| fs::metadata(path).expect("there").permissions().mode() & 0o777;
        assert_eq!(mode(path), 0o600, "{}", path.display());
        assert_eq!(mode(path.parent().expect("a directory")), 0o700, "around {}", path.display());
        names.push(path.file_name().expect("a name").to_string_lossy().into_owned());
    });
    for name in ["config.toml", "control.json", "portcullis.log"] {
        assert!(names.iter().any(|there| there == name), "no {name} among {names:?}");
    }
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn the_process_shows_no_key_to_other_users() {
    let (proxy, _upstream) = spilling(&[]).await;
    let of_process = |name: &str| fs::read(format!("/proc/{}/{name}", proxy.pid())).unwrap_or_default();
    assert!(!of_process("cmdline").is_empty());
    for name in ["cmdline", "environ", "comm"] {
        assert_clean(name, &String::from_utf8_lossy(&of_process(name)));
    }
}
