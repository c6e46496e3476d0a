//! The changes that a click makes in the config file, and clicks that are refused.

use std::fs;
use std::net::TcpListener;

use serde_json::json;

use super::{Desktop, config};
use crate::support::home::stdout;
use crate::support::proxy::{account, free_port, proxy_section};
use crate::support::{FakeUpstream, Home, Reply, until};

fn file(desktop: &Desktop) -> String {
    fs::read_to_string(desktop.agent.home.config()).expect("readable")
}

/// Clicks, and fails unless the file becomes this; comments and order stay.
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

/// There is no good file yet that could stay in force, and no page is silent about the reason.
#[tokio::test]
async fn every_surface_says_what_is_wrong_with_a_first_file() {
    let broken = config("").replace("port = 0", "port = \"many\"");
    let desktop = Desktop::start(Home::with_config(&broken), |_| {}).await;
    let is_shown = |menu: String| menu.starts_with("Failed: ") && menu.contains("config.toml:4:");
    desktop.item.wait_for("the mistake", |seen| is_shown(seen.menu.to_string())).await;
    let problem = desktop.agent.status().await["problem"].as_str().expect("a problem").to_owned();
    let sentence = format!("Failed: {problem}");
    let printed = stdout(&desktop.agent.run(&["status"]).await);
    assert_eq!(printed.lines().next(), Some(sentence.as_str()));
    for page in ["/", "/requests", "/accounts", "/settings"] {
        let page = desktop.agent.control_call("GET", &format!("/page{page}"), "").await.text();
        assert!(page.replace("&quot;", "\"").contains(&sentence), "{page}");
    }
    let log = || fs::read_to_string(desktop.agent.home.file("portcullis.log")).expect("a log");
    until("the log has it", async || log().contains("config.toml:4:").then_some(())).await;
    assert!(!log().contains("last good one"), "{}", log());
}

#[tokio::test]
async fn a_corrected_first_file_starts_no_proxy_that_is_to_wait() {
    let waiting = config("").replace("port = 0", "port = 0\nstart_with_agent = false");
    let broken = waiting.replace("port = 0", "port = \"many\"");
    let desktop = Desktop::start(Home::with_config(&broken), |_| {}).await;
    desktop.item.wait_for("the mistake", |seen| seen.menu.to_string().starts_with("Failed: ")).await;
    desktop.agent.home.write_config(&waiting);
    desktop.item.wait_for_line("Stopped (off)").await;
    desktop.item.click(&["Start proxy"]).await;
    desktop.wait_until_running().await;
}

/// Without a valid file there are no accounts, and nothing to write about them.
#[tokio::test]
async fn a_refused_key_outlives_a_start_with_a_broken_file() {
    async fn quit(mut desktop: Desktop) -> Home {
        desktop.agent.run(&["quit"]).await;
        desktop.agent.ended().await;
        desktop.agent.home
    }
    let refusal = Reply::json(401, &json!({"error": {"message": "no", "code": "invalid_api_key"}}));
    let upstream = FakeUpstream::always(refusal).await;
    let text = proxy_section("port = 0") + &account("work", "openai", &upstream, "");
    let desktop = Desktop::with(&text).await.running().await;
    desktop.agent.chat("gpt-5").await;
    desktop.item.wait_for_line("No accounts (off)").await;
    let home = quit(desktop).await;
    home.write_config(&text.replace("port = 0", "port = \"many\""));
    let desktop = Desktop::start(home, |_| {}).await;
    desktop.item.wait_for("the mistake", |seen| seen.menu.to_string().starts_with("Failed: ")).await;
    let home = quit(desktop).await;
    home.write_config(&text);
    let desktop = Desktop::start(home, |_| {}).await;
    desktop.item.wait_for_line("Failed: no accounts (off)").await;
    assert_eq!(desktop.agent.account("work").await["state"], "disabled");
}

/// A start that failed once reads the same in the menu, the terminal and the dashboard.
#[tokio::test]
async fn every_surface_says_the_same_of_a_failed_start() {
    let desktop = Desktop::with(&proxy_section("port = 0")).await;
    desktop.item.wait_for_line("Failed: no accounts (off)").await;
    let printed = stdout(&desktop.agent.run(&["status"]).await);
    assert_eq!(printed.lines().next(), Some("Failed: no accounts"), "{printed}");
    assert!(
        printed.contains("Problem: No available accounts. Add an account first."),
        "and the fix: {printed}"
    );
    let page = desktop.agent.control_call("GET", "/page/", "").await.text();
    assert!(page.contains("Failed: no accounts"), "{page}");
}

/// Its key was refused, then it was switched off: a click on it is a new start, as
/// `portcullis account enable` is.
#[tokio::test]
async fn an_account_that_is_switched_on_again_has_its_refusal_forgotten() {
    let refusal = Reply::json(401, &json!({"error": {"message": "no", "code": "invalid_api_key"}}));
    let upstream = FakeUpstream::always(refusal).await;
    let text = proxy_section("port = 0") + &account("work", "openai", &upstream, "");
    let desktop = Desktop::with(&text).await.running().await;
    desktop.agent.chat("gpt-5").await;
    desktop.item.wait_for_line("No accounts (off)").await;
    assert_eq!(desktop.agent.account("work").await["state"], "disabled");
    assert_eq!(desktop.agent.run(&["account", "disable", "work"]).await.status.code(), Some(0));
    assert_eq!(desktop.agent.account("work").await["state"], "off");
    desktop.item.wait_for_line("[ ] work").await;
    desktop.item.click(&["Accounts", "work"]).await;
    desktop.item.wait_for_line("[x] work").await;
    assert_eq!(desktop.agent.account("work").await["state"], "ready");
}

/// Sooner than the next regular look.
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
