//! The few things worth a desktop notification.

use super::failure::BindFailure;
use crate::language::{Language, Message};
use crate::message;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// Action: use the next free port.
    BindFailure(BindFailure),
    /// Action: open the file. The first problem, and how many there are. `is_first`: no file
    /// was valid before, so none is in force.
    ConfigProblem {
        text: Message,
        count: usize,
        is_first: bool,
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
    /// `[updates] check = true` has found a newer version.
    UpdateAvailable {
        version: String,
    },
    /// A ticket to the dashboard was presented a second time. Another program may have read
    /// it, so the session of the first presentation has ended.
    TicketUsedTwice,
    /// The dashboard could not be opened. Action: copy its address.
    NoBrowser {
        reason: String,
    },
    /// A click could not be carried out: why, and what to do.
    Refused {
        reason: String,
    },
    /// The proxy has another address than before.
    Moved {
        base_url: String,
        /// The tools that point there now.
        followed: Vec<String>,
        /// The tools that do not.
        left: Vec<String>,
    },
}

impl Notice {
    /// One line, for a log, a terminal or the body of a notification.
    pub fn text(&self, language: Language) -> String {
        let sentences = self.sentences();
        sentences.iter().map(|sentence| sentence.text(language)).collect::<Vec<_>>().join(" ")
    }

    fn sentences(&self) -> Vec<Message> {
        vec![match self {
            Self::BindFailure(failure) => failure.problem(),
            Self::ConfigProblem { text, count, is_first: false } => {
                message!("notice-config-problem", count = *count, first = text.clone())
            }
            Self::ConfigProblem { text, count, is_first: true } => {
                message!("notice-config-problem-first", count = *count, first = text.clone())
            }
            Self::AccountDisabled { name, reason } => {
                message!("notice-account-disabled", name = name.as_str(), reason = reason.clone())
            }
            Self::AllCooling { seconds } => message!("notice-all-cooling", seconds = *seconds),
            Self::UpstreamUnreachable { host, reason } => {
                message!("notice-upstream-unreachable", host = host.as_str(), reason = reason.clone())
            }
            Self::LanWithoutKey => message!("notice-lan-without-key"),
            Self::UpdateAvailable { version } => {
                let current = env!("CARGO_PKG_VERSION");
                message!("notice-update-available", version = version.as_str(), current = current)
            }
            Self::TicketUsedTwice => message!("notice-ticket-used-twice"),
            Self::NoBrowser { reason } | Self::Refused { reason } => reason.as_str().into(),
            Self::Moved { base_url, followed, left } => return moved(base_url, followed, left),
        }]
    }
}

fn moved(base_url: &str, followed: &[String], left: &[String]) -> Vec<Message> {
    let moved = Some(message!("notice-moved", url = base_url));
    let followed =
        (!followed.is_empty()).then(|| message!("notice-moved-followed", tools = followed.join(", ")));
    let left = (!left.is_empty()).then(|| message!("notice-moved-left", tools = left.join(", ")));
    [moved, followed, left].into_iter().flatten().collect()
}
