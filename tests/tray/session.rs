//! Panels and buses that come late, hang, die and return; and a second launch.

use std::fs;
use std::time::Duration;

use tokio::time::timeout;

use super::{Desktop, config};
use crate::support::desktop::{PrivateBus, TrayHost};
use crate::support::home::{stderr, stdout};
use crate::support::opener::{Opener, ticket};
use crate::support::wait::until;
use crate::support::{Home, TestProxy, request};

/// How long the contract allows between the start of a host and the icon.
const ICON_LIMIT: Duration = Duration::from_secs(2);

/// Five times the limit, because the machine of a test may be busy.
async fn in_time<T>(what: impl Future<Output = T>) -> T {
    timeout(ICON_LIMIT * 5, what).await.expect("the icon is back in time")
}

async fn answers(agent: &TestProxy) -> bool {
    agent.get("/healthz").await.status == 200
}

fn log(agent: &TestProxy) -> String {
    fs::read_to_string(agent.home.file("portcullis.log")).unwrap_or_default()
}

#[tokio::test]
async fn a_panel_that_restarts_gets_the_icon_back() {
    let Desktop { bus, mut host, agent, .. } = Desktop::with(&config("")).await.running().await;
    for _ in 0..2 {
        host.stop().await;
        assert!(answers(&agent).await);
        host = TrayHost::start(&bus).await;
        let item = in_time(host.item()).await;
        item.wait_for_line(&format!("Running on {} (off)", agent.address)).await;
    }
}

#[tokio::test]
async fn without_a_panel_it_runs_logs_that_once_and_shows_the_icon_when_there_is_one() {
    let bus = PrivateBus::start().await;
    let mut agent = bus.agent(&config("")).await;
    let status = agent.wait_for_status("running", |status| status["state"] == "running").await;
    agent.address = status["address"].as_str().expect("text").parse().expect("an address");
    let words = "no tray host shows the icon";
    until("the log has it", async || log(&agent).contains(words).then_some(())).await;
    for _ in 0..2 {
        let mut host = TrayHost::start(&bus).await;
        in_time(host.item()).await.wait_for_line("1 active account (off)").await;
        host.stop().await;
    }
    assert!(answers(&agent).await);
    assert_eq!(log(&agent).matches(words).count(), 1, "{}", log(&agent));
}

#[tokio::test]
async fn a_panel_that_hangs_holds_nothing_up() {
    let bus = PrivateBus::start().await;
    let mut hanging = TrayHost::hanging(&bus).await;
    let mut agent = bus.agent(&config("")).await;
    hanging.is_asked().await;
    let status = agent.wait_for_status("running", |status| status["state"] == "running").await;
    agent.address = status["address"].as_str().expect("text").parse().expect("an address");
    for (command, state) in [("stop", "stopped"), ("start", "running")] {
        assert_eq!(agent.run(&[command]).await.status.code(), Some(0));
        agent.wait_for_status(state, |status| status["state"] == state).await;
    }
    hanging.stop().await;
    let mut host = TrayHost::start(&bus).await;
    let item = in_time(host.item()).await;
    item.wait_for_line(&format!("Running on {} (off)", agent.address)).await;
    host.stop().await;
    let mut hanging = TrayHost::hanging(&bus).await;
    hanging.is_asked().await;
    assert_eq!(agent.run(&["quit"]).await.status.code(), Some(0));
    assert_eq!(agent.ended().await.0, Some(0));
}

#[tokio::test]
async fn the_icon_comes_back_after_the_bus_does() {
    let Desktop { mut bus, agent, item, host } = Desktop::with(&config("")).await.running().await;
    drop(host);
    for _ in 0..2 {
        bus.kill().await;
        item.wait_until_gone().await;
        assert!(answers(&agent).await);
        assert_eq!(agent.run(&["stop"]).await.status.code(), Some(0));
        assert_eq!(agent.run(&["start"]).await.status.code(), Some(0));
        bus.revive().await;
        let mut host = TrayHost::start(&bus).await;
        let item = in_time(host.item()).await;
        item.wait_for_line(&format!("Running on {} (off)", agent.address)).await;
        item.click(&["Stop proxy"]).await;
        item.wait_for_line("Stopped (off)").await;
        item.click(&["Start proxy"]).await;
        item.wait_for_line(&format!("Running on {} (off)", agent.address)).await;
    }
    assert!(!log(&agent).contains("panicked"), "{}", log(&agent));
}

#[tokio::test]
async fn a_bus_that_hangs_holds_up_neither_the_proxy_nor_the_end() {
    let Desktop { bus, mut agent, host: _host, item: _item } =
        Desktop::with(&config("")).await.running().await;
    bus.freeze();
    assert!(answers(&agent).await);
    for command in ["stop", "start", "quit"] {
        assert_eq!(agent.run(&[command]).await.status.code(), Some(0), "{command}");
    }
    assert_eq!(agent.ended().await.0, Some(0));
    bus.thaw();
}

#[test]
fn without_a_session_it_says_so_names_serve_and_ends_with_3() {
    let home = Home::with_config(&config(""));
    let mut command = home.command(&[]);
    let nowhere = format!("unix:path={}", home.file("no-bus").display());
    command.env("DBUS_SESSION_BUS_ADDRESS", nowhere).env("LANG", "C");
    let output = command.output().expect("it runs");
    assert_eq!(output.status.code(), Some(3));
    assert_eq!(stderr(&output).lines().count(), 1, "{}", stderr(&output));
    assert!(stderr(&output).contains("portcullis serve"), "{}", stderr(&output));
    assert_eq!(stdout(&output), "");
    assert!(!home.file("portcullis.lock").exists(), "it left nothing behind");
}

#[tokio::test]
async fn a_second_launch_lets_the_first_open_its_dashboard() {
    let home = Home::with_config(&config(""));
    let browser = Opener::new(&home);
    let desktop = Desktop::start(home, |command| browser.install(command)).await.running().await;
    let second = desktop.bus.command(&desktop.agent.home, &[]);
    let output = tokio::process::Command::from(second).output().await.expect("it runs");
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(stdout(&output).contains("already running"), "{}", stdout(&output));
    leads_in_once(&desktop.agent, &browser).await;
    assert!(answers(&desktop.agent).await);
}

#[tokio::test]
async fn a_left_click_opens_the_menu_which_opens_the_dashboard() {
    let home = Home::with_config(&config(""));
    let browser = Opener::new(&home);
    let desktop = Desktop::start(home, |command| browser.install(command)).await;
    assert!(desktop.item.is_menu().await);
    desktop.item.click(&["Open dashboard"]).await;
    leads_in_once(&desktop.agent, &browser).await;
    let (_, token) = desktop.agent.control();
    assert!(!log(&desktop.agent).contains(&token), "the token is in the log");
}

/// The arguments of a browser can be read in the list of processes: they name a private file
/// that leads in with a ticket, which is worth nothing once the page has exchanged it.
async fn leads_in_once(agent: &TestProxy, browser: &Opener) {
    let (address, token) = agent.control();
    let leads_to = browser.leads_to().await;
    assert!(leads_to.starts_with(&format!("http://{address}/#")), "{leads_to}");
    let headers = [("x-portcullis-token", ticket(&leads_to))];
    let given = request(address, "POST", "/api/session", &headers, "{}").await;
    assert_eq!(given.status, 200);
    let given = given.json()["token"].as_str().expect("a token").to_owned();
    assert!(given != token && given != ticket(&leads_to));
    let again = request(address, "POST", "/api/session", &headers, "{}").await;
    assert_eq!(again.status, 401, "a ticket is good once");
}

#[tokio::test]
async fn started_at_login_it_is_silent() {
    let bus = PrivateBus::start().await;
    let home = Home::with_config(&config(""));
    let command = bus.command(&home, &["--at-login"]);
    let mut agent = TestProxy::spawn_stopped(home, command).await;
    agent.wait_for_status("running", |status| status["state"] == "running").await;
    agent.signal(rustix::process::Signal::TERM);
    assert_eq!(agent.ended().await, (Some(0), String::new()));
    assert_eq!(agent.remaining_stdout().await, "");
}

#[tokio::test]
async fn a_signal_ends_it_and_another_reloads_it() {
    let mut desktop = Desktop::with(&config("")).await.running().await;
    let renamed = config("").replace("demo_1", "demo & more");
    fs::write(desktop.agent.home.config(), renamed).expect("written");
    desktop.agent.signal(rustix::process::Signal::HUP);
    desktop.item.wait_for_line("[x] demo & more").await;
    desktop.agent.signal(rustix::process::Signal::INT);
    assert_eq!(desktop.agent.ended().await.0, Some(0));
}
