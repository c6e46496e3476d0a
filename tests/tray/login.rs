//! A logout and a login: the agent goes on, in the session of its user.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use serde_json::json;

use super::{Desktop, config};
use crate::support::desktop::{NotificationDaemon, PrivateBus, TrayHost};
use crate::support::home::{stderr, stdout};
use crate::support::{Home, TestProxy, request, until};

/// A launcher that records the session it was started in, and what it was to open.
struct Launcher {
    directory: PathBuf,
}

impl Launcher {
    fn new(home: &Home) -> Self {
        let directory = home.file("launcher");
        fs::create_dir(&directory).expect("created");
        let script = directory.join("xdg-open");
        let text = format!(
            "#!/bin/sh\nprintf '%s %s %s\\n' \"$DISPLAY\" \"$DBUS_SESSION_BUS_ADDRESS\" \"$1\" >> '{}'\n",
            directory.join("opened").display()
        );
        fs::write(&script, text).expect("written");
        fs::set_permissions(&script, std::os::unix::fs::PermissionsExt::from_mode(0o700)).expect("set");
        Self { directory }
    }

    fn install(&self, command: &mut Command) {
        let path = std::env::var("PATH").unwrap_or_default();
        command.env("PATH", format!("{}:{path}", self.directory.display()));
    }

    /// Everything opened so far, once there is something.
    async fn opened(&self) -> Vec<String> {
        let file = self.directory.join("opened");
        let text = until("something is opened", async || {
            fs::read_to_string(&file).ok().filter(|text| text.ends_with('\n'))
        })
        .await;
        text.lines().map(str::to_owned).collect()
    }
}

async fn launch(mut command: Command, display: &str) -> std::process::Output {
    command.env("DISPLAY", display);
    tokio::process::Command::from(command).output().await.expect("it runs")
}

#[tokio::test]
async fn a_login_that_finds_an_agent_is_quiet() {
    let home = Home::with_config(&config(""));
    let launcher = Launcher::new(&home);
    let desktop = Desktop::start(home, |command| launcher.install(command)).await.running().await;
    for _ in 0..2 {
        let command = desktop.bus.command(&desktop.agent.home, &["--at-login"]);
        let login = launch(command, ":1").await;
        assert_eq!(login.status.code(), Some(0), "{}", stderr(&login));
        assert_eq!((stdout(&login), stderr(&login)), (String::new(), String::new()));
    }
    let asked = launch(desktop.bus.command(&desktop.agent.home, &[]), ":1").await;
    assert!(stdout(&asked).contains("already running"), "{}", stdout(&asked));
    let opened = launcher.opened().await;
    assert_eq!(opened.len(), 1, "only what was asked for: {opened:?}");
}

#[tokio::test]
async fn a_login_beside_serve_is_quiet_and_a_launch_says_that_there_is_no_icon() {
    let home = Home::with_config(&config(""));
    let launcher = Launcher::new(&home);
    let mut command = home.command(&["serve", "--port", "0"]);
    launcher.install(&mut command);
    let agent = TestProxy::spawn(home, command).await;
    let bus = PrivateBus::start().await;
    let login = launch(bus.command(&agent.home, &["--at-login"]), ":1").await;
    assert_eq!(
        (login.status.code(), stdout(&login), stderr(&login)),
        (Some(0), String::new(), String::new())
    );
    let asked = launch(bus.command(&agent.home, &[]), ":2").await;
    assert_eq!(asked.status.code(), Some(0), "{}", stderr(&asked));
    let printed = stdout(&asked);
    assert_eq!(printed.lines().filter(|line| line.contains("without a tray icon")).count(), 1, "{printed}");
    let opened = launcher.opened().await;
    let start = format!(":2 {} file://", bus.address());
    assert!(opened.len() == 1 && opened[0].starts_with(&start), "{opened:?}");
}

/// A remote desktop, or a display manager that gives every login a bus of its own.
#[tokio::test]
async fn a_login_on_another_bus_brings_icon_notifications_and_browser_along() {
    let home = Home::with_config(&config(""));
    let launcher = Launcher::new(&home);
    let Desktop { bus: old, host: _host, item, agent } = Desktop::start(home, |command| {
        launcher.install(command);
        command.env("DISPLAY", ":1");
    })
    .await
    .running()
    .await;
    let new = PrivateBus::start().await;
    let mut host = TrayHost::start(&new).await;
    let mut daemon = NotificationDaemon::start(&new).await;
    let login = launch(new.command(&agent.home, &["--at-login"]), ":77").await;
    assert_eq!((login.status.code(), stdout(&login)), (Some(0), String::new()), "{}", stderr(&login));
    let moved = host.item().await;
    moved.wait_for_line(&format!("Running on {} (off)", agent.address)).await;
    item.wait_until_gone().await;
    let shown =
        |status: &serde_json::Value| status["icon"] == json!({ "state": "shown", "bus": new.address() });
    agent.wait_for_status("where the icon is", shown).await;
    moved.click(&["Open dashboard"]).await;
    let opened = launcher.opened().await;
    let start = format!(":77 {} file://", new.address());
    assert!(opened.len() == 1 && opened[0].starts_with(&start), "{opened:?}");
    // There is no such screen, so the copy fails, and the new session shows it.
    moved.click(&["Copy base URL", "OpenAI"]).await;
    moved
        .wait_for("why nothing was copied", |seen| seen.menu.to_string().contains("Nothing was copied"))
        .await;
    assert_eq!(daemon.next().await.summary, "That could not be done");
    let broken = config("").replace("port =", "prot =");
    agent.home.write_config(&broken);
    assert_eq!(daemon.next().await.summary, "Problem in the config file");
    moved.click(&["Stop proxy"]).await;
    moved.wait_for_line("Stopped (off)").await;
    let doctor =
        |bus: &PrivateBus| tokio::process::Command::from(bus.command(&agent.home, &["doctor"])).output();
    let here = stdout(&doctor(&new).await.expect("it runs"));
    assert!(here.contains("The desktop shows tray icons") && !here.contains("another session"), "{here}");
    let there = stdout(&doctor(&old).await.expect("it runs"));
    assert!(there.contains("The icon of the running agent is in another session"), "{there}");
}

/// A terminal of the same user cannot show an icon.
#[tokio::test]
async fn a_launch_without_a_display_on_the_same_bus_moves_nothing() {
    let home = Home::with_config(&config(""));
    let launcher = Launcher::new(&home);
    let desktop = Desktop::start(home, |command| {
        launcher.install(command);
        command.env("DISPLAY", ":1");
    })
    .await
    .running()
    .await;
    let second = desktop.bus.command(&desktop.agent.home, &[]);
    let output = tokio::process::Command::from(second).output().await.expect("it runs");
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let opened = launcher.opened().await;
    assert!(opened[0].starts_with(":1 "), "{opened:?}");
}

/// Programs are started in the session that is handed over, so a page may not name one.
#[tokio::test]
async fn only_the_launch_itself_may_hand_a_session_over() {
    let agent = TestProxy::serve(&config("")).await;
    let (address, _) = agent.control();
    let ticket = agent.control_call("POST", "/api/ticket", "").await.json();
    let ticket = ticket["dashboard_url"].as_str().and_then(|url| url.split_once('#')).expect("a ticket").1;
    let body = json!({ "variables": { "DISPLAY": ":66" } }).to_string();
    for token in [ticket, "", "wrong"] {
        let answer = request(address, "POST", "/api/desktop", &[("x-portcullis-token", token)], &body).await;
        assert!(matches!(answer.status.as_u16(), 401 | 403), "{}", answer.status);
    }
    let answer = agent.control_call("POST", "/api/desktop", &body).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let strange = json!({ "variables": ["DISPLAY"] }).to_string();
    assert_eq!(agent.control_call("POST", "/api/desktop", &strange).await.status, 400);
}
