//! Notifications: what the desktop is asked to show, and what a press does. A notification
//! service that is absent, hangs or crashes does not affect the proxy.

use std::net::TcpListener;

use serde_json::json;

use crate::support::desktop::{Manners, NotificationDaemon, PrivateBus};
use crate::support::opener::{Opener, ticket};
use crate::support::proxy::{free_port, proxy_section};
use crate::support::{FakeUpstream, Home, Reply, TestProxy, until};

const DEMO: &str = "\n[[accounts]]\nname = \"demo\"\nprovider = \"demo\"\nmodels = [\"*\"]\n";

fn config(port: u16) -> String {
    proxy_section(&format!("port = {port}")) + DEMO
}

/// A port that is taken for as long as the listener lives.
fn taken() -> (TcpListener, u16) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    (listener, port)
}

#[tokio::test]
async fn a_port_in_use_is_reported_and_a_press_moves_to_a_free_one() {
    let (_taken, port) = taken();
    let bus = PrivateBus::start().await;
    let mut daemon = NotificationDaemon::start(&bus).await;
    let home = Home::with_config(&format!("# mine\n{}", config(port)));
    let agent = bus.agent_in(home).await;
    let shown = daemon.next().await;
    assert_eq!(shown.summary, "The port cannot be used");
    assert!(shown.body.contains(&format!("127.0.0.1:{port}")), "{}", shown.body);
    let (key, label) = shown.actions.first().expect("an action").clone();
    let free: u16 = label.rsplit(' ').next().expect("a port").parse().expect("a number");
    // It may have shown the notification before its sender listens.
    until("the press is heard", async || {
        daemon.press(shown.id, &key).await;
        (agent.status().await["state"] == "running").then_some(())
    })
    .await;
    let moved = daemon.next().await;
    assert_eq!(moved.summary, "portcullis has moved");
    assert!(moved.body.contains(&format!("http://127.0.0.1:{free}")), "{}", moved.body);
    let status = agent.wait_for_status("running", |status| status["state"] == "running").await;
    assert_eq!(status["base_url"], format!("http://127.0.0.1:{free}"));
    let config = std::fs::read_to_string(agent.home.config()).expect("readable");
    assert!(config.starts_with("# mine\n") && config.contains(&format!("port = {free}")), "{config}");
}

#[tokio::test]
async fn a_config_problem_is_shown_once_and_removed_when_it_is_gone() {
    let bus = PrivateBus::start().await;
    let mut daemon = NotificationDaemon::start(&bus).await;
    let port = free_port();
    let agent = bus.agent(&config(port)).await;
    agent.wait_for_status("running", |status| status["state"] == "running").await;
    agent.home.write_config(&config(port).replace("port =", "prot ="));
    let shown = daemon.next().await;
    assert_eq!(shown.summary, "Problem in the config file");
    assert!(shown.body.contains("proxy.prot"), "{}", shown.body);
    assert_eq!(shown.actions.first().map(|(key, _)| key.as_str()), Some("edit"));
    agent.run(&["reload"]).await;
    agent.home.write_config(&config(port));
    assert_eq!(daemon.next_closed().await, shown.id, "and nothing else was shown before");
}

#[tokio::test]
async fn a_browser_that_cannot_be_opened_is_reported_with_the_address_to_copy() {
    let home = Home::with_config(&config(free_port()));
    let opener = Opener::failing(&home, 4);
    let bus = PrivateBus::start().await;
    let mut daemon = NotificationDaemon::start(&bus).await;
    let mut host = crate::support::desktop::TrayHost::start(&bus).await;
    let mut command = bus.command(&home, &[]);
    opener.install_alone(&mut command);
    let agent = TestProxy::spawn_stopped(home, command).await;
    let item = host.item().await;
    item.wait_for_line("1 active account (off)").await;
    item.click(&["Open dashboard"]).await;
    let shown = daemon.next().await;
    assert_eq!(shown.body, "No browser could be opened (xdg-open: exit 4).");
    assert_eq!(shown.actions, [("copy".to_owned(), "Copy address".to_owned())]);
    // There is no clipboard here; the refusal shows that the copy was tried.
    until("the press is heard", async || {
        daemon.press(shown.id, "copy").await;
        daemon.waiting().into_iter().find(|shown| shown.body.starts_with("Nothing was copied"))
    })
    .await;
    let log = std::fs::read_to_string(agent.home.file("portcullis.log")).expect("a log");
    assert!(log.contains("xdg-open: exit 4") && !log.contains("/#") && !log.contains("file://"), "{log}");
}

#[tokio::test]
async fn a_ticket_that_is_used_twice_is_reported_once() {
    let bus = PrivateBus::start().await;
    let mut daemon = NotificationDaemon::start(&bus).await;
    let agent = bus.agent(&config(free_port())).await;
    let way_in = agent.way_in().await;
    let headers = [("x-portcullis-token", ticket(&way_in))];
    let mut answers = Vec::new();
    for _ in 0..3 {
        let answer = crate::support::request(agent.control().0, "POST", "/api/session", &headers, "{}").await;
        answers.push(answer.status.as_u16());
    }
    assert_eq!(answers, [200, 401, 401]);
    let shown = daemon.next().await;
    assert_eq!(shown.summary, "Another program may have opened the dashboard");
    assert!(shown.body.contains("locked out") && !shown.body.contains(ticket(&way_in)), "{}", shown.body);
    assert_eq!(daemon.waiting(), []);
}

#[tokio::test]
async fn a_newer_notification_replaces_the_one_before() {
    let bus = PrivateBus::start().await;
    let mut daemon = NotificationDaemon::start(&bus).await;
    let port = free_port();
    let agent = bus.agent(&config(port)).await;
    agent.wait_for_status("running", |status| status["state"] == "running").await;
    agent.home.write_config(&config(port).replace("port =", "prot ="));
    let first = daemon.next().await;
    agent.home.write_config(&config(port).replace("port =", "prt ="));
    let second = daemon.next().await;
    assert!(second.body.contains("proxy.prt"), "{}", second.body);
    assert_eq!(second.replaces, first.id);
}

#[tokio::test]
async fn the_proxy_serves_whatever_happens_to_the_notification_service() {
    for manners in [None, Some(Manners::Hangs), Some(Manners::Crashes), Some(Manners::WithoutActions)] {
        let bus = PrivateBus::start().await;
        let _daemon = match manners {
            Some(manners) => Some(NotificationDaemon::with(&bus, manners).await),
            None => None,
        };
        let port = free_port();
        let agent: TestProxy = bus.agent(&config(port)).await;
        agent.wait_for_status("running", |status| status["state"] == "running").await;
        agent.home.write_config(&config(port).replace("port =", "prot ="));
        agent.wait_for_status("the problem", |status| !status["problem"].is_null()).await;
        agent.home.write_config(&config(port));
        agent.wait_for_status("no problem", |status| status["problem"].is_null()).await;
        let address = format!("127.0.0.1:{port}").parse().expect("an address");
        let healthy = crate::support::request(address, "GET", "/healthz", &[], "").await;
        assert_eq!(healthy.status, 200);
        assert_eq!(agent.run(&["quit"]).await.status.code(), Some(0));
    }
}

#[tokio::test]
async fn notifications_that_are_off_stay_silent() {
    let (_taken, port) = taken();
    let bus = PrivateBus::start().await;
    let mut daemon = NotificationDaemon::start(&bus).await;
    let agent = bus.agent(&(config(port) + "\n[notifications]\nbind_failure = false\n")).await;
    agent.wait_for_status("failed", |status| status["state"] == "failed").await;
    let broken = std::fs::read_to_string(agent.home.config()).expect("text").replace("port =", "prot =");
    agent.home.write_config(&broken);
    assert_eq!(daemon.next().await.summary, "Problem in the config file", "the first of all");
}

#[tokio::test]
async fn doctor_reports_what_the_desktop_can_do() {
    let home = Home::with_config(&config(free_port()));
    let cases = [
        (None, "No notification service answers"),
        (Some(Manners::Proper), "and their buttons too"),
        (Some(Manners::WithoutActions), "have no buttons"),
    ];
    for (manners, expected) in cases {
        let bus = PrivateBus::start().await;
        let _daemon = match manners {
            Some(manners) => Some(NotificationDaemon::with(&bus, manners).await),
            None => None,
        };
        let command = bus.command(&home, &["doctor"]);
        let output = tokio::process::Command::from(command).output().await.expect("it runs");
        let printed = String::from_utf8_lossy(&output.stdout);
        assert!(
            printed.contains(expected) && printed.contains("Nothing on this desktop shows tray icons"),
            "{printed}"
        );
    }
    let bus = PrivateBus::start().await;
    bus.freeze();
    let output =
        tokio::process::Command::from(bus.command(&home, &["doctor"])).output().await.expect("it ends");
    bus.thaw();
    assert!(String::from_utf8_lossy(&output.stdout).contains("There is no session bus"), "{output:?}");
}

#[tokio::test]
async fn the_menu_connects_tools_and_starts_at_login() {
    let bus = PrivateBus::start().await;
    let mut host = crate::support::desktop::TrayHost::start(&bus).await;
    let agent = bus.agent(&config(free_port())).await;
    let item = host.item().await;
    item.wait_for_line("[ ] Codex").await;
    item.click(&["Connect", "Codex"]).await;
    item.wait_for_line("[x] Codex").await;
    let settings = agent.home.file(".codex/config.toml");
    assert!(std::fs::read_to_string(&settings).expect("written").contains("model_provider = \"portcullis\""));
    item.click(&["Connect", "Codex"]).await;
    until("it is put back", async || (!settings.exists()).then_some(())).await;
    item.wait_for_line("[ ] Codex").await;
    item.click(&["Start at login"]).await;
    let entry = agent.home.file(".config/autostart/portcullis.desktop");
    until("the entry is there", async || entry.exists().then_some(())).await;
    item.wait_for_line("[x] Start at login").await;
    item.click(&["Start at login"]).await;
    until("it is gone again", async || (!entry.exists()).then_some(())).await;
}

/// An agent whose one account leads to this port, where nothing listens, and the notification
/// of that.
async fn unreachable(bus: &PrivateBus, daemon: &mut NotificationDaemon, port: u16) -> (TestProxy, u32) {
    let mut agent = bus.agent(&leading_to(port)).await;
    let status = agent.wait_for_status("running", |status| status["state"] == "running").await;
    agent.address = status["address"].as_str().expect("text").parse().expect("an address");
    assert_ne!(agent.chat("gpt-5").await.status, 200);
    let shown = daemon.next().await;
    assert_eq!(shown.summary, "Provider cannot be reached");
    (agent, shown.id)
}

fn leading_to(port: u16) -> String {
    let account = "[[accounts]]\nname = \"work\"\nprovider = \"openai\"\napi_key = \"up-work-secret-key\"";
    proxy_section("port = 0") + &format!("{account}\nbase_url = \"http://127.0.0.1:{port}/v1\"\n")
}

#[tokio::test]
async fn an_upstream_that_answers_again_takes_its_notification_away() {
    let bus = PrivateBus::start().await;
    let mut daemon = NotificationDaemon::start(&bus).await;
    let port = free_port();
    let (agent, id) = unreachable(&bus, &mut daemon, port).await;
    let upstream = FakeUpstream::at(port, Reply::json(200, &json!({}))).await;
    until("it answers", async || (agent.chat("gpt-5").await.status == 200).then_some(())).await;
    assert_eq!(daemon.next_closed().await, id);
    assert!(!upstream.seen().is_empty());
}

#[tokio::test]
async fn an_upstream_that_is_no_longer_used_takes_its_notification_away() {
    let bus = PrivateBus::start().await;
    let mut daemon = NotificationDaemon::start(&bus).await;
    let (agent, id) = unreachable(&bus, &mut daemon, free_port()).await;
    agent.home.write_config(&leading_to(free_port()));
    assert_eq!(daemon.next_closed().await, id);
}

/// Half a file, whose writer pauses, is not a problem yet.
#[tokio::test]
async fn a_file_that_is_still_being_written_is_not_reported() {
    let (_taken, port) = taken();
    let bus = PrivateBus::start().await;
    let mut daemon = NotificationDaemon::start(&bus).await;
    let own = free_port();
    let agent = bus.agent(&config(own)).await;
    agent.wait_for_status("running", |status| status["state"] == "running").await;
    std::fs::write(agent.home.config(), "[proxy]\napi_key = \"sk-").expect("written");
    agent.wait_for_status("half a file", |status| !status["problem"].is_null()).await;
    std::fs::write(agent.home.config(), config(own)).expect("written");
    agent.wait_for_status("all of it", |status| status["problem"].is_null()).await;
    agent.home.write_config(&config(port));
    assert_eq!(daemon.next().await.summary, "The port cannot be used", "the first of all");
}
