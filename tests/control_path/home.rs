//! One home, however it is named: its lock outlives a logout, and commands edit the file that
//! its agent reads.

use std::fs;
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};

use crate::support::home::{stderr, stdout};
use crate::support::proxy::{account, proxy_section};
use crate::support::{FakeUpstream, Home, Reply, TestProxy, until};

const DEMO: &str = "\n[[accounts]]\nname = \"demo\"\nprovider = \"demo\"\n";
const CONFIG: &str = ".config/portcullis/config.toml";
const RUNTIME: &str = "run";

/// A command in the usual directories of a user, whose session has a runtime directory or not.
fn as_user(home: &Home, arguments: &[&str], has_runtime: bool) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_portcullis"));
    let path = std::env::var_os("PATH").unwrap_or_default();
    command.env_clear().env("PATH", path).env("HOME", home.path()).args(arguments).stdin(Stdio::null());
    if has_runtime {
        command.env("XDG_RUNTIME_DIR", home.file(RUNTIME));
    }
    command
}

fn user() -> Home {
    let home = Home::empty();
    fs::create_dir(home.file(RUNTIME)).expect("made");
    fs::create_dir_all(home.file(CONFIG).parent().expect("a directory")).expect("made");
    fs::write(home.file(CONFIG), proxy_section("port = 0") + DEMO).expect("written");
    private(&home.file(CONFIG));
    home
}

fn private(path: &std::path::Path) {
    fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).expect("set");
}

fn run(mut command: Command) -> Output {
    command.output().expect("the binary runs")
}

async fn until_it_runs(home: &Home) -> Value {
    until("it runs", async || {
        let output = run(as_user(home, &["status", "--json"], false));
        (output.status.code() == Some(0)).then(|| serde_json::from_slice(&output.stdout).expect("JSON"))
    })
    .await
}

fn spawn(mut command: Command) -> tokio::process::Child {
    command.stdout(Stdio::null()).stderr(Stdio::null());
    tokio::process::Command::from(command).kill_on_drop(true).spawn().expect("the binary starts")
}

#[tokio::test]
async fn without_its_runtime_directory_an_agent_is_found_and_stays_the_only_one() {
    let home = user();
    let mut agent = spawn(as_user(&home, &["serve"], true));
    let status = until_it_runs(&home).await;
    fs::remove_dir_all(home.file(RUNTIME)).expect("the session is over");
    for has_runtime in [false, true] {
        let second = run(as_user(&home, &["serve", "--port", "0"], has_runtime));
        assert_eq!(second.status.code(), Some(4), "{}", stderr(&second));
        let printed = stderr(&second);
        assert!(printed.contains(&format!("pid {}", status["pid"])), "{printed}");
        let found = run(as_user(&home, &["status"], has_runtime));
        assert_eq!(found.status.code(), Some(0), "{}", stdout(&found));
    }
    assert_eq!(run(as_user(&home, &["quit"], false)).status.code(), Some(0));
    assert!(agent.wait().await.expect("ended").success());
    assert_eq!(run(as_user(&home, &["status"], false)).status.code(), Some(3));
}

/// An agent of 0.1.0 has its lock in the runtime directory.
#[tokio::test]
async fn an_agent_with_its_lock_in_the_old_place_is_recognised() {
    let home = user();
    let directory = home.file(RUNTIME).join("portcullis");
    fs::create_dir(&directory).expect("made");
    let lock = fs::File::create(directory.join("portcullis.lock")).expect("made");
    lock.try_lock().expect("free");
    let control = json!({"address": "127.0.0.1:9", "token": "t", "pid": 4242, "version": "0.1.0"});
    fs::write(directory.join("control.json"), control.to_string()).expect("written");
    let second = run(as_user(&home, &["serve", "--port", "0"], true));
    assert_eq!(second.status.code(), Some(4), "{}", stderr(&second));
    assert!(stderr(&second).contains("pid 4242"), "{}", stderr(&second));
    drop(lock);
    let mut agent = spawn(as_user(&home, &["serve"], true));
    until_it_runs(&home).await;
    assert_eq!(run(as_user(&home, &["quit"], true)).status.code(), Some(0));
    agent.wait().await.expect("ended");
}

/// The config file is outside the home, and only the agent was given its path.
#[tokio::test]
async fn commands_edit_the_file_that_the_agent_reads() {
    let upstream = FakeUpstream::always(Reply::json(200, &json!({}))).await;
    let home = Home::empty();
    let config = home.file("mine.toml");
    fs::write(&config, proxy_section("") + &account("work", "openai", &upstream, "")).expect("written");
    private(&config);
    let own = config.display().to_string();
    let proxy = TestProxy::serve_home(home, &["serve", "--port", "0", "--config", &own]).await;
    let path = proxy.run(&["config", "path"]).await;
    assert_eq!(stdout(&path).trim(), own);
    let rotated = proxy.run(&["key", "rotate"]).await;
    assert_eq!(rotated.status.code(), Some(0), "{}", stderr(&rotated));
    let text = || fs::read_to_string(&config).expect("readable");
    assert!(text().contains(stdout(&rotated).trim()), "{}", text());
    let disabled = proxy.run(&["account", "disable", "work"]).await;
    assert_eq!(disabled.status.code(), Some(0), "{}", stderr(&disabled));
    assert_eq!(proxy.account("work").await["state"], "off");
    let added = proxy.home.run_with_input(&["account", "add", "--provider", "demo"], "");
    assert_eq!(added.status.code(), Some(0), "{}", stderr(&added));
    assert_eq!(proxy.account("demo").await["state"], "ready");
    assert!(!proxy.home.config().exists(), "no other file came to be");
}

#[tokio::test]
async fn an_edit_of_another_file_than_the_agents_says_so() {
    let proxy = TestProxy::serve(&(proxy_section("") + DEMO)).await;
    let other = proxy.home.file("other.toml").display().to_string();
    let arguments = ["account", "add", "--provider", "demo", "two", "--config", &other];
    let added = proxy.home.run_with_input(&arguments, "");
    assert_eq!(added.status.code(), Some(0), "{}", stderr(&added));
    let own = proxy.home.config().display().to_string();
    assert!(
        stderr(&added).contains("another config file") && stderr(&added).contains(&own),
        "{}",
        stderr(&added)
    );
    let accounts = proxy.status().await["accounts"].clone();
    assert_eq!(accounts.as_array().map(Vec::len), Some(1), "{accounts}");
}

/// A container mounts the one file: nothing can be renamed over it.
#[test]
fn a_config_file_that_is_mounted_can_be_edited() {
    let home = Home::with_config(&format!("# mine\n{}{DEMO}", proxy_section("")));
    fs::rename(home.config(), home.file("outside.toml")).expect("moved");
    fs::write(home.config(), "").expect("written");
    let arguments = ["account", "disable", "demo"];
    let plain = home.command(&arguments);
    let mut command = Command::new("unshare");
    command.env_clear().args(["--mount", "--map-root-user", "sh", "-c"]);
    command.arg("mount --bind \"$HOME/outside.toml\" \"$HOME/config.toml\" && exec \"$0\" \"$@\"");
    command.arg(plain.get_program()).args(plain.get_args());
    command.envs(plain.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let output = command.output().expect("unshare runs (apt-get install util-linux)");
    assert_eq!(output.status.code(), Some(0), "mount namespaces are needed here: {}", stderr(&output));
    let text = fs::read_to_string(home.file("outside.toml")).expect("readable");
    assert!(text.starts_with("# mine\n") && text.contains("enabled = false"), "{text}");
    let left = fs::read_dir(home.path()).expect("a directory").flatten();
    let halves = left.filter(|entry| entry.file_name().to_string_lossy().ends_with(".tmp"));
    assert_eq!(halves.count(), 0);
}

#[test]
fn completions_are_printed_for_every_shell() {
    let home = Home::empty();
    for (shell, word) in [
        ("bash", "complete -F _portcullis"),
        ("zsh", "#compdef portcullis"),
        ("fish", "complete -c portcullis"),
        ("powershell", "Register-ArgumentCompleter"),
    ] {
        let output = home.run(&["completions", shell]);
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        assert!(stdout(&output).contains(word), "{shell}");
        assert!(
            stdout(&output).contains("clear-cooldown") && !stdout(&output).contains("hold-clipboard"),
            "{shell}"
        );
    }
    assert_eq!(home.run(&["completions", "tcsh"]).status.code(), Some(2));
    let script = home.file("completions.bash");
    fs::write(&script, home.run(&["completions", "bash"]).stdout).expect("written");
    let read = Command::new("bash").arg("-n").arg(&script).output().expect("bash runs");
    assert!(read.status.success(), "{}", stderr(&read));
}
