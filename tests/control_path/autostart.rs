//! `portcullis autostart`: the entry is written, and starts the agent as a session would.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

use crate::support::home::{stderr, stdout};
use crate::support::{Home, until};

const ENTRY: &str = ".config/autostart/portcullis.desktop";

/// The binary, in a place of this name.
fn installed_in(home: &Home, name: &str) -> PathBuf {
    let directory = home.file(name);
    fs::create_dir_all(&directory).expect("made");
    let binary = directory.join("portcullis");
    fs::copy(env!("CARGO_BIN_EXE_portcullis"), &binary).expect("copied");
    binary
}

fn autostart(home: &Home, binary: &PathBuf, what: &str) -> String {
    let mut command = Command::new(binary);
    command.env_clear().env("HOME", home.path()).args(["--home".as_ref(), home.path().as_os_str()]);
    let output = command.arg("autostart").args(what.split(' ')).output().expect("it runs");
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    stdout(&output)
}

#[test]
fn on_writes_an_entry_and_off_takes_it_away() {
    let home = Home::empty();
    let binary = installed_in(&home, "bin");
    assert!(autostart(&home, &binary, "status").contains("does not start"));
    assert!(autostart(&home, &binary, "on").contains("portcullis starts at login"));
    assert!(autostart(&home, &binary, "on").contains("portcullis starts at login"), "twice is once");
    let entry = fs::read_to_string(home.file(ENTRY)).expect("written");
    assert!(entry.contains(&format!("Exec=\"{}\" --at-login", binary.display())), "{entry}");
    fs::write(home.file(ENTRY), entry + "Hidden=true\n").expect("written");
    assert!(autostart(&home, &binary, "status").contains("does not start"));
    assert!(autostart(&home, &binary, "on").contains("portcullis starts at login"));
    assert!(autostart(&home, &binary, "off").contains("does not start"));
    assert!(!home.file(ENTRY).exists());
    autostart(&home, &binary, "off");
}

#[test]
fn an_entry_for_another_program_is_reported() {
    let home = Home::empty();
    let (old, new) = (installed_in(&home, "old"), installed_in(&home, "new"));
    autostart(&home, &old, "on");
    let printed = autostart(&home, &new, "status");
    assert!(printed.contains("Another program") && printed.contains(&old.display().to_string()), "{printed}");
    let status: Value = serde_json::from_str(&autostart(&home, &new, "status --json")).expect("JSON");
    assert_eq!(status["enabled"], true);
    autostart(&home, &new, "on");
    assert!(fs::read_to_string(home.file(ENTRY)).expect("there").contains(&new.display().to_string()));
}

/// Each home has an agent of its own.
#[test]
fn the_entry_starts_the_home_and_the_config_file_that_it_was_made_for() {
    let user = Home::empty();
    let run = |arguments: &[&str], portcullis_home: Option<&str>| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_portcullis"));
        command.env_clear().env("HOME", user.path()).args(arguments);
        command.envs(portcullis_home.map(|home| ("PORTCULLIS_HOME", home)));
        let output = command.output().expect("it runs");
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        stdout(&output)
    };
    let entries = || {
        let directory = fs::read_dir(user.file(".config/autostart")).into_iter().flatten().flatten();
        let mut lines: Vec<String> = directory
            .map(|entry| fs::read_to_string(entry.path()).expect("text"))
            .filter_map(|text| Some(text.lines().find_map(|line| line.strip_prefix("Exec="))?.to_owned()))
            .collect();
        lines.sort();
        lines
    };
    let work = user.file("at work").display().to_string();
    let config = user.file("x.toml").display().to_string();
    let program = format!("\"{}\" --at-login", env!("CARGO_BIN_EXE_portcullis"));
    run(&["autostart", "on"], Some(&work));
    assert_eq!(entries(), [format!("{program} --home \"{work}\"")]);
    assert!(run(&["autostart", "status"], None).contains("does not start"), "that is another home");
    assert!(run(&["--home", &work, "autostart", "status"], None).contains("starts at login"));
    run(&["autostart", "on"], None);
    run(&["--config", &config, "autostart", "on"], None);
    let all =
        [program.clone(), format!("{program} --config \"{config}\""), format!("{program} --home \"{work}\"")];
    assert_eq!(entries(), all);
    run(&["autostart", "off"], None);
    assert_eq!(entries(), all[1..]);
    assert!(run(&["autostart", "status"], Some(&work)).contains("starts at login"));
    run(&["--home", &work, "autostart", "off"], None);
    assert!(run(&["--home", &work, "autostart", "status"], None).contains("does not start"));
    run(&["--config", &config, "autostart", "off"], None);
    assert_eq!(entries(), Vec::<String>::new());
}

/// What a session does with the entry, done by `gio`.
#[tokio::test]
async fn the_entry_starts_the_program_wherever_it_is() {
    if Command::new("gio").arg("version").output().is_err() {
        println!("skipped: there is no `gio` (Debian: libglib2.0-bin)");
        return;
    }
    for name in
        ["plain", "with space", "100% $HOME", "a \"quote\" and 'more'", "back\\slash `x`", "日本 é", "%f %U"]
    {
        let home = Home::empty();
        let binary = installed_in(&home, name);
        autostart(&home, &binary, "on");
        // The started program writes a file, instead of looking for a panel.
        fs::remove_file(&binary).expect("removed");
        fs::write(&binary, "#!/bin/sh\nprintf '%s\\n' \"$0\" \"$@\" > \"$HOME/next\" && mv \"$HOME/next\" \"$HOME/started\"\n")
            .expect("written");
        fs::set_permissions(&binary, fs::Permissions::from_mode(0o755)).expect("set");
        let mut command = Command::new("gio");
        command.env_clear().env("PATH", std::env::var_os("PATH").expect("a path")).env("HOME", home.path());
        let output = command.arg("launch").arg(home.file(ENTRY)).output().expect("it runs");
        assert!(output.status.success(), "{name}: {}", stderr(&output));
        let started = until(name, async || fs::read_to_string(home.file("started")).ok()).await;
        let (binary, home) = (binary.display(), home.path());
        assert_eq!(started, format!("{binary}\n--at-login\n--home\n{}\n", home.display()), "{name}");
    }
}
