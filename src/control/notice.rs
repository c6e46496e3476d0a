//! The few things worth a desktop notification.

use super::failure::BindFailure;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// Action: use the next free port.
    BindFailure(BindFailure),
    /// Action: open the file. The first problem as text, and how many there are.
    ConfigProblem {
        text: String,
        count: usize,
    },
    AccountDisabled {
        name: String,
        reason: String,
    },
    AllCooling {
        seconds: u64,
    },
    UpstreamUnreachable {
        host: String,
        reason: String,
    },
    /// LAN access with `auth_mode = "off"`.
    LanWithoutKey,
}

impl Notice {
    /// One line for a log or a terminal.
    pub fn text(&self) -> String {
        match self {
            Self::BindFailure(failure) => failure.to_string(),
            Self::ConfigProblem { text, count: 1 } => {
                format!("The config file has a problem; the last good one stays in force. {text}")
            }
            Self::ConfigProblem { text, count } => format!(
                "The config file has {count} problems; the last good one stays in force. The first: {text}"
            ),
            Self::AccountDisabled { name, reason } => {
                format!("Account {name} was taken out of the pool: {reason}")
            }
            Self::AllCooling { seconds } => {
                format!("All accounts are cooling; the first is ready in {seconds} s.")
            }
            Self::UpstreamUnreachable { host, reason } => format!("{host} cannot be reached: {reason}"),
            Self::LanWithoutKey => {
                "Everyone on this network can use your accounts: LAN access is on and auth_mode is off."
                    .to_owned()
            }
        }
    }
}
