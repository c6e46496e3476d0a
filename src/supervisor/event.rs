//! Everything that can wake the supervisor.

use super::updates::Answer;
use crate::config::{Loaded, Problems};
use crate::connect::FollowReport;
use crate::control::command::Request;
use crate::desktop::signals::Signal;

#[derive(Debug)]
pub enum Event {
    Request(Request),
    /// The config file holds something else than before.
    FileChanged,
    /// A load of the config file has ended.
    Loaded(Box<Result<Loaded, Problems>>),
    /// An account's state, or something worth a notice.
    PoolChanged,
    /// The release feed was asked for the newest version.
    FeedAnswered(Answer),
    /// The record of requests cannot be written, or can again.
    RecordChanged,
    /// The requests of a stopped proxy have finished. `generation` tells which stop.
    Drained {
        generation: u64,
    },
    /// The connected tools were told where the proxy is.
    ToolsFollowed {
        has_moved: bool,
        followed: FollowReport,
    },
    Signal(Signal),
    /// Time to look again: a cooldown ends, a drain goes on, the release feed is due.
    Tick,
}
