//! The text and the buttons of a notification. Every button is also in the menu, because not
//! every desktop shows buttons.

use crate::control::{Command, Copied, Notice};
use crate::language::{Language, printable};
use crate::text;

/// The key of a press on the notification itself.
pub const DEFAULT: &str = "default";

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content {
    pub title: String,
    pub body: String,
    pub actions: Vec<Action>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Action {
    pub key: &'static str,
    pub label: String,
    pub command: Command,
}

impl Content {
    pub fn of(notice: &Notice, language: Language) -> Self {
        let dashboard = |key| Action {
            key,
            label: text!(language, "notify-action-dashboard"),
            command: Command::OpenDashboard,
        };
        // An action that has just failed is not offered again.
        let has_browser = !matches!(notice, Notice::NoBrowser { .. });
        let dashboard = has_browser.then(|| dashboard(DEFAULT));
        Self {
            title: printable(&title(notice, language)).into_owned(),
            body: printable(&body(notice, language)).into_owned(),
            actions: action(notice, language).into_iter().chain(dashboard).collect(),
        }
    }

    /// The command of this key.
    pub fn command(&self, key: &str) -> Option<Command> {
        self.actions.iter().find(|action| action.key == key).map(|action| action.command.clone())
    }
}

fn title(notice: &Notice, language: Language) -> String {
    match notice {
        Notice::BindFailure(_) => text!(language, "notify-title-bind"),
        Notice::ConfigProblem { .. } => text!(language, "notify-title-config"),
        Notice::AccountDisabled { .. } => text!(language, "notify-title-account"),
        Notice::AllCooling { .. } => text!(language, "notify-title-cooling"),
        Notice::UpstreamUnreachable { .. } => text!(language, "notify-title-upstream"),
        Notice::LanWithoutKey => text!(language, "notify-title-lan"),
        Notice::Moved { .. } => text!(language, "notify-title-moved"),
        Notice::UpdateAvailable { .. } => text!(language, "notify-title-update"),
        Notice::TicketUsedTwice => text!(language, "notify-title-ticket"),
        Notice::NoBrowser { .. } | Notice::Refused { .. } => text!(language, "notify-title-refused"),
    }
}

fn body(notice: &Notice, language: Language) -> String {
    match notice {
        Notice::BindFailure(failure) => format!("{} {}", failure.text(language), failure.fix(language)),
        notice => notice.text(language),
    }
}

/// The one action that a press can carry out, if any.
fn action(notice: &Notice, language: Language) -> Option<Action> {
    match notice {
        Notice::BindFailure(failure) => failure.next_free_port.map(|port| Action {
            key: "move",
            label: text!(language, "notify-action-move", port = port.to_string()),
            command: Command::MoveToPort(port),
        }),
        Notice::ConfigProblem { .. } => Some(Action {
            key: "edit",
            label: text!(language, "notify-action-edit"),
            command: Command::EditConfig,
        }),
        Notice::NoBrowser { .. } => Some(Action {
            key: "copy",
            label: text!(language, "notify-action-copy-address"),
            command: Command::Copy(Copied::DashboardAddress),
        }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use strum::VariantArray;

    use super::*;
    use crate::control::{BindFailure, BindReason};
    use crate::message;

    #[test]
    fn a_port_in_use_offers_to_move() {
        let failure = BindFailure {
            address: "127.0.0.1:8045".parse().expect("an address"),
            reason: BindReason::InUse { owner: None },
            next_free_port: Some(8046),
        };
        let content = Content::of(&Notice::BindFailure(failure), Language::English);
        assert_eq!(content.command("move"), Some(Command::MoveToPort(8046)));
        assert_eq!(content.actions[0].label, "Use port 8046");
        assert!(content.body.contains("in use by another program"), "{}", content.body);
        assert_eq!(content.command(DEFAULT), Some(Command::OpenDashboard));
        assert_eq!(content.command("else"), None);
    }

    #[test]
    fn what_an_upstream_says_turns_no_writing_around() {
        let reason = "no\u{202e}rorre\u{9b}31m\nSECOND LINE".into();
        let content = Content::of(
            &Notice::UpstreamUnreachable { host: "a\u{200b}b".to_owned(), reason },
            Language::English,
        );
        assert!(!content.body.contains(printable::is_unprintable), "{:?}", content.body);
    }

    #[test]
    fn a_browser_that_cannot_be_opened_is_not_offered_again() {
        let notice =
            Notice::NoBrowser { reason: "No browser could be opened (xdg-open: exit 4).".to_owned() };
        let content = Content::of(&notice, Language::English);
        assert_eq!(content.command("copy"), Some(Command::Copy(Copied::DashboardAddress)));
        assert_eq!((content.actions.len(), &*content.actions[0].label), (1, "Copy address"));
    }

    #[test]
    fn a_reason_is_told_in_the_language_of_the_rest() {
        let reason =
            message!("reason-quoted", reason = message!("reason-invalid-key"), words = "No such key.");
        let notice = Notice::AccountDisabled { name: "work".to_owned(), reason };
        let body = |language| Content::of(&notice, language).body;
        let english = "Account work is no longer used: invalid key: No such key.";
        assert_eq!(body(Language::English), english);
        let japanese = "アカウント work の使用を停止しました: キーが無効です: No such key.";
        assert_eq!(body(Language::Japanese), japanese);
    }

    #[test]
    fn every_notice_has_a_title_a_body_and_leads_somewhere_in_every_language() {
        let name = || "work".to_owned();
        let notices = [
            Notice::ConfigProblem { text: name().into(), count: 2, is_first: false },
            Notice::ConfigProblem { text: name().into(), count: 1, is_first: true },
            Notice::AccountDisabled { name: name(), reason: name().into() },
            Notice::AllCooling { seconds: 60 },
            Notice::UpstreamUnreachable { host: name(), reason: name().into() },
            Notice::LanWithoutKey,
            Notice::UpdateAvailable { version: name() },
            Notice::TicketUsedTwice,
            Notice::NoBrowser { reason: name() },
            Notice::Refused { reason: name() },
            Notice::Moved { base_url: name(), followed: vec![name()], left: vec![name()] },
        ];
        for &language in Language::VARIANTS {
            for notice in &notices {
                let Content { title, body, actions } = Content::of(notice, language);
                assert!(!title.is_empty() && !body.is_empty() && !actions.is_empty(), "{notice:?}");
            }
        }
    }
}
