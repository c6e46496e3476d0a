//! The answer: who has the other end of a connection.

/// Who has the other end of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Peer {
    /// The user that this process runs as, or root.
    Ours,
    /// Another user of this computer.
    Another,
    /// The other end is closed already, so its user is unknown.
    Gone,
    /// The system does not report it.
    Unknown,
}
