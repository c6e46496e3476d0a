//! How long a relay waits: for more of a burst, for the upstream to go on, and until the
//! client of a silent one should hear something.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Instant, Sleep};

/// How long a client hears nothing; Claude Code begins to worry at twice this.
const PULSE: Duration = Duration::from_secs(10);
/// How often other tasks are let in first, in case they bring more.
const YIELDS: u8 = 2;

/// Lets other tasks run a few times, so that they may bring more. tokio's own yielding
/// looks at the sockets in between and wakes no other worker for it.
#[derive(Default)]
pub struct Turns {
    taken: u8,
    yielding: Option<Pin<Box<dyn Future<Output = ()> + Send + Sync>>>,
}

/// Keeps the client of a translated stream patient while the upstream thinks. Where both
/// speak the same protocol, the upstream sees to that itself.
pub struct Pulse {
    beat: Option<&'static [u8]>,
    last: Instant,
    timer: Pin<Box<Sleep>>,
}

/// When the upstream has been quiet for too long. The timer is moved only when it rings,
/// so that a lively stream costs it nothing.
pub struct Silence {
    limit: Duration,
    last: Instant,
    /// Whether news from the upstream counts, or only the start does (whole answers).
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

    /// The client has been sent something.
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

    /// There is no news to wait for any more, and only so long for the end. Once said, it
    /// stays.
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
