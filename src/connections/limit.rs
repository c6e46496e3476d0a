//! The connections of one listener: a limited number, each with a slot.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use http_body::Body;
use parking_lot::Mutex;
use salvo::prelude::Request;

use super::connection::{Connection, Ends};
use super::turn::Turn;

/// The open connections of one listener.
pub struct Connections {
    limit: usize,
    began: Instant,
    open: Mutex<HashMap<Ends, Arc<Connection>>>,
}

/// A connection's place among those of its listener; free again when this is dropped.
pub struct Slot {
    connections: Arc<Connections>,
    pub(super) connection: Arc<Connection>,
}

impl Connections {
    pub fn new(limit: usize) -> Arc<Self> {
        Arc::new(Self { limit: limit.max(1), began: Instant::now(), open: Mutex::default() })
    }

    /// Takes a connection in; when all slots are taken, the longest idle ones are closed for
    /// it. `None`: every connection is busy.
    pub fn admit(self: &Arc<Self>, remote: SocketAddr, local: SocketAddr) -> Option<Slot> {
        let mut open = self.open.lock();
        if self.is_full(&open) {
            self.close_idle(&open);
            if self.is_full(&open) {
                return None;
            }
        }
        let connection = Arc::new(Connection::new((remote, local), self.began));
        open.insert(connection.ends, Arc::clone(&connection));
        drop(open);
        Some(Slot { connections: Arc::clone(self), connection })
    }

    /// Closes some idle connections, because the system has no more descriptors to give.
    pub fn give_way(&self) {
        self.close_idle(&self.open.lock());
    }

    /// Begins the turn of a request whose head has come. `None`: too late, its connection is
    /// being closed.
    pub fn begin(&self, request: &Request) -> Option<Turn> {
        let ends = (request.remote_addr().clone().into_std()?, request.local_addr().clone().into_std()?);
        let connection = Arc::clone(self.open.lock().get(&ends)?);
        Turn::begin(&connection, request.body().is_end_stream())
    }

    /// Connections that are being closed count as gone: they wait for no request.
    fn is_full(&self, open: &HashMap<Ends, Arc<Connection>>) -> bool {
        open.len() >= self.limit
            && open.values().filter(|connection| !connection.is_closing()).count() >= self.limit
    }

    /// Closes the longest idle connection, and some more with it, so that not every arrival
    /// has to search.
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
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut open = self.connections.open.lock();
        // Another connection may come from the same address before this one is dropped.
        let is_this = |open: &Arc<Connection>| Arc::ptr_eq(open, &self.connection);
        if open.get(&self.connection.ends).is_some_and(is_this) {
            open.remove(&self.connection.ends);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(port: u16) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], port))
    }

    fn admit(connections: &Arc<Connections>, port: u16) -> Option<Slot> {
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
    fn a_busy_connection_does_not_give_way() {
        let connections = Connections::new(2);
        let held: Vec<_> = (1..=2).map(|port| admit(&connections, port).expect("room")).collect();
        let turns: Vec<_> =
            held.iter().map(|one| Turn::begin(&one.connection, true).expect("open")).collect();
        assert!(admit(&connections, 3).is_none());
        drop(turns);
        assert!(admit(&connections, 3).is_none(), "their answers have not left yet");
        held[1].connection.flushed();
        assert!(admit(&connections, 3).is_some());
        assert!(held[1].connection.is_closing() && !held[0].connection.is_closing());
    }

    #[test]
    fn a_request_that_has_not_arrived_whole_gives_way_after_the_idle() {
        let connections = Connections::new(3);
        let held: Vec<_> = (1..=3).map(|port| admit(&connections, port).expect("room")).collect();
        let begin = |one: &Slot| Turn::begin(&one.connection, false).expect("open");
        let turns = [begin(&held[0]), begin(&held[1])];
        turns[1].arrived();
        let fourth = admit(&connections, 4).expect("the idle one gives way");
        assert!(held[2].connection.is_closing() && !held[0].connection.is_closing());
        drop(held.into_iter().nth(2));
        let busy = Turn::begin(&fourth.connection, true).expect("open");
        assert!(admit(&connections, 5).is_some(), "one whose body has not arrived gives way");
        drop((turns, busy));
    }

    #[test]
    fn a_request_on_a_closing_connection_is_not_taken() {
        let connections = Connections::new(1);
        let held = admit(&connections, 1).expect("room");
        connections.give_way();
        assert!(Turn::begin(&held.connection, true).is_none());
    }

    #[test]
    fn a_closed_connection_frees_its_own_slot_only() {
        let connections = Connections::new(2);
        let old = admit(&connections, 1).expect("room");
        let again = admit(&connections, 1).expect("from the same place");
        drop(old);
        assert_eq!(connections.open.lock().len(), 1);
        drop(again);
        assert!(connections.open.lock().is_empty());
    }
}
