//! Why the proxy could not start, as a value that every surface can word.

use std::fmt;
use std::net::SocketAddr;

use serde::Serialize;

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum StartFailure {
    NoAccounts,
    Bind(BindFailure),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BindFailure {
    pub address: SocketAddr,
    pub reason: BindReason,
    /// A port that was free a moment ago, for the action that moves there.
    pub next_free_port: Option<u16>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "is")]
pub enum BindReason {
    InUse {
        owner: Option<PortOwner>,
    },
    /// A port below 1024 without the right to it, or a system policy.
    Denied,
    /// The address is not one of this machine's.
    NotAvailable,
    Other {
        text: String,
    },
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "who")]
pub enum PortOwner {
    /// Another portcullis answers there.
    Portcullis,
    Process {
        name: String,
        pid: u32,
    },
}

impl StartFailure {
    /// What to do about it, in one sentence.
    pub fn fix(&self) -> String {
        match self {
            Self::NoAccounts => {
                "Run `portcullis account add`, or add an [[accounts]] section to the config file.".to_owned()
            }
            Self::Bind(failure) => failure.fix(),
        }
    }
}

impl BindFailure {
    fn fix(&self) -> String {
        match (&self.reason, self.next_free_port) {
            (BindReason::InUse { owner: Some(PortOwner::Portcullis) }, _) => {
                "Use the portcullis that is already running, or give this one another `port` under [proxy]."
                    .to_owned()
            }
            (BindReason::InUse { .. }, Some(port)) => {
                format!("Port {port} is free: set `port = {port}` under [proxy], or stop the other program.")
            }
            (BindReason::Denied, _) if self.address.port() < 1024 => {
                "Ports below 1024 need special rights: set `port` under [proxy] to 1024 or more.".to_owned()
            }
            _ => "Set another `port` under [proxy] in the config file.".to_owned(),
        }
    }
}

impl fmt::Display for StartFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoAccounts => f.write_str("No available accounts. Add an account first."),
            Self::Bind(failure) => failure.fmt(f),
        }
    }
}

impl fmt::Display for BindFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Could not bind {}: {}.", self.address, self.reason)
    }
}

impl fmt::Display for BindReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InUse { owner: None } => f.write_str("in use by another program"),
            Self::InUse { owner: Some(PortOwner::Portcullis) } => f.write_str("in use by another portcullis"),
            Self::InUse { owner: Some(PortOwner::Process { name, pid }) } => {
                write!(f, "in use by {name} (pid {pid})")
            }
            Self::Denied => f.write_str("permission denied"),
            Self::NotAvailable => f.write_str("not an address of this machine"),
            Self::Other { text } => f.write_str(text),
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
        assert_eq!(failure.to_string(), "Could not bind 127.0.0.1:8045: in use by node (pid 4242).");
        assert!(failure.fix().contains("port = 8046"), "{}", failure.fix());
    }

    #[test]
    fn works_without_a_name() {
        let failure = bind_failure(BindReason::InUse { owner: None }, None);
        assert_eq!(failure.to_string(), "Could not bind 127.0.0.1:8045: in use by another program.");
    }

    #[test]
    fn recognises_another_portcullis() {
        let failure = bind_failure(BindReason::InUse { owner: Some(PortOwner::Portcullis) }, Some(8046));
        assert_eq!(failure.to_string(), "Could not bind 127.0.0.1:8045: in use by another portcullis.");
    }
}
