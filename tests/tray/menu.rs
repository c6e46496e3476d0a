//! The menu as a panel shows it, and the effects of its items.

use super::{Desktop, config};

#[tokio::test]
async fn the_menu_is_whole_and_shows_the_state() {
    let desktop = Desktop::with(&config("")).await.running().await;
    let address = desktop.agent.address;
    let version = env!("CARGO_PKG_VERSION");
    let expected = format!(
        "Running on {address} (off)
1 active account (off)
---
Stop proxy
Restart proxy
---
Open dashboard
Copy base URL ▸
  OpenAI
  Anthropic
  Gemini
Copy API key
---
Accounts ▸
  [x] demo_1
  ---
  Clear cooldowns (off)
Connect ▸
  [ ] Claude Code
  [ ] Codex
  [ ] Gemini CLI
  [ ] OpenCode
Settings ▸
  Authentication ▸
    [x] Automatic: only with LAN access
    [ ] Off: no key is asked for
    [ ] Every path but /healthz
    [ ] Strict: every path
  [ ] Allow LAN access
  [x] Notifications
  ---
  Edit config file
  Reload config
[ ] Start at login
---
About portcullis {version}
Quit
"
    );
    assert_eq!(desktop.item.menu(), expected);
    let tooltip = desktop.item.seen().tooltip;
    assert_eq!(
        (tooltip.title, tooltip.text),
        (format!("Running on {address}"), "1 active account".to_owned())
    );
}

#[tokio::test]
async fn stop_frees_the_port_and_start_binds_it_again() {
    let desktop = Desktop::with(&config("")).await.running().await;
    let running = desktop.item.seen().icon;
    assert!(desktop.is_bound().await);
    desktop.item.click(&["Stop proxy"]).await;
    desktop.item.wait_for_line("Stopped (off)").await;
    desktop.item.wait_for_line("Restart proxy (off)").await;
    assert!(!desktop.is_bound().await);
    let stopped = desktop.item.wait_for("another icon", |seen| seen.icon != running).await;
    assert_eq!(stopped.tooltip.title, "Stopped");
    desktop.item.click(&["Start proxy"]).await;
    assert_eq!(desktop.wait_until_running().await, desktop.agent.address);
    assert!(desktop.is_bound().await);
    desktop.item.wait_for("the first icon", |seen| seen.icon == running).await;
}

#[tokio::test]
async fn quit_ends_the_agent_in_peace() {
    let mut desktop = Desktop::with(&config("")).await.running().await;
    desktop.item.click(&["Quit"]).await;
    assert_eq!(desktop.agent.ended().await.0, Some(0));
    desktop.item.wait_until_gone().await;
}
