//! What is known of each client's connection, for the proxy and the control plane alike:
//! whether somebody is being answered on it, since when nobody is, and whose program is at
//! the other end.
//!
//! A listener holds only so many. Where the next one would be one too many, those that have
//! been idle longest are closed: an idle connection costs its client nothing to open again,
//! and a request must not wait for it. After those come the ones whose request has not come
//! whole: a body that never arrives would hold its place for nothing. A connection is
//!
//! ```text
//! idle ── a head has come ──▶ arriving ── so has its body ──▶ busy ── its answer is handed over ──▶ answered
//!  │ ▲                           │                                                                     │
//!  │ └───────────────────────────┼──────────────── the last byte is with the system ───────────────────┘
//!  └───── others need the room ──┴──▶ closing
//! ```

mod entrance;
mod stream;
mod turn;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Instant;

use http_body::Body;
use salvo::conn::ConnCtrl;
use salvo::prelude::Request;

pub use self::entrance::{Entrance, holding};
pub use self::stream::Watched;
pub use self::turn::{Arriving, Turn};
use crate::desktop::peer::{self, Peer};

/// A request's head may be this long, in bytes.
pub const LONGEST_HEAD: usize = 64 << 10;

/// Added to the time since which a request arrives. No process lives for so many nanoseconds.
const ARRIVING: u64 = 1 << 62;
const BUSY: u64 = u64::MAX;
const ANSWERED: u64 = u64::MAX - 1;
const CLOSING: u64 = u64::MAX - 2;

/// Where a connection comes from, and where it came in.
type Ends = (SocketAddr, SocketAddr);

/// The connections of one listener, as many as it may have.
pub struct Connections {
    limit: usize,
    began: Instant,
    open: Mutex<HashMap<Ends, Arc<Connection>>>,
}

pub struct Connection {
    ends: Ends,
    began: Instant,
    /// Since when it is idle or its request arrives, in nanoseconds from `began`; or one of
    /// the states above.
    state: AtomicU64,
    control: ConnCtrl,
    peer: OnceLock<Peer>,
}

/// Counts for as long as it is held.
pub struct Admitted {
    connections: Arc<Connections>,
    connection: Arc<Connection>,
}

impl Connections {
    pub fn new(limit: usize) -> Arc<Self> {
        Arc::new(Self { limit: limit.max(1), began: Instant::now(), open: Mutex::default() })
    }

    /// Takes a connection in, in the place of the longest idle ones where there is no other.
    /// `None`: somebody is being answered on each of them.
    pub fn admit(self: &Arc<Self>, remote: SocketAddr, local: SocketAddr) -> Option<Admitted> {
        let mut open = self.lock();
        if self.is_full(&open) {
            self.close_idle(&open);
            if self.is_full(&open) {
                return None;
            }
        }
        let connection = Arc::new(Connection::new((remote, local), self.began));
        open.insert(connection.ends, Arc::clone(&connection));
        drop(open);
        Some(Admitted { connections: Arc::clone(self), connection })
    }

    /// Closes some that are idle, because the system has no more descriptors to give.
    pub fn give_way(&self) {
        self.close_idle(&self.lock());
    }

    /// A request has come. `None`: too late, its connection is being closed.
    pub fn begin(&self, request: &Request) -> Option<Turn> {
        let ends = (request.remote_addr().clone().into_std()?, request.local_addr().clone().into_std()?);
        let connection = Arc::clone(self.lock().get(&ends)?);
        connection.begin(request.body().is_end_stream())
    }

    /// Those that are about to go leave room already: they wait for nobody.
    fn is_full(&self, open: &HashMap<Ends, Arc<Connection>>) -> bool {
        open.len() >= self.limit
            && open.values().filter(|connection| !connection.is_closing()).count() >= self.limit
    }

    /// The longest idle, and some more with them, so that not every arrival has to look.
    fn close_idle(&self, open: &HashMap<Ends, Arc<Connection>>) {
        let mut idle: Vec<(u64, &Arc<Connection>)> =
            open.values().filter_map(|connection| Some((connection.may_give_way()?, connection))).collect();
        let count = (self.limit / 16 + 1).min(idle.len());
        if count == 0 {
            return;
        }
        idle.select_nth_unstable_by_key(count - 1, |(since, _)| *since);
        idle[..count].iter().for_each(|(since, connection)| connection.close(*since));
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Ends, Arc<Connection>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Connection {
    fn new(ends: Ends, began: Instant) -> Self {
        let state = AtomicU64::new(nanoseconds_since(began));
        Self { ends, began, state, control: ConnCtrl::new(), peer: OnceLock::new() }
    }

    /// Who is at the other end, within this computer; of the network nothing is known. Asks
    /// the system once, which takes it microseconds.
    pub fn peer(&self) -> Peer {
        let (remote, local) = self.ends;
        if !remote.ip().to_canonical().is_loopback() {
            return Peer::Unknown;
        }
        *self.peer.get_or_init(|| peer::look_up(remote, local))
    }

    fn begin(self: Arc<Self>, is_whole: bool) -> Option<Turn> {
        let begun = if is_whole { BUSY } else { ARRIVING + nanoseconds_since(self.began) };
        let begin = |state| (state != CLOSING).then_some(begun);
        self.state.try_update(Ordering::AcqRel, Ordering::Acquire, begin).ok()?;
        Some(Turn::of(self))
    }

    /// The whole request has come.
    fn arrived(&self) {
        let arrive = |state| is_arriving(state).then_some(BUSY);
        let _ = self.state.try_update(Ordering::AcqRel, Ordering::Acquire, arrive);
    }

    fn answered(&self) {
        let answer = |state| (state == BUSY || is_arriving(state)).then_some(ANSWERED);
        let _ = self.state.try_update(Ordering::AcqRel, Ordering::Acquire, answer);
    }

    /// Everything written so far is with the system.
    fn flushed(&self) {
        if self.state.load(Ordering::Relaxed) == ANSWERED {
            let now = nanoseconds_since(self.began);
            let _ = self.state.compare_exchange(ANSWERED, now, Ordering::AcqRel, Ordering::Relaxed);
        }
    }

    /// Its state, where nobody is being answered; the least is to go first.
    fn may_give_way(&self) -> Option<u64> {
        Some(self.state.load(Ordering::Acquire)).filter(|state| *state < CLOSING)
    }

    fn is_closing(&self) -> bool {
        self.state.load(Ordering::Acquire) == CLOSING
    }

    /// Unless a request has come in the meantime.
    fn close(&self, state: u64) {
        if self.state.compare_exchange(state, CLOSING, Ordering::AcqRel, Ordering::Relaxed).is_ok() {
            self.control.abort();
        }
    }
}

impl Drop for Admitted {
    fn drop(&mut self) {
        let mut open = self.connections.lock();
        // Another one may come from the same place before this one is forgotten.
        let is_this = |open: &Arc<Connection>| Arc::ptr_eq(open, &self.connection);
        if open.get(&self.connection.ends).is_some_and(is_this) {
            open.remove(&self.connection.ends);
        }
    }
}

/// The length of a request's head as it was on the wire, up to blanks that say nothing.
pub fn head_length(request: &Request) -> usize {
    const LINE: usize = ": \r\n".len();
    let target = request.uri().path_and_query().map_or(1, |target| target.as_str().len());
    let headers = request.headers().iter().map(|(name, value)| name.as_str().len() + value.len() + LINE);
    request.method().as_str().len() + target + "  HTTP/1.1\r\n\r\n".len() + headers.sum::<usize>()
}

fn nanoseconds_since(began: Instant) -> u64 {
    u64::try_from(began.elapsed().as_nanos()).unwrap_or(u64::MAX).min(ARRIVING - 1)
}

const fn is_arriving(state: u64) -> bool {
    ARRIVING <= state && state < CLOSING
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(port: u16) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], port))
    }

    fn admit(connections: &Arc<Connections>, port: u16) -> Option<Admitted> {
        connections.admit(from(port), from(8045))
    }

    #[test]
    fn the_longest_idle_gives_way() {
        let connections = Connections::new(3);
        let held: Vec<_> = (1..=3).map(|port| admit(&connections, port).expect("room")).collect();
        let newest = admit(&connections, 4).expect("the first gives way");
        let closing: Vec<_> = held.iter().map(|one| one.connection.is_closing()).collect();
        assert_eq!(closing, [true, false, false]);
        assert!(held[0].connection.control.is_aborted());
        assert!(!newest.connection.is_closing());
    }

    #[test]
    fn nobody_who_is_being_answered_gives_way() {
        let connections = Connections::new(2);
        let held: Vec<_> = (1..=2).map(|port| admit(&connections, port).expect("room")).collect();
        let turns: Vec<_> =
            held.iter().map(|one| Arc::clone(&one.connection).begin(true).expect("open")).collect();
        assert!(admit(&connections, 3).is_none());
        drop(turns);
        assert!(admit(&connections, 3).is_none(), "what they were answered has not left yet");
        held[1].connection.flushed();
        assert!(admit(&connections, 3).is_some());
        assert!(held[1].connection.is_closing() && !held[0].connection.is_closing());
    }

    #[test]
    fn a_request_that_does_not_come_whole_gives_way_after_the_idle() {
        let connections = Connections::new(3);
        let held: Vec<_> = (1..=3).map(|port| admit(&connections, port).expect("room")).collect();
        let begin = |one: &Admitted| Arc::clone(&one.connection).begin(false).expect("open");
        let turns = [begin(&held[0]), begin(&held[1])];
        turns[1].arrived();
        let fourth = admit(&connections, 4).expect("the idle one gives way");
        assert!(held[2].connection.is_closing() && !held[0].connection.is_closing());
        drop(held.into_iter().nth(2));
        let busy = Arc::clone(&fourth.connection).begin(true).expect("open");
        assert!(admit(&connections, 5).is_some(), "one whose body does not come gives way");
        drop((turns, busy));
    }

    #[test]
    fn a_request_that_comes_too_late_is_not_taken_in() {
        let connections = Connections::new(1);
        let held = admit(&connections, 1).expect("room");
        connections.give_way();
        assert!(Arc::clone(&held.connection).begin(true).is_none());
    }

    #[test]
    fn who_leaves_makes_room_and_takes_nobody_else_along() {
        let connections = Connections::new(2);
        let old = admit(&connections, 1).expect("room");
        let again = admit(&connections, 1).expect("from the same place");
        drop(old);
        assert_eq!(connections.lock().len(), 1);
        drop(again);
        assert!(connections.lock().is_empty());
    }
}
