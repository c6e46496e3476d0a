//! Why the proxy could not start, as a value with words for every surface.

use std::fmt;
use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

use crate::language::{Language, Message};
use crate::{message, text};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum StartFailure {
    /// No account is usable. `listed`: how many the config has.
    NoAccounts {
        #[serde(default)]
        listed: usize,
    },
    Bind(BindFailure),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BindFailure {
    pub address: SocketAddr,
    pub reason: BindReason,
    /// A port that was free a moment ago, for the action that moves the proxy there.
    pub next_free_port: Option<u16>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "is")]
pub enum BindReason {
    InUse {
        owner: Option<PortOwner>,
    },
    /// The port is below 1024 without the right to it, or a system policy forbids it.
    Denied,
    /// The address is not one of this machine's.
    NotAvailable,
    Other {
        text: String,
    },
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "who")]
pub enum PortOwner {
    /// Another portcullis answers there. Its process and its home, where they can be known.
    Portcullis {
        #[serde(default)]
        pid: Option<u32>,
        #[serde(default)]
        home: Option<String>,
    },
    Process {
        name: String,
        pid: u32,
    },
    /// The dashboard of this very agent.
    Own,
    /// A program of another user, which the system does not name.
    User {
        name: String,
    },
}

impl StartFailure {
    /// What is wrong, as a sentence.
    pub fn text(&self, language: Language) -> String {
        self.problem().text(language)
    }

    /// What to do about it, as a sentence.
    pub fn fix(&self, language: Language) -> String {
        self.remedy().text(language)
    }

    /// What is wrong, and what to do about it.
    pub fn message(&self) -> Message {
        message!("failure-with-fix", failure = self.problem(), fix = self.remedy())
    }

    fn problem(&self) -> Message {
        match self {
            Self::NoAccounts { .. } => message!("failure-no-accounts"),
            Self::Bind(failure) => failure.problem(),
        }
    }

    fn remedy(&self) -> Message {
        match self {
            Self::NoAccounts { listed: 0 } => message!("failure-no-accounts-fix"),
            Self::NoAccounts { listed } => message!("failure-no-accounts-usable", count = *listed),
            Self::Bind(failure) => failure.remedy(),
        }
    }

    /// What is wrong, short enough to stand after "Failed:" in a menu.
    pub fn short(&self, language: Language) -> String {
        match self {
            Self::NoAccounts { .. } => text!(language, "state-failed-no-accounts"),
            Self::Bind(failure) => failure.short(language),
        }
    }
}

impl BindFailure {
    pub fn text(&self, language: Language) -> String {
        self.problem().text(language)
    }

    pub fn fix(&self, language: Language) -> String {
        self.remedy().text(language)
    }

    pub(super) fn problem(&self) -> Message {
        message!("failure-bind", address = self.address.to_string(), reason = self.reason.message())
    }

    fn short(&self, language: Language) -> String {
        let port = self.address.port();
        match &self.reason {
            BindReason::InUse { owner: None } => text!(language, "state-failed-port-in-use", port = port),
            BindReason::InUse { owner: Some(owner) } => {
                text!(language, "state-failed-port-in-use-by", port = port, owner = owner.to_string())
            }
            BindReason::Denied => text!(language, "state-failed-port-denied", port = port),
            BindReason::NotAvailable | BindReason::Other { .. } => {
                text!(language, "state-failed-address", address = self.address.to_string())
            }
        }
    }

    fn remedy(&self) -> Message {
        match (&self.reason, self.next_free_port) {
            (BindReason::InUse { owner: Some(PortOwner::Portcullis { .. }) }, _) => {
                message!("failure-fix-other-portcullis")
            }
            (BindReason::InUse { owner: Some(PortOwner::Own) }, Some(port)) => {
                message!("failure-fix-own", port = u64::from(port))
            }
            (BindReason::InUse { .. }, Some(port)) => {
                message!("failure-fix-next-port", port = u64::from(port))
            }
            (BindReason::Denied, _) if self.address.port() < 1024 => message!("failure-fix-low-port"),
            _ => message!("failure-fix-port"),
        }
    }
}

impl BindReason {
    fn message(&self) -> Message {
        match self {
            Self::InUse { owner: None } => message!("failure-in-use"),
            Self::InUse { owner: Some(PortOwner::Portcullis { pid, home }) } => match (pid, home) {
                (Some(pid), Some(home)) => {
                    let (pid, home) = (u64::from(*pid), home.as_str());
                    message!("failure-in-use-by-portcullis-of", pid = pid, home = home)
                }
                (Some(pid), None) => {
                    message!("failure-in-use-by-portcullis-pid", pid = u64::from(*pid))
                }
                (None, _) => message!("failure-in-use-by-portcullis"),
            },
            Self::InUse { owner: Some(PortOwner::Process { name, pid }) } => {
                message!("failure-in-use-by", name = name.as_str(), pid = u64::from(*pid))
            }
            Self::InUse { owner: Some(PortOwner::Own) } => message!("failure-in-use-by-own"),
            Self::InUse { owner: Some(PortOwner::User { name }) } => {
                message!("failure-in-use-by-user", user = name.as_str())
            }
            Self::Denied => message!("failure-denied"),
            Self::NotAvailable => message!("failure-not-available"),
            Self::Other { text } => text.as_str().into(),
        }
    }
}

impl PortOwner {
    /// The program that has the port, as a noun.
    pub fn message(&self) -> Message {
        match self {
            Self::User { name } => message!("owner-user", user = name.as_str()),
            named => named.to_string().into(),
        }
    }
}

impl fmt::Display for PortOwner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Portcullis { pid: None, .. } | Self::Own => f.write_str("portcullis"),
            Self::Portcullis { pid: Some(pid), .. } => write!(f, "portcullis (pid {pid})"),
            Self::Process { name, pid } => write!(f, "{name} (pid {pid})"),
            Self::User { name } => write!(f, "{name}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bind_failure(reason: BindReason, next_free_port: Option<u16>) -> StartFailure {
        let address = "127.0.0.1:8045".parse().expect("an address");
        StartFailure::Bind(BindFailure { address, reason, next_free_port })
    }

    #[test]
    fn says_who_holds_the_port_and_where_to_go() {
        let owner = PortOwner::Process { name: "node".to_owned(), pid: 4242 };
        let failure = bind_failure(BindReason::InUse { owner: Some(owner) }, Some(8046));
        assert_eq!(
            failure.text(Language::English),
            "Could not bind 127.0.0.1:8045: in use by node (pid 4242)."
        );
        assert_eq!(failure.short(Language::English), "port 8045 is in use by node (pid 4242)");
        assert!(failure.fix(Language::English).contains("port = 8046"), "{}", failure.fix(Language::English));
    }

    #[test]
    fn works_without_a_name() {
        let failure = bind_failure(BindReason::InUse { owner: None }, None);
        assert_eq!(
            failure.text(Language::English),
            "Could not bind 127.0.0.1:8045: in use by another program."
        );
    }

    #[test]
    fn says_it_in_japanese_as_the_documentation_does() {
        let owner = PortOwner::Process { name: "node".to_owned(), pid: 4242 };
        let failure = bind_failure(BindReason::InUse { owner: Some(owner) }, Some(8046));
        assert_eq!(
            failure.text(Language::Japanese),
            "サーバー起動失敗: アドレス 127.0.0.1:8045 バインド失敗: node (pid 4242) が使用中です"
        );
        assert_eq!(
            StartFailure::NoAccounts { listed: 0 }.text(Language::Japanese),
            "使用可能なアカウントがありません。先にアカウントを追加してください"
        );
    }

    #[test]
    fn recognises_another_portcullis() {
        let said = |pid, home: Option<&str>| {
            let owner = PortOwner::Portcullis { pid, home: home.map(str::to_owned) };
            bind_failure(BindReason::InUse { owner: Some(owner) }, Some(8046)).text(Language::English)
        };
        let start = "Could not bind 127.0.0.1:8045: in use by another portcullis";
        assert_eq!(said(None, None), format!("{start}."));
        assert_eq!(said(Some(4242), None), format!("{start} (pid 4242)."));
        assert_eq!(said(Some(4242), Some("/srv/p")), format!("{start} (pid 4242, home /srv/p)."));
    }
}
