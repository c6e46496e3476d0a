//! HTTP out: where each provider answers, how it wants its credential, and what its
//! refusals mean. Knows nothing of accounts, routing or clients.

pub mod client;
pub mod demo;
pub mod demo_reply;
pub mod endpoint;
pub mod failure;
pub mod frames;
pub mod gather;
pub mod retry_hint;
pub mod scrub;

pub use client::{Client, Reply, ReplyBody};
pub use failure::{Failure, Fault};
pub use frames::Frames;
pub use gather::Gather;
pub use scrub::{Scrubber, Secrets};
