//! Who pays: which account answers a request, and what its answers do to it.
//!
//! [`Pool::lease`] tells the way: `dispatch` says where z.ai stands → the members that
//! serve the model, speak the protocol and may be tried now (`member`, `health`) →
//! `selector` picks one → a [`Lease`] that reports back, at the latest when it is
//! dropped. When nobody can, `refusal` says why. Beside that, `view` shows the pool,
//! `events` keeps what is worth a notice, `store` remembers it across restarts.
//!
//! Nothing here does I/O on the request path or holds a lock across an await.

mod account;
mod dispatch;
mod events;
mod health;
mod learned;
mod lease;
mod member;
mod pool;
mod refusal;
mod roster;
mod selector;
pub mod store;
mod view;

#[cfg(test)]
mod tests;

pub use account::{Account, Fingerprint, Origin, accounts_of};
pub use events::PoolEvent;
pub use learned::NoList;
pub use lease::{Lease, Pin, Tried, Wanted};
pub use pool::{Pool, UnknownAccount, serves_nothing};
pub use refusal::NoLease;
pub use store::Saved;
pub use view::{AccountState, AccountView, PoolView};
