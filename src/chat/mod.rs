//! The neutral conversation: what every client protocol is decoded into and every
//! upstream protocol is encoded from. Pure data, without a wire format.
//!
//! A [`Request`] holds turns of ordered [`Part`]s. An answer is a [`Response`] or, while it
//! is being written, a run of [`Event`]s:
//!
//! ```text
//! Started (PartStarted Delta* PartFinished | Usage)* (Finished | Failed)
//! ```
//!
//! `Failed` may come at any point: first, or while a part is open. Nothing follows
//! `Finished` or `Failed`.

pub mod content;
pub mod crowd;
pub mod dropped;
pub mod event;
pub mod failure;
pub mod finish;
pub mod reasoning;
pub mod request;
pub mod response;
pub mod signature;
pub mod tool;
pub mod usage;
pub(crate) mod work;

pub use content::{Blob, CachePoint, Citation, Document, Image, Part, Source, Thinking, ToolResult, ToolUse};
pub use dropped::Dropped;
pub use event::{Delta, Event, PartStart};
pub use failure::{Failure, FailureKind};
pub use finish::FinishReason;
pub use reasoning::{Effort, Reasoning};
pub use request::{OutputFormat, Request, Role, Sampling, Turn};
pub use response::{Collector, Response};
pub use signature::{Maker, Signature};
pub use tool::{Tool, ToolChoice, WebSearch};
pub use usage::Usage;
