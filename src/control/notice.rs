//! The few things worth a desktop notification.

use super::failure::BindFailure;
use crate::language::{Language, Message};
use crate::text;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// Action: use the next free port.
    BindFailure(BindFailure),
    /// Action: open the file. The first problem, and how many there are.
    ConfigProblem {
        text: Message,
        count: usize,
    },
    AccountDisabled {
        name: String,
        reason: Message,
    },
    AllCooling {
        seconds: u64,
    },
    UpstreamUnreachable {
        host: String,
        reason: Message,
    },
    /// LAN access with `auth_mode = "off"`.
    LanWithoutKey,
    /// `[updates] check = true` found one.
    UpdateAvailable {
        version: String,
    },
    /// A ticket to the dashboard came a second time: somebody else may have read it, so
    /// the page that it let in was locked out.
    TicketUsedTwice,
    /// The dashboard could not be opened: why. Action: copy its address.
    NoBrowser {
        reason: String,
    },
    /// Something that was clicked could not be done: why, and what to do.
    Refused {
        reason: String,
    },
    /// The proxy is at another address than before. The tools that were pointed there,
    /// and those that were not.
    Moved {
        base_url: String,
        followed: Vec<String>,
        left: Vec<String>,
    },
}

impl Notice {
    /// One line, for a log, a terminal or the body of a notification.
    pub fn text(&self, language: Language) -> String {
        match self {
            Self::BindFailure(failure) => failure.text(language),
            Self::ConfigProblem { text, count } => {
                text!(language, "notice-config-problem", count = *count, first = text.text(language))
            }
            Self::AccountDisabled { name, reason } => {
                text!(
                    language,
                    "notice-account-disabled",
                    name = name.as_str(),
                    reason = reason.text(language)
                )
            }
            Self::AllCooling { seconds } => text!(language, "notice-all-cooling", seconds = *seconds),
            Self::UpstreamUnreachable { host, reason } => {
                text!(
                    language,
                    "notice-upstream-unreachable",
                    host = host.as_str(),
                    reason = reason.text(language)
                )
            }
            Self::LanWithoutKey => text!(language, "notice-lan-without-key"),
            Self::UpdateAvailable { version } => {
                let current = env!("CARGO_PKG_VERSION");
                text!(language, "notice-update-available", version = version.as_str(), current = current)
            }
            Self::TicketUsedTwice => text!(language, "notice-ticket-used-twice"),
            Self::NoBrowser { reason } | Self::Refused { reason } => reason.clone(),
            Self::Moved { base_url, followed, left } => {
                let moved = text!(language, "notice-moved", url = base_url.as_str());
                let tools = |key, tools: &[String]| text!(language, key, tools = tools.join(", "));
                let followed = (!followed.is_empty()).then(|| tools("notice-moved-followed", followed));
                let left = (!left.is_empty()).then(|| tools("notice-moved-left", left));
                [Some(moved), followed, left].into_iter().flatten().collect::<Vec<_>>().join(" ")
            }
        }
    }
}
