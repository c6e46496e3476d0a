//! The menu as a value: computed whole from a view, each item with its command. `linux` and
//! `native` show it.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use unicode_width::UnicodeWidthStr;

use super::view::{Tool, View};
use crate::control::{AccountState, AccountStatus, AuthMode, Command, Copied, ProxyState, Setting, Status};
use crate::language::{Language, Message};
use crate::text;

/// Characters of one text. A menu is read at a glance; the dashboard has room for the rest.
const LONGEST_TEXT: usize = 180;
/// Columns of one line, of which a wide character takes two. A wider menu would hide what the
/// user is looking at.
const WIDEST_LINE: usize = 60;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    /// A text without a command.
    Line(String),
    Action {
        label: String,
        enabled: bool,
        command: Command,
    },
    Check {
        label: String,
        checked: bool,
        command: Command,
    },
    Submenu {
        label: String,
        items: Vec<Item>,
    },
    Separator,
}

/// The first two lines of the menu, which are also the tooltip.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Headline {
    pub state: String,
    pub accounts: String,
}

pub fn headline(status: &Status) -> Headline {
    Headline { state: status.sentence(), accounts: status.accounts_text() }
}

pub fn menu(view: &View, time_zone: &TimeZone) -> Vec<Item> {
    let (status, language) = (&view.status, view.status.language);
    let Headline { state, accounts } = headline(status);
    let mut items = vec![Item::Line(state), Item::Line(accounts)];
    items.extend(concerns(view).iter().flat_map(|concern| wrapped(concern)).map(Item::Line));
    items.push(Item::Separator);
    items.extend(lifecycle(status));
    items.push(Item::Separator);
    items.push(action(text!(language, "tray-open-dashboard"), Command::OpenDashboard));
    if view.has_no_browser {
        let copy = Command::Copy(Copied::DashboardAddress);
        items.push(action(text!(language, "tray-copy-dashboard-address"), copy));
    }
    items.extend([
        copy_base_url(language),
        action(text!(language, "tray-copy-api-key"), Command::Copy(Copied::ApiKey)),
        Item::Separator,
        accounts_menu(status, time_zone),
    ]);
    items.extend(connect(&view.surroundings.tools, language));
    items.extend([
        settings(status),
        Item::Check {
            label: text!(language, "tray-start-at-login"),
            checked: view.surroundings.starts_at_login,
            command: Command::StartAtLogin(!view.surroundings.starts_at_login),
        },
        Item::Separator,
        action(text!(language, "tray-about", version = status.version.as_str()), Command::OpenDashboard),
        action(text!(language, "tray-quit"), Command::Quit),
    ]);
    items
}

/// Problems and warnings, with what to do about them.
fn concerns(view: &View) -> Vec<String> {
    let View { status, refusal, .. } = view;
    // The item that moves to another port needs no words beside it.
    let needs_words = status.state == ProxyState::Failed && status.next_free_port.is_none();
    let fix = status.failure.as_ref().filter(|_| needs_words);
    let fix = fix.map(|failure| failure.fix(status.language));
    let words = |message: &Message| message.text(status.language);
    let problem = status.problem.as_ref().filter(|_| status.state != ProxyState::Failed).map(words);
    // The state of a failed start already has the reason for the refusal.
    let refusal = refusal.clone().filter(|_| status.failure.is_none());
    let concerns = problem.into_iter().chain(refusal).chain(status.warnings.iter().map(words));
    fix.into_iter().chain(concerns.map(|concern| format!("⚠ {concern}"))).collect()
}

fn shortened(text: &str) -> String {
    let text = &*crate::language::printable(text.lines().next().unwrap_or_default());
    if text.chars().count() <= LONGEST_TEXT {
        return text.to_owned();
    }
    let kept: String = text.chars().take(LONGEST_TEXT - 1).collect();
    format!("{}…", kept.trim_end())
}

/// The text in lines, broken between words where possible.
fn wrapped(text: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in shortened(text).split_inclusive([' ', '、', '。', '，', '：']) {
        if !line.is_empty() && line.width() + word.trim_end().width() > WIDEST_LINE {
            lines.push(std::mem::take(&mut line));
        }
        for character in word.chars() {
            if line.width() >= WIDEST_LINE && character != ' ' {
                lines.push(std::mem::take(&mut line));
            }
            line.push(character);
        }
    }
    lines.push(line);
    lines.into_iter().map(|line| line.trim_end().to_owned()).collect()
}

fn lifecycle(status: &Status) -> Vec<Item> {
    let language = status.language;
    let is_up = matches!(status.state, ProxyState::Running | ProxyState::Starting);
    let toggle = if is_up {
        action(text!(language, "tray-stop"), Command::Stop)
    } else {
        action(text!(language, "tray-start"), Command::Start)
    };
    let restart = Item::Action {
        label: text!(language, "tray-restart"),
        enabled: status.state == ProxyState::Running,
        command: Command::Restart,
    };
    let move_away = status.next_free_port.map(|port| {
        action(text!(language, "tray-use-port", port = port.to_string()), Command::MoveToPort(port))
    });
    [toggle, restart].into_iter().chain(move_away).collect()
}

fn copy_base_url(language: Language) -> Item {
    let families = [
        ("OpenAI", Copied::OpenAiBaseUrl),
        ("Anthropic", Copied::AnthropicBaseUrl),
        ("Gemini", Copied::GeminiBaseUrl),
    ];
    Item::Submenu {
        label: text!(language, "tray-copy-base-url"),
        items: families.map(|(family, what)| action(family.to_owned(), Command::Copy(what))).into(),
    }
}

fn accounts_menu(status: &Status, time_zone: &TimeZone) -> Item {
    let language = status.language;
    let mut items: Vec<Item> =
        status.accounts.iter().map(|account| account_item(account, language, time_zone)).collect();
    if items.is_empty() {
        items.push(Item::Line(text!(language, "accounts-none")));
    }
    items.extend([
        Item::Separator,
        Item::Action {
            label: text!(language, "tray-clear-cooldowns"),
            enabled: status.cooling_accounts > 0,
            command: Command::ClearCooldown(None),
        },
    ]);
    Item::Submenu { label: text!(language, "tray-accounts"), items }
}

/// Checked: the account takes part. A click on one whose credential was refused tries it
/// again.
fn account_item(account: &AccountStatus, language: Language, time_zone: &TimeZone) -> Item {
    let until = account.cooling_until_unix_secs.map(|until| time_of_day(until, time_zone));
    let label = account.label(language, &until.unwrap_or_default());
    let checked = !matches!(account.state, AccountState::Off | AccountState::Disabled);
    let command = Command::EnableAccount { name: account.name.clone(), enabled: !checked };
    Item::Check { label: shortened(&label), checked, command }
}

fn time_of_day(unix_secs: u64, time_zone: &TimeZone) -> String {
    let time = i64::try_from(unix_secs).ok().and_then(|secs| Timestamp::from_second(secs).ok());
    let time = time.unwrap_or(Timestamp::UNIX_EPOCH).to_zoned(time_zone.clone());
    time.strftime("%H:%M").to_string()
}

fn connect(tools: &[Tool], language: Language) -> Option<Item> {
    let item = |tool: &Tool| Item::Check {
        label: tool.name.to_owned(),
        checked: tool.points_here,
        command: Command::Connect { tool: tool.id, connected: !tool.points_here },
    };
    let label = text!(language, "tray-connect");
    (!tools.is_empty()).then(|| Item::Submenu { label, items: tools.iter().map(item).collect() })
}

fn settings(status: &Status) -> Item {
    let language = status.language;
    let switch = |label: String, key: &'static str, is_on: bool| Item::Check {
        label,
        checked: is_on,
        command: Command::Set { key, value: Setting::Switch(!is_on) },
    };
    Item::Submenu {
        label: text!(language, "tray-settings"),
        items: vec![
            authentication(status),
            switch(text!(language, "tray-lan"), "proxy.allow_lan_access", status.allow_lan_access),
            switch(text!(language, "tray-notifications"), "notifications.enabled", status.notifications),
            Item::Separator,
            action(text!(language, "tray-edit-config"), Command::EditConfig),
            action(text!(language, "tray-reload-config"), Command::Reload),
        ],
    }
}

fn authentication(status: &Status) -> Item {
    let language = status.language;
    let modes = [
        (AuthMode::Auto, text!(language, "tray-auth-auto")),
        (AuthMode::Off, text!(language, "tray-auth-off")),
        (AuthMode::AllExceptHealth, text!(language, "tray-auth-all-except-health")),
        (AuthMode::Strict, text!(language, "tray-auth-strict")),
    ];
    let item = |(mode, label): (AuthMode, String)| Item::Check {
        label,
        checked: status.auth_mode == mode,
        command: Command::Set { key: "proxy.auth_mode", value: Setting::Choice(mode.into()) },
    };
    Item::Submenu { label: text!(language, "tray-authentication"), items: modes.map(item).into() }
}

fn action(label: String, command: Command) -> Item {
    Item::Action { label, enabled: true, command }
}

#[cfg(test)]
mod tests;
