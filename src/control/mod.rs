//! What every surface shares: the commands that can be given to the agent, its status, and
//! the few notices worth interrupting a person for. Pure values.

pub mod account;
pub mod admission;
pub mod command;
pub mod failure;
pub mod notice;
pub mod session;
pub mod shell;
pub mod status;

pub use account::{AccountState, AccountStatus};
pub use admission::{Admission, Caller, End, Exchange, new_token};
pub use command::{AgentHandle, Command, CommandError, Copied, LANGUAGE_HEADER, Setting};
pub use failure::{BindFailure, BindReason, PortOwner, StartFailure};
pub use notice::Notice;
pub use session::Session;
pub use shell::Shell;
pub use status::{AuthMode, IconState, IconStatus, ProxyState, Status};
