//! The words every surface shares: what can be asked of the agent, what it says of
//! itself, and the few things worth interrupting a person for. Pure values.

pub mod admission;
pub mod command;
pub mod failure;
pub mod notice;
pub mod session;
pub mod shell;
pub mod status;

pub use admission::{Admission, Caller, End, Exchange, new_token};
pub use command::{AgentHandle, Command, CommandError, Copied, LANGUAGE_HEADER, Setting};
pub use failure::{BindFailure, BindReason, PortOwner, StartFailure};
pub use notice::Notice;
pub use session::Session;
pub use shell::Shell;
pub use status::{AccountStatus, IconState, IconStatus, ProxyState, Status};
