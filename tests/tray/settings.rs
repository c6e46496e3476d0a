//! What a click changes in the config file, and clicks that cannot be done.

use std::fs;
use std::net::TcpListener;

use super::{Desktop, config};
use crate::support::Home;
use crate::support::proxy::{free_port, proxy_section};

fn file(desktop: &Desktop) -> String {
    fs::read_to_string(desktop.agent.home.config()).expect("readable")
}

/// Clicks, and the file must become this; comments and order stay.
async fn check(desktop: &Desktop, path: &[&str], shown: &str, expected: &str) {
    desktop.item.click(path).await;
    desktop.item.wait_for_line(shown).await;
    assert_eq!(file(desktop), expected, "{path:?}");
}

#[tokio::test]
async fn settings_land_in_the_file_and_leave_the_rest_of_it_alone() {
    let desktop = Desktop::with(&config("")).await.running().await;
    let strict = config("").replace("port = 0\n", "port = 0\nauth_mode = \"strict\"\n");
    let path = ["Settings", "Authentication", "Strict"];
    check(&desktop, &path, "[x] Strict: every path", &strict).await;
    desktop.item.wait_for_line("[ ] Automatic: only with LAN access").await;
    assert_eq!(desktop.agent.get("/healthz").await.status, 401);
    let automatic = strict.replace("strict", "auto");
    let path = ["Settings", "Authentication", "Automatic"];
    check(&desktop, &path, "[x] Automatic: only with LAN access", &automatic).await;
    let quiet = automatic.clone() + "\n[notifications]\nenabled = false\n";
    check(&desktop, &["Settings", "Notifications"], "[ ] Notifications", &quiet).await;
    assert!(desktop.is_bound().await);
}

#[tokio::test]
async fn an_account_is_switched_off_and_on_again() {
    let desktop = Desktop::with(&config("")).await.running().await;
    let off = config("") + "enabled = false\n";
    check(&desktop, &["Accounts", "demo_1"], "[ ] demo_1", &off).await;
    desktop.item.wait_for_line("No accounts (off)").await;
    assert_eq!(desktop.agent.chat("demo").await.status, 503);
    let on = config("") + "enabled = true\n";
    check(&desktop, &["Accounts", "demo_1"], "[x] demo_1", &on).await;
    assert_eq!(desktop.agent.chat("demo").await.status, 200);
}

#[tokio::test]
async fn accounts_come_and_go_with_the_file() {
    let desktop = Desktop::with(&config("")).await.running().await;
    let second = "\n[[accounts]]\nname = \"second\"\nprovider = \"demo\"\n";
    desktop.agent.home.write_config(&config(second));
    desktop.item.wait_for_line("2 active accounts (off)").await;
    desktop.item.wait_for_line("[x] second").await;
    desktop.agent.home.write_config(&config(""));
    desktop.item.wait_for_line("1 active account (off)").await;
    assert!(!desktop.item.menu().contains("second"), "{}", desktop.item.menu());
}

#[tokio::test]
async fn the_menu_speaks_another_language_at_once() {
    let desktop = Desktop::with(&config("")).await.running().await;
    desktop.agent.home.write_config(&config("").replace("\"en\"", "\"ja\""));
    desktop.item.wait_for_line("プロキシを停止").await;
    let address = desktop.agent.address;
    desktop.item.wait_for_line(&format!("{address} で実行中 (off)")).await;
}

#[tokio::test]
async fn a_broken_file_is_shown_with_its_line_while_the_proxy_serves_on() {
    let desktop = Desktop::with(&config("")).await.running().await;
    desktop.agent.home.write_config(&config("").replace("port = 0", "port = \"many\""));
    let seen = desktop.item.wait_for("the problem", |seen| seen.menu.to_string().contains('⚠')).await;
    let menu = seen.menu.to_string();
    assert!(menu.contains("config.toml:4:"), "{menu}");
    assert!(menu.starts_with(&format!("Running on {}", desktop.agent.address)), "{menu}");
    desktop.agent.home.write_config(&config(""));
    desktop.item.wait_for("no problem", |seen| !seen.menu.to_string().contains('⚠')).await;
}

#[tokio::test]
async fn a_taken_port_can_be_left_for_the_next_free_one() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = taken.local_addr().expect("an address").port();
    let text = config("").replace("port = 0", &format!("port = {port}"));
    let mut desktop = Desktop::with(&text).await;
    let failed = format!("Failed: port {port} is in use by ");
    let says = |seen: &crate::support::desktop::tray_item::Seen| seen.menu.to_string().starts_with(&failed);
    let icon = desktop.item.wait_for(&failed, says).await.icon;
    let label = desktop.item.seen().menu.find(&["Use port "]).expect("a way out").label.clone();
    desktop.item.click(&["Use port "]).await;
    desktop.agent.address = desktop.wait_until_running().await;
    assert!(label.contains(&desktop.agent.address.port().to_string()), "{label}");
    assert!(file(&desktop).contains(&format!("port = {}\n", desktop.agent.address.port())));
    assert_eq!(desktop.agent.get("/healthz").await.status, 200);
    assert_ne!(desktop.item.seen().icon, icon);
    assert!(desktop.item.seen().menu.find(&["Use port "]).is_none());
}

#[tokio::test]
async fn a_start_without_accounts_says_why_and_works_once_there_is_one() {
    let desktop = Desktop::with(&proxy_section("port = 0")).await;
    desktop.item.wait_for_line("Failed: no accounts (off)").await;
    desktop.item.click(&["Start proxy"]).await;
    desktop.item.wait_for_line("Failed: no accounts (off)").await;
    assert!(desktop.item.menu().contains("portcullis account add"), "{}", desktop.item.menu());
    desktop.agent.home.write_config(&config(""));
    desktop.wait_until_running().await;
}

#[tokio::test]
async fn a_read_only_file_is_not_changed_and_the_menu_says_so() {
    let desktop = Desktop::with(&config("")).await.running().await;
    let path = desktop.agent.home.config();
    let mut permissions = fs::metadata(&path).expect("there").permissions();
    permissions.set_readonly(true);
    fs::set_permissions(&path, permissions).expect("set");
    desktop.item.click(&["Settings", "Notifications"]).await;
    let says = |seen: &crate::support::desktop::tray_item::Seen| seen.menu.to_string().contains("read-only");
    desktop.item.wait_for("why", says).await;
    assert_eq!(file(&desktop), config(""));
    assert!(desktop.item.menu().contains("[x] Notifications"), "{}", desktop.item.menu());
    desktop.item.click(&["Stop proxy"]).await;
    desktop.item.wait_for("no more of it", |seen| !seen.menu.to_string().contains("read-only")).await;
}

#[tokio::test]
async fn a_file_that_is_wrong_from_the_start_is_shown_and_waited_for() {
    let port = free_port();
    let broken = config("").replace("port = 0", "port = \"many\"");
    let desktop = Desktop::start(Home::with_config(&broken), |_| {}).await;
    let is_shown = |menu: String| menu.starts_with("Failed: ") && menu.contains("config.toml:4:");
    desktop.item.wait_for("the mistake", |seen| is_shown(seen.menu.to_string())).await;
    desktop.agent.home.write_config(&config("").replace("port = 0", &format!("port = {port}")));
    assert_eq!(desktop.wait_until_running().await.port(), port);
}

/// Sooner than it would look by itself.
#[tokio::test]
async fn what_a_terminal_changes_about_the_login_shows_at_once() {
    let desktop = Desktop::with(&config("")).await.running().await;
    for (command, shown) in
        [("on", "[x] Start at login"), ("off", "[ ] Start at login"), ("on", "[x] Start at login")]
    {
        assert_eq!(desktop.agent.run(&["autostart", command]).await.status.code(), Some(0));
        let seen = desktop.item.wait_for_line(shown);
        tokio::time::timeout(std::time::Duration::from_secs(5), seen).await.expect("at once");
    }
}
