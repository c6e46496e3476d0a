//! The connections of a listener, for the proxy and the control plane alike: which of them
//! are busy, how long the others have been idle, and which user of this computer is at the
//! other end.
//!
//! A listener has a limited number of connections. When it is full, those that have been idle
//! longest are closed for the next one: an idle connection costs its client nothing to open again, and a
//! request must not wait for it. Connections whose request has not arrived whole come next: a
//! body that never arrives would hold its place for nothing. A connection is
//!
//! ```text
//! idle ── a head has come ──▶ arriving ── so has its body ──▶ busy ── its answer is handed over ──▶ answered
//!  │ ▲                           │                                                                     │
//!  │ └───────────────────────────┼──────────────── the last byte is with the system ───────────────────┘
//!  └───── others need the room ──┴──▶ closing
//! ```

mod acceptor;
mod connection;
mod entrance;
mod head;
mod limit;
mod stream;
mod turn;

pub use self::acceptor::{Arrivals, CountingAcceptor, holding};
pub use self::connection::Connection;
pub use self::entrance::Entrance;
pub use self::head::{LONGEST_HEAD, head_length};
pub use self::limit::{Connections, Slot};
pub use self::turn::{RequestBody, Turn};
