use super::*;
use crate::control::{BindFailure, BindReason, PortOwner, StartFailure};
use crate::message;
use crate::tray::view::Surroundings;

fn status(state: ProxyState) -> Status {
    Status {
        state,
        address: "127.0.0.1:8045".parse().expect("an address"),
        base_url: "http://127.0.0.1:8045".to_owned(),
        active_accounts: 3,
        ..Status::stopped(Language::English, String::new())
    }
}

fn account(name: &str, state: AccountState, reason: Option<&str>) -> AccountStatus {
    AccountStatus {
        name: name.to_owned(),
        provider: "demo".to_owned(),
        state,
        reason: reason.map(Message::from),
        fix: None,
        is_out_of_credit: false,
        cooling_until_unix_secs: (state == AccountState::Cooling).then_some(14 * 3600 + 5 * 60),
        models: Vec::new(),
    }
}

fn taken_port() -> StartFailure {
    let owner = Some(PortOwner::Process { name: "node".to_owned(), pid: 4242 });
    StartFailure::Bind(BindFailure {
        address: "127.0.0.1:8045".parse().expect("an address"),
        reason: BindReason::InUse { owner },
        next_free_port: Some(8046),
    })
}

fn view(status: Status) -> View {
    View::of(status, Surroundings::default())
}

fn shown(status: Status) -> Vec<Item> {
    menu(&view(status), &TimeZone::UTC)
}

/// The labels down to the first separator.
fn top(status: Status) -> Vec<String> {
    let is_line = |item: &Item| matches!(item, Item::Line(_));
    shown(status).iter().take_while(|item| is_line(item)).map(label).collect()
}

fn label(item: &Item) -> String {
    match item {
        Item::Line(label) | Item::Action { label, .. } => label.clone(),
        Item::Check { label, checked, .. } => format!("[{}] {label}", if *checked { "x" } else { " " }),
        Item::Submenu { label, .. } => format!("{label} ▸"),
        Item::Separator => "---".to_owned(),
    }
}

/// The item whose label begins like this, wherever it stands.
fn find(items: &[Item], text: &str) -> Item {
    fn look(items: &[Item], text: &str) -> Option<Item> {
        items.iter().find_map(|item| match item {
            Item::Submenu { label, .. } if label.starts_with(text) => Some(item.clone()),
            Item::Submenu { items, .. } => look(items, text),
            item => {
                label(item).trim_start_matches(['[', ']', 'x', ' ']).starts_with(text).then(|| item.clone())
            }
        })
    }
    look(items, text).unwrap_or_else(|| panic!("no {text:?} in {items:#?}"))
}

fn command(items: &[Item], text: &str) -> Command {
    match find(items, text) {
        Item::Action { command, .. } | Item::Check { command, .. } => command,
        item => panic!("{item:?} has no command"),
    }
}

#[test]
fn every_state_has_its_line() {
    let draining = Status { in_flight: 2, ..status(ProxyState::Draining) };
    let failed = Status { failure: Some(taken_port()), ..status(ProxyState::Failed) };
    let cases = [
        (status(ProxyState::Running), "Running on 127.0.0.1:8045"),
        (status(ProxyState::Stopped), "Stopped"),
        (status(ProxyState::Starting), "Starting…"),
        (draining, "Stopping… 2 requests finishing"),
        (failed, "Failed: port 8045 is in use by node (pid 4242)"),
    ];
    for (status, expected) in cases {
        assert_eq!(headline(&status).state, expected);
        assert_eq!(top(status)[..2], [expected, "3 active accounts"]);
    }
}

#[test]
fn accounts_are_counted() {
    let counted = |active, cooling| {
        let counts =
            Status { active_accounts: active, cooling_accounts: cooling, ..status(ProxyState::Running) };
        headline(&counts).accounts
    };
    assert_eq!(counted(0, 0), "No accounts");
    assert_eq!(counted(1, 0), "1 active account");
    assert_eq!(counted(3, 1), "3 active accounts, 1 cooling");
}

#[test]
fn the_way_out_of_a_state_is_on_top() {
    let labels = |status: &Status| -> Vec<_> { lifecycle(status).iter().map(label).collect() };
    for state in [ProxyState::Running, ProxyState::Starting] {
        assert_eq!(labels(&status(state)), ["Stop proxy", "Restart proxy"]);
    }
    for state in [ProxyState::Stopped, ProxyState::Draining, ProxyState::Failed] {
        assert_eq!(labels(&status(state)), ["Start proxy", "Restart proxy"]);
    }
    let failed = Status { next_free_port: Some(8046), ..status(ProxyState::Failed) };
    assert_eq!(labels(&failed), ["Start proxy", "Restart proxy", "Use port 8046 instead"]);
    assert_eq!(command(&shown(failed), "Use port"), Command::MoveToPort(8046));
}

#[test]
fn a_failed_start_says_what_to_do() {
    let failed = Status {
        failure: Some(StartFailure::NoAccounts { listed: 0 }),
        problem: Some("No available accounts. …".into()),
        ..status(ProxyState::Failed)
    };
    let lines = top(failed);
    assert_eq!(lines[0], "Failed: no accounts");
    assert!(lines[2].starts_with("Run `portcullis account add`"), "{lines:?}");
    assert_eq!(lines.len(), 4, "nothing is said twice: {lines:?}");
}

#[test]
fn what_is_wrong_while_it_runs_stands_below() {
    let lines = top(Status {
        problem: Some("config.toml:3:8: proxy.port: must be a number".into()),
        warnings: vec!["Everyone on this network can use your accounts.".into()],
        ..status(ProxyState::Running)
    });
    let expected = [
        "⚠ config.toml:3:8: proxy.port: must be a number",
        "⚠ Everyone on this network can use your accounts.",
    ];
    assert_eq!(lines[2..], expected);
}

#[test]
fn why_a_click_did_nothing_is_said_unless_the_state_says_it() {
    let refused = |status| {
        let view = View { refusal: Some("it is read-only".to_owned()), ..view(status) };
        menu(&view, &TimeZone::UTC).iter().any(|item| label(item) == "⚠ it is read-only")
    };
    assert!(refused(status(ProxyState::Running)));
    let failed =
        Status { failure: Some(StartFailure::NoAccounts { listed: 0 }), ..status(ProxyState::Failed) };
    assert!(!refused(failed));
}

#[test]
fn the_dashboards_address_can_be_copied_where_no_browser_opens_it() {
    let offers = |has_no_browser| {
        let view = View { has_no_browser, ..view(status(ProxyState::Running)) };
        let items = menu(&view, &TimeZone::UTC);
        let copy = Command::Copy(Copied::DashboardAddress);
        items.iter().any(|item| matches!(item, Item::Action { command, .. } if *command == copy))
    };
    assert!(offers(true) && !offers(false));
}

#[test]
fn a_long_line_is_cut_between_characters() {
    let cut = shortened(&"長".repeat(500));
    assert_eq!((cut.chars().count(), cut.ends_with("長…")), (LONGEST_TEXT, true));
    assert_eq!(shortened("one\ntwo"), "one");
}

#[test]
fn a_wide_text_becomes_lines_broken_at_words() {
    let text = "Run `portcullis account add`, or add an [[accounts]] section to the config file.";
    let lines = ["Run `portcullis account add`, or add an [[accounts]] section", "to the config file."];
    assert_eq!(wrapped(text), lines);
    assert_eq!(wrapped("short"), ["short"]);
    for text in ["長".repeat(70), "x".repeat(150), format!("{} {}", "y".repeat(70), "z".repeat(3))] {
        let lines = wrapped(&text);
        assert!(lines.iter().all(|line| line.width() <= WIDEST_LINE), "{lines:?}");
        assert_eq!(lines.concat().replace(' ', ""), text.replace(' ', ""));
    }
}

#[test]
fn a_way_out_that_can_be_clicked_needs_no_words() {
    let failed = Status { failure: Some(taken_port()), ..status(ProxyState::Failed) };
    assert_eq!(top(Status { next_free_port: Some(8046), ..failed.clone() }).len(), 2);
    assert!(top(failed).len() > 2);
}

#[test]
fn an_account_shows_its_state_and_a_click_changes_it() {
    let enable = |name: &str, enabled| Command::EnableAccount { name: name.to_owned(), enabled };
    let cases = [
        (account("a", AccountState::Ready, None), "[x] a", enable("a", false)),
        (account("a", AccountState::Off, None), "[ ] a", enable("a", true)),
        (account("a", AccountState::Cooling, Some("429")), "[x] a — cooling until 14:05", enable("a", false)),
        (
            account("a", AccountState::Disabled, Some("invalid key")),
            "[ ] a — disabled: invalid key",
            enable("a", true),
        ),
        (
            account("a", AccountState::Unusable, Some("no such file")),
            "[x] a — cannot be used: no such file",
            enable("a", false),
        ),
    ];
    for (account, expected, expected_command) in cases {
        let item = account_item(&account, Language::English, &TimeZone::UTC);
        assert_eq!(label(&item), expected);
        assert!(matches!(item, Item::Check { command, .. } if command == expected_command), "{expected}");
    }
}

#[test]
fn an_account_says_why_in_the_language_of_the_menu() {
    let reason = message!("reason-quoted", reason = message!("reason-no-credit"), words = "Top up.");
    let account = AccountStatus { reason: Some(reason), ..account("a", AccountState::Disabled, None) };
    let label = |language| label(&account_item(&account, language, &TimeZone::UTC));
    assert_eq!(label(Language::English), "[ ] a — disabled: no credit left: Top up.");
    assert_eq!(label(Language::Japanese), "[ ] a — 無効: クレジットの残高がありません: Top up.");
    assert_eq!(label(Language::SimplifiedChinese), "[ ] a — 已停用：余额不足：Top up.");
}

#[test]
fn cooldowns_can_be_cleared_when_there_are_any() {
    for (cooling, expected) in [(0, false), (1, true)] {
        let items = shown(Status { cooling_accounts: cooling, ..status(ProxyState::Running) });
        let Item::Action { enabled, command, .. } = find(&items, "Clear cooldowns") else {
            panic!("no action")
        };
        assert_eq!((enabled, command), (expected, Command::ClearCooldown(None)));
    }
}

#[test]
fn settings_offer_the_other_value() {
    let items = shown(Status { allow_lan_access: true, ..status(ProxyState::Running) });
    let off = |key| Command::Set { key, value: Setting::Switch(false) };
    assert_eq!(command(&items, "Allow LAN access"), off("proxy.allow_lan_access"));
    assert_eq!(command(&items, "Notifications"), off("notifications.enabled"));
    let strict = Command::Set { key: "proxy.auth_mode", value: Setting::Choice("strict") };
    assert_eq!(command(&items, "Strict"), strict);
}

#[test]
fn tools_are_listed_where_they_are_known() {
    let mut view = view(status(ProxyState::Running));
    let tool = |id, name, points_here| Tool { id, name, points_here };
    view.surroundings.tools = vec![tool("codex", "Codex", true), tool("opencode", "OpenCode", false)];
    view.surroundings.starts_at_login = true;
    let items = menu(&view, &TimeZone::UTC);
    let Item::Submenu { items: tools, .. } = find(&items, "Connect") else { panic!("no submenu") };
    assert_eq!(tools.iter().map(label).collect::<Vec<_>>(), ["[x] Codex", "[ ] OpenCode"]);
    assert_eq!(command(&tools, "OpenCode"), Command::Connect { tool: "opencode", connected: true });
    assert_eq!(command(&items, "Start at login"), Command::StartAtLogin(false));
}

#[test]
fn every_language_has_the_same_menu() {
    fn commands(items: &[Item]) -> Vec<Command> {
        let commands = items.iter().flat_map(|item| match item {
            Item::Action { command, .. } | Item::Check { command, .. } => vec![command.clone()],
            Item::Submenu { items, .. } => commands(items),
            Item::Line(_) | Item::Separator => Vec::new(),
        });
        commands.collect()
    }
    let of = |language| {
        let accounts = vec![account("a", AccountState::Cooling, None)];
        shown(Status { accounts, language, ..status(ProxyState::Running) })
    };
    let [english, japanese, chinese] =
        [Language::English, Language::Japanese, Language::SimplifiedChinese].map(of);
    assert_eq!(commands(&english), commands(&japanese));
    assert_eq!(commands(&english), commands(&chinese));
    assert_eq!(label(&japanese[0]), "127.0.0.1:8045 で実行中");
    assert_ne!(english, chinese);
}
