//! From nothing to a working config file, and the commands for that file.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::support::home::{CLIENT_KEY, stderr, stdout};
use crate::support::proxy::{account, proxy_section};
use crate::support::{FakeUpstream, Home, Reply, TestProxy};

const NO_ACCOUNTS: &str = "No available accounts. Add an account first.";

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).expect("there").permissions().mode() & 0o777
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).expect("readable")
}

/// The key a first file came with.
fn key(config: &str) -> &str {
    let key = config.lines().find_map(|line| line.strip_prefix("api_key = \"sk-")).expect("a key");
    key.trim_end_matches('"')
}

#[test]
fn serving_an_empty_home_writes_a_private_commented_config_and_says_what_is_missing() {
    let outer = Home::empty();
    let home = outer.file("deep").join("home");
    let output = Command::new(env!("CARGO_BIN_EXE_portcullis"))
        .env("PORTCULLIS_HOME", &home)
        .args(["serve", "--port", "0"])
        .output()
        .expect("the binary runs");
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains(NO_ACCOUNTS), "{}", stderr(&output));
    assert!(stderr(&output).contains("portcullis account add"), "and the fix: {}", stderr(&output));
    let config = home.join("config.toml");
    assert_eq!((mode(&home), mode(&home.join("..")), mode(&config)), (0o700, 0o700, 0o600));
    let text = read(&config);
    assert!(text.lines().filter(|line| line.starts_with('#')).count() > 20, "{text}");
    assert!(key(&text).len() >= 32);
    assert!(!home.join("control.json").exists());
    for entry in std::fs::read_dir(&home).expect("readable") {
        let path = entry.expect("an entry").path();
        assert_eq!(mode(&path) & 0o077, 0, "{}", path.display());
    }
}

#[test]
fn every_first_file_has_a_key_of_its_own_and_no_problem() {
    let (one, other) = (Home::empty(), Home::empty());
    for home in [&one, &other] {
        assert_eq!(home.run(&["config", "init"]).status.code(), Some(0));
        let checked = home.run(&["config", "check"]);
        assert_eq!((checked.status.code(), stderr(&checked)), (Some(0), String::new()));
    }
    assert_ne!(key(&read(&one.config())), key(&read(&other.config())));
}

#[test]
fn init_never_overwrites() {
    let home = Home::with_config("# mine\n");
    let output = home.run(&["config", "init"]);
    assert_eq!((output.status.code(), read(&home.config())), (Some(1), "# mine\n".to_owned()));
    assert!(stderr(&output).contains("already exists"), "{}", stderr(&output));
}

#[tokio::test]
async fn from_nothing_to_an_answer_in_two_commands() {
    let upstream = FakeUpstream::always(Reply::json(200, &json!({}))).await;
    let home = Home::empty();
    let url = format!("{}/v1", upstream.url());
    let add = ["account", "add", "--provider", "openai", "--base-url", &url];
    let added = home.run_with_input(&add, "up-first-key\n");
    assert_eq!(added.status.code(), Some(0), "{}", stderr(&added));
    let proxy = TestProxy::serve_home(home, &["serve", "--port", "0"]).await;
    assert_eq!(proxy.get("/healthz").await.json(), json!({"status": "ok"}));
    assert_eq!(proxy.chat("gpt-5").await.status, 200);
    assert_eq!(upstream.seen()[0].header("authorization"), Some("Bearer up-first-key"));
}

#[test]
fn path_prints_where_the_file_is_or_would_be() {
    let home = Home::empty();
    let path = home.config().display().to_string();
    assert_eq!(stdout(&home.run(&["config", "path"])), format!("{path}\n"));
    let json: Value = serde_json::from_str(&stdout(&home.run(&["--json", "config", "path"]))).expect("JSON");
    assert_eq!(json, json!({ "path": path }));
    let other = home.file("other.toml").display().to_string();
    assert_eq!(stdout(&home.run(&["--config", &other, "config", "path"])), format!("{other}\n"));
}

const WITH_PROBLEMS: &str = "\
[proxy]
prot = 1
api_key = \"short\"

[pool]
strategy = \"random\"

[[accounts]]
name = \"a\"
provider = \"openai\"
api_key = \"up-a-secret-key\"
base_url = \"ftp://x\"
";

#[test]
fn check_prints_every_problem_with_its_place_key_and_fix() {
    let home = Home::with_config(WITH_PROBLEMS);
    let output = home.run(&["config", "check"]);
    let text = stdout(&output);
    assert_eq!(output.status.code(), Some(2));
    let path = home.config().display().to_string();
    let places = [
        ":2:1: proxy.prot: unknown key; did you mean `port`?",
        ":3:11: proxy.api_key: ",
        ":6:12: pool.strategy: \"random\" is not one of the choices; write one of \"round_robin\"",
        ":12:12: accounts[0].base_url: ",
    ];
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines.len(), places.len(), "{text}");
    for (line, place) in lines.iter().zip(places) {
        assert!(line.starts_with(&format!("{path}{place}")), "{line}");
    }
}

#[test]
fn check_in_json_has_the_same_problems() {
    let home = Home::with_config(WITH_PROBLEMS);
    let output = home.run(&["--json", "config", "check"]);
    let checked: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!((output.status.code(), &checked["ok"]), (Some(2), &json!(false)));
    let problems = checked["problems"].as_array().expect("a list");
    let keys: Vec<_> = problems.iter().map(|problem| problem["key"].as_str().expect("a key")).collect();
    assert_eq!(keys, ["proxy.prot", "proxy.api_key", "pool.strategy", "accounts[0].base_url"]);
    for problem in problems {
        for part in ["message", "fix"] {
            assert!(!problem[part].as_str().expect("text").is_empty(), "{problem}");
        }
        assert!(problem["line"].as_u64() > Some(0) && problem["column"].as_u64() > Some(0), "{problem}");
    }
    home.write_config(&proxy_section(""));
    let output = home.run(&["--json", "config", "check"]);
    let checked: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(output.status.code(), Some(0));
    assert_eq!((&checked["ok"], &checked["problems"]), (&json!(true), &json!([])));
}

#[tokio::test]
async fn show_prints_the_file_without_its_secrets() {
    let upstream = FakeUpstream::always(Reply::HangUp).await;
    let text = format!("# mine\n{}{}", proxy_section(""), account("work", "openai", &upstream, ""));
    let home = Home::with_config(&text);
    let output = home.run(&["config", "show"]);
    let shown = stdout(&output);
    assert_eq!(output.status.code(), Some(0));
    assert!(shown.starts_with("# mine\n") && shown.contains("name = \"work\""), "{shown}");
    assert!(!shown.contains(CLIENT_KEY) && !shown.contains("up-work-secret-key"), "{shown}");
}

#[test]
fn schema_describes_every_section_of_the_first_file() {
    let home = Home::empty();
    home.run(&["config", "init"]);
    let schema: Value = serde_json::from_str(&stdout(&home.run(&["config", "schema"]))).expect("JSON");
    let config: toml::Table = read(&home.config()).parse().expect("TOML");
    for (name, section) in &config {
        let known = &schema["properties"][name];
        assert!(known["description"].is_string(), "{name}");
        for key in section.as_table().into_iter().flat_map(toml::Table::keys) {
            assert!(known["properties"][key]["description"].is_string(), "{name}.{key}");
        }
    }
}

/// Arguments and exit code.
#[test]
fn exit_codes_tell_bad_usage_failure_and_absence_apart() {
    let fresh = Home::empty();
    let broken = Home::with_config("[proxy]\nport = true\n");
    let cases: [(&Home, &[&str], i32); 12] = [
        (&fresh, &["--version"], 0),
        (&fresh, &["--help"], 0),
        (&fresh, &["serv"], 2),
        (&fresh, &["serve", "--port", "70000"], 2),
        (&fresh, &[], 3),
        (&fresh, &["status"], 3),
        (&fresh, &["quit"], 3),
        (&fresh, &["open", "--print"], 3),
        (&fresh, &["config", "check"], 2),
        (&broken, &["config", "check"], 2),
        (&broken, &["serve", "--port", "0"], 2),
        (&broken, &["account", "list"], 2),
    ];
    for (home, arguments, expected) in cases {
        let output = home.run(arguments);
        assert_eq!(output.status.code(), Some(expected), "{arguments:?}: {}", stderr(&output));
    }
    assert!(stderr(&fresh.run(&[])).contains("portcullis serve"));
    assert!(stderr(&broken.run(&["serve"])).contains("config.toml:2:8: proxy.port: is true or false"));
}
