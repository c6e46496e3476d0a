//! How long a relay waits: for more of a burst, for a silent upstream, and before it sends
//! the client a sign of life.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Instant, Sleep};

/// How long the client gets nothing. Claude Code warns after twice this.
const PULSE: Duration = Duration::from_secs(10);
/// How often the relay yields to other tasks before it sends.
const YIELDS: u8 = 2;

/// Yields to other tasks a few times, because they may bring more. tokio's `yield_now` polls
/// the sockets in between, and wakes no other worker for it.
#[derive(Default)]
pub struct Turns {
    taken: u8,
    yielding: Option<Pin<Box<dyn Future<Output = ()> + Send + Sync>>>,
}

/// Sends the client of a translated stream a sign of life while the upstream is silent. Where
/// both sides speak the same protocol, the upstream does that itself.
pub struct Pulse {
    beat: Option<&'static [u8]>,
    last: Instant,
    timer: Pin<Box<Sleep>>,
}

/// Notices that the upstream has been silent for too long. The timer is reset only when it
/// fires, so that a busy stream does not pay for it.
pub struct Silence {
    limit: Duration,
    last: Instant,
    /// Whether bytes from the upstream restart the time. For a whole answer they do not.
    renewed: bool,
    timer: Pin<Box<Sleep>>,
}

impl Turns {
    pub fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        while self.taken < YIELDS {
            let yielding = self.yielding.get_or_insert_with(|| Box::pin(tokio::task::yield_now()));
            std::task::ready!(yielding.as_mut().poll(cx));
            self.yielding = None;
            self.taken += 1;
        }
        Poll::Ready(())
    }
}

impl Pulse {
    pub fn new(beat: Option<&'static [u8]>) -> Self {
        let last = Instant::now();
        Self { beat, last, timer: Box::pin(tokio::time::sleep_until(last + PULSE)) }
    }

    /// Something was sent to the client.
    pub fn heard(&mut self) {
        self.last = Instant::now();
    }

    pub fn poll(&mut self, cx: &mut Context<'_>) -> Poll<&'static [u8]> {
        let Some(beat) = self.beat else { return Poll::Pending };
        while self.timer.as_mut().poll(cx).is_ready() {
            let due = self.last + PULSE;
            if due <= Instant::now() {
                return Poll::Ready(beat);
            }
            self.timer.as_mut().reset(due);
        }
        Poll::Pending
    }
}

impl Silence {
    pub fn new(limit: Duration, elapsed: Duration, renewed: bool) -> Self {
        let now = Instant::now();
        let last = now.checked_sub(elapsed).unwrap_or(now);
        Self { limit, last, renewed, timer: Box::pin(tokio::time::sleep_until(last + limit)) }
    }

    pub const fn limit(&self) -> Duration {
        self.limit
    }

    pub fn heard(&mut self) {
        if self.renewed {
            self.last = Instant::now();
        }
    }

    /// The last event has come: only `limit` is left for the end. A second call changes
    /// nothing.
    pub fn end_within(&mut self, limit: Duration) {
        if self.renewed && limit < self.limit {
            self.renewed = false;
            self.limit = limit;
            self.last = Instant::now();
            self.timer.as_mut().reset(self.last + limit);
        }
    }

    pub fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        while self.timer.as_mut().poll(cx).is_ready() {
            let due = self.last + self.limit;
            if due <= Instant::now() {
                return Poll::Ready(());
            }
            self.timer.as_mut().reset(due);
        }
        Poll::Pending
    }
}
