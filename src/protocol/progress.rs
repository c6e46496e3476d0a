//! What the events of a stream have revealed so far.

use crate::chat::Usage;

/// The state that a protocol's `observe` adds to, event by event.
#[derive(Debug, Default)]
pub struct Progress {
    /// The tokens, as far as the stream has counted them.
    pub usage: Option<Usage>,
    /// The answer is whole; some upstreams still add its usage.
    pub is_finished: bool,
    /// The terminating event has come.
    pub is_over: bool,
    /// The stream has reported an error.
    pub has_failed: bool,
}
