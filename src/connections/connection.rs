//! One connection of a client, and its state.

use std::net::SocketAddr;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use salvo::conn::ConnCtrl;

use crate::desktop::peer::{self, Peer};

/// Added to the time at which a request began to arrive. No process runs for as many
/// nanoseconds.
const ARRIVING: u64 = 1 << 62;
const BUSY: u64 = u64::MAX;
const ANSWERED: u64 = u64::MAX - 1;
const CLOSING: u64 = u64::MAX - 2;

/// A connection's remote address and its local one.
pub type Ends = (SocketAddr, SocketAddr);

pub struct Connection {
    pub(super) ends: Ends,
    pub(super) control: ConnCtrl,
    began: Instant,
    /// When it became idle or its request began to arrive, in nanoseconds after `began`; or
    /// one of the states above.
    state: AtomicU64,
    peer: OnceLock<Peer>,
}

impl Connection {
    /// `began`: an instant before this, the same for all connections that are compared.
    pub(super) fn new(ends: Ends, began: Instant) -> Self {
        let state = AtomicU64::new(nanoseconds_since(began));
        Self { ends, began, state, control: ConnCtrl::new(), peer: OnceLock::new() }
    }

    /// Which user of this computer is at the other end; `Unknown` for the network. The system
    /// is asked once per connection, which takes microseconds.
    pub fn peer(&self) -> Peer {
        let (remote, local) = self.ends;
        if !remote.ip().to_canonical().is_loopback() {
            return Peer::Unknown;
        }
        *self.peer.get_or_init(|| peer::look_up(remote, local))
    }

    /// A request's head has come. `false`: too late, the connection is being closed.
    pub(super) fn begin(&self, is_whole: bool) -> bool {
        let begun = if is_whole { BUSY } else { ARRIVING + nanoseconds_since(self.began) };
        let begin = |state| (state != CLOSING).then_some(begun);
        self.state.try_update(Ordering::AcqRel, Ordering::Acquire, begin).is_ok()
    }

    /// The whole request has come.
    pub(super) fn arrived(&self) {
        let arrive = |state| is_arriving(state).then_some(BUSY);
        let _ = self.state.try_update(Ordering::AcqRel, Ordering::Acquire, arrive);
    }

    /// The answer has been handed over.
    pub(super) fn answered(&self) {
        let answer = |state| (state == BUSY || is_arriving(state)).then_some(ANSWERED);
        let _ = self.state.try_update(Ordering::AcqRel, Ordering::Acquire, answer);
    }

    /// Everything written so far is with the system.
    pub(super) fn flushed(&self) {
        if self.state.load(Ordering::Relaxed) == ANSWERED {
            let now = nanoseconds_since(self.began);
            let _ = self.state.compare_exchange(ANSWERED, now, Ordering::AcqRel, Ordering::Relaxed);
        }
    }

    /// The state, if the connection may be closed for another; the least is to go first.
    pub(super) fn may_give_way(&self) -> Option<u64> {
        Some(self.state.load(Ordering::Acquire)).filter(|state| *state < CLOSING)
    }

    pub(super) fn is_closing(&self) -> bool {
        self.state.load(Ordering::Acquire) == CLOSING
    }

    /// Closes the connection, unless a request has come since it had this state.
    pub(super) fn close(&self, state: u64) {
        if self.state.compare_exchange(state, CLOSING, Ordering::AcqRel, Ordering::Relaxed).is_ok() {
            self.control.abort();
        }
    }
}

fn nanoseconds_since(began: Instant) -> u64 {
    u64::try_from(began.elapsed().as_nanos()).unwrap_or(u64::MAX).min(ARRIVING - 1)
}

const fn is_arriving(state: u64) -> bool {
    ARRIVING <= state && state < CLOSING
}
