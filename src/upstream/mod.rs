//! HTTP out: where each provider answers, how it wants its credential, and what its
//! refusals mean. Knows no accounts, routes or clients.

pub mod cause;
pub mod client;
pub mod demo;
pub mod endpoint;
pub mod failure;
pub mod frames;
pub mod gather;
pub mod hop;
pub mod retry_hint;
mod reuse;
pub mod scrub;
pub mod trust;
mod tunnel;
mod way;

pub use client::{Client, Reply, ReplyBody};
pub use failure::{Failure, Fault};
pub use frames::Frames;
pub use gather::Gather;
pub use scrub::{Scrubber, Secrets};
