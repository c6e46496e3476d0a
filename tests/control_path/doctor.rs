//! `portcullis doctor`: what it finds, and that it always ends.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Output};

use serde_json::{Value, json};

use crate::support::home::{CLIENT_KEY, stderr, stdout};
use crate::support::proxy::{account, free_port, proxy_section};
use crate::support::{FakeUpstream, Home, Reply, TestProxy};

const DEMO: &str = "\n[[accounts]]\nname = \"demo\"\nprovider = \"demo\"\nmodels = [\"demo*\"]\n";

fn well(port: u16) -> Home {
    let home = Home::with_config(&(proxy_section(&format!("port = {port}")) + DEMO));
    fs::set_permissions(home.path(), fs::Permissions::from_mode(0o700)).expect("set");
    home
}

fn findings(output: &Output) -> Vec<Value> {
    let found: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}{}", stdout(output), stderr(output)));
    found.as_array().expect("a list").clone()
}

/// Runs it and looks for one finding; the exit code says whether there is a problem.
#[track_caller]
fn check(command: &mut Command, level: &str, text: &str, fix: &str) {
    let output = command.output().expect("it runs");
    let found = findings(&output);
    let wanted =
        found.iter().find(|finding| finding["text"].as_str().is_some_and(|said| said.contains(text)));
    let wanted = wanted.unwrap_or_else(|| panic!("nothing says {text:?}: {found:#?}"));
    assert_eq!(wanted["level"], level, "{wanted}");
    assert!(wanted["fix"].as_str().unwrap_or_default().contains(fix), "{wanted}");
    let has_problem = found.iter().any(|finding| finding["level"] == "problem");
    assert_eq!(output.status.code(), Some(i32::from(has_problem)));
}

#[test]
fn a_healthy_home_has_no_problem() {
    let home = well(free_port());
    let output = home.run(&["doctor"]);
    assert_eq!(output.status.code(), Some(0), "{}", stdout(&output));
    assert!(stdout(&output).contains("✓ The config file is in order"), "{}", stdout(&output));
    // It is not running, and there is no session bus.
    assert!(stdout(&output).contains("2 warnings."), "{}", stdout(&output));
    for content in ["No problem", "All is well"] {
        assert!(!stdout(&output).contains(content), "{}", stdout(&output));
    }
    check(&mut home.command(&["doctor", "--json"]), "ok", "1 active account", "");
    check(&mut home.command(&["doctor", "--json", "--online"]), "ok", "Account demo answers", "");
}

#[test]
fn every_problem_is_reported_with_the_one_thing_to_do() {
    let json = ["doctor", "--json"];
    let home = Home::empty();
    check(&mut home.command(&json), "warning", "no config file yet", "portcullis config init");
    let home = Home::with_config(&proxy_section(&format!("port = {}", free_port())));
    check(&mut home.command(&json), "problem", "No available accounts", "portcullis account add");
    let home = Home::with_config("[proxy]\nprot = 1\n");
    check(&mut home.command(&json), "problem", "config.toml:2:1", "portcullis config check");
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = taken.local_addr().expect("an address").port();
    check(&mut well(port).command(&json), "problem", "in use by tests", "is free");
    let home = well(free_port());
    fs::set_permissions(home.config(), fs::Permissions::from_mode(0o644)).expect("set");
    check(&mut home.command(&json), "warning", "open to other users (mode 644)", "chmod 600");
    let home = well(free_port());
    let open = fs::read_to_string(home.config()).expect("text");
    home.write_config(&open.replace("[proxy]", "[proxy]\nallow_lan_access = true\nauth_mode = \"off\""));
    check(&mut home.command(&json), "warning", "Everyone on this network", "auth_mode");
    check(&mut home.command(&json), "warning", "no session bus", "portcullis serve");
}

#[test]
fn variables_that_mislead_clients_are_reported() {
    let port = free_port();
    let home = well(port);
    let json = ["doctor", "--json"];
    check(
        home.command(&json).env("HTTPS_PROXY", "http://proxy:3128").env("NO_PROXY", "localhost"),
        "warning",
        "HTTPS_PROXY is set",
        "NO_PROXY=127.0.0.1",
    );
    check(
        home.command(&json).env("ALL_PROXY", "http://proxy:3128").env("NO_PROXY", "127.0.0.1"),
        "ok",
        "No proxy in the environment",
        "",
    );
    let cases = [
        ("ANTHROPIC_BASE_URL", format!("http://127.0.0.1:{port}/v1"), format!("http://127.0.0.1:{port}.")),
        ("OPENAI_BASE_URL", format!("http://localhost:{port}"), format!("http://127.0.0.1:{port}/v1")),
        ("GOOGLE_GEMINI_BASE_URL", "https://user:pass@gw.example".to_owned(), format!(":{port}")),
    ];
    for (name, value, fix) in cases {
        check(home.command(&json).env(name, &value), "warning", &format!("{name} points"), &fix);
        let output = home.command(&json).env(name, &value).output().expect("runs");
        assert!(!stdout(&output).contains("user:pass"), "{}", stdout(&output));
    }
    let right = home.command(&json).env("OPENAI_BASE_URL", format!("http://localhost:{port}/v1")).output();
    assert!(!stdout(&right.expect("runs")).contains("OPENAI_BASE_URL"));
}

#[test]
fn tools_that_point_past_the_proxy_are_reported() {
    let home = well(free_port());
    let json = ["doctor", "--json"];
    home.run(&["connect", "codex"]);
    check(
        &mut home.command(&json),
        "problem",
        "Codex points at portcullis, which is not running",
        "portcullis disconnect codex",
    );
    let config = fs::read_to_string(home.config()).expect("text");
    let port = config.lines().find(|line| line.starts_with("port")).expect("a port");
    home.write_config(&config.replace(port, &format!("port = {}", free_port())));
    check(
        &mut home.command(&json),
        "warning",
        "Codex points at http://127.0.0.1:",
        "portcullis connect codex",
    );
    fs::create_dir_all(home.file(".claude")).expect("made");
    let settings = json!({"env": {"ANTHROPIC_BASE_URL": "https://gateway.example"}});
    fs::write(home.file(".claude/settings.json"), settings.to_string()).expect("written");
    let shown = stdout(&home.run(&json));
    assert!(!shown.contains("Claude Code"), "somebody else's gateway is nobody's business: {shown}");
    fs::write(home.file(".claude/settings.json"), "{").expect("written");
    check(&mut home.command(&json), "problem", "Claude Code cannot be read", "Correct the file");
}

#[tokio::test]
async fn the_state_of_a_running_agent_is_reported() {
    let error = json!({"error": {"message": "no", "code": "invalid_api_key"}});
    let upstream = FakeUpstream::always(Reply::json(401, &error)).await;
    let proxy = TestProxy::serve(&(account("bad", "openai", &upstream, "") + DEMO)).await;
    proxy.chat("gpt-5").await;
    let output = proxy.run(&["doctor", "--json"]).await;
    let shown = stdout(&output);
    assert!(shown.contains(&format!("Running on http://{}", proxy.address)), "{shown}");
    assert!(shown.contains("Account bad was refused"), "{shown}");
    assert!(!shown.contains(CLIENT_KEY) && !shown.contains("secret-key"), "{shown}");
    let online = stdout(&proxy.run(&["doctor", "--online", "--json"]).await);
    assert!(online.contains("Account demo answers"), "{online}");
    assert_eq!(proxy.run(&["stop"]).await.status.code(), Some(0));
    let output = proxy.run(&["doctor", "--json"]).await;
    assert!(stdout(&output).contains("The proxy is stopped"), "{}", stdout(&output));
}

/// What `doctor` finds in the home of a running agent.
async fn findings_of(proxy: &TestProxy, arguments: &[&str]) -> Vec<Value> {
    findings(&proxy.run(&[&["doctor", "--json"], arguments].concat()).await)
}

fn finding<'a>(found: &'a [Value], text: &str) -> &'a Value {
    let has = |finding: &&Value| finding["text"].as_str().is_some_and(|said| said.contains(text));
    found.iter().find(has).unwrap_or_else(|| panic!("nothing says {text:?}: {found:#?}"))
}

#[tokio::test]
async fn a_warning_of_the_running_agent_is_reported_once() {
    let upstream = FakeUpstream::always(Reply::json(200, &json!({}))).await;
    let config = proxy_section("")
        + &account("real", "openai", &upstream, "")
        + DEMO
        + "[models]\n\"x\" = \"nobody-has-it\"\n";
    let proxy = TestProxy::serve(&config).await;
    let warned = proxy.status().await["warnings"].as_array().expect("a list").clone();
    assert_eq!(warned.len(), 2, "{warned:?}");
    let found = findings_of(&proxy, &[]).await;
    for warning in warned {
        let told: Vec<_> = found.iter().filter(|finding| finding["text"] == warning).collect();
        assert_eq!(told.len(), 1, "{warning}: {found:#?}");
        assert_eq!(told[0]["level"], "warning");
    }
    let shown = stdout(&proxy.run(&["doctor"]).await);
    assert!(!shown.contains("No problem") && !shown.contains("All is well"), "{shown}");
}

#[tokio::test]
async fn an_address_that_another_program_has_is_a_warning_here_too() {
    let (port, taken) = loop {
        let port = free_port();
        if let Ok(taken) = TcpListener::bind(("::1", port)) {
            break (port, taken);
        }
    };
    let home = Home::with_config(&(proxy_section(&format!("port = {port}")) + DEMO));
    let proxy = TestProxy::serve_home(home, &["serve"]).await;
    let warned = proxy.status().await["warnings"][0].as_str().expect("a warning").to_owned();
    let found = findings_of(&proxy, &[]).await;
    assert_eq!(finding(&found, &warned)["level"], "warning");
    drop(taken);
}

#[tokio::test]
async fn a_key_that_only_the_shell_sees_is_reported_with_what_the_agent_could_see() {
    let config = proxy_section("")
        + "\n[[accounts]]\nname = \"mine\"\nprovider = \"gemini\"\napi_key = { env = \"KEY_OF_MY_SHELL\" }\n"
        + DEMO;
    let proxy = TestProxy::serve(&config).await;
    let in_shell = async |arguments: &[&str]| {
        let mut command = proxy.home.command(arguments);
        command.env("KEY_OF_MY_SHELL", "AIza0123456789");
        tokio::process::Command::from(command).output().await.expect("it runs")
    };
    let found = findings(&in_shell(&["doctor", "--json"]).await);
    let fix = finding(&found, "Account mine")["fix"].as_str().expect("a fix").to_owned();
    assert!(fix.contains("without your shell's environment") && fix.contains("environment.d"), "{fix}");
    let about_it =
        found.iter().filter(|one| one["text"].as_str().is_some_and(|text| text.contains("KEY_OF_MY_SHELL")));
    assert_eq!(about_it.count(), 1, "{found:#?}");
    let tested = stdout(&in_shell(&["account", "test", "mine"]).await);
    assert!(tested.contains("does not see your shell's environment"), "{tested}");
}

#[tokio::test]
async fn listed_accounts_without_keys_are_not_called_none() {
    let config = proxy_section("port = 0")
        + "\n[[accounts]]\nname = \"mine\"\nprovider = \"gemini\"\napi_key = { file = \"/nonexistent/key\" }\n";
    let home = Home::with_config(&config);
    let found = findings(&home.run(&["doctor", "--json"]));
    let problem = finding(&found, "The one account has no key");
    assert!(problem["fix"].as_str().expect("a fix").contains("Give an account its key"), "{problem}");
    let mut texts: Vec<&str> = found.iter().filter_map(|finding| finding["text"].as_str()).collect();
    let count = texts.len();
    texts.sort_unstable();
    texts.dedup();
    assert_eq!(texts.len(), count, "{texts:#?}");
    assert!(finding(&found, "Account mine")["fix"].as_str().expect("a fix").contains("Create the file"));
}

#[test]
fn the_proxy_on_the_way_to_the_providers_is_tried() {
    let json = ["doctor", "--json"];
    let config = |port: u16| {
        let upstream = format!("[upstream]\nproxy = \"http://user:pa55word@127.0.0.1:{port}\"\n");
        proxy_section(&format!("port = {}", free_port())) + &upstream + DEMO
    };
    let closed = free_port();
    let home = Home::with_config(&config(closed));
    let text = format!("The proxy 127.0.0.1:{closed} (upstream.proxy) does not answer");
    check(&mut home.command(&json), "problem", &text, "`proxy` under [upstream]");
    assert!(!stdout(&home.run(&json)).contains("pa55word"));
    let open = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = open.local_addr().expect("an address").port();
    check(&mut Home::with_config(&config(port)).command(&json), "ok", "(upstream.proxy) answers", "");
}

#[test]
fn proxies_of_the_environment_are_reported_as_unused() {
    let (home, json) = (well(free_port()), ["doctor", "--json"]);
    for name in ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"] {
        let mut command = home.command(&json);
        command.env(name, "http://user:pa55word@proxy.corp:3128").env("NO_PROXY", "127.0.0.1");
        let text = format!("does not use {name} from the environment");
        check(&mut command, "warning", &text, "proxy = \"http://***@proxy.corp:3128\"");
    }
}

/// The same as an ordinary user; root may write everything.
fn as_nobody(home: &Home, arguments: &[&str]) -> Output {
    let mut command = Command::new("setpriv");
    let inner = home.command(arguments);
    command.args(["--reuid", "65534", "--regid", "65534", "--clear-groups"]).arg(inner.get_program());
    command.args(inner.get_args()).env_clear().env("HOME", home.path());
    command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command.output().expect("this test needs setpriv (util-linux), and to be run by root")
}

#[test]
fn files_that_a_run_as_root_left_are_named_with_the_way_to_get_them_back() {
    let home = well(free_port());
    for name in ["portcullis.lock", "monitor.db", "portcullis.log"] {
        fs::write(home.file(name), "").expect("written");
        fs::set_permissions(home.file(name), fs::Permissions::from_mode(0o600)).expect("set");
    }
    let nobody = Some(65534);
    std::os::unix::fs::chown(home.path(), nobody, nobody).expect("this test needs to be run by root");
    std::os::unix::fs::chown(home.config(), nobody, nobody).expect("given away");
    let output = as_nobody(&home, &["doctor", "--json"]);
    let found = findings(&output);
    let problem = finding(&found, "belongs to another user (id 0)");
    assert_eq!(problem["level"], "problem", "{problem}");
    let fix = format!("sudo chown -R 65534 \"{}\"", home.path().display());
    assert!(problem["fix"].as_str().expect("a fix").contains(&fix), "{problem}");
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn a_home_that_cannot_be_written_is_named() {
    let home = well(free_port());
    let nobody = Some(65534);
    std::os::unix::fs::chown(home.config(), nobody, nobody).expect("this test needs to be run by root");
    std::os::unix::fs::chown(home.path(), nobody, nobody).expect("given away");
    fs::set_permissions(home.path(), fs::Permissions::from_mode(0o500)).expect("set");
    let found = findings(&as_nobody(&home, &["doctor", "--json"]));
    let problem = finding(&found, "cannot be written");
    let fix = format!("chmod u+rwx \"{}\"", home.path().display());
    assert!(problem["fix"].as_str().expect("a fix").contains(&fix), "{problem}");
}

#[tokio::test]
async fn a_failed_online_call_is_reported_with_the_one_cure_that_helps() {
    let refusal = Reply::json(401, &json!({"error": {"message": "no", "code": "invalid_api_key"}}));
    let refusing = FakeUpstream::always(refusal).await;
    let unversioned = FakeUpstream::always(Reply::whole(404, "text/plain", "404 page not found")).await;
    let closed = free_port();
    let config = proxy_section("port = 0")
        + &account("refused", "openai", &refusing, "")
        + &format!(
            "\n[[accounts]]\nname = \"bare\"\nprovider = \"openai-compatible\"\nbase_url = \"{}\"\n",
            unversioned.url()
        )
        + &format!(
            "\n[[accounts]]\nname = \"away\"\nprovider = \"openai-compatible\"\nbase_url = \"http://127.0.0.1:{closed}/v1\"\nmodels = [\"m\"]\n"
        );
    let home = Home::with_config(&config);
    let found = findings(&home.ask(&["doctor", "--json", "--online"]).await);
    for (name, cure) in [
        ("refused", "Give account refused a valid key".to_owned()),
        ("bare", format!("base_url = \"{}/v1\"", unversioned.url())),
        (
            "away",
            format!(
                "Check `base_url` of account away (http://127.0.0.1:{closed}/v1), that its server is running"
            ),
        ),
    ] {
        let problem = finding(&found, &format!("Account {name} does not answer"));
        assert!(problem["fix"].as_str().expect("a fix").contains(&cure), "{name}: {problem}");
        let tested = stdout(&home.ask(&["account", "test", name]).await);
        assert!(tested.contains(&cure), "{name}: {tested}");
    }
}

/// Small enough that the existing files fill it.
#[test]
fn a_full_disk_is_a_problem_with_its_cure() {
    let home = well(free_port());
    let config = fs::read_to_string(home.config()).expect("readable");
    let plain = home.command(&["doctor", "--json"]);
    let script = "mount -t tmpfs -o size=256k,mode=700 tmpfs \"$1\" && printf %s \"$2\" > \"$1/config.toml\" \
        && chmod 600 \"$1/config.toml\" || exit 77\n\
        [ -z \"$3\" ] || dd if=/dev/zero of=\"$1/filler\" bs=4k 2>/dev/null\n\
        shift 3; exec \"$@\"";
    for (full, level) in [("", None), ("full", Some("problem"))] {
        let mut command = Command::new("unshare");
        command.args(["--mount", "sh", "-c", script, "sh"]).arg(home.path()).args([&config, full]);
        command.arg(plain.get_program()).args(plain.get_args());
        command.env_clear().envs(plain.get_envs().filter_map(|(name, value)| Some((name, value?))));
        let output = command.output().expect("unshare runs (apt-get install util-linux)");
        assert_ne!(output.status.code(), Some(77), "this test mounts: run it as root, as CI does");
        let found = findings(&output);
        let told = found.iter().find(|one| one["text"].as_str().is_some_and(|text| text.contains("is full")));
        assert_eq!(told.map(|told| told["level"].as_str().expect("a level")), level, "{found:#?}");
        assert_eq!(output.status.code(), Some(i32::from(level.is_some())), "{found:#?}");
        if let Some(told) = told {
            assert!(told["fix"].as_str().expect("a fix").contains("df -h"), "{told}");
        }
    }
}
