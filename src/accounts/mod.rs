//! Who pays: which account answers a request, and what its answers do to the account.
//!
//! [`Pool::lease`] takes these steps: `dispatch` gives z.ai its place → the members that serve
//! the model, speak the protocol and may be tried now (`member`, `health`) → `selector` picks
//! one → a [`Lease`], which reports the outcome to the pool, at the latest when it is dropped.
//! When no account can take the request, `refusal` says why. `view` shows the pool, `events`
//! keeps what is worth a notice, `store` keeps the pool's state across restarts.
//!
//! Nothing here does I/O on the request path or holds a lock across an await.

mod account;
mod demand;
mod dispatch;
mod events;
mod health;
mod lease;
mod member;
mod own_models;
mod pool;
mod refusal;
mod roster;
mod selector;
pub mod store;
mod view;

#[cfg(test)]
mod tests;

pub use account::{Account, accounts_of};
pub use demand::{Attempts, Demand, Pin};
pub use events::PoolEvent;
pub use lease::Lease;
pub use own_models::NoList;
pub use pool::{Pool, UnknownAccount, serves_nothing};
pub use refusal::NoLease;
pub use store::PoolSnapshot;
pub use view::{AccountState, AccountView, PoolView};
