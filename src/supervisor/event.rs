//! Everything that can wake the supervisor.

use super::updates::FeedAnswer;
use crate::config::{Loaded, Problems};
use crate::connect::FollowReport;
use crate::control::command::Request;
use crate::desktop::signals::Signal;

#[derive(Debug)]
pub enum Event {
    Request(Request),
    /// The config file may read differently.
    FileChanged,
    /// A load of the config file has ended.
    Loaded(Box<Result<Loaded, Problems>>),
    /// The state of an account has changed, or there is a notice about one.
    PoolChanged,
    /// The release feed has answered, or could not be reached.
    FeedAnswered(FeedAnswer),
    /// The record of requests cannot be written, or can be written again.
    RecordChanged,
    /// The requests of a stopped proxy have finished. `generation`: the number of that stop.
    Drained {
        generation: u64,
    },
    /// The settings of the connected tools were changed to the proxy's address and key.
    ToolsFollowed {
        has_moved: bool,
        followed: FollowReport,
    },
    Signal(Signal),
    /// Something is due: a cooldown ends, a drain goes on, the release feed is to be asked.
    Tick,
}
